import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, test } from 'vitest';
import { createFolder, run, runWithInput } from './command.js';

const GOOD = `policy:
  origins: https://app.example.com
routes:
  - { path: /mcp, upstream: 'http://127.0.0.1:3001/mcp' }
`;
const BAD = `listne: 1
policy:
  origins:
    - https://app.example.com
    - https://app.example.com/x
routes:
  - path: /mcp
`;

describe('mcp-cors lint', () => {
  it('says that all is well', async () => {
    const folder = createFolder({ 'mcp-cors.yaml': GOOD });
    expect(await run(['lint'], folder)).toEqual({ code: 0, out: 'mcp-cors.yaml: no problems\n', err: '' });
  });

  it('names line and column of every problem, in the order of the file', async () => {
    const folder = createFolder({ 'my.yaml': BAD });
    const { code, out, err } = await run(['lint', 'my.yaml'], folder);
    expect([code, out]).toEqual([2, '']);
    expect(err.match(/^error: .*?: .*?: /gm)).toEqual([
      'error: my.yaml:1:1: listne: ',
      'error: my.yaml:5:7: policy.origins[1]: ',
      'error: my.yaml:7:5: routes[0].upstream: ',
    ]);
    expect(err.match(/^hint: .+[.?]$/gm)).toHaveLength(3);
  });

  it('prints one JSON document', async () => {
    const folder = createFolder({ 'my.yaml': BAD, 'good.yaml': GOOD });
    const { code, out, err } = await run(['lint', 'my.yaml', '--format', 'json'], folder);
    expect([code, err]).toEqual([2, '']);
    const report = JSON.parse(out);
    expect(report).toMatchObject({ file: 'my.yaml', ok: false });
    expect(report.issues).toHaveLength(3);
    expect(report.issues[0]).toEqual({
      severity: 'error',
      code: 'unknown-key',
      path: 'listne',
      line: 1,
      column: 1,
      message: 'this key is not known here',
      remedy: 'Did you mean listen?',
    });
    const good = await run(['lint', 'good.yaml', '--format', 'json'], folder);
    expect([good.code, JSON.parse(good.out)]).toEqual([0, { file: 'good.yaml', ok: true, issues: [] }]);
  });

  it('reads standard input', async () => {
    expect(await runWithInput(['lint', '-'], GOOD)).toEqual({
      code: 0,
      out: 'standard input: no problems\n',
      err: '',
    });
    const { code, err } = await runWithInput(['lint', '-'], BAD);
    expect(code).toBe(2);
    expect(err).toMatch(/^error: standard input:1:1: listne: /);
  });

  test.each([
    ['a policy by itself', 'origins: https://app.example.com\nmaxAge: 5\n', 0, 'no problems'],
    ['a policy that is wrong', 'origins: x\nmaxAge: 5.5\n', 2, 'standard input:2:9: maxAge: '],
    ['a gateway without a policy', 'routes: []\n', 2, 'standard input:1:1: policy: no policy'],
    ['nothing', '', 2, 'standard input:1:1: '],
    ['broken YAML', 'policy: {\n', 2, 'standard input:'],
    ['a text', 'hello\n', 2, 'standard input:1:1: '],
  ])('knows %s', async (_, text, expected, said) => {
    const { code, out, err } = await runWithInput(['lint', '-'], text);
    expect(code).toBe(expected);
    expect(out + err).toContain(said);
    expect(err).not.toMatch(/\n {4}at /);
  });

  it('warns of what is legal and seldom meant to stay', async () => {
    const text = `${GOOD}    policy: { origins: https://a.example, dangerouslyAllowAnyHost: true }\n`.replace(
      "{ path: /mcp, upstream: 'http://127.0.0.1:3001/mcp' }",
      "path: /mcp\n    upstream: 'http://127.0.0.1:3001/mcp'",
    );
    const { code, out, err } = await runWithInput(
      ['lint', '-'],
      text.replace('origins:', 'reportOnly: true\n  origins:'),
    );
    expect([code, out]).toEqual([0, 'standard input: 2 warnings, no errors\n']);
    expect(err).toMatch(/^warning: standard input:2:15: policy\.reportOnly: .*\nhint: /);
    expect(err).toMatch(
      /^warning: standard input:7:\d+: routes\[0\]\.policy\.dangerouslyAllowAnyHost: .*\nhint: /m,
    );
  });

  it('says that there is no such file', async () => {
    const { code, err } = await run(['lint', 'nowhere.yaml']);
    expect(code).toBe(2);
    expect(err).toMatch(/^error: cannot read nowhere\.yaml: there is no such file\nhint: /);
  });

  it('prints the schema that is published with the gateway', async () => {
    const { code, out } = await run(['lint', '--schema']);
    expect(code).toBe(0);
    const published = fileURLToPath(import.meta.resolve('@mcp-cors/gateway/schema.json'));
    expect(JSON.parse(out)).toEqual(JSON.parse(readFileSync(published, 'utf8')));
    expect(JSON.parse(out).$schema).toBe('https://json-schema.org/draft/2020-12/schema');
  });
});

describe('values of the environment', () => {
  const TEXT = `listen: 127.0.0.1:\${PORT:-0}
policy:
  origins: \${PAGE}
  maxAge: \${MAX_AGE}
  sessions: { secret: '\${SECRET}' }
routes:
  - { path: /mcp, upstream: '\${UPSTREAM}' }
`;
  const GOOD_ENVIRONMENT = {
    PAGE: 'https://app.example.com',
    MAX_AGE: '600',
    SECRET: '0'.repeat(40),
    UPSTREAM: 'http://127.0.0.1:3001',
  };

  it('stand where the file refers to them', async () => {
    const folder = createFolder({ 'my.yaml': TEXT });
    const { code, err } = await run(['lint', 'my.yaml'], folder, GOOD_ENVIRONMENT);
    expect([code, err]).toEqual([0, '']);
  });

  it('are told of when they are missing, with the place', async () => {
    const folder = createFolder({ 'my.yaml': TEXT });
    const { code, err } = await run(['lint', 'my.yaml'], folder, { PAGE: 'https://app.example.com' });
    expect(code).toBe(2);
    expect(err.match(/^error: .*$/gm)).toEqual([
      'error: my.yaml:4:11: the environment variable MAX_AGE is not set',
      'error: my.yaml:5:23: the environment variable SECRET is not set',
      'error: my.yaml:7:29: the environment variable UPSTREAM is not set',
    ]);
  });

  test.each(['lint', 'gateway', 'explain'])('are never printed by %s', async (command) => {
    const folder = createFolder({ 'my.yaml': TEXT });
    const secrets = {
      PAGE: 'https://Hidden.example.com',
      MAX_AGE: '987654321',
      SECRET: 'short-hidden',
      UPSTREAM: 'http://user:hidden@hidden.internal',
      PORT: 'hidden-port',
    };
    const args = {
      lint: ['lint', 'my.yaml', '--format', 'json'],
      gateway: ['gateway', '--config', 'my.yaml'],
      explain: ['explain', '--origin', 'https://a.example', '--config', 'my.yaml'],
    }[command] as string[];
    const { code, out, err } = await run(args, folder, secrets);
    expect(code).toBe(2);
    expect(out + err).not.toMatch(/hidden|987654321/i);
    for (const name of ['PAGE', 'MAX_AGE', 'SECRET']) expect(out + err).toContain(`\${${name}}`);
  });

  it('are not shown by an explanation that names a pattern', async () => {
    const folder = createFolder({ 'my.yaml': TEXT });
    const args = ['explain', '--origin', 'https://app.example.com', '--config', 'my.yaml', '--format'];
    for (const format of ['json', 'pretty']) {
      const { out } = await run([...args, format], folder, {
        ...GOOD_ENVIRONMENT,
        PAGE: 'https://*.example.com',
      });
      expect(out).not.toContain('*.example.com');
      expect(out).toContain('${PAGE}');
    }
  });
});

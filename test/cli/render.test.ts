import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createApplication } from '../carriers/application.js';
import { listen } from '../carriers/carriers.js';
import { exchange } from '../carriers/wire.js';
import { startServer, writeProgram } from '../proxies/place.js';
import { serverOf } from '../proxies/proxies.js';
import { COMMAND, createFolder, run, startScript } from './command.js';

const EXAMPLE = fileURLToPath(new URL('../../examples/policy.yaml', import.meta.url));
const PAGE = ['Origin', 'https://app.example.com'] as const;
const JSON_TYPE = ['Content-Type', 'application/json'] as const;
const SESSIONS = `origins: https://app.example.com
sessions: { secret: a secret of more than thirty-two characters }
`;
const GATEWAY = `listen: 127.0.0.1:9123
policy: { origins: https://app.example.com, hosts: mcp.example.com }
limits: { maxBodyBytes: 1 }
routes:
  - { path: /mcp, upstream: 'http://127.0.0.1:3001/mcp' }
  - { path: /other, upstream: ['http://127.0.0.1:3002'], policy: { origins: https://b.example }, completeParams: false }
`;

function renderFile(yaml: string, ...args: readonly string[]) {
  const folder = createFolder({ 'policy.yaml': yaml });
  return run(['render', ...args, '--config', 'policy.yaml'], folder);
}

describe('render', () => {
  it("prints the example's policy for nginx, which takes it unchanged", async () => {
    const { code, out, err } = await run(['render', 'nginx', '--config', EXAMPLE]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^# An mcp-cors policy for nginx/);
    expect((await run(['render', 'nginx', '--config', EXAMPLE])).out).toBe(out);

    const folder = createFolder();
    writeProgram(serverOf('nginx').program([out], folder, [], []), folder);
    const test = spawnSync('nginx', ['-t', '-p', folder, '-c', join(folder, 'nginx.conf')], {
      encoding: 'utf8',
      env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
    });
    expect(test.stderr).toContain('test is successful');
    expect(test.stderr).not.toMatch(/warn|emerg/);
  });

  it('serves it where it is told to, in front of the server that is named', async () => {
    const application = createApplication();
    const upstream = await listen(application.listener);
    onTestFinished(upstream.close);
    const started = await startServer(1, ([port], folder) => {
      const { stdout } = spawnSync(
        process.execPath,
        [
          ...[COMMAND, 'render', 'nginx', '--config', EXAMPLE],
          ...['--listen', `127.0.0.1:${port}`, '--upstream', `http://127.0.0.1:${upstream.port}`],
        ],
        { encoding: 'utf8' },
      );
      return serverOf('nginx').program([stdout], folder, [port as number], []);
    });
    onTestFinished(started.stop);
    const [port = 0] = started.ports;

    const host = ['Host', 'mcp.example.com'] as const;
    const passed = await exchange(port, 'POST', '/mcp', [host, PAGE, JSON_TYPE]);
    expect(passed.status).toBe(200);
    expect(passed.lines).toContainEqual(['Access-Control-Allow-Origin', 'https://app.example.com']);
    const denied = await exchange(port, 'POST', '/mcp', [
      host,
      ['Origin', 'https://evil.example'],
      JSON_TYPE,
    ]);
    expect(denied.status).toBe(403);
    expect(application.reached()).toBe(1);
  });

  it('writes a file, and says so', async () => {
    const folder = createFolder({ 'mcp-cors.yaml': 'origins: https://app.example.com\n' });
    const { code, out, err } = await run(['render', 'nginx', '--output', 'out.conf'], folder);
    expect([code, out, err]).toEqual([0, '', 'wrote out.conf\n']);
    expect(readFileSync(join(folder, 'out.conf'), 'utf8')).toMatch(/^# An mcp-cors policy/);
  });

  it('prints one JSON document and nothing else', async () => {
    const { code, out, err } = await renderFile(GATEWAY, 'nginx', '--format', 'json');
    expect([code, err]).toEqual([0, '']);
    const said = JSON.parse(out);
    expect(said).toMatchObject({ target: 'nginx', file: 'mcp-cors.conf' });
    expect(said.text).toMatch(/^# An mcp-cors policy/);
    expect(said.limits.map(({ id }: { id: string }) => id)).toContain('repeated-lines');
  });

  it("renders a gateway's routes, each with its policy and its server", async () => {
    const { code, out, err } = await renderFile(GATEWAY, 'nginx');
    expect(code).toBe(0);
    expect(err).toBe(
      "note: the gateway's limits, routes[].completeParams have no part in a policy and are left out\n",
    );
    for (const text of [
      'listen 127.0.0.1:9123;',
      'proxy_pass http://127.0.0.1:3001;',
      'proxy_pass http://127.0.0.1:3002;',
      '"~^https://app\\.example\\.com$"',
      '"~^https://b\\.example$"',
    ])
      expect(out).toContain(text);
  });

  it('takes a policy from flags, which stand in place of the same settings of a file', async () => {
    const flags = ['--origin', 'https://app.example.com', '--origin', 'http://localhost:3000'];
    const alone = await run(['render', 'nginx', ...flags, '--host', 'mcp.example.com'], createFolder());
    expect([alone.code, alone.err]).toEqual([0, '']);
    const file = 'origins: [https://app.example.com, http://localhost:3000]\nhosts: mcp.example.com\n';
    expect(alone.out).toBe((await renderFile(file, 'nginx')).out);
    // A file that is there and not named says nothing where flags say all.
    const beside = createFolder({ 'mcp-cors.yaml': 'origins: https://other.example\n' });
    expect((await run(['render', 'nginx', ...flags, '--host', 'mcp.example.com'], beside)).out).toBe(
      alone.out,
    );

    const over = await renderFile(
      'origins: https://other.example\nhosts: mcp.example.com\n',
      'nginx',
      ...flags,
    );
    expect(over.out).toBe(alone.out);
    const routed = await renderFile(GATEWAY, 'nginx', ...flags);
    expect(routed.out).toContain('"~^http://localhost:3000$"');
    expect(routed.out).toContain('"~^https://b\\.example$"');
  });

  it.each([
    [['--origin', 'https://App.example.com'], /^error: --origin: .*lower case/],
    [['--origin', 'https://a.example', '--host', 'x y'], /^error: --host: this is not a host/],
    [['--config', 'policy.yaml', '--origin', 'null'], /^error: --origin: /],
    [['--config', 'policy.yaml', '--host', 'x y'], /^error: --host: /],
  ])('names the flag that is wrong: %j', async (flags, error) => {
    const folder = createFolder({ 'policy.yaml': 'origins: https://app.example.com\n' });
    const { code, out, err } = await run(['render', 'nginx', ...flags], folder);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(error);
    expect(err).toContain('\nhint: ');
  });

  it('refuses what the target would weaken, each weakening with advice, and renders it when that is accepted', async () => {
    const { code, out, err } = await renderFile(SESSIONS, 'nginx');
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/^error: nginx would weaken the policy \(sealed-sessions\): /);
    expect(err).toContain('\nhint: ');
    expect(err).toContain('--allow-weaker');

    const accepted = await renderFile(SESSIONS, 'nginx', '--allow-weaker');
    expect(accepted.code).toBe(0);
    expect(accepted.out).toContain('# WEAKER THAN THE POLICY, as was allowed:\n# - sealed-sessions: ');
    expect(accepted.out).not.toContain('a secret of');
  });

  it('lists the targets and what they cannot express', async () => {
    const { code, out } = await run(['render', '--list']);
    expect(code).toBe(0);
    expect(out).toMatch(/^nginx {2}nginx .*, a proxy\n {2}weaker {2}sealed-sessions: /);
    const json = JSON.parse((await run(['render', '--list', '--format', 'json'])).out);
    expect(json.targets[0]).toMatchObject({ name: 'nginx', type: 'proxy', file: 'mcp-cors.conf' });
  });

  it.each([
    [['ngnix'], /there is no target "ngnix"/, /Did you mean nginx/],
    [[], /no target is named/, /nginx/],
    [['nginx', '--upstream', 'ftp://x'], /"ftp:\/\/x" is not the URL of a server/, /http:\/\/127/],
    [['nginx', '--listen', '8808'], /"8808" is not HOST:PORT/, /127\.0\.0\.1:8808/],
    [['nginx', '--name', 'my-proxy'], /"my-proxy" cannot begin names/, /letters and digits/],
    [['nginx', '--output', 'no/such/folder/x'], /cannot write no\/such\/folder\/x/, /--output/],
  ])('%j ends with 2, an error and a hint', async (args, error, hint) => {
    const { code, out, err } = await renderFile('origins: https://app.example.com\n', ...args);
    expect([code, out]).toEqual([2, '']);
    const lines = err.trimEnd().split('\n');
    expect(lines.find((line) => line.startsWith('error:'))).toMatch(error);
    expect(lines.find((line) => line.startsWith('hint:'))).toMatch(hint);
  });

  it('does not repeat what came from the environment', async () => {
    const folder = createFolder({
      'policy.yaml':
        "policy: { origins: 'https://a.example' }\nroutes: [{ path: /, upstream: '${WHERE}' }]\n",
    });
    const { ending } = startScript([COMMAND, 'render', 'nginx', '--config', 'policy.yaml'], {
      folder,
      environment: { WHERE: 'ftp://S3CRET-host/x' },
    });
    const { code, err } = await ending;
    expect(code).toBe(2);
    expect(err).not.toContain('S3CRET');
    expect(err).toContain('WHERE');
  });

  it.each([
    ['origins: [\n', /policy\.yaml:\d+:\d+: /],
    ['origins: evil.example\n', /policy\.yaml:1:\d+: origins: /],
    ['policy: { origins: x }\nroutes: []\n', /policy\.yaml:1:\d+: policy\.origins: /],
    [
      "policy: { origins: 'https://a.example' }\nroutes: [{ path: /mcp }]\n",
      /policy\.yaml:2:\d+: routes\[0\]: a route needs path and upstream/,
    ],
    [
      "policy: { origins: 'https://a.example' }\nroutes: [{ path: /, upstream: ['http://a', 'http://b'] }]\n",
      /routes\[0\]\.upstream: names 2 servers/,
    ],
    [
      "policy: { origins: 'https://a.example' }\nroutes: [{ path: /a b, upstream: 'http://a' }]\n",
      /"\/a b" is not the path of a route/,
    ],
    [
      "policy: { origins: 'https://a.example' }\nroutes: [{ path: /, upstream: 'http://a', policy: { origins: x } }]\n",
      /routes\[0\]\.policy\.origins: /,
    ],
  ])('%j is told with its place', async (yaml, error) => {
    const { code, out, err } = await renderFile(yaml, 'nginx');
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(error);
    expect(err).toContain('\nhint: ');
  });
});

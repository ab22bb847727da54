import { describe, expect, it } from 'vitest';
import { createFolder, run } from './command.js';

const POLICY = "origins: ['https://app.example.com']\n";
const GATEWAY = `policy:
  origins: ['https://app.example.com']
  hosts: [mcp.example.com]
routes:
  - path: /agent
    upstream: http://127.0.0.1:3001/mcp
`;
const APP = ['--origin', 'https://app.example.com'];
const EVIL = ['--origin', 'https://evil.example'];

function explain(args: readonly string[], yaml = POLICY) {
  const folder = createFolder({ 'policy.yaml': yaml });
  return run(['explain', ...args, '--config', 'policy.yaml'], folder);
}

async function explainJson(args: readonly string[], yaml?: string) {
  const { code, out, err } = await explain([...args, '--format', 'json'], yaml);
  expect(err).toBe('');
  return { code, said: JSON.parse(out) };
}

describe('explain', () => {
  it('says why a foreign page is refused, and what to change', async () => {
    const { code, out, err } = await explain(EVIL);
    expect([code, err]).toEqual([1, '']);
    expect(out).toMatch(/^refused POST \/mcp from https:\/\/evil\.example: origin-not-allowed\n/);
    expect(out).toContain("The origin 'https://evil.example' is not among the allowed origins.");
    expect(out).toContain("origins: ['https://evil.example']");
    expect(out).toMatch(/✓ host /);
    expect(out).toMatch(/✗ origin /);
    expect(out).not.toMatch(/access-control-allow/i);
  });

  it('says what an allowed page gets: preflight and request', async () => {
    const { code, out, err } = await explain(APP);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^allowed POST \/mcp from https:\/\/app\.example\.com: origin-allowed\n/);
    expect(out).toContain('preflight OPTIONS /mcp');
    expect(out).toContain('request POST /mcp');
    expect(out).toContain('access-control-allow-origin: https://app.example.com');
    expect(out).toContain('vary: Origin');
  });

  it('paints nothing when nobody looks', async () => {
    for (const args of [APP, EVIL]) {
      const { out, err } = await explain(args);
      expect(out + err).not.toContain('\u001b');
    }
  });

  it('prints one JSON document and nothing else', async () => {
    const { code, said } = await explainJson(EVIL);
    expect(code).toBe(1);
    expect(said).toMatchObject({
      verdict: 'refused',
      reason: 'origin-not-allowed',
      status: 403,
      why: expect.stringContaining('evil.example'),
      remedy: expect.stringContaining('origins'),
      headers: { vary: expect.stringContaining('Origin') },
    });
    expect(said.checks.map(({ check, result }: Record<string, string>) => `${check} ${result}`)).toContain(
      'origin failed',
    );
  });

  it.each([
    ['an allowed POST', [], 0, 'origin-allowed'],
    ['DELETE', ['--method', 'DELETE', '--header', 'Mcp-Session-Id'], 0, 'origin-allowed'],
    ['GET without a preflight', ['--method', 'GET'], 0, 'origin-allowed'],
    ['PUT', ['--method', 'PUT'], 1, 'method-not-allowed'],
    [
      'the MCP headers',
      ['-H', 'MCP-Protocol-Version: 2026-07-28', '-H', 'Mcp-Param-X: 1'],
      0,
      'origin-allowed',
    ],
    ['a header nobody named', ['--header', 'X-Api-Key'], 1, 'request-header-not-allowed'],
    ['a POST of text', ['--header', 'Content-Type: text/plain'], 1, 'content-type-not-allowed'],
    ['a foreign host', ['--host', 'evil.example'], 1, 'host-not-allowed'],
    [
      'a metadata document',
      ['--method', 'GET', '--path', '/.well-known/oauth-protected-resource'],
      0,
      'origin-allowed',
    ],
  ])('judges %s', async (_, args, code, reason) => {
    const result = await explainJson([...APP, ...args]);
    expect([result.code, result.said.reason]).toEqual([code, reason]);
  });

  it('takes the first route and the first host of a gateway’s configuration', async () => {
    const { code, said } = await explainJson(APP, GATEWAY);
    expect(code).toBe(0);
    expect(said).toMatchObject({ path: '/agent', host: 'mcp.example.com' });
  });

  it('takes the policy of the route that a path leads to', async () => {
    const yaml = `${GATEWAY}    policy: { origins: ['https://other.example'], hosts: [mcp.example.com] }\n`;
    expect((await explainJson(['--origin', 'https://other.example'], yaml)).said.reason).toBe(
      'origin-allowed',
    );
    expect((await explainJson(APP, yaml)).said.reason).toBe('origin-not-allowed');
    const elsewhere = [...APP, '--path', '/agents'];
    expect((await explainJson(elsewhere, yaml)).said.reason).toBe('origin-allowed');
  });

  it('says that report-only lets a request pass, and that it would be refused', async () => {
    const { code, out } = await explain(EVIL, `${POLICY}reportOnly: true\n`);
    expect(code).toBe(1);
    expect(out).toContain('report-only');
  });

  it('reads mcp-cors.yaml when no file is named', async () => {
    const folder = createFolder({ 'mcp-cors.yaml': POLICY });
    expect((await run(['explain', ...APP], folder)).code).toBe(0);
  });
});

describe('explain ends with 2', () => {
  it.each([
    [
      'bad YAML',
      "policy:\n  origins: ['https://a.example'\nroutes: []\n",
      /error: policy\.yaml:[0-9]+:[0-9]+: /,
    ],
    ['a key twice', "origins: ['https://a.example']\norigins: []\n", /error: policy\.yaml:2:1: /],
    ['an alias of nothing', 'origins: *nothing\n', /error: policy\.yaml:\d+:\d+: .*nothing/],
    [
      'a bomb of aliases',
      `a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b]\norigins: [*c, *c, *c, *c]\n`,
      /error: policy\.yaml/,
    ],
    [
      'a policy with a fault',
      "origins: ['app.example.com']\n",
      /error: policy\.yaml:\d+:\d+: origins.*app\.example\.com/,
    ],
    [
      'a gateway’s policy with a fault',
      'policy: { orgins: [] }\n',
      /error: policy\.yaml:\d+:\d+: policy\.orgins: /,
    ],
    ['an empty file', '', /error: policy\.yaml/],
    ['a file that is a list', '- 1\n', /error: policy\.yaml/],
  ])('for %s', async (_, yaml, error) => {
    const { code, out, err } = await explain(APP, yaml);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(error);
    expect(err).toMatch(/^hint: \S/m);
    expect(err).not.toMatch(/\n {4}at /);
  });

  it('for a file that is not there', async () => {
    const { code, out, err } = await run(['explain', ...APP, '--config', 'none.yaml']);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/^error: cannot read none\.yaml: there is no such file\nhint: .*--config/);
  });

  it('for no file at all', async () => {
    const { code, err } = await run(['explain', ...APP]);
    expect(code).toBe(2);
    expect(err).toMatch(/^error: there is no mcp-cors\.yaml here.*\nhint: .*--config/);
  });
});

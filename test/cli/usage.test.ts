import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { run } from './command.js';

const { version } = JSON.parse(
  readFileSync(new URL('../../packages/mcp-cors/package.json', import.meta.url), 'utf8'),
) as { version: string };

describe('help', () => {
  it.each([
    [['--help']],
    [['gateway', '--help']],
    [['explain', '-h']],
    [['render', '--help']],
    [['import', '--help']],
    [['demo', '--help']],
  ])('of %j has examples', async (args) => {
    const { code, out, err } = await run(args);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^Usage: mcp-cors/);
    expect(out).toMatch(/\nExamples:\n {2}\$ mcp-cors /);
  });

  it('names the commands and the exit codes', async () => {
    const { out } = await run(['--help']);
    for (const command of ['gateway', 'explain', 'render', 'import', 'demo'])
      expect(out).toMatch(new RegExp(`\\n {2}${command} `));
    expect(out).toContain('0 clean, 1 findings or refused, 2 usage or configuration, 3 target unreachable');
  });

  it('is what one gets without a command', async () => {
    const { code, out } = await run([]);
    expect(code).toBe(2);
    expect(out).toMatch(/^Usage: mcp-cors/);
  });
});

it('--version is the package’s', async () => {
  expect(await run(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' });
});

describe('a mistake ends with 2, an error and a hint', () => {
  it.each([
    [['gatway'], /unknown command 'gatway'/, /gateway/],
    [['frobnicate'], /unknown command 'frobnicate'/, /mcp-cors --help/],
    [['gateway', '--lisen', 'x'], /unknown option '--lisen'/, /--listen/],
    [['gateway', '--listen'], /argument missing/, /mcp-cors gateway --help/],
    [['gateway', 'extra'], /argument/, /mcp-cors gateway --help/],
    [['explain'], /--origin/, /mcp-cors explain --help/],
    [['explain', '--origin', 'https://a.example', '--format', 'xml'], /xml/, /mcp-cors explain --help/],
    [['gateway'], /no MCP server is named/, /--upstream/],
    [['gateway', '--upstream', 'http://127.0.0.1:1/mcp'], /no page is named/, /--origin/],
    [
      ['gateway', '--upstream', 'nonsense', '--origin', 'https://a.example'],
      /"nonsense" is not an http or https URL/,
      /http:\/\/127\.0\.0\.1:3001\/mcp/,
    ],
    [
      ['gateway', '--upstream', 'http://u:S3CRET@127.0.0.1:1/mcp', '--origin', 'https://a.example'],
      /^(?!.*S3CRET).*user name or password/s,
      /URL such as/,
    ],
    [
      ['gateway', '--upstream', 'http://127.0.0.1:1/mcp', '--origin', 'a.example'],
      /policy\.origins.*a\.example/,
      /https?:/,
    ],
    [
      ['gateway', '--upstream', 'http://127.0.0.1:1/mcp', '--origin', 'https://a.example', '--listen', '80'],
      /"80" is not HOST:PORT/,
      /127\.0\.0\.1:8808/,
    ],
  ])('%j', async (args, error, hint) => {
    const { code, out, err } = await run(args);
    expect([code, out]).toEqual([2, '']);
    const lines = err.trimEnd().split('\n');
    expect(lines.filter((line) => !/^(error|hint): \S/.test(line))).toEqual([]);
    expect(lines.find((line) => line.startsWith('error:'))).toMatch(error);
    expect(lines.find((line) => line.startsWith('hint:'))).toMatch(hint);
  });
});

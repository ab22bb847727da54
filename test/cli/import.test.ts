import { describe, expect, it } from 'vitest';
import { createFolder, run, runWithInput } from './command.js';

const MAIN = `from fastapi.middleware.cors import CORSMiddleware
ORIGINS = ["https://app.example.com", "http://localhost:3000/"]
app.add_middleware(
    CORSMiddleware,
    allow_origins=ORIGINS,
    allow_methods=["GET", "POST"],
    expose_headers=settings.exposed,
)
`;

const NGINX = `map $http_origin $cors { "~^https://app\\.example\\.com" $http_origin; }
server { server_name mcp.example.com;
  include cors.conf;
  location /mcp { add_header Access-Control-Allow-Origin $cors always; proxy_pass http://127.0.0.1:3000; }
}
`;

const importFile = (name: string, text: string, ...args: readonly string[]) =>
  run(['import', name, ...args], createFolder({ [name]: text }));

describe('import', () => {
  it('says what is enforced, the holes with their lines, and the policy to put in its place', async () => {
    const { code, out, err } = await importFile('main.py', MAIN);
    expect([code, err]).toEqual([1, '']);
    expect(out).toContain('main.py:4: CORSMiddleware\n');
    expect(out).toMatch(/ origins +https:\/\/app\.example\.com, http:\/\/localhost:3000\/\n/);
    expect(out).toContain('error main.py:2: origin-has-path: ');
    expect(out).toContain('Write http://localhost:3000.');
    expect(out).toMatch(/error main\.py:6: methods-missing: .*DELETE \(2025-03-26 to 2025-11-25\)\n/);
    expect(out).toContain('    origins:\n      - https://app.example.com\n');
    expect(out).toContain('not read main.py:7: expose_headers=settings.exposed');
    expect(out).toMatch(/\n\d+ errors, \d+ warnings\n$/);
  });

  it('gives one JSON document', async () => {
    const { code, out, err } = await importFile(
      'main.py',
      MAIN,
      '--format',
      'json',
      '--revision',
      '2026-07-28',
    );
    expect([code, err]).toEqual([1, '']);
    const { file, format, places, unread } = JSON.parse(out);
    expect({ file, format }).toEqual({ file: 'main.py', format: 'fastapi' });
    expect(unread).toMatchObject([{ line: 7 }]);
    expect(places).toMatchObject([
      { enforced: { line: 4, methods: ['GET', 'POST'] }, policy: { origins: ['https://app.example.com'] } },
    ]);
    const ids = places[0].holes.map(({ id }: { id: string }) => id);
    expect(ids).toContain('request-headers-missing');
    expect(ids).not.toContain('methods-missing');
  });

  it('says line and column in a configuration of nginx, what it could not follow, and the way out', async () => {
    const { code, out, err } = await importFile('mcp.conf', NGINX);
    expect([code, err]).toEqual([1, '']);
    expect(out).toContain('mcp.conf:4:3: server mcp.example.com, location /mcp\n');
    expect(out).toContain(
      'error mcp.conf:1:26: look-alike-admitted: An origin of somebody else is admitted: https://app.example.com.evil.example\n',
    );
    expect(out).toContain('not read mcp.conf:3:3: include cors.conf (');
    expect(out).toMatch(/mcp-cors render nginx --config mcp-cors\.yaml\n$/);
  });

  it('ends with 1 where nothing is wrong in what was read, and not everything was', async () => {
    const folder = createFolder({ 'policy.yaml': 'origins: [https://app.example.com]\n' });
    const rendered = await run(['render', 'nginx', '--config', 'policy.yaml'], folder);
    const whole = await runWithInput(['import', '-', '--as', 'nginx'], rendered.out);
    expect([whole.code, whole.out]).toEqual([
      0,
      expect.stringMatching(/\nno holes\nmcp-cors render wrote this file/),
    ]);
    const part = await runWithInput(
      ['import', '-', '--as', 'nginx'],
      `${rendered.out}\ninclude more.conf;\n`,
    );
    expect([part.code, part.out]).toEqual([1, expect.stringContaining('no holes in what was read')]);
  });

  it("refuses Caddy's JSON with a remedy", async () => {
    const { code, err } = await importFile('caddy.json', '{"apps": {}}', '--as', 'caddy');
    expect(code).toBe(2);
    expect(err).toContain("caddy.json: Caddy's JSON is not read");
    expect(err).toContain('hint: Give the Caddyfile');
  });

  it('reads standard input as what it is told to be', async () => {
    const text = "const cors = require('cors'); app.use(cors({ origin: true, credentials: true }));";
    const { code, out } = await runWithInput(['import', '-', '--as', 'express'], text);
    expect(code).toBe(1);
    expect(out).toContain('standard input:1: cors()\n');
    expect(out).toContain('origins-reflected');
  });

  it.each([
    ['main.py', 'print("hello")\n', [], /no CORS configuration is found in it \(read as fastapi\)/, /--as/],
    ['notes.txt', 'hello\n', [], /the format of the file cannot be told/, /fastapi, express/],
    ['main.py', MAIN, ['--as', 'fastpi'], /fastpi/, /mcp-cors import --help/],
    ['main.py', MAIN, ['--revision', '2020-01-01'], /"2020-01-01" is not an MCP revision/, /2026-07-28/],
  ])('%s, %j, %j is a mistake', async (name, text, args, error, hint) => {
    const { code, out, err } = await importFile(name, text, ...args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(new RegExp(`^error: .*${error.source}`, 's'));
    expect(err).toMatch(new RegExp(`hint: .*${hint.source}`, 's'));
  });

  it('names a file that is not there', async () => {
    const { code, err } = await run(['import', 'nothing.py']);
    expect(code).toBe(2);
    expect(err).toMatch(/^error: cannot read nothing\.py: there is no such file\nhint: /);
  });
});

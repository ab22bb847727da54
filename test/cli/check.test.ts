import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createMcpServer } from '@mcp-cors/demo';
import { mcpCors } from 'mcp-cors/node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { certifyLocally } from '../../packages/gateway/src/tls/localAuthority.js';
import { createCertificate } from '../carriers/http2Certificate.js';
import { createFolder, eventually, run, startScript } from './command.js';

const PAGE = 'http://localhost:3000';
const COMMAND = fileURLToPath(new URL('../../packages/mcp-cors/bin/mcp-cors.js', import.meta.url));
const SECRET = 'S3CRET-TOKEN-OF-THE-OWNER';

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function mcp(
  front: (listener: RequestListener) => RequestListener = (listener) => listener,
): Promise<string> {
  const app = createMcpServer();
  onTestFinished(() => app.close());
  return serve(front(app.listener));
}

const sound = (listener: RequestListener): RequestListener => mcpCors({ origins: [PAGE] })(listener);

function check(url: string, ...args: readonly string[]) {
  const environment = { CHROMIUM_PATH: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium' };
  const all = [COMMAND, 'check', url, '--origin', PAGE, '--timeout', '5000', ...args];
  return startScript(all, { environment }).ending;
}

describe('check ends with', () => {
  it('0 when nothing is wrong, and says so', async () => {
    const { code, out, err } = await check(`${await mcp(sound)}/mcp`, '--fail-on', 'warning');
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^✓ Every client gets through from http:\/\/localhost:3000/);
    expect(out).toMatch(/✓ official-2-auto +reachable \(2026-07-28\)/);
    expect(out).toMatch(/· sign-in +not offered/);
  });

  it('1 when something is, with a timeline, the console’s sentence and a fix', async () => {
    const { code, out, err } = await check(`${await mcp()}/mcp`);
    expect([code, err]).toEqual([1, '']);
    expect(out).toMatch(/^✗ No client gets through/);
    expect(out).toMatch(/✗ initialize +OPTIONS 405 +POST - /);
    expect(out).toContain('PreflightMissingAllowOriginHeader');
    expect(out).toMatch(/error no-cors\n/);
    expect(out.replaceAll(/\s+/g, ' ')).toContain('has been blocked by CORS policy: Response to preflight');
    expect(out).toContain('npx mcp-cors gateway');
    expect(out).not.toContain('\u001b');
    for (const line of out.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
  });

  it('0 for warnings, and 1 for them with --fail-on warning', async () => {
    const hides: (listener: RequestListener) => RequestListener = (listener) => {
      const inner = sound(listener);
      return (request, response) => {
        if (String(request.headers['mcp-session-id']).startsWith('00000000-')) {
          response.writeHead(400, { 'Access-Control-Allow-Origin': PAGE }).end();
        } else inner(request, response);
      };
    };
    const url = `${await mcp(hides)}/mcp`;
    expect((await check(url)).code).toBe(0);
    const { code, out } = await check(url, '--fail-on', 'warning');
    expect(code).toBe(1);
    expect(out).toContain('lost-session-not-404');
  });
});

describe('check ends with 3, a message and a hint of its own', () => {
  it('when the host is unknown', async () => {
    const { code, out, err } = await check('http://no-such-host.invalid/mcp');
    expect([code, out]).toEqual([3, '']);
    expect(err).toMatch(/^error: the host no-such-host\.invalid is unknown.*\nhint: Check the spelling/);
  });

  it('when nothing listens', async () => {
    const port = await freePort();
    const { code, err } = await check(`http://127.0.0.1:${port}/mcp`);
    expect(code).toBe(3);
    expect(err).toMatch(/^error: 127\.0\.0\.1:\d+ refuses the connection.*\nhint: Nothing listens there/);
  });

  it('when no answer comes', async () => {
    const { code, err } = await run([
      'check',
      `${await serve(() => {})}/mcp`,
      '--origin',
      PAGE,
      '--timeout',
      '200',
    ]);
    expect(code).toBe(3);
    expect(err).toMatch(/^error: .* did not answer within 200 milliseconds\nhint: .*--timeout/);
  });

  it('when what answers is no HTTP', async () => {
    const server = createTcpServer((socket) => socket.end('220 mail.example ESMTP\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { code, err } = await check(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`);
    expect(code).toBe(3);
    expect(err).toMatch(/^error: .* does not answer with HTTP/);
  });

  it('when TLS is asked of a server that has none', async () => {
    const url = (await mcp()).replace('http:', 'https:');
    const { code, err } = await check(`${url}/mcp`);
    expect(code).toBe(3);
    expect(err).toMatch(/^error: .* does not speak TLS at that port.*\nhint: .*http:\/\//);
  });

  it('when what answers does not speak MCP', async () => {
    const url = await serve((_, response) => void response.end('<!doctype html>hello'));
    const { code, err } = await check(`${url}/`);
    expect(code).toBe(3);
    expect(err).toMatch(/^error: .* does not speak MCP: it answered initialize with 200/);
    expect(err).toMatch(/\nhint: .*\/mcp or \/sse/);
  });

  it('when the path is wrong, and names the right one', async () => {
    const base = await mcp();
    const { code, err } = await check(`${base}/wrong`);
    expect(code).toBe(3);
    expect(err).toContain(`hint: There is an MCP server at ${base}/mcp.`);
  });
});

describe('check names what is wrong with TLS', () => {
  const day = 86_400_000;
  it.each([
    ['a certificate that it has signed itself', 'localhost', 0, false, /certificate of .* is self-signed/],
    ['one that has expired', 'localhost', -10 * day, true, /certificate of .* has expired/],
    ['one that is not valid yet', 'localhost', 10 * day, true, /certificate of .* is not valid yet/],
    ['one for another host', '127.0.0.1', 0, true, /certificate that answers for .* names other hosts/],
  ])('%s', async (_, host, shift, trusted, message) => {
    const certificate = createCertificate(new Date(Date.now() + shift));
    const server = createTlsServer(certificate, (__, response) => void response.end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const folder = createFolder({ 'authority.pem': certificate.cert });
    const url = `https://${host}:${(server.address() as AddressInfo).port}/mcp`;

    const { code, out, err } = await startScript([COMMAND, 'check', url, '--origin', PAGE], {
      environment: trusted ? { NODE_EXTRA_CA_CERTS: join(folder, 'authority.pem') } : {},
    }).ending;

    expect([code, out]).toEqual([3, '']);
    expect(err).toMatch(message);
    expect(err).toMatch(/\nhint: /);
  });
});

it('check names a certificate of an authority that is not known here', async () => {
  const { certificate } = await certifyLocally([], { folder: join(createFolder(), 'authority') });
  const { key, cert } = certificate;
  const server = createTlsServer({ key, cert }, (__, response) => void response.end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { code, err } = await check(`https://localhost:${(server.address() as AddressInfo).port}/mcp`);
  expect(code).toBe(3);
  expect(err).toMatch(/^error: the certificate of .* is from an authority that is not known here/);
  expect(err).toMatch(/\nhint: .*NODE_EXTRA_CA_CERTS/);
});

describe('check takes a mistake for one', () => {
  it.each([
    [['nonsense', '--origin', PAGE], /not an http or https URL/],
    [['ftp://127.0.0.1/mcp', '--origin', PAGE], /not an http or https URL/],
    [['http://u:S3CRET@127.0.0.1/mcp', '--origin', PAGE], /^(?!.*S3CRET).*user name or password/s],
    [['http://127.0.0.1:1/mcp'], /--origin/],
    [['http://127.0.0.1:1/mcp', '--origin', 'https://app.example/'], /hint: Write https:\/\/app\.example:/],
    [['http://127.0.0.1:1/mcp', '--origin', 'app.example'], /is not an origin/],
    [['http://127.0.0.1:1/mcp', '--origin', PAGE, '--header', 'S3CRET'], /^(?!.*S3CRET).*is not a header/s],
    [['http://127.0.0.1:1/mcp', '--origin', PAGE, '--header', 'Origin: x'], /set by the browser/],
    [['http://127.0.0.1:1/mcp', '--origin', PAGE, '--timeout', '0'], /--timeout/],
    [['http://127.0.0.1:1/mcp', '--origin', PAGE, '--idle', '0'], /--idle/],
    [['http://127.0.0.1:1/mcp', '--origin', PAGE, '--profile', 'opera'], /opera/],
    [
      ['http://127.0.0.1:1/mcp', '--origin', PAGE, '--profile', 'safari', '--browser'],
      /--profile says safari/,
    ],
    [['http://127.0.0.1:1/mcp', '--origin', PAGE, '--format', 'xml'], /xml/],
    [['http://192.0.2.1/mcp', '--origin', PAGE, '--attack'], /hostile requests.*\nhint: Add --yes/],
  ])('%j', async (args, message) => {
    const { code, out, err } = await run(['check', ...args]);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/^error: .*\nhint: /);
    expect(err).toMatch(message);
  });
});

describe('the report', () => {
  it('is one JSON document with everything that was promised', async () => {
    const url = `${await mcp()}/mcp`;
    const { code, out, err } = await check(url, '--format', 'json', '--origin', 'https://app.example');
    expect([code, err]).toEqual([1, '']);
    const report = JSON.parse(out);
    expect(report).toMatchObject({ target: url, origins: [PAGE, 'https://app.example'] });
    expect(report.journeys).toHaveLength(12);
    expect(report.journeys[0]).toMatchObject({ client: 'official-2-legacy', origin: PAGE, ok: false });
    expect(report.journeys[0].steps[0]).toMatchObject({
      name: 'initialize',
      method: 'POST',
      url,
      preflight: { status: 405, fromCache: false },
      status: null,
      ok: false,
      corsError: 'PreflightMissingAllowOriginHeader',
      failedParameter: null,
      console: expect.stringMatching(/^Access to fetch at /),
    });
    expect(report.findings[0]).toEqual({
      id: 'no-cors',
      severity: 'error',
      title: expect.any(String),
      evidence: expect.stringContaining('> OPTIONS /mcp'),
      why: expect.any(String),
      fix: expect.stringContaining('mcp-cors gateway'),
      origin: PAGE,
    });
  });

  it('keeps secrets out of every form', async () => {
    const url = `${await mcp()}/mcp?api_key=${SECRET}`;
    for (const format of ['pretty', 'json', 'sarif', 'junit', 'markdown', 'html']) {
      const { out, err } = await check(
        url,
        ...[
          '--format',
          format,
          '--header',
          `Authorization: Bearer ${SECRET}`,
          '--header',
          `X-Api-Key: ${SECRET}`,
        ],
      );
      expect(out.length, format).toBeGreaterThan(100);
      expect(out + err, format).not.toContain(SECRET);
    }
  });

  it('tells the command that writes a rendered file, and has the file whole where there is room', async () => {
    const url = `${await mcp((listener) => (request, response) => {
      response.setHeader('Server', 'nginx/1.22.1').setHeader('Access-Control-Allow-Origin', [PAGE, '*']);
      listener(request, response);
    })}/mcp`;
    const report = JSON.parse((await check(url, '--format', 'json')).out);
    const [file] = report.renderings;
    expect(file).toMatchObject({ target: 'nginx', file: 'mcp-cors.conf' });
    expect(file.text).toMatch(/^# An mcp-cors policy for nginx[\s\S]*\n}\n$/);
    const { fix } = report.findings.find(({ id }: { id: string }) => id === 'allow-origin-doubled');
    expect(fix).toContain(file.command);
    expect(fix.length).toBeLessThan(2_000);

    const { out } = await check(url);
    expect(out.match(/npx mcp-cors render nginx/g)).toHaveLength(1);
    expect(out).not.toContain('server {');
    expect((await check(url, '--format', 'html')).out).toContain('server {');
  });

  it('goes to a file', async () => {
    const folder = createFolder();
    const { code, out, err } = await run(
      ['check', `${await mcp(sound)}/mcp`, '--origin', PAGE, '--format', 'html', '--output', 'report.html'],
      folder,
    );
    expect([code, out, err]).toEqual([0, '', '']);
    expect(readFileSync(join(folder, 'report.html'), 'utf8')).toMatch(/^<!doctype html>/);
    const failed = await check(`${await mcp(sound)}/mcp`, '--output', 'no/such/folder/report');
    expect(failed.code).toBe(2);
    expect(failed.err).toMatch(/^error: cannot write/);
  });
});

describe('--dry-run', () => {
  it('lists what would be sent and sends nothing', async () => {
    let requests = 0;
    const url = await serve((_, response) => {
      requests += 1;
      response.end();
    });
    const { code, out, err } = await check(`${url}/mcp`, '--dry-run', '--header', `X-Api-Key: ${SECRET}`);
    expect([code, err, requests]).toEqual([0, '', 0]);
    expect(out).toMatch(
      /official-2-legacy from \S+\n {2}OPTIONS +preflight of POST\n(?: {12}.*\n)+ {2}POST +initialize\n/,
    );
    expect(out).not.toContain('tools/call');
    expect(out).toContain('mcp-session-id: {sessionId}');
    expect(out).not.toContain(SECRET);
    const json = await check(`${url}/mcp`, '--dry-run', '--format', 'json');
    expect(JSON.parse(json.out)).toMatchObject({
      dryRun: true,
      attacks: 0,
      most: expect.any(Number),
      requests: expect.arrayContaining([
        expect.objectContaining({
          by: `official-1 from ${PAGE}`,
          name: 'tools/list',
          method: 'POST',
          when: '',
        }),
      ]),
    });
  });
});

describe('--browser', () => {
  it('says what a real Chromium does with the same requests', async () => {
    const { code, out, err } = await check(`${await mcp()}/mcp`, '--browser', '--format', 'json');
    expect([code, err]).toEqual([1, '']);
    const [{ steps }] = JSON.parse(out).journeys;
    expect(steps[0].chromium).toEqual({
      blocked: true,
      corsError: 'PreflightMissingAllowOriginHeader',
      failedParameter: null,
      agrees: true,
    });
  });

  it('says when there is none', async () => {
    const args = [COMMAND, 'check', `${await mcp()}/mcp`, '--origin', PAGE, '--browser'];
    const environment = { CHROMIUM_PATH: '/no/such/chromium' };
    const { code, out, err } = await startScript(args, { environment }).ending;
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/^error: Chromium does not start: .*\nhint: .*CHROMIUM_PATH/);
  });
});

describe('server-everything', () => {
  it('is told its real faults', async () => {
    const port = await freePort();
    const script = fileURLToPath(
      new URL('../../node_modules/@modelcontextprotocol/server-everything/dist/index.js', import.meta.url),
    );
    const child = startScript([script, 'streamableHttp'], { environment: { PORT: String(port) } });
    await eventually(() => expect(child.err()).toContain('listening on port'));

    const { code, out } = await check(`http://127.0.0.1:${port}/mcp`, '--format', 'json');

    expect(code).toBe(1);
    const { findings, journeys, stacks } = JSON.parse(out);
    const ids = findings
      .filter(({ severity }: { severity: string }) => severity !== 'info')
      .map(({ id }: { id: string }) => id);
    expect(ids.sort()).toEqual([
      'any-origin-allowed',
      'host-not-checked',
      'lost-session-not-404',
      'origin-not-checked',
    ]);
    expect(stacks.map(({ stack }: { stack: string }) => stack)).toEqual(['typescript-sdk', 'express']);
    const outcomes = Object.fromEntries(
      journeys.map(({ client, outcome }: { client: string; outcome: string }) => [client, outcome]),
    );
    expect(outcomes).toEqual({
      'official-2-legacy': 'reachable',
      'official-2-auto': 'fallback',
      'official-1': 'reachable',
      'http-sse': 'not-offered',
      inspector: 'reachable',
      'sign-in': 'not-offered',
    });
  });
});

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { listen } from '@mcp-cors/demo';
import { afterEach, beforeAll, describe, expect, it, test } from 'vitest';
import { parseStringList } from '../fixtures/structuredFields.js';
import { read, walk } from './page.js';
import {
  buildExample,
  createFolder,
  type Environment,
  EXAMPLE,
  makeCertificate,
  readAudit,
  runProgram,
  runScript,
  send,
  startProduction,
  startTlsProxy,
  type ToSend,
} from './production.js';
import { createScene } from './scene.js';

const scene = createScene(['--ignore-certificate-errors']);

const SECRET = 'secret-of-the-owner-0123456789abcdef';
const APP = 'https://app.example.com';
const OTHER = 'https://other.example.com';
const EVIL = 'https://evil.example';
const VERSION = '2025-11-25';
const CACHE_MS = 200;

beforeAll(buildExample);

/** Changes the allowlist with the example's command. */
async function changeOrigins(file: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runProgram('origins', args, { ORIGINS_FILE: file });
  expect([code, stderr]).toEqual([0, '']);
  return stdout;
}

/** The example, as in production: behind TLS, with an allowlist and an audit of its own. */
async function deploy(environment: Environment = {}, origins: readonly string[] = [APP, OTHER]) {
  const folder = scene.use(createFolder());
  const database = join(folder.path, 'origins.sqlite');
  const audit = join(folder.path, 'audit.ndjson');
  for (const origin of origins) await changeOrigins(database, 'add', origin);
  const server = scene.use(
    await startProduction({
      NODE_ENV: 'production',
      SESSION_SECRET: SECRET,
      PUBLIC_HOSTS: '127.0.0.1',
      ORIGINS_FILE: database,
      ORIGINS_CACHE_MS: String(CACHE_MS),
      AUDIT_FILE: audit,
      SHUTDOWN_TIMEOUT_MS: '1000',
      ...environment,
    }),
  );
  const proxy = scene.use(await startTlsProxy(server.port, makeCertificate(folder.path)));
  /** The lines of the audit, once the server has written the last one. */
  const auditAtEnd = async (): Promise<Record<string, unknown>[]> => {
    await server.end('SIGTERM');
    return readAudit(audit);
  };
  return { server, proxy, audit, auditAtEnd, database, direct: `http://127.0.0.1:${server.port}` };
}

const JSON_RPC = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };

const initialize = (origin: string): ToSend => ({
  headers: { Origin: origin, ...JSON_RPC },
  body: JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: VERSION, capabilities: {}, clientInfo: { name: 'test', version: '1' } },
  }),
});

const inSession = (origin: string, session: string, change: ToSend = {}): ToSend => ({
  body: JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'tools/list' }),
  ...change,
  headers: {
    Origin: origin,
    ...JSON_RPC,
    'Mcp-Session-Id': session,
    'MCP-Protocol-Version': VERSION,
    ...change.headers,
  },
});

/** Opens a session, and gives its sealed id. */
async function openSession(at: string, origin: string): Promise<string> {
  const response = await send(at, initialize(origin));
  expect([response.status, await response.body]).toEqual([
    200,
    expect.stringContaining('express-production'),
  ]);
  const session = String(response.headers['mcp-session-id']);
  await send(
    at,
    inSession(origin, session, { body: '{"jsonrpc":"2.0","method":"notifications/initialized"}' }),
  );
  return session;
}

async function statusOf(at: string, request: ToSend): Promise<number> {
  const { status, body } = await send(at, request);
  await body;
  return status;
}

const reasonOf = (body: string): unknown => JSON.parse(body).error.data.reason;

const preflight = (origin: string, path = '/mcp'): ToSend => ({
  method: 'OPTIONS',
  path,
  headers: {
    Origin: origin,
    'Access-Control-Request-Method': 'POST',
    'Access-Control-Request-Headers': 'content-type',
  },
});

describe('in Chromium, through a TLS proxy', () => {
  test.each(['2026-07-28', '2025-11-25'] as const)('an allowed page works with %s', async (id) => {
    const { proxy, auditAtEnd } = await deploy({}, [scene.allowed]);
    const tab = await scene.open(scene.allowed);

    const report = await walk(tab, { id, at: proxy.origin, count: { n: 3, intervalMs: 1 } });

    expect(report).toMatchObject({ outcome: 'works', tools: ['echo', 'count'], negotiated: id });
    expect(report.progress.map(({ progress }) => progress)).toEqual([1, 2, 3]);
    expect(tab.blocked).toEqual([]);
    expect((await auditAtEnd()).every(({ outcome }) => outcome !== 'deny')).toBe(true);
  });

  test.each(['2026-07-28', '2025-11-25'] as const)('a foreign page does not work with %s', async (id) => {
    const { proxy, auditAtEnd } = await deploy({}, [scene.allowed]);
    const tab = await scene.open(scene.foreign);

    const report = await walk(tab, { id, at: proxy.origin });

    expect(report).toMatchObject({ outcome: 'blocked', tools: [] });
    expect(tab.blocked[0]?.corsError).toBe('PreflightMissingAllowOriginHeader');
    expect((await auditAtEnd()).map(({ outcome, reason, origin }) => [outcome, reason, origin])).toEqual(
      tab.blocked.map(() => ['deny', 'origin-not-allowed', scene.foreign]),
    );
  });

  it('lets a page in that is added while it runs, and out when it is removed', async () => {
    const { proxy, database } = await deploy({}, []);
    const tab = await scene.open(scene.allowed);
    const attempt = () => read(tab, `${proxy.origin}/mcp`, { method: 'DELETE' });
    /** Tries until the cache has run out. */
    const until = async (isDone: (status: number | undefined) => boolean): Promise<number | undefined> => {
      for (;;) {
        const { status } = await attempt();
        if (isDone(status)) return status;
        await new Promise((resolve) => setTimeout(resolve, CACHE_MS / 4));
      }
    };

    expect(await attempt()).toEqual({ error: 'TypeError: Failed to fetch' });
    expect(await changeOrigins(database, 'add', scene.allowed)).toBe(`add ${scene.allowed}\n`);
    expect(await until((status) => status !== undefined)).toBe(400); // the endpoint's own answer: no session
    expect(await changeOrigins(database, 'list')).toBe(`${scene.allowed}\n`);
    expect(await changeOrigins(database, 'remove', scene.allowed)).toBe(`remove ${scene.allowed}\n`);
    expect(await until((status) => status === undefined)).toBeUndefined();
    expect(await changeOrigins(database, 'list')).toBe('');
  });

  it('is read by a page that isolates itself, whatever Cross-Origin-Resource-Policy says of embedding', async () => {
    const isolated = scene.use(
      await listen(
        (_, response) => {
          response.writeHead(200, {
            'Content-Type': 'text/html',
            'Cross-Origin-Embedder-Policy': 'require-corp',
            'Cross-Origin-Opener-Policy': 'same-origin',
          });
          response.end('<!doctype html><title>isolated</title>');
        },
        '127.0.0.1',
        0,
      ),
    );
    const { proxy } = await deploy({}, [isolated.origin]);
    const tab = await scene.open(isolated.origin);
    expect(await tab.page.evaluate(() => globalThis.crossOriginIsolated)).toBe(true);

    const answer = await read(tab, `${proxy.origin}/mcp`, { method: 'DELETE' });
    expect(answer).toMatchObject({ status: 400, headers: { 'x-request-id': expect.any(String) } });
    // Without CORS the header holds: nobody embeds an answer.
    expect(await read(tab, `${proxy.origin}/healthz`, { mode: 'no-cors' })).toEqual({
      error: 'TypeError: Failed to fetch',
    });
  });
});

describe('what it answers', () => {
  test('every answer has the security headers once, and errors have the CORS headers too', async () => {
    const { proxy } = await deploy();
    const large = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'x',
      params: { text: 'x'.repeat(200_000) },
    });
    const cases: readonly [ToSend, status: number, readable: boolean][] = [
      [initialize(APP), 200, true],
      [preflight(APP), 204, true],
      [preflight(EVIL), 403, false],
      [initialize(EVIL), 403, false],
      [{ ...initialize(APP), path: '/other' }, 404, true],
      [{ ...initialize(APP), body: large }, 413, true],
      [{ ...initialize(APP), body: '{' }, 400, true],
      [{ ...initialize(APP), method: 'PUT' }, 405, true],
      [{ method: 'GET', path: '/healthz' }, 200, false],
    ];
    for (const [request, status, readable] of cases) {
      const { headers, ...response } = await send(proxy.origin, request);
      const body = await response.body;
      expect([request.path, body, response.status]).toEqual([request.path, body, status]);
      expect(headers).toMatchObject({
        'content-security-policy': "default-src 'none';frame-ancestors 'none'",
        'cross-origin-resource-policy': 'same-origin',
        'strict-transport-security': expect.stringContaining('max-age='),
        'x-content-type-options': 'nosniff',
      });
      expect(headers['x-powered-by']).toBeUndefined();
      expect(headers['access-control-allow-origin']).toBe(readable ? APP : undefined);
      expect(body).not.toContain('node_modules');
    }
  });

  test('health is out of the policy, of the limits and of the audit', async () => {
    const { direct, auditAtEnd } = await deploy({ LIMIT_REQUESTS: '1', LIMIT_DENIED: '1' });
    for (let i = 0; i < 5; i++) {
      const response = await send(direct, { method: 'GET', path: '/healthz', headers: { Host: '10.0.0.9' } });
      expect([response.status, await response.body]).toEqual([200, 'ok']);
    }
    expect(await auditAtEnd()).toEqual([]);
  });
});

describe('attacks', () => {
  test('a foreign Host, as after DNS rebinding', async () => {
    const { proxy } = await deploy();
    for (const headers of [{}, { Origin: APP }, { Origin: 'https://evil.example' }]) {
      const response = await send(proxy.origin, {
        ...initialize(APP),
        headers: { ...JSON_RPC, ...headers, Host: 'evil.example', 'X-Forwarded-Host': '127.0.0.1' },
      });
      expect([response.status, reasonOf(await response.body)]).toEqual([403, 'host-not-allowed']);
    }
  });

  test('a POST of a type that any page may send without a preflight', async () => {
    const { proxy } = await deploy();
    const request = initialize(APP);
    for (const type of [
      'text/plain',
      'text/plain; a=application/json',
      'application/x-www-form-urlencoded',
      '',
    ]) {
      const headers = { ...request.headers, 'Content-Type': type };
      expect([type, await statusOf(proxy.origin, { ...request, headers })]).toEqual([type, 415]);
    }
  });

  test('a session that was forged, stolen by another page or taken by a native client', async () => {
    const { proxy } = await deploy();
    const session = await openSession(proxy.origin, APP);
    expect(await statusOf(proxy.origin, inSession(APP, session))).toBe(200);

    const [, id = ''] = session.split('.');
    const stolen: readonly [string, ToSend][] = [
      ['another page', inSession(OTHER, session)],
      ['the id without its seal', inSession(APP, id)],
      ['another seal', inSession(APP, `${'A'.repeat(43)}.${id}`)],
      ['a made up id', inSession(APP, '00000000-0000-4000-8000-000000000000')],
    ];
    for (const [what, request] of stolen) {
      const response = await send(proxy.origin, request);
      expect([what, response.status, reasonOf(await response.body)]).toEqual([
        what,
        404,
        'session-not-found',
      ]);
    }
    const { Origin: _, ...native } = inSession(APP, session).headers ?? {};
    expect(await statusOf(proxy.origin, { ...inSession(APP, session), headers: native })).toBe(404);
    const stream = { method: 'GET', body: undefined } as unknown as ToSend;
    expect(await statusOf(proxy.origin, inSession(OTHER, session, stream))).toBe(404);
    expect(await statusOf(proxy.origin, inSession(OTHER, session, { ...stream, method: 'DELETE' }))).toBe(
      404,
    );
    expect(await statusOf(proxy.origin, inSession(APP, session))).toBe(200);
  });

  test('a flood of preflights gets 429 with the time to wait, and calls go on', async () => {
    const { proxy } = await deploy({ LIMIT_PREFLIGHTS: '5', LIMIT_DENIED: '5' });
    for (const [origin, status, budget] of [
      [APP, 204, 'preflights'],
      [EVIL, 403, 'denied'],
    ] as const) {
      const statuses: number[] = [];
      for (let i = 0; i < 8; i++) {
        const { headers, ...response } = await send(proxy.origin, preflight(origin, `/mcp?${i}`));
        statuses.push(response.status);
        const [rate, ...others] = parseStringList(String(headers.ratelimit));
        expect([rate?.value, others]).toEqual([budget, []]);
        if (response.status !== 429) continue;
        expect(Number(headers['retry-after'])).toBeGreaterThan(0);
        expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
      }
      expect(statuses).toEqual([status, status, status, status, status, 429, 429, 429]);
    }
    expect(await statusOf(proxy.origin, initialize(APP))).toBe(200);
  });

  test('X-Forwarded-For does not escape a limit when no proxy is trusted', async () => {
    const { direct } = await deploy({ LIMIT_REQUESTS: '2' });
    const statuses: number[] = [];
    for (let i = 0; i < 4; i++) {
      const request = initialize(APP);
      const headers = {
        ...request.headers,
        'X-Forwarded-For': `198.51.100.${i}`,
        Forwarded: `for=198.51.100.${i}`,
      };
      statuses.push(await statusOf(direct, { ...request, headers }));
    }
    expect(statuses).toEqual([200, 200, 429, 429]);
  });

  test.each(['1', '127.0.0.1/32, ::1'])('with TRUST_PROXY=%s, clients are told apart', async (trust) => {
    const { proxy, auditAtEnd } = await deploy({ LIMIT_REQUESTS: '1', TRUST_PROXY: trust });
    const from = (address: string, claim?: string): Promise<number> => {
      const request = initialize(APP);
      const headers = { ...request.headers, ...(claim === undefined ? {} : { 'X-Forwarded-For': claim }) };
      return statusOf(proxy.origin, { ...request, headers, from: address });
    };
    expect(await from('127.0.0.2')).toBe(200);
    expect(await from('127.0.0.3')).toBe(200);
    // What a client claims stands before what the proxy saw.
    expect(await from('127.0.0.2', '198.51.100.1')).toBe(429);
    expect((await auditAtEnd()).map(({ address }) => address)).toEqual([
      '127.0.0.2',
      '127.0.0.3',
      '127.0.0.2',
    ]);
  });

  test('slow headers and slow bodies are cut off', async () => {
    const { server } = await deploy({ HEADERS_TIMEOUT_MS: '300' });
    const head = `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: ${APP}\r\nContent-Type: application/json\r\n`;
    for (const text of [head, `${head}Content-Length: 100\r\n\r\n{`]) {
      const answer = await new Promise<string>((resolve) => {
        let received = '';
        const socket = connect(server.port, '127.0.0.1', () => socket.write(text));
        socket.on('data', (chunk) => {
          received += chunk;
        });
        socket.on('error', () => {});
        socket.on('close', () => resolve(received));
      });
      expect(answer).toMatch(/^HTTP\/1\.1 40[08] /);
    }
  });
});

describe('the audit', () => {
  test('holds one line for each decision, and no secret', async () => {
    const { proxy, audit, auditAtEnd } = await deploy({ TRUST_PROXY: '1' });
    const session = await openSession(proxy.origin, APP);
    const list = inSession(APP, session, {
      path: '/mcp?token=secret-in-query',
      headers: {
        Authorization: 'Bearer secret-bearer',
        Cookie: 'a=secret-cookie',
        'X-Request-Id': 'given-1',
      },
    });
    await statusOf(proxy.origin, list);
    await statusOf(proxy.origin, preflight(APP));
    await statusOf(proxy.origin, initialize(EVIL));
    await statusOf(proxy.origin, inSession(OTHER, session));
    await statusOf(proxy.origin, inSession(APP, 'secret-made-up'));
    await statusOf(proxy.origin, {
      ...initialize(APP),
      headers: { ...JSON_RPC, Host: 'evil.example' },
    });
    await statusOf(proxy.origin, preflight(`https://${'a'.repeat(3_000)}.example`));

    const lines = await auditAtEnd();
    const page = { origin: APP, rule: '(directory)' };
    const [first, , third] = lines;
    const pass = { level: 30, outcome: 'pass', reason: 'origin-allowed', method: 'POST', ...page };
    const deny = { level: 40, outcome: 'deny', method: 'POST', status: 403 };
    const pseudonym = String(third?.session);
    const common = {
      time: expect.stringMatching(/^[0-9-]{10}T[0-9:.]{12}Z$/),
      path: '/mcp',
      host: expect.stringMatching(/^127\.0\.0\.1:[0-9]+$/),
      address: '127.0.0.1',
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      durationMs: expect.any(Number),
    };
    expect(lines).toEqual(
      [
        pass,
        { ...pass, session: pseudonym },
        { ...pass, session: pseudonym, requestId: 'given-1' },
        {
          level: 30,
          outcome: 'preflight',
          reason: 'preflight-allowed',
          method: 'OPTIONS',
          status: 204,
          ...page,
        },
        { ...deny, reason: 'origin-not-allowed', origin: EVIL },
        {
          ...deny,
          reason: 'session-not-found',
          status: 404,
          origin: OTHER,
          rule: '(directory)',
          session: pseudonym,
        },
        { ...deny, reason: 'session-not-found', status: 404, ...page, session: expect.any(String) },
        { ...deny, reason: 'host-not-allowed', host: 'evil.example' },
        { ...deny, reason: 'origin-not-allowed', method: 'OPTIONS', origin: `https://${'a'.repeat(192)}` },
      ].map((line) => ({ ...common, ...line })),
    );
    expect(first).not.toHaveProperty('session');
    expect(pseudonym).toMatch(/^[0-9a-f]{16}$/);
    expect(pseudonym).not.toBe(createHash('sha256').update(session).digest('hex').slice(0, 16));

    const text = readFileSync(audit, 'utf8');
    for (const secret of [
      'secret',
      session,
      session.split('.')[0] ?? '',
      session.split('.')[1] ?? '',
      SECRET,
      '?',
    ]) {
      expect(text).not.toContain(secret);
    }
  });

  test('goes to standard output when it has no file', async () => {
    const { server, direct } = await deploy({ AUDIT_FILE: '' });
    await statusOf(direct, preflight(APP));
    await statusOf(direct, initialize(EVIL));
    const { stdout } = await server.end('SIGINT');
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).reason)).toEqual(['preflight-allowed', 'origin-not-allowed']);
  });
});

describe('docs/production.md', () => {
  test('shows lines that stand in the example', () => {
    const read = (path: string): string => readFileSync(path, 'utf8');
    const sources = readdirSync(join(EXAMPLE, 'src')).map((file) => read(join(EXAMPLE, 'src', file)));
    const present = new Set(sources.flatMap((text) => text.split('\n').map((line) => line.trim())));
    const blocks = [...read(join(EXAMPLE, '../../docs/production.md')).matchAll(/```ts\n(.*?)```/gs)];
    const shown = blocks.flatMap(([, code = '']) => code.split('\n').map((line) => line.trim()));
    expect(shown.length).toBeGreaterThan(10);
    expect(shown.filter((line) => line !== '' && !present.has(line))).toEqual([]);
  });

  test('and the README name every variable, and no other', () => {
    const settings = readFileSync(join(EXAMPLE, 'src/settings.ts'), 'utf8');
    const known = new Set([...settings.matchAll(/'([A-Z]+(?:_[A-Z]+)*)'/g)].map(([, name]) => name));
    const text = readFileSync(join(EXAMPLE, 'README.md'), 'utf8');
    const told = new Set([...text.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, name]) => name));
    expect([...told].sort()).toEqual([...known, 'NODE_ENV'].sort());
  });
});

describe('starting', () => {
  const folders: ReturnType<typeof createFolder>[] = [];
  afterEach(async () => {
    await Promise.all(folders.splice(0).map((folder) => folder.close()));
  });
  const database = (): string => {
    const folder = createFolder();
    folders.push(folder);
    return join(folder.path, 'origins.sqlite');
  };

  test.each<[string, Environment, readonly string[]]>([
    [
      'a secret and hosts in production',
      { NODE_ENV: 'production' },
      ['SESSION_SECRET is missing', 'PUBLIC_HOSTS is missing'],
    ],
    [
      'a long secret',
      { NODE_ENV: 'production', SESSION_SECRET: 'short', PUBLIC_HOSTS: 'localhost' },
      ['32 characters'],
    ],
    [
      'numbers that are none',
      { PORT: '99999', LIMIT_REQUESTS: '0', ORIGINS_CACHE_MS: '1e3' },
      ['PORT is', 'LIMIT_REQUESTS is', 'ORIGINS_CACHE_MS is'],
    ],
    ['a proxy that is none', { TRUST_PROXY: 'everybody' }, ["'everybody' is no address"]],
    ['hosts that are none', { PUBLIC_HOSTS: 'https://mcp.example.com' }, ['error: ', 'hint: ']],
  ])('wants %s', async (_, environment, messages) => {
    const { code, stdout, stderr } = await runProgram('main', [], {
      ORIGINS_FILE: database(),
      PORT: '0',
      ...environment,
    });
    expect([code, stdout]).toEqual([2, '']);
    for (const message of messages) expect(stderr).toContain(message);
    expect(stderr).not.toContain('short');
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  test('npm start builds and starts, and says what is missing', async () => {
    const { code, stderr } = await runScript('start', { NODE_ENV: 'production', ORIGINS_FILE: database() });
    expect(code).not.toBe(0);
    expect(stderr).toContain('error: SESSION_SECRET is missing. Make one with: openssl rand -hex 32');
  });

  test('without a secret it starts where it is not production', async () => {
    const server = scene.use(await startProduction({ ORIGINS_FILE: database(), AUDIT_FILE: '' }));
    expect(await statusOf(`http://127.0.0.1:${server.port}`, { method: 'GET', path: '/healthz' })).toBe(200);
  });

  test.each([
    [['add', 'app.example.com'], 'is no origin'],
    [['add', 'https://app.example.com/'], 'is no origin'],
    [['add', 'https://*.example.com'], 'is no origin'],
    [['add'], 'hint: npm run origins'],
    [['frobnicate', APP], 'hint: npm run origins'],
  ])('the command refuses %j', async (args, message) => {
    const file = database();
    const { code, stdout, stderr } = await runProgram('origins', args, { ORIGINS_FILE: file });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
    if (existsSync(file)) expect(await changeOrigins(file, 'list')).toBe('');
  });

  test('the command says when there is nothing to do', async () => {
    const file = database();
    expect(await changeOrigins(file, 'remove', APP)).toBe(`nothing to do: remove ${APP}\n`);
    expect(await changeOrigins(file, 'add', APP)).toBe(`add ${APP}\n`);
    expect(await changeOrigins(file, 'add', APP)).toBe(`nothing to do: add ${APP}\n`);
  });
});

describe('ending', () => {
  const call = (origin: string, session: string, n: number, intervalMs: number): ToSend =>
    inSession(origin, session, {
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 3,
        method: 'tools/call',
        params: { name: 'count', arguments: { n, intervalMs }, _meta: { progressToken: 1 } },
      }),
    });
  const listening = (session: string): ToSend =>
    ({ ...inSession(APP, session), method: 'GET', body: undefined }) as unknown as ToSend;

  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s: streams end, calls finish, and it exits with 0',
    async (signal) => {
      const { server, proxy } = await deploy({ SHUTDOWN_TIMEOUT_MS: '60000' });
      const session = await openSession(proxy.origin, APP);
      const stream = await send(proxy.origin, listening(session));
      expect([stream.status, stream.headers['content-type']]).toEqual([200, 'text/event-stream']);
      const called = await send(proxy.origin, call(APP, session, 5, 100));
      expect(called.status).toBe(200);

      const ending = await server.end(signal);

      expect(ending).toMatchObject({ code: 0, signal: null });
      expect(await called.body).toContain('Counted to 5');
      await stream.body;
      expect(await statusOf(proxy.origin, initialize(APP))).toBe(502); // nobody is there any more
    },
  );

  test('what does not finish in time is cut off, and it exits with 0 all the same', async () => {
    const { server, proxy } = await deploy({ SHUTDOWN_TIMEOUT_MS: '300' });
    const session = await openSession(proxy.origin, APP);
    const stream = await send(proxy.origin, listening(session));
    const called = await send(proxy.origin, call(APP, session, 100, 5_000));
    expect(called.status).toBe(200);

    expect(await server.end('SIGTERM')).toMatchObject({ code: 0, signal: null });

    expect(await called.body).not.toContain('Counted');
    await stream.body;
  });

  test('a page hears the end of its stream', async () => {
    const { server, proxy } = await deploy({ SHUTDOWN_TIMEOUT_MS: '300' }, [scene.allowed]);
    const tab = await scene.open(scene.allowed);
    const session = await openSession(proxy.origin, scene.allowed);
    const { method, headers } = listening(session);
    const { Origin: _, ...own } = headers ?? {};
    const opened = tab.page.evaluate(
      async ([url, init]) => {
        const response = await fetch(url, init);
        Object.assign(globalThis, {
          ended: response.text().then(
            () => 'ended',
            () => 'ended',
          ),
        });
        return response.status;
      },
      [`${proxy.origin}/mcp`, { method: method ?? 'GET', headers: own }] as const,
    );
    expect(await opened).toBe(200);
    expect(await server.end('SIGTERM')).toMatchObject({ code: 0 });
    expect(await tab.page.evaluate(() => (globalThis as unknown as { ended: Promise<string> }).ended)).toBe(
      'ended',
    );
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import cors, { type CorsOptions } from 'cors';
import express from 'express';
import type { Severity } from '../../../packages/mcp-cors/src/doctor/report.js';
import { startDecodingProxy } from './decodingProxy.js';
import { createPlainMcp, type PlainChecks } from './plainMcp.js';
import { startSdk1 } from './sdk1.js';
import { type Started, serve, startFront } from './start.js';

/** A server with a hole, and what it has to be called. */
export interface OpenServer {
  readonly name: string;
  /** Every finding that is an error or a warning, no more and no less. */
  readonly findings: Readonly<Record<string, Severity>>;
  /** Findings that are worth knowing and must be there. */
  readonly infos?: readonly string[];
  /** What the evidence of the first finding has to show. */
  readonly evidence?: RegExp;
  /** The page's origin; `https://app.example.com` by default. */
  readonly page?: string;
  start(allowed: string): Promise<Started>;
}

/** What an Express server without checks of Host and Origin has, whatever its CORS says. */
const UNGUARDED: Readonly<Record<string, Severity>> = { 'host-not-checked': 'error' };

const withCors = (options: CorsOptions) => (): Promise<Started> =>
  startFront((listener) =>
    express()
      .use(cors({ exposedHeaders: 'Mcp-Session-Id', ...options }))
      .use(listener),
  );

const plain =
  (checks: (allowed: string) => PlainChecks) =>
  (allowed: string): Promise<Started> =>
    serve((base) => createPlainMcp(allowed, () => base.origin, checks(allowed)));

/** A hand-made server whose check of origins alone is wrong. */
const matching = (
  name: string,
  isOrigin: (allowed: string) => (origin: string) => boolean,
  findings: OpenServer['findings'],
  rest: Partial<OpenServer> = {},
): OpenServer => ({ name, findings, start: plain((allowed) => ({ isOrigin: isOrigin(allowed) })), ...rest });

/** Servers that let in whom they should not, most of them on the stacks that do it. */
export const OPEN_SERVERS: readonly OpenServer[] = [
  {
    name: 'Express with cors({ origin: true, credentials: true })',
    findings: {
      ...UNGUARDED,
      'origin-not-checked': 'error',
      'foreign-origin-reflected': 'error',
      'session-not-bound': 'warning',
    },
    evidence: /access-control-allow-origin: https:\/\/mcp-cors-check\.example/i,
    start: withCors({ origin: true, credentials: true }),
  },
  {
    name: 'Express with cors()',
    findings: {
      ...UNGUARDED,
      'origin-not-checked': 'error',
      'any-origin-allowed': 'error',
      'session-not-bound': 'warning',
    },
    start: withCors({}),
  },
  {
    name: 'Express with cors({ origin: /example\\.com$/ })',
    findings: {
      ...UNGUARDED,
      'origin-not-checked': 'warning',
      'origin-suffix-matched': 'error',
      'scheme-downgrade-allowed': 'warning',
      'session-not-bound': 'warning',
    },
    infos: ['subdomain-any-allowed'],
    start: withCors({ origin: /example\.com$/ }),
  },
  {
    name: 'Express with the exact origin and nothing else',
    findings: { ...UNGUARDED, 'origin-not-checked': 'warning', 'session-not-bound': 'warning' },
    start: (allowed) => withCors({ origin: [allowed] })(),
  },
  matching('origins that begin with the allowed one', (allowed) => (origin) => origin.startsWith(allowed), {
    'origin-prefix-matched': 'error',
  }),
  matching(
    'an expression that stops at a character other than a letter, a digit or a dot',
    () => (origin) => /^https:\/\/app\.example\.com(?![.\w:])/.test(origin),
    { 'origin-special-character-matched': 'error' },
  ),
  matching(
    'hosts that contain the allowed one in part',
    () => (origin) => 'app.example.com'.includes(origin.replace(/^https:\/\//, '')),
    { 'origin-substring-matched': 'error' },
  ),
  matching('an unescaped dot', () => (origin) => /^https:\/\/app.example\.com$/.test(origin), {
    'origin-dot-unescaped': 'error',
  }),
  matching(
    'letters of another alphabet taken for Latin ones',
    (allowed) => (origin) => origin === allowed || /^https:\/\/app\.xn--[a-z0-9-]+\.com$/.test(origin),
    { 'origin-look-alike-matched': 'error' },
  ),
  matching('the origin null', (allowed) => (origin) => [allowed, 'null'].includes(origin), {
    'null-origin-allowed': 'error',
  }),
  matching('http as well as https', () => (origin) => /^https?:\/\/app\.example\.com$/.test(origin), {
    'scheme-downgrade-allowed': 'warning',
  }),
  matching('every port', () => (origin) => /^https:\/\/app\.example\.com(?::\d+)?$/.test(origin), {
    'port-any-allowed': 'warning',
  }),
  matching(
    'whatever begins with http://localhost',
    (allowed) => (origin) => origin === allowed || origin.startsWith('http://localhost'),
    { 'localhost-prefix-matched': 'error' },
  ),
  matching(
    'every page of a hosting service',
    (allowed) => (origin) => origin === allowed || origin.endsWith('.github.io'),
    { 'third-party-allowed': 'error' },
  ),
  matching(
    'Host compared with Origin, and Host not checked',
    (allowed) => (origin) => origin === allowed,
    { 'host-not-checked': 'error' },
    {
      start: plain((allowed) => ({
        isHost: () => true,
        isOrigin: (origin, { headers }) => origin === allowed || origin === `http://${headers.host}`,
      })),
    },
  ),
  {
    name: 'a forwarded host that is believed',
    findings: { 'forwarded-host-trusted': 'error' },
    start: (allowed) =>
      serve((base) =>
        createPlainMcp(allowed, () => base.origin, {
          isHost: (host, { headers }) => (headers['x-forwarded-host'] ?? host) === new URL(base.origin).host,
          isOrigin: (origin, { headers }) =>
            origin === allowed ||
            (headers['x-forwarded-host'] !== undefined && origin === `http://${headers.host}`),
        }),
      ),
  },
  {
    name: 'a server that reads JSON whatever its type',
    findings: { 'simple-post-accepted': 'error', 'origin-not-checked': 'error' },
    evidence: /text\/plain/,
    start: plain(() => ({ isJson: () => true, refuses: false, keepsSessions: false })),
  },
  {
    name: 'a server with sessions that reads JSON whatever its type',
    findings: { 'simple-post-accepted': 'warning', 'origin-not-checked': 'warning' },
    evidence: /text\/plain/,
    start: plain(() => ({ isJson: () => true, refuses: false })),
  },
  {
    name: 'a server that looks for application/json anywhere in the type',
    findings: { 'content-type-substring': 'error', 'origin-not-checked': 'error' },
    evidence: /text\/plain; a=application\/json/,
    start: plain(() => ({
      isJson: (type) => type?.includes('application/json') ?? false,
      refuses: false,
      keepsSessions: false,
    })),
  },
  {
    name: 'session ids that are counted',
    findings: { 'session-id-guessable': 'error' },
    evidence: /two sessions/,
    start: (allowed) => {
      let count = 0;
      return plain(() => ({ newId: () => String(++count) }))(allowed);
    },
  },
  {
    name: 'session ids that nobody looks at',
    findings: { 'session-id-not-checked': 'warning' },
    infos: ['session-not-bound'],
    start: plain(() => ({ isSession: () => true, forgets: true })),
  },
  {
    name: 'sessions that outlive their end',
    findings: { 'session-outlives-delete': 'warning' },
    start: plain(() => ({ forgets: false })),
  },
  {
    name: 'a list of names that takes quadratic time',
    findings: { 'preflight-cost': 'warning' },
    start: plain(() => ({ readNames: (names) => void busyFor(names.length > 10_000 ? 400 : 0) })),
  },
  {
    name: 'a preflight that makes the server fail',
    findings: { 'preflight-fault': 'warning' },
    evidence: /< 500/,
    start: async (allowed) =>
      serve((base) => {
        const listener = createPlainMcp(allowed, () => base.origin);
        return (request, response) => {
          if (request.headers['access-control-request-method'] === '') response.writeHead(500).end();
          else listener(request, response);
        };
      }),
  },
  {
    name: 'a proxy that decodes what it repeats',
    findings: { 'response-splitting': 'error' },
    evidence: /percent-encoded/,
    start: startDecodingProxy,
  },
  {
    name: 'the TypeScript SDK v1 without protection',
    findings: { ...UNGUARDED, 'origin-not-checked': 'warning', 'session-not-bound': 'warning' },
    start: () => startSdk1(),
  },
  {
    name: 'server-everything',
    findings: {
      ...UNGUARDED,
      'origin-not-checked': 'error',
      'any-origin-allowed': 'error',
      'session-not-bound': 'warning',
    },
    start: startEverything,
  },
];

/** Holds the thread, as a slow expression does. */
function busyFor(milliseconds: number): void {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}

/** The example server of the project, as a process of its own. */
async function startEverything(): Promise<Started> {
  const file = createRequire(import.meta.url).resolve(
    '@modelcontextprotocol/server-everything/dist/index.js',
  );
  const port = await freePort();
  const child = spawn(process.execPath, [file, 'streamableHttp'], {
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let told = '';
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    told += part;
  });
  const until = Date.now() + 30_000;
  while (!/listening/i.test(told)) {
    if (child.exitCode !== null || Date.now() > until)
      throw new Error(`server-everything did not start: ${told}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    sessions: () => 0,
    close: async () => {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

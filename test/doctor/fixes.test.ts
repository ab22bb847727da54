import type { RequestListener } from 'node:http';
import { createMcpExpressApp } from '@modelcontextprotocol/express';
import cors from 'cors';
import express from 'express';
import { mcpCors as forExpress } from 'mcp-cors/express';
import { mcpCors as forNode } from 'mcp-cors/node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createFixes } from '../../packages/mcp-cors/src/doctor/fixes.js';
import { examine, type Finding, type Report } from '../../packages/mcp-cors/src/doctor/index.js';
import { createPatient } from '../../packages/mcp-cors/src/doctor/patient.js';
import { startFastApi } from '../fixtures/servers/fastapi.js';
import { readFix, startTarget, writeTold } from './servers/prescribed.js';
import { asServer } from './servers/real.js';
import { PUBLISHED_RECIPE, starlette } from './servers/realApplications.js';
import { startBehind } from './servers/realProxies.js';
import { type Started, startFront } from './servers/start.js';

const PAGE = 'https://app.example.com';
const OTHER = 'http://localhost:3000';

const silent = (listener: RequestListener): RequestListener => listener;
const answering = (listener: RequestListener): RequestListener =>
  express()
    .use(cors({ origin: [PAGE, OTHER], exposedHeaders: ['Mcp-Session-Id'] }))
    .use(listener);

/** A fault of a real server, and what becomes of that server when the fix is followed. */
interface Fault {
  readonly name: string;
  /** The finding whose fix is followed. */
  readonly finding: string;
  /** What stands before a proxy's own name in the fix, or the name of the stack. */
  readonly stack: string;
  /** Where no answer tells the stack. */
  readonly untold?: true;
  /** Milliseconds for one answer of the faulty server, where some never come. */
  readonly timeoutMs?: number;
  readonly faulty: () => Promise<Started>;
  readonly mended: (fix: Pick<Finding, 'fix'>) => Promise<Started>;
}

/** A proxy with a fault: its configuration is replaced by the one that the fix's command writes. */
function proxy(
  target: string,
  stack: string,
  fault: Pick<Fault, 'name' | 'finding' | 'untold' | 'timeoutMs'> & {
    readonly path?: string;
    readonly front?: (listener: RequestListener) => RequestListener;
    readonly configure: (port: number, upstream: string) => string;
  },
): Fault {
  const { path = '/mcp', front = silent, configure } = fault;
  return {
    ...fault,
    stack,
    faulty: () =>
      startBehind(
        (upstream) => startTarget(target, (port) => configure(port, upstream), upstream),
        path,
        front,
      ),
    mended: (fix) =>
      startBehind(
        async (upstream) => {
          const told = readFix(fix);
          // Of what the command says only the two places are not those of this machine.
          const { pathname } = new URL(told.command[told.command.indexOf('--upstream') + 1] ?? '');
          const port = '47147';
          const text = await writeTold(told, {
            upstream: upstream + (pathname === '/' ? '' : pathname),
            listen: `127.0.0.1:${port}`,
          });
          return startTarget(target, (free) => text.replaceAll(port, String(free)), upstream);
        },
        path,
        front,
      ),
  };
}

/** An application that lines are added to. */
const application = (
  fault: Pick<Fault, 'name' | 'finding' | 'stack'>,
  faulty: (listener: RequestListener) => RequestListener,
  mended: (lines: string, listener: RequestListener) => RequestListener,
  path = '/mcp',
): Fault => ({
  ...fault,
  faulty: () => startFront(faulty, path),
  mended: ({ fix }) => {
    const lines = /\n\n([\s\S]*?)\n\nOr put the gateway in front:/.exec(fix)?.[1] ?? '';
    return startFront((listener) => mended(lines.replaceAll(/^import .*$/gm, ''), listener), path);
  },
});

const nginx = (location: string) => (port: number, upstream: string) =>
  `server { listen 127.0.0.1:${port}; location / { proxy_pass ${upstream}; ${location} } }`;

const FAULTS: readonly Fault[] = [
  proxy('nginx', 'nginx', {
    name: 'nginx that adds to what the application says',
    finding: 'allow-origin-doubled',
    front: answering,
    configure: nginx('proxy_buffering off; add_header Access-Control-Allow-Origin $http_origin always;'),
  }),
  proxy('nginx', 'nginx', {
    name: 'nginx that reflects every origin',
    finding: 'foreign-origin-reflected',
    configure: nginx(
      'proxy_buffering off; if ($request_method = OPTIONS) { return 204; } add_header Access-Control-Allow-Origin $http_origin always; add_header Access-Control-Allow-Headers "$http_access_control_request_headers" always; add_header Access-Control-Expose-Headers Mcp-Session-Id always;',
    ),
  }),
  proxy('nginx', 'nginx', {
    name: 'nginx that holds HTTP+SSE back',
    finding: 'stream-buffered',
    path: '/sse',
    timeoutMs: 2_500,
    front: answering,
    configure: nginx(''),
  }),
  proxy('caddy', 'Caddy', {
    name: 'Caddy that adds to what the application says',
    finding: 'allow-origin-doubled',
    front: answering,
    configure: (port, upstream) =>
      `http://:${port} {\n\tbind 127.0.0.1\n\theader Access-Control-Allow-Origin ${PAGE}\n\treverse_proxy ${upstream}\n}\n`,
  }),
  proxy('apache', 'Apache httpd', {
    name: 'Apache that adds to what the application says',
    finding: 'allow-origin-doubled',
    front: answering,
    configure: (port, upstream) =>
      `Listen 127.0.0.1:${port}\n<VirtualHost 127.0.0.1:${port}>\nHeader always set Access-Control-Allow-Origin ${PAGE}\nProxyPass / ${upstream}/ flushpackets=on\n</VirtualHost>\n`,
  }),
  proxy('haproxy', 'HAProxy', {
    name: 'HAProxy that adds to what the application says',
    finding: 'allow-origin-doubled',
    untold: true,
    front: answering,
    configure: (port, upstream) =>
      `defaults\n  mode http\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\nlisten front\n  bind 127.0.0.1:${port}\n  http-response add-header Access-Control-Allow-Origin ${PAGE}\n  server s ${new URL(upstream).host}\n`,
  }),
  proxy('haproxy', 'HAProxy', {
    name: 'HAProxy that delays events',
    finding: 'stream-delayed',
    untold: true,
    path: '/sse',
    front: answering,
    configure: (port, upstream) =>
      `defaults\n  mode http\n  timeout connect 5s\n  timeout client 60s\n  timeout server 5s\nlisten front\n  bind 127.0.0.1:${port}\n  server s ${new URL(upstream).host}\n`,
  }),
  {
    name: 'FastAPI with the published recipe',
    finding: 'protocol-version-not-allowed',
    stack: 'FastAPI, Starlette or another ASGI application',
    faulty: () =>
      asServer(
        startFastApi(
          starlette(
            `allow_origins=["${PAGE}", "${OTHER}"], allow_methods=["GET", "POST"], allow_headers=["Content-Type", "Mcp-Session-Id"], expose_headers=["Mcp-Session-Id"]`,
          ),
        ),
      ),
    mended: async (fix) => {
      const told = readFix(fix);
      return asServer(startFastApi(told.use, { [told.file]: await writeTold(told) }));
    },
  },
  application(
    {
      name: 'Express with the published recipe',
      finding: 'protocol-version-not-allowed',
      stack: 'the TypeScript SDK',
    },
    (listener) =>
      express()
        .use(cors({ origin: [PAGE, OTHER], ...PUBLISHED_RECIPE }))
        .use(listener),
    inFront,
  ),
  application(
    { name: 'createMcpExpressApp() then cors()', finding: 'preflight-403', stack: 'the TypeScript SDK' },
    (listener) =>
      createMcpExpressApp()
        .use(cors({ origin: PAGE, exposedHeaders: ['Mcp-Session-Id'] }))
        .use(listener),
    inFront,
  ),
  application(
    { name: 'Express on HTTP+SSE without CORS', finding: 'no-cors', stack: 'Express' },
    (listener) => express().use(listener),
    (lines, listener) => {
      const app = express();
      new Function('app', 'mcpCors', lines)(app, forExpress);
      return app.use(listener);
    },
    '/sse',
  ),
];

/** Follows the lines for the TypeScript SDK, and gives the listener that they put in front. */
function inFront(lines: string, listener: RequestListener): RequestListener {
  const fronts: RequestListener[] = [];
  const createServer = (front: RequestListener): object => {
    fronts.push(front);
    return { listen: () => {} };
  };
  new Function('createServer', 'mcpCors', 'app', 'port', lines)(createServer, forNode, listener, 0);
  const [front] = fronts;
  if (front === undefined) throw new Error(`nothing is served by ${lines}`);
  return front;
}

const check = (target: string, timeoutMs = 20_000): Promise<Report> =>
  examine({ target, origins: [PAGE, OTHER], timeoutMs });

/** The fix where no answer tells what stands in front, and somebody knows. */
function fixOf(report: Report, url: string, { finding, stack, untold }: Fault): Pick<Finding, 'fix'> {
  const found = report.findings.find(({ id }) => id === finding);
  expect(found, report.findings.map(({ id }) => id).join()).toBeDefined();
  if (!untold) return found as Finding;
  const about = finding.startsWith('stream') ? { byProxy: true as const } : { byPolicy: true as const };
  const target = { url, sse: url.endsWith('/sse'), tokenAsked: false };
  const patient = createPatient([{ stack: stack.toLowerCase(), because: '' }], [PAGE, OTHER], target);
  return { fix: createFixes(patient).fixFor({ remedy: '', ...about }) };
}

describe('a fix that is followed mends', () => {
  it.each(FAULTS)('$name', async (fault) => {
    const faulty = await fault.faulty();
    onTestFinished(faulty.close);
    const before = await check(faulty.url, fault.timeoutMs);
    const fix = fixOf(before, faulty.url, fault);
    expect(fix.fix).toContain(`In ${fault.stack}:`);

    const mended = await fault.mended(fix);
    onTestFinished(mended.close);
    const after = await check(mended.url);
    expect(after.findings.filter(({ severity }) => severity !== 'info').map(({ id }) => id)).toEqual([]);
    for (const { ok, outcome, client } of after.journeys) {
      expect(ok || outcome === 'not-offered', client).toBe(true);
    }
  });
});

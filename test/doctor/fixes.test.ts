import type { RequestListener } from 'node:http';
import express from 'express';
import { mcpCors } from 'mcp-cors/express';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fixFor } from '../../packages/mcp-cors/src/doctor/fixes.js';
import { examine } from '../../packages/mcp-cors/src/doctor/index.js';
import { startCaddy } from '../fixtures/servers/caddy.js';
import { startFastApi } from '../fixtures/servers/fastapi.js';
import { startHaproxy } from '../fixtures/servers/haproxy.js';
import { startNginx } from '../fixtures/servers/nginx.js';
import { asServer } from './servers/real.js';
import { startBehind } from './servers/realProxies.js';
import { type Started, startFront } from './servers/start.js';

const PAGE = 'https://app.example.com';
const OTHER = 'http://localhost:3000';

/** The lines of a fix as somebody would copy them, with the upstream that is really there. */
function linesFor(stack: string, about: 'policy' | 'streams', path: string, upstream = ''): string {
  const text = {
    remedy: '',
    ...(about === 'policy' ? { byPolicy: true as const } : { byProxy: true as const }),
  };
  const fix = fixFor(text, {
    stacks: [{ stack, because: '' }],
    origins: [PAGE, OTHER],
    target: `http://127.0.0.1${path}`,
  });
  const lines = /In [^\n]*:\n\n([\s\S]*?)(?:\n\nOr put the gateway in front:|$)/.exec(fix)?.[1];
  return (lines ?? '').replaceAll('http://127.0.0.1:3001', upstream);
}

/** nginx takes a `server` block and what is beside it at different places. */
function startNginxWith(lines: string): ReturnType<typeof startNginx> {
  const server = /^([\s\S]*)^server \{\n([\s\S]*)^\}$/m.exec(lines);
  return server === null ? startNginx(lines) : startNginx(server[2] ?? '', server[1]);
}

/** An application that says nothing of CORS, and one that says a wrong thing. */
const silent = (listener: RequestListener): RequestListener => listener;
const wrong =
  (listener: RequestListener): RequestListener =>
  (request, response) => {
    response.setHeader('Access-Control-Allow-Origin', 'https://other.example');
    listener(request, response);
  };

interface Mended {
  readonly name: string;
  /** What the lines leave: they are about CORS, not about Host. */
  readonly left: readonly string[];
  start(): Promise<Started>;
}

const proxied = (
  name: string,
  start: (to: string) => ReturnType<typeof startNginx>,
  front: (listener: RequestListener) => RequestListener,
  left: readonly string[],
  path = '/mcp',
): Mended => ({ name, left, start: () => startBehind(start, path, front) });

const MENDED: readonly Mended[] = [
  proxied(
    'nginx, before an application without CORS',
    (to) => startNginxWith(linesFor('nginx', 'policy', '/mcp', to)),
    silent,
    [],
  ),
  proxied(
    'nginx, before an application with the wrong origin',
    (to) => startNginxWith(linesFor('nginx', 'policy', '/mcp', to)),
    wrong,
    [],
  ),
  proxied(
    'Caddy, before an application with the wrong origin',
    (to) => startCaddy(linesFor('caddy', 'policy', '/mcp', to)),
    wrong,
    ['origin-not-checked'],
  ),
  {
    name: 'FastAPI',
    left: ['host-not-checked', 'origin-not-checked', 'vary-missing'],
    start: () => asServer(startFastApi(linesFor('fastapi', 'policy', '/mcp'))),
  },
  {
    name: 'Express',
    left: [],
    start: () =>
      startFront((listener) => {
        const app = express();
        const lines = linesFor('express', 'policy', '/mcp').replace(/^import .*$/m, '');
        new Function('app', 'mcpCors', lines)(app, mcpCors);
        return app.use(listener);
      }),
  },
  proxied(
    'the lines about streams for nginx',
    (to) => startNginxWith(linesFor('nginx', 'streams', '/sse', to).replace('/sse', '/')),
    (listener) =>
      express()
        .use(mcpCors({ origins: [PAGE, OTHER], hosts: ['127.0.0.1'] }))
        .use(listener),
    [],
    '/sse',
  ),
  proxied(
    'the lines about streams for HAProxy',
    (to) => startHaproxy(to, linesFor('haproxy', 'streams', '/sse')),
    (listener) =>
      express()
        .use(mcpCors({ origins: [PAGE, OTHER], hosts: ['127.0.0.1'] }))
        .use(listener),
    [],
    '/sse',
  ),
];

describe('the lines of a fix mend what they are for', () => {
  it.each(MENDED)('in $name', async ({ start, left }) => {
    const server = await start();
    onTestFinished(server.close);
    const { findings, journeys } = await examine({
      target: server.url,
      origins: [PAGE, OTHER],
      timeoutMs: 20_000,
    });

    const grave = findings.filter(({ severity }) => severity !== 'info').map(({ id }) => id);
    expect([...new Set(grave)].sort()).toEqual([...left].sort());
    for (const { ok, outcome, client } of journeys) {
      expect(ok || outcome === 'not-offered', client).toBe(true);
    }
  });
});

import type { RequestListener } from 'node:http';
import cors from 'cors';
import express from 'express';
import { startCaddy } from '../../fixtures/servers/caddy.js';
import { startHaproxy } from '../../fixtures/servers/haproxy.js';
import { startNginx } from '../../fixtures/servers/nginx.js';
import type { Program } from '../../fixtures/servers/program.js';
import { ALL_EXPOSED, ALL_HEADERS, ALL_METHODS } from './layer.js';
import { GOES_THROUGH, NOBODY_GETS_IN, type RealServer, UNGUARDED } from './real.js';
import { type Started, startFront } from './start.js';

/** A proxy in front of the real MCP server. */
export async function startBehind(
  proxy: (upstream: string) => Promise<Program>,
  path = '/mcp',
  front: (listener: RequestListener) => RequestListener = (listener) => listener,
): Promise<Started> {
  const upstream = await startFront(front, path);
  const program = await proxy(new URL(upstream.url).origin);
  return {
    url: `${program.origin}${path}`,
    sessions: upstream.sessions,
    close: async () => {
      await program.close();
      await upstream.close();
    },
  };
}

/** An application that answers for CORS itself, as it should. */
const answering =
  (origin: string) =>
  (listener: RequestListener): RequestListener =>
    express()
      .use(cors({ origin, exposedHeaders: ['Mcp-Session-Id'] }))
      .use(listener);

const pass = (to: string): string =>
  `proxy_pass ${to}; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off;`;

/** What people write into nginx. @param always `always`, or nothing. */
const addHeaders = (origin: string, always: string): string => `
  add_header Access-Control-Allow-Origin "${origin}" ${always};
  add_header Access-Control-Allow-Methods "${ALL_METHODS}" ${always};
  add_header Access-Control-Allow-Headers "${ALL_HEADERS}" ${always};
  add_header Access-Control-Expose-Headers "${ALL_EXPOSED}" ${always};
  add_header Vary Origin ${always};`;

const ANSWER_OPTIONS = 'if ($request_method = OPTIONS) { return 204; }';

/** HAProxy notices that a client has left a silent stream when it ends for another reason. */
const ENDS = 'timeout server 5s';

const NOT_BOUND = { 'session-not-bound': 'warning' } as const;

/** Proxies that do what proxies are known for. */
export const REAL_PROXIES: readonly RealServer[] = [
  {
    name: 'nginx that doubles Access-Control-Allow-Origin',
    findings: { ...UNGUARDED, 'allow-origin-doubled': 'error' },
    attacked: NOT_BOUND,
    outcomes: NOBODY_GETS_IN,
    stack: 'nginx',
    fix: ['allow-origin-doubled', /In nginx:[\s\S]*proxy_hide_header Access-Control-Allow-Origin/],
    start: (allowed) =>
      startBehind(
        (to) =>
          startNginx(
            `location / { ${pass(to)} add_header Access-Control-Allow-Origin $http_origin always; }`,
          ),
        '/mcp',
        answering(allowed),
      ),
  },
  {
    name: 'nginx that drops Mcp-Session-Id',
    orphans: true,
    findings: { ...UNGUARDED, 'session-id-stripped': 'error' },
    attacked: {},
    outcomes: { 'official-2-legacy': 'blocked', 'official-2-auto': 'reachable' },
    stack: 'nginx',
    start: (allowed) =>
      startBehind(
        (to) => startNginx(`location / { ${pass(to)} proxy_hide_header Mcp-Session-Id; }`),
        '/mcp',
        answering(allowed),
      ),
  },
  {
    name: 'nginx whose location drops the headers of the server block',
    findings: { ...UNGUARDED, 'no-cors': 'error' },
    attacked: NOT_BOUND,
    outcomes: NOBODY_GETS_IN,
    stack: 'nginx',
    fix: ['no-cors', /In nginx:[\s\S]*# On every response, errors and streams included/],
    start: (allowed) =>
      startBehind((to) =>
        startNginx(
          `${addHeaders(allowed, 'always')} location / { ${ANSWER_OPTIONS} add_header X-Frame-Options DENY; ${pass(to)} }`,
        ),
      ),
  },
  {
    name: 'nginx without always, which leaves out 202 as well as errors',
    findings: { ...UNGUARDED, 'response-without-cors': 'error', 'errors-without-cors': 'warning' },
    attacked: NOT_BOUND,
    outcomes: { 'official-2-legacy': 'blocked', 'official-2-auto': 'reachable' },
    stack: 'nginx',
    fix: ['response-without-cors', /In nginx:[\s\S]*always;/],
    start: (allowed) =>
      startBehind((to) =>
        startNginx(`${addHeaders(allowed, '')} location / { ${ANSWER_OPTIONS} ${pass(to)} }`),
      ),
  },
  {
    name: 'nginx that reflects $http_origin',
    findings: {
      'host-not-checked': 'error',
      'origin-not-checked': 'error',
      'foreign-origin-reflected': 'error',
    },
    attacked: NOT_BOUND,
    outcomes: GOES_THROUGH,
    stack: 'nginx',
    fix: ['foreign-origin-reflected', /In nginx:[\s\S]*nothing is reflected unchecked/],
    start: () =>
      startBehind((to) =>
        startNginx(`${addHeaders('$http_origin', 'always')} location / { ${ANSWER_OPTIONS} ${pass(to)} }`),
      ),
  },
  {
    name: 'nginx as it comes, which holds HTTP+SSE back',
    findings: { 'stream-buffered': 'error' },
    timeoutMs: 2_500,
    outcomes: { 'http-sse': 'blocked' },
    stack: 'nginx',
    fix: ['stream-buffered', /In nginx:[\s\S]*proxy_buffering off;[\s\S]*proxy_http_version 1\.1;/],
    start: (allowed) =>
      startBehind((to) => startNginx(`location / { proxy_pass ${to}; }`), '/sse', answering(allowed)),
  },
  {
    name: 'nginx that compresses a stream',
    findings: UNGUARDED,
    attacked: {},
    infos: ['stream-compressed'],
    outcomes: { 'http-sse': 'reachable' },
    stack: 'nginx',
    fix: ['stream-compressed', /gzip off/],
    start: (allowed) =>
      startBehind(
        (to) =>
          startNginx(`location / { ${pass(to)} gzip on; gzip_types text/event-stream; gzip_min_length 0; }`),
        '/sse',
        answering(allowed),
      ),
  },
  {
    name: 'nginx that closes idle streams',
    findings: { ...UNGUARDED, 'stream-cut-idle': 'warning' },
    idle: 4,
    outcomes: GOES_THROUGH,
    stack: 'nginx',
    fix: ['stream-cut-idle', /In nginx:[\s\S]*proxy_read_timeout 1d/],
    start: (allowed) =>
      startBehind(
        (to) => startNginx(`location / { ${pass(to)} proxy_read_timeout 2s; }`),
        '/mcp',
        answering(allowed),
      ),
  },
  {
    name: 'nginx that closes idle streams of HTTP+SSE',
    findings: { ...UNGUARDED, 'stream-cut-idle': 'error' },
    idle: 4,
    outcomes: { 'http-sse': 'reachable' },
    stack: 'nginx',
    start: (allowed) =>
      startBehind(
        (to) => startNginx(`location / { ${pass(to)} proxy_read_timeout 2s; }`),
        '/sse',
        answering(allowed),
      ),
  },
  {
    name: 'nginx that lets idle streams be',
    findings: UNGUARDED,
    never: ['stream-cut-idle'],
    idle: 3,
    outcomes: GOES_THROUGH,
    stack: 'nginx',
    start: (allowed) =>
      startBehind((to) => startNginx(`location / { ${pass(to)} }`), '/mcp', answering(allowed)),
  },
  {
    name: 'Caddy without header_down',
    findings: { 'origin-not-checked': 'warning', 'allow-origin-doubled': 'error' },
    attacked: NOT_BOUND,
    outcomes: NOBODY_GETS_IN,
    stack: 'caddy',
    fix: ['allow-origin-doubled', /In Caddy:[\s\S]*header_down -Access-Control-\*/],
    start: (allowed) =>
      startBehind(
        (to) => startCaddy(`\theader Access-Control-Allow-Origin ${allowed}\n\treverse_proxy ${to}`),
        '/mcp',
        answering(allowed),
      ),
  },
  {
    name: 'HAProxy without http-no-delay',
    findings: UNGUARDED,
    infos: ['stream-delayed'],
    outcomes: { 'http-sse': 'reachable' },
    stack: 'express',
    start: (allowed) => startBehind((to) => startHaproxy(to, ENDS), '/sse', answering(allowed)),
  },
  {
    name: 'HAProxy with http-no-delay',
    findings: UNGUARDED,
    never: ['stream-delayed'],
    outcomes: { 'http-sse': 'reachable' },
    stack: 'express',
    start: (allowed) =>
      startBehind((to) => startHaproxy(to, `option http-no-delay\n${ENDS}`), '/sse', answering(allowed)),
  },
  {
    name: 'HAProxy that adds Access-Control-Allow-Origin once more',
    findings: { ...UNGUARDED, 'allow-origin-doubled': 'error' },
    outcomes: NOBODY_GETS_IN,
    stack: 'typescript-sdk',
    start: (allowed) =>
      startBehind(
        (to) => startHaproxy(to, `http-response add-header Access-Control-Allow-Origin ${allowed}`),
        '/mcp',
        answering(allowed),
      ),
  },
  {
    name: 'HAProxy that closes idle streams',
    findings: { ...UNGUARDED, 'stream-cut-idle': 'warning' },
    idle: 4,
    outcomes: GOES_THROUGH,
    stack: 'typescript-sdk',
    start: (allowed) =>
      startBehind((to) => startHaproxy(to, 'timeout server 2s'), '/mcp', answering(allowed)),
  },
];

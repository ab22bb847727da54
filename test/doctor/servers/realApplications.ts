import type { RequestListener } from 'node:http';
import { createMcpExpressApp } from '@modelcontextprotocol/express';
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import cors, { type CorsOptions } from 'cors';
import express from 'express';
import { startFastApi } from '../../fixtures/servers/fastapi.js';
import { asServer, GOES_THROUGH, NOBODY_GETS_IN, type RealServer, UNGUARDED, WIDE_OPEN } from './real.js';
import { startSdk1 } from './sdk1.js';
import { type Started, serve, startFront } from './start.js';

/** What most guides give, in the words of `cors` and of Starlette. */
export const PUBLISHED_RECIPE: CorsOptions = {
  methods: ['GET', 'POST', 'OPTIONS'],
  allowedHeaders: ['Content-Type', 'Authorization', 'Mcp-Session-Id'],
  exposedHeaders: ['Mcp-Session-Id'],
};

/** Starlette's own middleware. @param options Its arguments, as Python. */
export const starlette = (options: string): string =>
  `from fastapi.middleware.cors import CORSMiddleware\napp.add_middleware(CORSMiddleware, ${options})`;

const EVERYTHING = 'allow_methods=["*"], allow_headers=["*"], expose_headers=["Mcp-Session-Id"]';

const fastApi =
  (options: (allowed: string) => string, path = '/mcp') =>
  (allowed: string): Promise<Started> =>
    asServer(startFastApi(starlette(options(allowed))), path);

/** A verifier that knows no token. */
const NO_TOKEN = requireBearerAuth({
  verifier: { verifyAccessToken: () => Promise.reject(new Error('unknown token')) },
});

const withExpress =
  (app: (listener: RequestListener, allowed: string) => RequestListener) => (allowed: string) =>
    startFront((listener) => app(listener, allowed));

const NOT_BOUND = { 'session-not-bound': 'warning' } as const;
const RECIPE_FAULTS = {
  ...UNGUARDED,
  'protocol-version-not-allowed': 'error',
  'modern-headers-not-allowed': 'warning',
  'delete-not-allowed': 'warning',
} as const;

/** Applications on the frameworks and SDKs that people use, put together as guides say. */
export const REAL_APPLICATIONS: readonly RealServer[] = [
  {
    name: 'Express with the published recipe',
    findings: RECIPE_FAULTS,
    attacked: NOT_BOUND,
    outcomes: NOBODY_GETS_IN,
    stack: 'typescript-sdk',
    start: withExpress((listener, origin) =>
      express()
        .use(cors({ origin, ...PUBLISHED_RECIPE }))
        .use(listener),
    ),
  },
  {
    name: 'createMcpExpressApp() then cors()',
    findings: { 'preflight-403': 'error' },
    attacked: {},
    outcomes: NOBODY_GETS_IN,
    stack: 'typescript-sdk',
    fix: ['preflight-403', /its own check refuses preflights[\s\S]*createServer\(policy\(app\)\)/],
    start: withExpress((listener, origin) => {
      const app = createMcpExpressApp();
      app.use(cors({ origin, exposedHeaders: ['Mcp-Session-Id'] }));
      app.use(listener);
      return app;
    }),
  },
  {
    name: 'the SDK v1 as in its examples, JSON parser before cors()',
    findings: { ...WIDE_OPEN, 'errors-without-cors': 'warning' },
    attacked: NOT_BOUND,
    outcomes: GOES_THROUGH,
    stack: 'typescript-sdk',
    start: () => startSdk1(cors({ origin: '*', exposedHeaders: ['Mcp-Session-Id'] })),
  },
  {
    name: 'the SDK v1 on HTTP+SSE with cors()',
    findings: WIDE_OPEN,
    attacked: {},
    outcomes: { 'http-sse': 'reachable' },
    stack: 'express',
    start: startSdk1Sse,
  },
  {
    name: 'requireBearerAuth() before cors()',
    findings: { 'preflight-401': 'error' },
    attacked: {},
    outcomes: { 'sign-in': 'blocked', 'official-2-legacy': 'blocked' },
    stack: 'express',
    fix: ['preflight-401', /In Express:[\s\S]*Before routes and authentication/],
    start: withExpress((listener, origin) => express().use(NO_TOKEN).use(cors({ origin })).use(listener)),
  },
  {
    name: 'requireBearerAuth() between cors() for OPTIONS and cors() for the rest',
    findings: { 'unauthorized-without-cors': 'error' },
    attacked: {},
    outcomes: { 'sign-in': 'blocked' },
    stack: 'express',
    start: withExpress((listener, origin) =>
      express().options('/mcp', cors({ origin })).use(NO_TOKEN).use(cors({ origin })).use(listener),
    ),
  },
  {
    name: 'FastAPI without CORS',
    findings: { ...UNGUARDED, 'no-cors': 'error' },
    outcomes: NOBODY_GETS_IN,
    stack: 'fastapi',
    fix: [
      'no-cors',
      /In FastAPI, Starlette or another ASGI application:[\s\S]*--origin https:\/\/app\.example\.com[\s\S]*app = McpCors\(app\)/,
    ],
    start: () => asServer(startFastApi()),
  },
  {
    name: 'FastAPI with the published recipe',
    findings: {
      ...UNGUARDED,
      'protocol-version-not-allowed': 'error',
      'delete-not-allowed': 'warning',
      'vary-missing': 'warning',
    },
    infos: ['modern-headers-not-allowed'],
    attacked: NOT_BOUND,
    outcomes: NOBODY_GETS_IN,
    stack: 'fastapi',
    start: fastApi(
      (allowed) =>
        `allow_origins=["${allowed}"], allow_methods=["GET", "POST", "OPTIONS"], allow_headers=["Content-Type", "Authorization", "Mcp-Session-Id"], expose_headers=["Mcp-Session-Id"]`,
    ),
  },
  {
    name: 'FastAPI with * and credentials',
    findings: { ...WIDE_OPEN, 'wildcard-with-credentials': 'warning', 'vary-missing': 'warning' },
    attacked: NOT_BOUND,
    outcomes: GOES_THROUGH,
    stack: 'fastapi',
    start: fastApi(() => `allow_origins=["*"], allow_credentials=True, ${EVERYTHING}`),
  },
  {
    name: 'FastAPI that redirects to a slash at the end',
    findings: { 'trailing-slash-redirect': 'error' },
    attacked: {},
    outcomes: NOBODY_GETS_IN,
    stack: 'fastapi',
    start: fastApi((allowed) => `allow_origins=["${allowed}"], ${EVERYTHING}`, '/slash'),
  },
];

async function startSdk1Sse(): Promise<Started> {
  const transports = new Map<string, SSEServerTransport>();
  const app = express().use(cors({ origin: '*' }));
  app.get('/sse', async (_, response) => {
    const transport = new SSEServerTransport('/messages', response);
    transports.set(transport.sessionId, transport);
    response.on('close', () => transports.delete(transport.sessionId));
    await new McpServer({ name: 'v1', version: '1.0.0' }).connect(transport);
  });
  app.post('/messages', async (request, response) => {
    const transport = transports.get(String(request.query.sessionId));
    if (transport === undefined) return void response.status(400).send('No transport found for sessionId');
    await transport.handlePostMessage(request, response);
  });
  return serve(
    () => app,
    '/sse',
    async () => {
      await Promise.all([...transports.values()].map((transport) => transport.close()));
    },
    () => transports.size,
  );
}

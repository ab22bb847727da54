import { createMcpExpressApp, localhostOriginValidation } from '@modelcontextprotocol/express';
import cors from 'cors';
import express from 'express';

import { ALL_HEADERS, behindLayer } from './layer.js';
import { startModernServer } from './modern.js';
import { type Started, startFront, startLayered } from './start.js';

/** A server with one known fault. */
export interface SickServer {
  readonly name: string;
  /** The finding that names the fault. */
  readonly finding: string;
  readonly severity: 'error' | 'warning' | 'info';
  /** What the evidence of the finding has to show. */
  readonly evidence?: RegExp;
  /** Findings that come with the fault, and are none of another. */
  readonly also?: readonly string[];
  /** The page's origin, where it matters; one on loopback by default. */
  readonly page?: string;
  /** Starts it for a page of this origin. */
  start(allowed: string): Promise<Started>;
}

const without = (list: string, ...names: readonly string[]): string =>
  list
    .split(', ')
    .filter((name) => !names.includes(name))
    .join(', ');

/** Servers that say the wrong thing about CORS, or say it in the wrong place. */
export const SICK_SERVERS: readonly SickServer[] = [
  {
    name: 'a server without a word of CORS',
    finding: 'no-cors',
    severity: 'error',
    evidence:
      /console: Access to fetch at .* from origin .* has been blocked by CORS policy: Response to preflight/,
    start: () => startFront((listener) => listener),
  },
  {
    name: 'Express with the published recipe',
    finding: 'protocol-version-not-allowed',
    severity: 'error',
    evidence: /Request header field mcp-protocol-version is not allowed/,
    also: ['modern-headers-not-allowed', 'delete-not-allowed'],
    start: (allowed) =>
      startFront((listener) =>
        express()
          .use(
            cors({
              origin: allowed,
              methods: ['GET', 'POST', 'OPTIONS'],
              allowedHeaders: ['Content-Type', 'Authorization', 'Mcp-Session-Id'],
              exposedHeaders: ['Mcp-Session-Id'],
            }),
          )
          .use(listener),
      ),
  },
  {
    name: 'a list of headers from before 2026-07-28',
    finding: 'modern-headers-not-allowed',
    severity: 'warning',
    evidence: /Request header field mcp-method is not allowed/,
    start: (allowed) =>
      startLayered(allowed, { requestHeaders: without(ALL_HEADERS, 'Mcp-Method', 'Mcp-Name') }),
  },
  {
    name: 'a session id that is not exposed',
    finding: 'session-id-not-exposed',
    severity: 'error',
    evidence: /< Access-Control-Allow-Origin/i,
    start: (allowed) => startLayered(allowed, { expose: undefined }),
  },
  {
    name: 'headers exposed on the preflight alone',
    finding: 'expose-headers-on-preflight-only',
    severity: 'error',
    evidence: /> OPTIONS \/mcp/,
    start: (allowed) => startLayered(allowed, { exposeOn: 'preflights' }),
  },
  {
    name: 'a session header that is not allowed',
    finding: 'session-header-not-allowed',
    severity: 'error',
    evidence: /Request header field mcp-session-id is not allowed/,
    start: (allowed) => startLayered(allowed, { requestHeaders: without(ALL_HEADERS, 'Mcp-Session-Id') }),
  },
  {
    name: 'a content type that is not allowed',
    finding: 'content-type-not-allowed',
    severity: 'error',
    evidence: /Request header field content-type is not allowed/,
    start: (allowed) => startLayered(allowed, { requestHeaders: without(ALL_HEADERS, 'Content-Type') }),
  },
  {
    name: 'a stream that cannot be resumed',
    finding: 'last-event-id-not-allowed',
    severity: 'info',
    start: (allowed) => startLayered(allowed, { requestHeaders: without(ALL_HEADERS, 'Last-Event-ID') }),
  },
  {
    name: 'DELETE left out',
    finding: 'delete-not-allowed',
    severity: 'warning',
    evidence: /Method DELETE is not allowed/,
    start: (allowed) => startLayered(allowed, { methods: 'GET, POST' }),
  },
  {
    name: 'two layers that both answer',
    finding: 'allow-origin-doubled',
    severity: 'error',
    evidence: /contains multiple values/,
    start: (allowed) => startLayered(allowed, { allowOrigin: [allowed, '*'] }),
  },
  {
    name: 'an origin that is fixed to another page',
    finding: 'allow-origin-mismatch',
    severity: 'error',
    evidence: /https:\/\/other\.example/,
    start: (allowed) => startLayered(allowed, { allowOrigin: ['https://other.example'] }),
  },
  {
    name: 'an origin that is none',
    finding: 'allow-origin-invalid',
    severity: 'error',
    evidence: /contains the invalid value/,
    start: (allowed) => startLayered(allowed, { allowOrigin: ['app.example'] }),
  },
  {
    name: '* and credentials',
    finding: 'wildcard-with-credentials',
    severity: 'warning',
    evidence: /Access-Control-Allow-Credentials: true/i,
    also: ['any-origin-allowed'],
    start: (allowed) => startLayered(allowed, { allowOrigin: ['*'], credentials: true }),
  },
  {
    name: 'a list that cannot be parsed',
    finding: 'allow-lists-malformed',
    severity: 'error',
    evidence: /Cannot parse Access-Control-Allow-Headers/,
    start: (allowed) => startLayered(allowed, { requestHeaders: 'Content-Type; Mcp-Session-Id' }),
  },
  {
    name: 'authentication before CORS',
    finding: 'preflight-401',
    severity: 'error',
    evidence: /< 401/,
    start: (allowed) =>
      startLayered(allowed, {
        before: (request, response) => {
          if (request.method !== 'OPTIONS') return false;
          response.writeHead(401, { 'WWW-Authenticate': 'Bearer' }).end();
          return true;
        },
      }),
  },
  {
    name: 'createMcpExpressApp() then cors()',
    finding: 'preflight-403',
    severity: 'error',
    page: 'https://app.example.com',
    evidence: /< 403/,
    start: (allowed) =>
      startFront((listener) => {
        const app = createMcpExpressApp({ jsonLimit: '1mb' });
        app.use(cors({ origin: allowed, exposedHeaders: ['Mcp-Session-Id'] }));
        app.use(listener);
        return app;
      }),
  },
  {
    name: 'OPTIONS unknown to the router',
    finding: 'preflight-404',
    severity: 'error',
    evidence: /< 404/,
    start: (allowed) => startLayered(allowed, { onPreflights: false, preflightStatus: 404 }),
  },
  {
    name: 'OPTIONS refused by the endpoint',
    finding: 'preflight-405',
    severity: 'error',
    evidence: /< 405/,
    start: (allowed) => startLayered(allowed, { onPreflights: false, preflightStatus: 405 }),
  },
  {
    name: 'OPTIONS that makes the server fail',
    finding: 'preflight-5xx',
    severity: 'error',
    evidence: /< 502/,
    start: (allowed) => startLayered(allowed, { onPreflights: false, preflightStatus: 502 }),
  },
  {
    name: 'OPTIONS answered with the right headers and 400',
    finding: 'preflight-4xx',
    severity: 'error',
    evidence: /It does not have HTTP ok status/,
    start: (allowed) => startLayered(allowed, { preflightStatus: 400 }),
  },
  {
    name: 'OPTIONS answered by the framework',
    finding: 'preflight-without-cors',
    severity: 'error',
    evidence: /< 200/,
    start: (allowed) => startLayered(allowed, { onPreflights: false, preflightStatus: 200 }),
  },
  {
    name: 'preflights alone carry headers',
    finding: 'response-without-cors',
    severity: 'error',
    start: (allowed) => startLayered(allowed, { onAnswers: () => false }),
  },
  {
    name: 'a preflight sent to a login page',
    finding: 'preflight-redirected',
    severity: 'error',
    evidence: /< Location: \/login\?next=…/i,
    start: (allowed) =>
      startLayered(allowed, {
        before: (request, response) => {
          if (request.method !== 'OPTIONS') return false;
          response.writeHead(302, { Location: '/login?next=SECRET' }).end();
          return true;
        },
      }),
  },
  {
    name: 'a slash too many',
    finding: 'trailing-slash-redirect',
    severity: 'error',
    evidence: /< 307/,
    start: (allowed) =>
      startLayered(
        allowed,
        {
          before: (request, response) => {
            if (request.method === 'OPTIONS' || request.url !== '/mcp') return false;
            response.writeHead(307, { Location: '/mcp/', 'Access-Control-Allow-Origin': allowed }).end();
            return true;
          },
        },
        '/mcp',
      ),
  },
  {
    name: 'an endpoint that has moved',
    finding: 'endpoint-redirected',
    severity: 'error',
    evidence: /< 308/,
    start: (allowed) =>
      startLayered(allowed, {
        before: (request, response) => {
          if (request.method === 'OPTIONS') return false;
          response.writeHead(308, { Location: '/v2/mcp', 'Access-Control-Allow-Origin': allowed }).end();
          return true;
        },
      }),
  },
  {
    name: 'errors without headers',
    finding: 'errors-without-cors',
    severity: 'warning',
    evidence: /No 'Access-Control-Allow-Origin' header/,
    start: (allowed) => startLayered(allowed, { onAnswers: (status) => status < 400 }),
  },
  {
    name: 'a lost session answered 400',
    finding: 'lost-session-not-404',
    severity: 'warning',
    evidence: /< 400/,
    start: (allowed) =>
      startLayered(allowed, {
        before: (request, response) => {
          if (request.headers['mcp-session-id'] !== '00000000-0000-4000-8000-000000000000') return false;
          response.writeHead(400, { 'Access-Control-Allow-Origin': allowed }).end();
          return true;
        },
      }),
  },
  {
    name: 'a preflight kept longer than browsers do',
    finding: 'max-age-beyond-caps',
    severity: 'info',
    start: (allowed) => startLayered(allowed, { maxAge: 86_400 }),
  },
  {
    name: 'a page that is not on the list',
    finding: 'origin-not-allowed',
    severity: 'error',
    start: () =>
      startFront((listener) =>
        express()
          .use(cors({ origin: ['https://app.example'] }))
          .use(listener),
      ),
  },
  {
    name: 'a gateway that answers for CORS and forwards Origin to a server that checks it',
    finding: 'origin-refused',
    severity: 'error',
    page: 'https://app.example.com',
    evidence: /> origin: https:\/\/app\.example\.com[\s\S]*< 403[\s\S]*< Access-Control-Allow-Origin: /i,
    start: (allowed) =>
      startFront((listener) =>
        behindLayer(express().use(localhostOriginValidation()).use(listener), allowed, {}),
      ),
  },
  {
    name: 'four faults at once, the first of which hides the others from a browser',
    finding: 'preflight-401',
    severity: 'error',
    also: [
      'delete-not-allowed',
      'modern-headers-not-allowed',
      'protocol-version-not-allowed',
      'session-header-not-allowed',
      'session-id-not-exposed',
    ],
    start: (allowed) =>
      startLayered(allowed, {
        preflightStatus: 401,
        expose: undefined,
        methods: 'GET, POST, OPTIONS',
        requestHeaders: 'Content-Type, Content-Disposition, Authorization, X-Requested-With',
      }),
  },
  {
    name: 'a server that says no to whatever follows initialize',
    finding: 'clients-blocked',
    severity: 'error',
    evidence: /< 400/,
    also: ['lost-session-not-404'],
    start: (allowed) =>
      startLayered(allowed, {
        before: ({ method, headers }, response) => {
          if (method !== 'POST' || headers['mcp-protocol-version'] === undefined) return false;
          response.writeHead(400, { 'Access-Control-Allow-Origin': allowed }).end('Unsupported version');
          return true;
        },
      }),
  },
  {
    name: 'a server that fails',
    finding: 'server-error',
    severity: 'error',
    evidence: /< 503/,
    start: (allowed) =>
      startLayered(allowed, {
        before: (request, response) => {
          if (request.method === 'OPTIONS') return false;
          response.writeHead(503, { 'Access-Control-Allow-Origin': allowed }).end();
          return true;
        },
      }),
  },
  {
    name: 'a server that refuses its own host',
    finding: 'host-not-accepted',
    severity: 'error',
    start: (allowed) =>
      startLayered(allowed, {
        before: (request, response) => {
          if (request.method === 'OPTIONS') return false;
          response.writeHead(421, { 'Access-Control-Allow-Origin': allowed }).end('Invalid Host header');
          return true;
        },
      }),
  },
  {
    name: 'an endpoint event with an internal URL',
    finding: 'endpoint-of-other-origin',
    severity: 'error',
    evidence: /Endpoint origin does not match connection origin: http:\/\/mcp\.internal:8000/,
    start: (allowed) =>
      startLayered(
        allowed,
        {
          before: (request, response) => {
            if (request.method !== 'GET') return false;
            response.writeHead(200, {
              'Content-Type': 'text/event-stream',
              'Access-Control-Allow-Origin': allowed,
            });
            response.write('event: endpoint\ndata: http://mcp.internal:8000/messages?sessionId=1\n\n');
            return true;
          },
        },
        '/sse',
      ),
  },
  {
    name: 'tools that want headers',
    finding: 'mcp-param-tools',
    severity: 'warning',
    evidence: /deploy/,
    start: (allowed) => startModernServer(allowed, undefined, 'x-mcp-header'),
  },
];

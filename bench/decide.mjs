// What does a decision cost, alone and in the node:http adapter, beside other CORS libraries?
//
// Handlers are called with stub requests and responses, so that the figures are those of the libraries and not of the
// HTTP server. The candidates take turns in every round, and the median round counts: ratios stay true on a machine
// whose speed drifts. The limit: this is the cost on a warm path with every header in cache, which no server sees.
import { ServerResponse } from 'node:http';
import fastifyCors from '@fastify/cors';
import cors from 'cors';
import { createPolicy } from 'mcp-cors';
import { mcpCors } from 'mcp-cors/express';
import { printTable } from './table.mjs';
import { nanosecondsPerCall } from './timing.mjs';

const METHODS = ['GET', 'POST', 'DELETE'];
const REQUEST_HEADERS = [
  'accept',
  'authorization',
  'content-type',
  'last-event-id',
  'mcp-method',
  'mcp-name',
  'mcp-protocol-version',
  'mcp-session-id',
  'x-api-key',
];
const EXPOSED = ['Mcp-Session-Id', 'WWW-Authenticate'];

const originsOf = (count) => Array.from({ length: count }, (_, i) => `https://app${i}.example.com`);

function requestOf({ method, origin, preflight }) {
  const headers = { host: 'localhost:3000', origin };
  if (method === 'POST') headers['content-type'] = 'application/json';
  if (preflight) {
    headers['access-control-request-method'] = 'POST';
    headers['access-control-request-headers'] = REQUEST_HEADERS.join(',');
  }
  return {
    method,
    url: '/mcp',
    originalUrl: '/mcp',
    headers,
    // as browsers spell them
    rawHeaders: Object.entries(headers).flatMap(([name, value]) => [
      name.replace(/\b[a-z]/g, (c) => c.toUpperCase()),
      value,
    ]),
    socket: { localAddress: '127.0.0.1' },
    raw: { headers },
    routeOptions: {}, // what @fastify/cors looks at
  };
}

/** A response that keeps headers as a real one does, by name in lower case, and sends nothing. */
class StubResponse {
  statusCode = 200;
  headers = Object.create(null);
  getHeader(name) {
    return this.headers[name.toLowerCase()];
  }
  getHeaderNames() {
    return Object.keys(this.headers);
  }
  hasHeader(name) {
    return name.toLowerCase() in this.headers;
  }
  setHeader(name, value) {
    this.headers[name.toLowerCase()] = value;
    return this;
  }
  removeHeader(name) {
    delete this.headers[name.toLowerCase()];
  }
  writeHead(status) {
    this.statusCode = status;
    return this;
  }
  end() {}
  // what @fastify/cors calls on a reply
  header(name, value) {
    return this.setHeader(name, value);
  }
  status(code) {
    this.statusCode = code;
    return this;
  }
  code(code) {
    return this.status(code);
  }
  send() {
    return this;
  }
  get raw() {
    return this;
  }
}

/** The hook that @fastify/cors registers. */
async function fastifyHook(options) {
  let hook;
  await fastifyCors(
    {
      decorateRequest() {},
      options() {},
      addHook: (_, handler) => {
        hook = handler;
      },
    },
    options,
    () => {},
  );
  return hook;
}

/** The least that can be done: a set of origins and headers made ahead. It checks nothing else. */
function bareHandler(origins) {
  const allowed = new Set(origins);
  return (request, response, next) => {
    const { origin } = request.headers;
    response.setHeader('Vary', 'Origin');
    if (allowed.has(origin)) {
      response.setHeader('Access-Control-Allow-Origin', origin);
      response.setHeader('Access-Control-Expose-Headers', 'Mcp-Session-Id, WWW-Authenticate');
      if (request.method === 'OPTIONS') {
        response.setHeader('Access-Control-Allow-Methods', 'GET, POST, DELETE');
        response.setHeader(
          'Access-Control-Allow-Headers',
          'content-type, mcp-session-id, mcp-protocol-version',
        );
        response.statusCode = 204;
        response.end();
        return;
      }
    }
    next();
  };
}

const noop = () => {};
const CASES = [
  ['POST allowed', (origins) => requestOf({ method: 'POST', origin: origins.at(-1) })],
  ['POST denied', () => requestOf({ method: 'POST', origin: 'https://evil.example' })],
  [
    'preflight allowed',
    (origins) => requestOf({ method: 'OPTIONS', origin: origins.at(-1), preflight: true }),
  ],
  [
    'preflight denied',
    () => requestOf({ method: 'OPTIONS', origin: 'https://evil.example', preflight: true }),
  ],
];

// Nobody is fooled: each handler really lets the allowed origin through and holds the foreign one back.
function prove(name, handler, request, allowed) {
  const response = new StubResponse();
  handler(request, response, noop);
  const got = response.getHeader('access-control-allow-origin');
  if ((got === request.headers.origin) !== allowed)
    throw new Error(`${name} answered ${got} to ${request.headers.origin}`);
}

console.log(`node ${process.version}, ${process.arch}; ns per call; in brackets: times mcp-cors`);
if (!(ServerResponse.prototype.writeHead instanceof Function)) throw new Error('node:http has changed');

for (const count of [1, 100, 10_000]) {
  const origins = originsOf(count);
  const policy = createPolicy({ origins, allowedHeaders: ['X-Api-Key'] });
  const ours = mcpCors(policy);
  const theirs = cors({
    origin: origins,
    methods: METHODS,
    allowedHeaders: REQUEST_HEADERS,
    exposedHeaders: EXPOSED,
  });
  const hook = await fastifyHook({
    origin: origins,
    methods: METHODS,
    allowedHeaders: REQUEST_HEADERS,
    exposedHeaders: EXPOSED,
    hideOptionsRoute: true,
  });
  const bare = bareHandler(origins);

  const rows = CASES.map(([title, requestFor]) => {
    const request = requestFor(origins);
    const allowed = !title.includes('denied');
    const { headers, method } = request;
    const head = {
      method,
      path: '/mcp',
      host: headers.host,
      origin: headers.origin,
      contentType: headers['content-type'],
      requestMethod: headers['access-control-request-method'],
      requestHeaders: headers['access-control-request-headers'],
    };
    const handlers = { 'mcp-cors': ours, cors: theirs, '@fastify/cors': hook, bare };
    for (const [name, handler] of Object.entries(handlers)) prove(name, handler, request, allowed);
    const figures = nanosecondsPerCall({
      decision: () => policy.decide(head),
      ...Object.fromEntries(
        Object.entries(handlers).map(([name, handler]) => [
          name,
          () => handler(request, new StubResponse(), noop),
        ]),
      ),
    });
    const base = figures['mcp-cors'];
    const shown = (name) => `${figures[name].toFixed(0)} (${(figures[name] / base).toFixed(2)})`;
    return [
      title,
      figures.decision.toFixed(0),
      base.toFixed(0),
      shown('cors'),
      shown('@fastify/cors'),
      shown('bare'),
    ];
  });
  printTable(
    `${count.toLocaleString('en')} origin${count === 1 ? '' : 's'}`,
    ['', 'decision alone', 'mcp-cors adapter', 'cors', '@fastify/cors', 'bare Set'],
    rows,
  );
}

import { type IncomingMessage, type RequestListener, type ServerResponse, request as send } from 'node:http';
import { createGzip, constants as zlib } from 'node:zlib';
import type { Severity } from '../../../packages/mcp-cors/src/doctor/report.js';
import { createPlainMcp } from './plainMcp.js';
import { type Started, serve, startFront, startLayered } from './start.js';

/** A server with something in between that changes what arrives. */
export interface Between {
  readonly name: string;
  readonly finding: string;
  readonly severity: Severity;
  /** What the title of the finding has to say. */
  readonly title?: RegExp;
  start(allowed: string): Promise<Started>;
}

/** Passes an upstream's answer on in its own way. */
type Relay = (incoming: IncomingMessage, outgoing: ServerResponse, request: IncomingMessage) => void;

/** A proxy that passes requests on untouched. */
async function startProxy(start: () => Promise<Started>, relay: Relay): Promise<Started> {
  const upstream = await start();
  const { port, pathname } = new URL(upstream.url);
  return serve(
    () => (request, response) => {
      const { method, url: path, headers } = request;
      const forwarded = send({ hostname: '127.0.0.1', port, method, path, headers, agent: false });
      forwarded.on('error', () => response.destroy());
      forwarded.on('response', (incoming) => {
        incoming.on('error', () => response.destroy());
        relay(incoming, response, request);
      });
      response.on('close', () => forwarded.destroy());
      request.pipe(forwarded);
    },
    pathname,
    upstream.close,
    upstream.sessions,
  );
}

const headersOf = ({ headers }: IncomingMessage): Record<string, string | string[]> => {
  const {
    connection: _,
    'transfer-encoding': __,
    'content-length': ___,
    'keep-alive': ____,
    ...others
  } = headers;
  return others as Record<string, string | string[]>;
};

/** Sends the head, and the body when it is whole. */
const holdBody: Relay = (incoming, outgoing) => {
  outgoing.writeHead(incoming.statusCode ?? 502, headersOf(incoming));
  outgoing.flushHeaders();
  const chunks: Buffer[] = [];
  incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
  incoming.on('end', () => outgoing.end(Buffer.concat(chunks)));
};

/** Sends nothing before all of it is there. */
const holdAll: Relay = (incoming, outgoing) => {
  const chunks: Buffer[] = [];
  incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
  incoming.on('end', () => {
    outgoing.writeHead(incoming.statusCode ?? 502, headersOf(incoming));
    outgoing.end(Buffer.concat(chunks));
  });
};

/** Passes on once in a while what has come meanwhile. */
const inHeaps: Relay = (incoming, outgoing) => {
  outgoing.writeHead(incoming.statusCode ?? 502, headersOf(incoming));
  outgoing.flushHeaders();
  let held: Buffer[] = [];
  const pass = (): void => {
    if (held.length > 0) outgoing.write(Buffer.concat(held));
    held = [];
  };
  const timer = setInterval(pass, 1_000);
  outgoing.on('close', () => clearInterval(timer));
  incoming.on('data', (chunk: Buffer) => {
    held.push(chunk);
  });
  incoming.on('end', () => {
    clearInterval(timer);
    pass();
    outgoing.end();
  });
};

/** Compresses everything for those who offer it. */
const compress =
  (flushes: boolean): Relay =>
  (incoming, outgoing, request) => {
    const offered = /gzip/.test(String(request.headers['accept-encoding']));
    const headers = headersOf(incoming);
    outgoing.writeHead(
      incoming.statusCode ?? 502,
      offered ? { ...headers, 'content-encoding': 'gzip' } : headers,
    );
    outgoing.flushHeaders();
    if (!offered) incoming.pipe(outgoing);
    else incoming.pipe(createGzip(flushes ? { flush: zlib.Z_SYNC_FLUSH } : {})).pipe(outgoing);
  };

/** A server whose own stream has an event every tenth of a second. */
function startTicking(allowed: string): Promise<Started> {
  return serve((base) => {
    const listener = createPlainMcp(allowed, () => base.origin, { isHost: () => true });
    return (request, response) => {
      if (request.method !== 'GET') return listener(request, response);
      response.writeHead(200, {
        'Content-Type': 'text/event-stream',
        Vary: 'Origin',
        'Access-Control-Allow-Origin': allowed,
      });
      const timer = setInterval(() => void response.write('data: {}\n\n'), 100);
      response.on('close', () => clearInterval(timer));
    };
  });
}

/** Remembers the answer to the first GET of each path, and gives it to everybody. */
function caching(listener: RequestListener): RequestListener {
  const kept = new Map<string, { readonly status: number; readonly headers: Record<string, unknown> }>();
  return (request, response) => {
    const { method, url = '' } = request;
    const found = method === 'GET' ? kept.get(url) : undefined;
    if (found !== undefined) {
      response.writeHead(found.status, { ...(found.headers as Record<string, string>), Age: '3' }).end();
      return;
    }
    response.on('finish', () => {
      if (method === 'GET') kept.set(url, { status: response.statusCode, headers: response.getHeaders() });
    });
    listener(request, response);
  };
}

/** A server that takes its time for everything. */
export function startSlow(allowed: string, milliseconds: number): Promise<Started> {
  return serve((base) => {
    const listener = createPlainMcp(allowed, () => base.origin);
    return (request, response) => {
      setTimeout(() => {
        if (request.method !== 'GET') return listener(request, response);
        response.writeHead(200, { 'Content-Type': 'text/event-stream', Vary: 'Origin' }).flushHeaders();
      }, milliseconds);
    };
  });
}

const sse = (): Promise<Started> => startFront((listener) => listener, '/sse');
const streamable = (): Promise<Started> => startFront((listener) => listener);

/** A middleware that ends what a listener begins. */
const around = (
  allowed: string,
  change: (request: IncomingMessage, response: ServerResponse, next: () => void) => void,
): Promise<Started> =>
  serve((base) => {
    const listener: RequestListener = createPlainMcp(allowed, () => base.origin);
    return (request, response) => change(request, response, () => listener(request, response));
  });

export const BETWEEN: readonly Between[] = [
  {
    name: 'a proxy that holds the body of HTTP+SSE back',
    finding: 'stream-buffered',
    severity: 'error',
    title: /the event endpoint does not come/,
    start: () => startProxy(sse, holdBody),
  },
  {
    name: 'a proxy that holds head and body back',
    finding: 'stream-buffered',
    severity: 'error',
    title: /the head does not come/,
    start: () => startProxy(streamable, holdAll),
  },
  {
    name: 'a proxy that passes events on in heaps',
    finding: 'stream-buffered',
    severity: 'warning',
    title: /events at once after/,
    start: (allowed) => startProxy(() => startTicking(allowed), inHeaps),
  },
  {
    name: 'a proxy that compresses and does not flush',
    finding: 'stream-compressed',
    severity: 'warning',
    title: /gzip$/,
    start: () => startProxy(sse, compress(false)),
  },
  {
    name: 'a proxy that compresses and flushes',
    finding: 'stream-compressed',
    severity: 'info',
    title: /flushed in time/,
    start: () => startProxy(sse, compress(true)),
  },
  {
    name: 'a proxy that adds Access-Control-Allow-Origin to errors that carry it already',
    finding: 'allow-origin-doubled',
    severity: 'error',
    start: (allowed) =>
      around(allowed, (_, response, next) => {
        const writeHead = response.writeHead as (...args: unknown[]) => ServerResponse;
        response.writeHead = function doubling(this: ServerResponse, status: number, ...rest: unknown[]) {
          if (status >= 400) this.appendHeader('Access-Control-Allow-Origin', allowed);
          return writeHead.call(this, status, ...rest);
        } as typeof response.writeHead;
        next();
      }),
  },
  {
    name: 'errors of a router without CORS headers',
    finding: 'errors-without-cors',
    severity: 'warning',
    title: /status 405$/,
    start: (allowed) =>
      around(allowed, ({ method }, response, next) => {
        if (method === 'PATCH') response.writeHead(405).end();
        else next();
      }),
  },
  {
    name: 'a login page that answers preflights',
    finding: 'preflight-answered-elsewhere',
    severity: 'error',
    title: /: Sign in$/,
    start: (allowed) =>
      around(allowed, ({ method }, response, next) => {
        if (method !== 'OPTIONS') return next();
        response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' });
        response.end('<!doctype html><title>Sign in</title><form method="post"></form>');
      }),
  },
  {
    name: 'Node’s own time-out of five seconds',
    finding: 'keep-alive-short',
    severity: 'info',
    title: /: 5 seconds$/,
    start: (allowed) => startLayered(allowed, {}),
  },
  {
    name: 'answers that depend on Origin and do not say so',
    finding: 'vary-missing',
    severity: 'warning',
    start: (allowed) => serve((base) => createPlainMcp(allowed, () => base.origin, { varies: false })),
  },
  {
    name: 'a cache that does not look at Origin',
    finding: 'cached-across-origins',
    severity: 'error',
    start: (allowed) => serve((base) => caching(createPlainMcp(allowed, () => base.origin))),
  },
];

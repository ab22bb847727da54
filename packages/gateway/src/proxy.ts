import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { PassThrough } from 'node:stream';
import type { Decision } from 'mcp-cors';
import { type Dispatcher, errors, Pool } from 'undici';
import type { Limits, Route } from './config.js';
import { GATEWAY_ANSWERS, type GatewayAnswer } from './errors.js';
import {
  essence,
  isEventStream,
  type ResponseHeaders,
  requestHeaders,
  responseHeaders,
  withDecision,
} from './headers.js';
import type { ExchangeRecord } from './journal.js';

/** A request that the policy let through. */
export interface Passage {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly decision: Decision;
  readonly route: Route;
  readonly record: ExchangeRecord | undefined;
}

/** Carries requests to upstreams and their responses back. */
export interface Proxy {
  forward(passage: Passage): void;
  /** Breaks off whatever is still under way. */
  destroy(): Promise<void>;
}

/** Bodies up to this size are sent, or answered, whole; larger ones flow. */
const SMALL_BODY_BYTES = 65_536;

/** Makes a proxy over one connection pool per upstream. */
export function createProxy(limits: Limits): Proxy {
  const pools = new Map<string, Pool>();

  function poolOf(origin: string): Pool {
    const known = pools.get(origin);
    if (known !== undefined) return known;
    const pool = new Pool(origin, {
      // Each open stream holds a connection, so their number cannot be bounded here.
      connections: null,
      pipelining: 1,
      connect: { timeout: limits.connectTimeoutMs },
      headersTimeout: limits.headersTimeoutMs,
      bodyTimeout: 0, // a silent stream is not a dead one; other bodies are timed below
    });
    pools.set(origin, pool);
    return pool;
  }

  return {
    forward(passage) {
      const { request, response } = passage;
      const length = bodyLength(request);
      const send = (body: Buffer | PassThrough | null): void =>
        dispatch(poolOf(passage.route.upstream.origin), passage, body, limits);
      if (length === 0) {
        send(null);
      } else if (length <= SMALL_BODY_BYTES) {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
          if (!response.destroyed) send(Buffer.concat(chunks));
        });
      } else {
        // Not the request itself: the client library destroys a body whose request fails, and with it would go the
        // connection on which the failure is to be answered.
        const body = new PassThrough();
        request.pipe(body);
        request.once('close', () => {
          if (!request.complete) body.destroy();
        });
        body.once('error', () => request.resume());
        send(body);
      }
    },
    async destroy() {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
    },
  };
}

/** The length of a request's body in bytes; Infinity when the head does not say (RFC 9112 section 6.3). */
function bodyLength(request: IncomingMessage): number {
  if (request.headers['transfer-encoding'] !== undefined) return Number.POSITIVE_INFINITY;
  return Number(request.headers['content-length'] ?? 0);
}

function dispatch(pool: Pool, passage: Passage, body: Buffer | PassThrough | null, limits: Limits): void {
  const { request, response, decision, route } = passage;
  const options: Dispatcher.DispatchOptions = {
    path: upstreamTarget(request.url ?? '/', route),
    method: (request.method ?? 'GET') as Dispatcher.HttpMethod,
    headers: requestHeaders(request, {
      host: route.upstream.host,
      keepPageHeaders: decision.wouldDeny !== undefined,
    }),
    body,
  };
  try {
    pool.dispatch(options, createReturn(passage, limits));
  } catch {
    // What the client library cannot send, such as an Upgrade, it refuses at once.
    answer(response, decision, 'upstream-unreachable');
  }
}

/** Takes an upstream's response back to the client. */
function createReturn(passage: Passage, limits: Limits): Dispatcher.DispatchHandler {
  const { response, decision, record } = passage;
  let controller: Dispatcher.DispatchController | undefined;
  let finished = false;
  let head: { status: number; headers: ResponseHeaders } | undefined;
  let held: Buffer[] | undefined;
  let heldBytes = 0;
  let streaming = false;
  let idle: NodeJS.Timeout | undefined;

  response.once('close', () => {
    clearTimeout(idle);
    if (!finished) controller?.abort(new ClientGone());
  });

  const writeHead = (): void => {
    if (head === undefined || response.headersSent) return;
    response.writeHead(head.status, head.headers);
  };

  const fail = (reason: GatewayAnswer): void => {
    finished = true;
    clearTimeout(idle);
    if (response.destroyed) return;
    if (response.headersSent) response.destroy();
    else answer(response, decision, reason);
  };

  return {
    onRequestStart(started) {
      controller = started;
      if (response.destroyed) started.abort(new ClientGone());
    },

    onResponseStart(_, status, upstreamHeaders: IncomingHttpHeaders) {
      if (status < 200) return; // an interim response; the final one follows
      const headers = responseHeaders(upstreamHeaders, decision);
      head = { status, headers };
      streaming = isEventStream(headers);
      if (streaming) {
        // Proxies further out must neither hold nor change it.
        headers['cache-control'] ??= 'no-cache, no-transform';
        headers['x-accel-buffering'] = 'no';
      } else if (limits.bodyTimeoutMs > 0) {
        idle = setTimeout(() => controller?.abort(new IdleBody()), limits.bodyTimeoutMs);
      }
      try {
        if (isHoldable(headers)) {
          held = [];
          validateHead(response, head);
        } else {
          writeHead();
          // Only for streams: a client waits for the head before the first event. For others it would cost a write.
          if (streaming) response.flushHeaders();
        }
      } catch {
        fail('upstream-answer-invalid');
        controller?.abort(new ClientGone());
      }
    },

    onResponseData(flow, chunk: Buffer) {
      idle?.refresh();
      if (streaming) record?.countEvents(chunk);
      if (held !== undefined) {
        held.push(chunk);
        heldBytes += chunk.length;
        if (heldBytes <= SMALL_BODY_BYTES) return;
        chunk = Buffer.concat(held);
        held = undefined;
        writeHead();
      }
      if (!response.write(chunk)) {
        flow.pause();
        response.once('drain', () => flow.resume());
      }
    },

    onResponseEnd() {
      finished = true;
      clearTimeout(idle);
      writeHead();
      if (held === undefined || held.length === 0) response.end();
      else response.end(held.length === 1 ? held[0] : Buffer.concat(held));
    },

    onResponseError(_, error) {
      if (error instanceof ClientGone) return;
      fail(answerOf(error, head !== undefined));
    },
  };
}

/**
 * Whether a response is kept back until it is whole: a JSON message is of no use in parts, and so a server that breaks
 * off can still be answered for with a status that the page can read.
 */
function isHoldable(headers: ResponseHeaders): boolean {
  if (essence(headers) !== 'application/json') return false;
  const length = headers['content-length'];
  return length === undefined || Number(length) <= SMALL_BODY_BYTES;
}

/** Throws as `writeHead` would, while there is still time to answer otherwise. */
function validateHead(response: ServerResponse, { headers }: { readonly headers: ResponseHeaders }): void {
  for (const name in headers) {
    response.setHeader(name, headers[name] as string);
    response.removeHeader(name);
  }
}

/** The request target for the upstream: its own path in place of the route's. */
function upstreamTarget(target: string, { path, upstream }: Route): string {
  const base = upstream.pathname.replace(/\/$/, '');
  const rest = path === '/' ? target : target.slice(path.length);
  return `${base}${rest}` || '/';
}

/** Answers in place of an upstream, readable for the page. */
export function answer(response: ServerResponse, decision: Decision, reason: GatewayAnswer): void {
  const { status, message } = GATEWAY_ANSWERS[reason];
  const body = JSON.stringify({ jsonrpc: '2.0', error: { code: -32000, message, data: { reason } } });
  const headers = withDecision(
    {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'content-length': String(Buffer.byteLength(body)),
    },
    decision,
  );
  response.writeHead(status, headers);
  response.end(body);
}

function answerOf(error: unknown, headSeen: boolean): GatewayAnswer {
  if (
    error instanceof errors.HeadersTimeoutError ||
    error instanceof errors.ConnectTimeoutError ||
    error instanceof errors.BodyTimeoutError ||
    error instanceof IdleBody
  ) {
    return 'upstream-timeout';
  }
  if (headSeen) return 'upstream-broke-off';
  if (error instanceof errors.HeadersOverflowError || error instanceof errors.HTTPParserError) {
    return 'upstream-answer-invalid';
  }
  return error instanceof errors.SocketError ? 'upstream-broke-off' : 'upstream-unreachable';
}

/** Why a request to the upstream was given up: nobody waits for its response. */
class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

/** Why a response was given up: its body stopped coming. */
class IdleBody extends Error {
  override readonly name = 'IdleBody';
}

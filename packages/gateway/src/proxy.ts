import type { IncomingMessage, ServerResponse } from 'node:http';
import { PassThrough } from 'node:stream';
import type { Decision } from 'mcp-cors';
import type { Dispatcher } from 'undici';
import type { Route } from './config/routes.js';
import { requestHeaders } from './headers.js';
import type { ExchangeRecord } from './journal.js';
import type { Service } from './live.js';
import {
  type CompletionCounts,
  createParamCompletion,
  isCompletable,
  type Sending,
} from './params/completion.js';
import { observed } from './params/observation.js';
import { upstreamTarget } from './routing.js';
import { createUpstreamAnswer } from './upstreamAnswer.js';

/** A request that the policy let through. */
export interface Passage {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly decision: Decision;
  readonly route: Route;
  readonly service: Service;
  readonly record: ExchangeRecord | undefined;
  /** For the upstream, in place of what the client sent. */
  readonly requestId: string | undefined;
  /** What becomes of the attempt to connect, where the route leads to several upstreams. */
  readonly attempt?: Attempt | undefined;
}

/** Hears whether an upstream could be connected to. */
export interface Attempt {
  onConnected(): void;
  /** Gives the passage to another upstream in its place, if there is one. */
  onUnreachable(): Passage | undefined;
}

/** Carries requests to upstreams and their responses back. */
export interface ReverseProxy {
  forward(passage: Passage): void;
  /** Ends event streams, now and from now on: they would never end of themselves. */
  endStreams(): void;
  /** How often headers of tool calls were completed. */
  completions(): CompletionCounts;
  /** How many are open. */
  openStreams(): number;
}

type Body = Buffer | PassThrough | null;

/** Request bodies up to this size are sent whole; larger ones flow. */
const SMALL_BODY_BYTES = 65_536;

/** Nothing added, nobody watching. */
const PLAIN: Sending = Object.freeze({});

/** Makes a proxy. */
export function createReverseProxy(): ReverseProxy {
  const streams = new Set<ServerResponse>();
  const completion = createParamCompletion();
  let endingStreams = false;

  function onStream(response: ServerResponse): void {
    if (endingStreams) response.end();
    streams.add(response);
    response.once('close', () => streams.delete(response));
  }

  function dispatch(passage: Passage, body: Body, { added, observer, onHeld }: Sending = PLAIN): void {
    const { request, response, decision, route, service, record, attempt } = passage;
    if (response.destroyed) return; // the client went while its body was read, or its tool asked for
    const connection = service.connections.take(route.upstream.origin);
    const headers = headersFor(passage);
    if (added !== undefined) headers.push(...added);
    const options: Dispatcher.DispatchOptions = {
      path: upstreamTarget(request.url ?? '/', route),
      method: (request.method ?? 'GET') as Dispatcher.HttpMethod,
      headers,
      body,
    };
    const { bodyTimeoutMs } = service.settings.limits;
    const handler = createUpstreamAnswer({
      response,
      decision,
      record,
      connection,
      bodyTimeoutMs,
      onStream,
      onConnected: attempt?.onConnected,
      onUnreachable: attempt && (() => dispatchAgain(attempt.onUnreachable(), body)),
      onHeld,
    });
    record?.forwarded?.();
    connection.dispatch(options, observer === undefined ? handler : observed(handler, observer));
  }

  /** A body that flows cannot be sent a second time. */
  function dispatchAgain(passage: Passage | undefined, body: Body): boolean {
    if (passage === undefined || body instanceof PassThrough) return false;
    send(passage, body);
    return true;
  }

  /** Sends a request, a tool call of a page with the headers that its tool wants. */
  function send(passage: Passage, body: Body): void {
    const { request, decision, route, service } = passage;
    if (!route.completeParams || !isCompletable(request, decision)) {
      dispatch(passage, body);
      return;
    }
    const outgoing = {
      request,
      address: request.socket.remoteAddress,
      upstream: route.upstream.href,
      path: upstreamTarget(request.url ?? '/', route),
      headers: headersFor(passage),
      body: Buffer.isBuffer(body) ? body : undefined,
      connect: () => service.connections.take(route.upstream.origin),
    };
    completion.pass(outgoing, (sending) => dispatch(passage, body, sending));
  }

  return {
    completions: completion.counts,
    openStreams: () => streams.size,
    forward: (passage) => readBody(passage.request, (body) => send(passage, body)),
    endStreams() {
      endingStreams = true;
      for (const response of streams) response.end();
    },
  };
}

function headersFor({ request, decision, route, requestId }: Passage): string[] {
  return requestHeaders(request, {
    host: route.upstream.host,
    keepPageHeaders: decision.wouldDeny !== undefined,
    requestId,
  });
}

/** Gives a request's body: whole when it is small, as it comes when it is large. */
function readBody(request: IncomingMessage, use: (body: Body) => void): void {
  const length = bodyLength(request);
  if (length === 0) {
    use(null);
  } else if (length <= SMALL_BODY_BYTES) {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => use(Buffer.concat(chunks)));
  } else {
    use(flowingBody(request));
  }
}

/** The length of a request's body in bytes; Infinity when the head does not say (RFC 9112 section 6.3). */
function bodyLength(request: IncomingMessage): number {
  if (request.headers['transfer-encoding'] !== undefined) return Number.POSITIVE_INFINITY;
  return Number(request.headers['content-length'] ?? 0);
}

/**
 * A body that flows as the upstream takes it. Not the request itself: the client library destroys a body whose request
 * fails, and with it would go the connection on which the failure is to be answered.
 */
function flowingBody(request: IncomingMessage): PassThrough {
  const body = new PassThrough();
  request.pipe(body);
  body.on('error', () => {}); // told by the client library too
  // A client that still sends would not read the answer, so what nobody wants is read and dropped.
  body.once('close', () => request.resume());
  return body;
}

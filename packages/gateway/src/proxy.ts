import type { IncomingMessage, ServerResponse } from 'node:http';
import { PassThrough } from 'node:stream';
import type { Decision, RequestHead } from 'mcp-cors';
import type { Dispatcher } from 'undici';
import type { Route } from './config/routes.js';
import { createEventStreams } from './eventStreams.js';
import { presentedHost, requestHeaders } from './headers.js';
import type { ExchangeRecord } from './journal.js';
import type { Service } from './live.js';
import { mendRequest, type UpstreamExchange, wantsUncoded } from './mending.js';
import { type MetadataRequest, metadataTarget } from './oauth/wellKnown.js';
import { upstreamTarget } from './routing.js';
import { createUpstreamAnswer } from './upstreamAnswer.js';

/** A request that the policy let through. */
export interface Passage {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** As the client sent it. */
  readonly head: RequestHead;
  readonly decision: Decision;
  readonly route: Route;
  /** What metadata is asked for, where its path is not below that of the route. */
  readonly metadata: MetadataRequest | undefined;
  readonly service: Service;
  readonly record: ExchangeRecord | undefined;
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
  /**
   * Ends event streams between two events, now and from now on: those that would never end of themselves, or with `all`
   * the answers to requests too.
   */
  endStreams(which: 'lasting' | 'all'): void;
  /** Ends the event streams that are left, wherever they are. */
  cutStreams(): void;
}

type Body = Buffer | PassThrough | null;

/** Request bodies up to this size are sent whole; larger ones flow. */
const SMALL_BODY_BYTES = 65_536;

/** Makes a proxy. */
export function createReverseProxy(): ReverseProxy {
  const streams = createEventStreams();

  function forward(passage: Passage, given: Body): void {
    const target = targetOf(passage);
    if (passage.route.oauth === 'rewrite') {
      const mended = mendRequest(passage, target, Buffer.isBuffer(given) ? given : undefined);
      dispatch(passage, mended.body ?? given, mended.target, 0);
    } else dispatch(passage, given, target, 0);
  }

  function dispatch(passage: Passage, body: Body, target: string, redirects: number): void {
    const { request, response, decision, route, service } = passage;
    if (response.destroyed) return; // the client went while its body was read
    const connection = service.connections.take(route.upstream.origin);
    const attempt = redirects === 0 ? passage.attempt : undefined; // a redirect is its own server's
    const exchange: UpstreamExchange = {
      passage,
      target,
      host: presentedHost(request, route),
      redirects,
      repeat:
        body instanceof PassThrough ? undefined : (next) => dispatch(passage, body, next, redirects + 1),
    };
    const options: Dispatcher.DispatchOptions = {
      path: target,
      method: (request.method ?? 'GET') as Dispatcher.HttpMethod,
      headers: requestHeaders(request, {
        host: exchange.host,
        keepPageHeaders: decision.wouldDeny !== undefined,
        present: route.present,
        uncoded: wantsUncoded(passage, target),
        bodyLength: Buffer.isBuffer(body) ? body.length : undefined,
      }),
      body,
    };
    const { bodyTimeoutMs } = service.settings.limits;
    connection.dispatch(
      options,
      createUpstreamAnswer({
        exchange,
        connection,
        bodyTimeoutMs,
        streams,
        onConnected: attempt?.onConnected,
        onUnreachable: attempt && (() => dispatchAgain(attempt.onUnreachable(), body)),
      }),
    );
  }

  /** A body that flows cannot be sent a second time. */
  function dispatchAgain(passage: Passage | undefined, body: Body): boolean {
    if (passage === undefined || body instanceof PassThrough) return false;
    forward(passage, body);
    return true;
  }

  return {
    forward: (passage) => readBody(passage.request, (body) => forward(passage, body)),
    endStreams: (which) => streams.end(which),
    cutStreams: () => streams.cut(),
  };
}

/** The request target for the upstream. */
function targetOf({ request, route, metadata }: Passage): string {
  return metadata === undefined ? upstreamTarget(request.url ?? '/', route) : metadataTarget(metadata, route);
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

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Decision, RequestHead } from 'mcp-cors';
import type { Provenance } from 'mcp-cors/node';
import type { Dispatcher } from 'undici';
import { answer } from './answer.js';
import type { Route } from './config/routes.js';
import type { GatewayAnswer } from './errors.js';
import { createEventStreams } from './eventStreams.js';
import { acceptsStream, presentedHost, requestHeaders } from './headers.js';
import type { ExchangeRecord } from './journal.js';
import type { Service } from './live.js';
import { mendRequest, type UpstreamExchange, wantsUncoded } from './mending.js';
import { type MetadataRequest, metadataTarget } from './oauth/wellKnown.js';
import {
  type CompletionCounts,
  createParamCompletion,
  isCompletable,
  type Sending,
} from './params/completion.js';
import { observed } from './params/observation.js';
import { type Body, createBodyReader, isWhole } from './requestBody.js';
import { upstreamTarget } from './routing.js';
import { createStreamLimit } from './streamLimit.js';
import { createUpstreamAnswer } from './upstreamAnswer.js';

/** A request that the policy let through. */
export interface Passage {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** As the client sent it. */
  readonly head: RequestHead;
  readonly decision: Decision;
  readonly provenance: Provenance;
  readonly route: Route;
  /** What metadata is asked for, where its path is not below that of the route. */
  readonly metadata: MetadataRequest | undefined;
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
  /**
   * Ends event streams between two events, now and from now on: those that would never end of themselves, or with `all`
   * the answers to requests too.
   */
  endStreams(which: 'lasting' | 'all'): void;
  /** Ends the event streams that are left, wherever they are. */
  cutStreams(): void;
  /** How often headers of tool calls were completed. */
  completions(): CompletionCounts;
  /** How many are open. */
  openStreams(): number;
  /** Stops what it does on its own. */
  stop(): void;
}

/** Nothing added, nobody watching. */
const PLAIN: Sending = Object.freeze({});

/** A request as it goes out. */
interface Outgoing {
  readonly passage: Passage;
  /** The request target for the upstream. */
  readonly target: string;
  readonly body: Body;
  readonly sending: Sending;
}

/** Makes a proxy. */
export function createReverseProxy(): ReverseProxy {
  const streams = createEventStreams();
  const completion = createParamCompletion();
  const bodies = createBodyReader();
  const streamLimit = createStreamLimit();

  /** Counts the event stream that a passage has become. */
  function countStream({ response, decision, provenance }: Passage): void {
    streamLimit.add(provenance.address, decision, response);
  }

  /** Whether one more event stream would be too many for this client. */
  function isOneTooMany({ decision, provenance, service }: Passage): boolean {
    const { maxStreamsPerClient } = service.settings.limits;
    return streamLimit.isReached(provenance.address, decision, maxStreamsPerClient);
  }

  function dispatch(outgoing: Outgoing, redirects: number): void {
    const { passage, target, body, sending } = outgoing;
    const { request, response, route, service } = passage;
    if (response.destroyed) return; // the client went while its body was read, or its tool asked for
    const connection = service.connections.take(route.upstream.origin);
    const attempt = redirects === 0 ? passage.attempt : undefined; // a redirect is its own server's
    const exchange: UpstreamExchange = {
      passage,
      target,
      host: presentedHost(request, route),
      redirects,
      repeat: isWhole(body) ? (next) => dispatch({ ...outgoing, target: next }, redirects + 1) : undefined,
    };
    const headers = headersFor(passage, target, body);
    if (sending.added !== undefined) headers.push(...sending.added);
    const options: Dispatcher.DispatchOptions = {
      path: target,
      method: (request.method ?? 'GET') as Dispatcher.HttpMethod,
      headers,
      body,
    };
    const handler = createUpstreamAnswer({
      exchange,
      connection,
      bodyTimeoutMs: service.settings.limits.bodyTimeoutMs,
      streams,
      isStreamTooMany: () => isOneTooMany(passage),
      onStream: () => countStream(passage),
      onConnected: attempt?.onConnected,
      onUnreachable: attempt && (() => dispatchAgain(attempt.onUnreachable(), body)),
      onHeld: sending.onHeld,
    });
    passage.record?.forwarded?.();
    connection.dispatch(
      options,
      sending.observer === undefined ? handler : observed(handler, sending.observer),
    );
  }

  /** A body that flows cannot be sent a second time. */
  function dispatchAgain(passage: Passage | undefined, body: Body): boolean {
    if (passage === undefined || !isWhole(body)) return false;
    send(passage, body);
    return true;
  }

  /** Sends a request under the names that the upstream knows, a tool call of a page with the headers that its tool wants. */
  function send(passage: Passage, given: Body): void {
    const { request, decision, provenance, route, service } = passage;
    let target = targetOf(passage);
    let body = given;
    if (route.oauth === 'rewrite') {
      const mended = mendRequest(passage, target, Buffer.isBuffer(given) ? given : undefined);
      target = mended.target;
      body = mended.body ?? given;
    }
    if (!route.completeParams || !isCompletable(request, decision)) {
      dispatch({ passage, target, body, sending: PLAIN }, 0);
      return;
    }
    const outgoing = {
      request,
      address: provenance.address,
      upstream: route.upstream.href,
      path: target,
      headers: headersFor(passage, target, body),
      body: Buffer.isBuffer(body) ? body : undefined,
      connect: () => service.connections.take(route.upstream.origin),
    };
    completion.pass(outgoing, (sending) => dispatch({ passage, target, body, sending }, 0));
  }

  return {
    completions: completion.counts,
    openStreams: () => streams.count(),
    forward(passage) {
      const { request, response, decision, service } = passage;
      const refuse = (reason: GatewayAnswer): void => answer(response, decision, reason);
      // What would open a stream is refused before the server works on it.
      if (isOneTooMany(passage) && acceptsStream(request)) refuse('too-many-streams');
      else {
        const { limits } = service.settings;
        bodies.read(request, response, { limits, refuse, use: (body) => send(passage, body) });
      }
    },
    endStreams: (which) => streams.end(which),
    cutStreams: () => streams.cut(),
    stop: () => bodies.stop(),
  };
}

function headersFor(passage: Passage, target: string, body: Body): string[] {
  const { request, decision, provenance, route, requestId } = passage;
  return requestHeaders(request, {
    provenance,
    host: presentedHost(request, route),
    keepPageHeaders: decision.wouldDeny !== undefined,
    present: route.present,
    uncoded: wantsUncoded(passage, target),
    requestId,
    bodyLength: Buffer.isBuffer(body) ? body.length : undefined,
  });
}

/** The request target for the upstream. */
function targetOf({ request, route, metadata }: Passage): string {
  return metadata === undefined ? upstreamTarget(request.url ?? '/', route) : metadataTarget(metadata, route);
}

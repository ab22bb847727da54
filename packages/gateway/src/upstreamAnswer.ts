import { AssertionError } from 'node:assert';
import type { IncomingHttpHeaders } from 'node:http';
import { type Dispatcher, errors } from 'undici';
import { answer } from './answer.js';
import { type Connection, NOBODY_WAITS } from './connections.js';
import type { GatewayAnswer } from './errors.js';
import type { EventStream } from './eventStream.js';
import type { EventStreams } from './eventStreams.js';
import { essence, isEventStream, type ResponseHeaders, responseHeaders } from './headers.js';
import { sayOnce } from './http2Response.js';
import {
  type AnswerHead,
  endpointMendingOf,
  followRedirect,
  isUncoded,
  mendHead,
  mendWhole,
  type UpstreamExchange,
} from './mending.js';
import { BodyRefusal } from './requestBody.js';

/** What an upstream's answer is taken back with. */
export interface AnswerRoute {
  readonly exchange: UpstreamExchange;
  readonly connection: Connection;
  /** Between two parts of a body that is no event stream; 0 for no bound. */
  readonly bodyTimeoutMs: number;
  readonly streams: EventStreams;
  /** Whether one more event stream would be one too many. */
  readonly isStreamTooMany: () => boolean;
  /** Hears that the response is an event stream. */
  readonly onStream: () => void;
  readonly onConnected?: (() => void) | undefined;
  /** Says whether another upstream takes over, of which nothing is known here. */
  readonly onUnreachable?: (() => boolean) | undefined;
  /** Says whether the request is sent again, or the answer given after all, by `give`. */
  readonly onHeld?: OnHeldAnswer | undefined;
}

/** Hears of an answer that was kept back until it was whole, before the client does. */
export type OnHeldAnswer = (status: number, body: Buffer, give: () => void) => boolean;

/** A JSON body up to this size is kept back until it is whole. */
const HELD_BODY_BYTES = 65_536;

/** Takes an upstream's answer back to the client: its head, its body part by part, and its end, good or bad. */
export function createUpstreamAnswer(route: AnswerRoute): Dispatcher.DispatchHandler {
  const { exchange, connection } = route;
  const { response, decision, record } = exchange.passage;
  let controller: Dispatcher.DispatchController | undefined;
  let head: AnswerHead | undefined;
  let held: Buffer[] | undefined;
  let heldBytes = 0;
  let stream: EventStream | undefined;
  /** Where the request goes on instead of being answered with this. */
  let next: string | undefined;
  /** Whether nothing more is expected of the upstream. */
  let over = false;
  const idle = createIdleTimer(route.bodyTimeoutMs, () => fail('upstream-timeout'));

  function breakOff(): void {
    over = true;
    idle.stop();
    controller?.abort(NOBODY_WAITS);
    connection.destroy();
  }

  function fail(reason: GatewayAnswer): void {
    if (over) return;
    breakOff();
    if (response.destroyed) return;
    if (response.headersSent) response.destroy();
    else answer(response, decision, reason);
  }

  /** Says the head; false when it cannot be said in the client's version of HTTP, which then was answered for. */
  function writeHead(): boolean {
    if (head === undefined || response.headersSent) return true;
    try {
      response.writeHead(head.status, head.headers);
      return true;
    } catch {
      if (!over) breakOff();
      if (!response.destroyed) answer(response, decision, 'upstream-answer-invalid');
      return false;
    }
  }

  function give(body: Buffer | undefined): void {
    if (response.destroyed) return; // the client went while something else was tried
    const whole = head === undefined || body === undefined ? body : mendWhole(head, body, exchange);
    if (writeHead()) response.end(whole?.length === 0 ? undefined : whole);
  }

  function takeHead(status: number, headers: ResponseHeaders): void {
    if (response.req.httpVersionMajor === 2) sayOnce(headers);
    const taken = { status, headers };
    const followed = followRedirect(taken, exchange);
    if (followed === 'too-many') {
      fail('upstream-redirects');
      return;
    }
    if (followed !== undefined) {
      next = followed.target;
      idle.start();
      return;
    }
    head = taken;
    if (status === 204) delete headers['content-length']; // must not be there, and would promise what never comes
    mendHead(taken, exchange);
    if (isEventStream(headers)) {
      if (route.isStreamTooMany()) fail('too-many-streams');
      else openStream(taken);
      return;
    }
    idle.start();
    if (isHoldable(headers)) held = [];
    else writeHead();
  }

  function openStream(taken: AnswerHead): void {
    const { headers } = taken;
    // Proxies further out must neither hold nor change it.
    headers['cache-control'] ??= 'no-cache, no-transform';
    headers['x-accel-buffering'] = 'no';
    const endpoint = endpointMendingOf(taken, exchange);
    if (endpoint !== undefined) delete headers['content-length']; // another address may be longer
    if (!writeHead()) return;
    response.flushHeaders(); // a client waits for the head before the first event
    record?.streamBegan?.();
    route.onStream();
    stream = route.streams.open(response, {
      keepAliveCommentMs: exchange.passage.service.settings.limits.keepAliveCommentMs,
      commented: headers['content-length'] === undefined && isUncoded(headers),
      finite: endsOfItself(exchange),
      endpoint,
    });
    // The heads are read and sent, and the stream may be open for days.
    head = undefined;
    if (controller !== undefined) controller.rawHeaders = null;
  }

  /** Goes where the upstream has sent the request. */
  function goOn(target: string): void {
    over = true;
    idle.stop();
    response.off('close', onClose);
    if (!response.destroyed) exchange.repeat?.(target);
  }

  /** What is to be written now: nothing while a small body is kept back. */
  function unheld(chunk: Buffer): Buffer | undefined {
    if (held === undefined) return chunk;
    held.push(chunk);
    heldBytes += chunk.length;
    if (heldBytes <= HELD_BODY_BYTES) return undefined;
    const whole = Buffer.concat(held);
    held = undefined;
    return writeHead() ? whole : undefined;
  }

  function write(flow: Dispatcher.DispatchController, chunk: Buffer): void {
    if (stream === undefined ? response.write(chunk) : stream.write(chunk)) return;
    flow.pause();
    idle.stop(); // it is the client who makes the upstream wait
    response.once('drain', () => {
      if (stream === undefined && !over) idle.start();
      flow.resume();
    });
  }

  function onClose(): void {
    if (!over) breakOff();
  }
  response.on('close', onClose);

  return {
    onRequestStart(started) {
      controller = started;
      route.onConnected?.();
    },

    onResponseStart(_, status, upstreamHeaders: IncomingHttpHeaders) {
      if (over || status < 200) return; // an interim response; the final one follows
      record?.upstreamAnswered?.();
      try {
        takeHead(status, responseHeaders(upstreamHeaders, decision));
      } catch {
        fail('upstream-answer-invalid'); // the head has something that cannot be passed on
      }
    },

    onResponseData(flow, chunk: Buffer) {
      if (over) return;
      if (response.writableEnded) {
        breakOff(); // the gateway is closing and has ended the stream
        return;
      }
      idle.refresh();
      if (next !== undefined) {
        heldBytes += chunk.length;
        if (heldBytes <= HELD_BODY_BYTES) return;
        breakOff(); // nobody reads it
        goOn(next);
        return;
      }
      if (stream !== undefined) record?.countEvents(chunk);
      const part = unheld(chunk);
      if (part !== undefined) write(flow, part);
    },

    onResponseEnd() {
      if (over) return;
      over = true;
      idle.stop();
      connection.release();
      if (next !== undefined) {
        goOn(next);
        return;
      }
      if (stream !== undefined) {
        stream.end();
        return;
      }
      const { onHeld } = route;
      const body = held?.length === 1 ? held[0] : held && Buffer.concat(held);
      const kept =
        onHeld !== undefined && head !== undefined && body !== undefined
          ? onHeld(head.status, body, () => give(body))
          : false;
      if (kept) response.off('close', onClose);
      else give(body);
    },

    onResponseError(_, error) {
      const bodiless = head?.status === 304 || head?.status === 204;
      if (!over && bodiless && error instanceof errors.ResponseContentLengthMismatchError) {
        // The length is that of what was not modified, or of nothing, and none of it follows (RFC 9110 section 8.6).
        over = true;
        idle.stop();
        connection.destroy();
        give(undefined);
        return;
      }
      const unreachable = controller === undefined && !over && !(error instanceof BodyRefusal);
      if (unreachable && route.onUnreachable?.() === true) {
        response.off('close', onClose);
        breakOff();
      } else fail(reasonOf(error, controller !== undefined));
    },
  };
}

/** Whether a stream is the answer to a request, and ends with it; others go on until somebody leaves. */
function endsOfItself({ passage: { request } }: UpstreamExchange): boolean {
  return request.method === 'POST' && request.headers['mcp-method'] !== 'subscriptions/listen';
}

interface IdleTimer {
  start(): void;
  /** Begins anew, if it runs. */
  refresh(): void;
  stop(): void;
}

function createIdleTimer(timeoutMs: number, onIdle: () => void): IdleTimer {
  let timer: NodeJS.Timeout | undefined;
  return {
    start() {
      if (timeoutMs > 0) timer = setTimeout(onIdle, timeoutMs);
    },
    refresh() {
      timer?.refresh();
    },
    stop() {
      clearTimeout(timer);
      timer = undefined;
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
  return length === undefined || Number(length) <= HELD_BODY_BYTES;
}

/** What the client is told of an error of the client library. */
function reasonOf(error: Error, connected: boolean): GatewayAnswer {
  if (error instanceof BodyRefusal) return error.reason;
  if (error instanceof errors.HeadersTimeoutError || error instanceof errors.ConnectTimeoutError) {
    return 'upstream-timeout';
  }
  if (!connected) return 'upstream-unreachable';
  return isInvalidAnswer(error) ? 'upstream-answer-invalid' : 'upstream-broke-off';
}

/** Whether an error is about what the upstream said, and not about its having stopped. */
function isInvalidAnswer(error: Error): boolean {
  if (error instanceof errors.HTTPParserError) return !error.message.includes('Invalid EOF state');
  return (
    error instanceof errors.HeadersOverflowError ||
    error instanceof errors.ResponseContentLengthMismatchError ||
    error instanceof AssertionError // what the client library's parser takes to be impossible
  );
}

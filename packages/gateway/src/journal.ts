import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Decision, Outcome, Reason, RequestHead } from 'mcp-cors';
import type { GatewayFault } from './errors.js';
import { createEventCounter } from './sse.js';

/** One HTTP exchange, as a developer would look for it in a browser's Network panel. */
export interface Exchange {
  readonly id: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly origin: string | undefined;
  readonly preflight: boolean;
  /** By name in lower case; credentials are replaced by a word. */
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly responseHeaders: Readonly<Record<string, string>>;
  /** 0 when the client went before it was answered. */
  readonly status: number;
  readonly verdict: Outcome;
  readonly reason: Reason;
  readonly phase: 'open' | 'ended' | 'aborted';
  readonly durationMs: number;
  /** Server-sent events forwarded so far. */
  readonly events: number;
  /** What was wrong with the upstream's answer though it was passed on, if anything. */
  readonly fault?: GatewayFault | undefined;
}

/** Hears of an exchange when its head was answered, and again when it ended. */
export type ExchangeListener = (exchange: Exchange) => void;

/** Headers whose values are secrets. */
const SECRET_HEADERS: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'dpop',
  'proxy-authorization',
  'set-cookie',
]);

/** Follows one exchange. */
export interface ExchangeRecord {
  /** To be called with each part of an event stream that is forwarded. */
  countEvents(chunk: Uint8Array): void;
  /** To be called when something is wrong with the answer. */
  fault(fault: GatewayFault): void;
  /** The request was handed to the upstream. */
  forwarded?(): void;
  /** The head of the upstream's answer is there. */
  upstreamAnswered?(): void;
  /** The head of an event stream was sent. */
  streamBegan?(): void;
}

/** Makes records of exchanges and tells the listener of them. */
export function createJournal(listener: ExchangeListener): {
  follow(
    request: IncomingMessage,
    response: ServerResponse,
    head: RequestHead,
    decision: Decision,
  ): ExchangeRecord;
} {
  let exchanges = 0;
  return {
    follow(request, response, head, decision) {
      const id = ++exchanges;
      const startedAt = Date.now();
      const started = performance.now();
      const path = request.url ?? head.path; // as the page has it: sessions in it are opened later
      const requestHeaders = readableHeaders(request.headers);
      const counter = createEventCounter();
      let events = 0;
      let fault: GatewayFault | undefined;
      let responseHeaders: Readonly<Record<string, string>> = {};

      const tell = (phase: Exchange['phase']): void => {
        listener({
          id,
          startedAt,
          method: head.method,
          path,
          origin: head.origin,
          preflight:
            head.method === 'OPTIONS' && head.origin !== undefined && head.requestMethod !== undefined,
          requestHeaders,
          responseHeaders,
          status: response.headersSent ? response.statusCode : 0,
          verdict: decision.outcome,
          reason: decision.reason,
          phase,
          durationMs: performance.now() - started,
          events,
          fault,
        });
      };

      const writeHead = response.writeHead;
      response.writeHead = function tellingWriteHead(this: ServerResponse, ...rest: never[]) {
        const result = (writeHead as (...rest: never[]) => ServerResponse).apply(this, rest);
        // Headers that are given with the head are not among those that were set before.
        responseHeaders = readableHeaders({
          ...this.getHeaders(),
          ...(rest[1] as OutgoingHttpHeaders | undefined),
        });
        tell('open');
        return result;
      } as typeof response.writeHead;
      response.once('close', () => tell(response.writableFinished ? 'ended' : 'aborted'));

      return {
        countEvents(chunk) {
          events = counter.count(chunk);
        },
        fault(found) {
          fault ??= found;
        },
      };
    },
  };
}

/** Headers as they may be shown: by name in lower case, repeated ones joined, credentials replaced by a word. */
export function readableHeaders(
  headers: Readonly<Record<string, string | string[] | number | undefined>>,
): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    out[name.toLowerCase()] = SECRET_HEADERS.has(name.toLowerCase()) ? '(hidden)' : [value].flat().join(', ');
  }
  return out;
}

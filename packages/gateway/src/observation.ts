import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DecisionEvent } from 'mcp-cors/carrier';
import { answerOf } from './answer.js';
import type { GatewayAnswer } from './errors.js';
import type { ExchangeRecord } from './journal.js';

/** What became of a request. */
export interface Account {
  readonly event: DecisionEvent;
  /** The request target as it came. */
  readonly target: string;
  readonly traceparent: string | undefined;
  /** The path of the route that it took or would have taken. */
  readonly route: string | undefined;
  /** 0 when the client went before it was answered. */
  readonly status: number;
  /** What the gateway itself answered after the policy had let the request in. */
  readonly answer: GatewayAnswer | undefined;
  /** Whether either side went before the response was whole. */
  readonly aborted: boolean;
  readonly stream: boolean;
  /** From the request's arrival to the end of its response, or to the head of an event stream. */
  readonly durationMs: number;
  /** From the request's arrival until it was handed to the upstream or answered here. */
  readonly gatewayMs: number;
  /** From there to the head of the upstream's answer. */
  readonly upstreamMs: number | undefined;
}

/** A message that was no HTTP request. */
export interface Rejection {
  /** Of Node's parser, such as `HPE_INVALID_METHOD`. */
  readonly code: string;
  readonly status: number;
  readonly address: string | undefined;
}

/** Hears of each request once: when its response has ended or, of an event stream, when it has begun. */
export type AccountListener = (account: Account) => void;

/** A request whose decision was made. */
export interface Observed {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly event: DecisionEvent;
  readonly target: string;
  readonly route: string | undefined;
  /** What else follows the exchange. */
  readonly record: ExchangeRecord | undefined;
}

/** Follows a request to its end, and tells the listeners what became of it. */
export function observe(
  { request, response, event, target, route, record }: Observed,
  listeners: readonly AccountListener[],
): ExchangeRecord {
  const decidedAt = performance.now();
  const arrivedAt = decidedAt - event.durationMs;
  const traceparent = request.headers.traceparent;
  let forwardedAt: number | undefined;
  let answeredAt: number | undefined;
  let told = false;

  function tell(stream: boolean): void {
    if (told) return;
    told = true;
    const now = performance.now();
    const account: Account = {
      event,
      target,
      traceparent: typeof traceparent === 'string' ? traceparent : undefined,
      route,
      status: response.headersSent ? response.statusCode : 0,
      answer: answerOf(response),
      aborted: !stream && !response.writableFinished,
      stream,
      durationMs: now - arrivedAt,
      gatewayMs: (forwardedAt ?? now) - arrivedAt,
      upstreamMs:
        forwardedAt === undefined || answeredAt === undefined ? undefined : answeredAt - forwardedAt,
    };
    for (const listener of listeners) listener(account);
  }

  response.once('close', () => tell(false));

  return {
    countEvents: (chunk) => record?.countEvents(chunk),
    fault: (fault) => record?.fault(fault),
    forwarded() {
      forwardedAt ??= performance.now();
    },
    upstreamAnswered() {
      answeredAt ??= performance.now();
    },
    streamBegan: () => tell(true),
  };
}

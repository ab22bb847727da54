import type { ServerResponse } from 'node:http';
import type { Decision } from 'mcp-cors';
import { GATEWAY_ANSWERS, type GatewayAnswer } from './errors.js';
import { withDecision } from './headers.js';

const ANSWER = Symbol('answer of the gateway');

/** What the gateway itself answered with a response, if it did. */
export function answerOf(response: ServerResponse): GatewayAnswer | undefined {
  return (response as { [ANSWER]?: GatewayAnswer })[ANSWER];
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
  (response as { [ANSWER]?: GatewayAnswer })[ANSWER] = reason;
  response.writeHead(status, headers);
  response.end(body);
}

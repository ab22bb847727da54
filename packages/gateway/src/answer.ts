import type { ServerResponse } from 'node:http';
import type { Decision } from 'mcp-cors';
import { GATEWAY_ANSWERS, type GatewayAnswer } from './errors.js';
import { withDecision } from './headers.js';

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

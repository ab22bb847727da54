import type { ServerResponse } from 'node:http';
import { constants, type Http2ServerResponse } from 'node:http2';
import type { Decision } from 'mcp-cors';
import { GATEWAY_ANSWERS, type GatewayAnswer } from './errors.js';
import { type ResponseHeaders, withDecision } from './headers.js';

const ANSWER = Symbol('answer of the gateway');

/** What the gateway itself answered with a response, if it did. */
export function answerOf(response: ServerResponse): GatewayAnswer | undefined {
  return (response as { [ANSWER]?: GatewayAnswer })[ANSWER];
}

/** Answers in place of an upstream, readable for the page. */
export function answer(response: ServerResponse, decision: Decision, reason: GatewayAnswer): void {
  const spec: (typeof GATEWAY_ANSWERS)[GatewayAnswer] = GATEWAY_ANSWERS[reason];
  const body = JSON.stringify({
    jsonrpc: '2.0',
    error: { code: -32000, message: spec.message, data: { reason } },
  });
  const headers: ResponseHeaders = {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'content-length': String(Buffer.byteLength(body)),
  };
  if ('retryAfterSeconds' in spec) headers['retry-after'] = String(spec.retryAfterSeconds);
  const closes = 'closes' in spec;
  const overHttp1 = response.req.httpVersionMajor === 1;
  if (closes && overHttp1) headers.connection = 'close';
  (response as { [ANSWER]?: GatewayAnswer })[ANSWER] = reason;
  // What was set of a head that could then not be said; a connection that is to close still is.
  for (const name of response.getHeaderNames()) if (name !== 'connection') response.removeHeader(name);
  response.writeHead(spec.status, withDecision(headers, decision));
  if (!closes) response.end(body);
  else if (overHttp1) endAfterRequest(response, body);
  else endStream(response, body);
}

/** Ends a response over HTTP/2, and asks for no more of the request (RFC 9113 section 8.1). */
function endStream(response: ServerResponse, body: string): void {
  const { stream } = response as unknown as Http2ServerResponse;
  stream.once('finish', () => stream.close(constants.NGHTTP2_NO_ERROR));
  response.end(body);
  response.req.resume(); // what has come of it holds back other requests on the connection until it is read
}

/** For how long a client may go on sending what is not wanted, so that it comes to read the answer. */
const LINGER_MS = 1_000;

/**
 * Ends a response whose connection closes after it: closing while the client still sends would reset the connection,
 * and take the answer away from it.
 */
function endAfterRequest(response: ServerResponse, body: string): void {
  const { req } = response;
  response.write(body); // the client has its length, and so all of it
  const timer = setTimeout(() => response.end(), LINGER_MS);
  req.once('end', () => response.end());
  response.once('close', () => clearTimeout(timer));
  req.resume();
}

import { ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import type { Decision } from '../policy/index.js';
import { holdDecision, noteDecision, replaceHeaders } from './heldHeaders.js';
import type { NodeRequest } from './request.js';

/** A response of Node's, over HTTP/1.1 or HTTP/2. */
export type NodeResponse = ServerResponse | Http2ServerResponse;

/**
 * Applies a decision to a Node response. Answers preflights and denials, and says so by returning true. Otherwise its
 * headers become part of the head whenever that is written, so that whatever answers, error handlers and streams
 * included, carries them once and no others. With `sealId`, session ids of the response are sealed on their way.
 */
export function applyDecision(
  decision: Decision,
  nodeResponse: NodeResponse,
  sealId?: (id: string) => string,
): boolean {
  const response = nodeResponse as ServerResponse; // HTTP/2 has the same methods
  if (decision.wouldDeny !== undefined) return false; // report-only: the response stays the application's own
  if (decision.status === undefined) {
    // Where writeHead is not Node's own, the head may be written without it: headers are set at once as well.
    const { writeHead } = response;
    const nodes = writeHead === ServerResponse.prototype.writeHead ? writeHead : undefined;
    if (nodes === undefined) replaceHeaders(decision, response);
    holdDecision(decision, response, sealId, nodes);
    return false;
  }
  noteDecision(decision, response);
  replaceHeaders(decision, response);
  response.statusCode = decision.status;
  // HTTP/2 has no such header, and ends the stream alone (RFC 9113 sections 8.1 and 8.2.2).
  if (response.req?.httpVersionMajor === 1 && hasLargeBody(response.req))
    response.setHeader('connection', 'close');
  response.end(decision.body);
  return true;
}

/** Bodies up to this size are read to their end, so that the connection can be used again. */
const SMALL_BODY_BYTES = 65_536;

/** Whether a refused request has a body that is not worth reading. */
function hasLargeBody(request: NodeRequest): boolean {
  if (request.headers['transfer-encoding'] !== undefined) return true;
  return Number(request.headers['content-length'] ?? 0) > SMALL_BODY_BYTES;
}

import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import { CORS_RESPONSE_HEADERS, type Decision, type HeaderField, mergeVary } from '../policy/index.js';
import type { NodeRequest } from './request.js';
import { sealResponse } from './sealing.js';

/** A response of Node's, over HTTP/1.1 or HTTP/2. */
export type NodeResponse = ServerResponse | Http2ServerResponse;

/**
 * Applies a decision to a Node response. Answers preflights and denials, and says so by returning true. Otherwise the
 * headers are set at once, and held until the head is written, so that whatever answers, error handlers and streams
 * included, carries them once and no others. With `sealId`, session ids of the response are sealed on their way.
 */
export function applyDecision(
  decision: Decision,
  nodeResponse: NodeResponse,
  sealId?: (id: string) => string,
): boolean {
  const response = nodeResponse as ServerResponse; // HTTP/2 has the same methods
  if (decision.wouldDeny !== undefined) return false; // report-only: the response stays the application's own
  if (decision.status !== undefined && response.getHeaderNames().length > 0)
    removeForeign(decision, response);
  setHeaders(decision, response);
  if (decision.status !== undefined) {
    response.statusCode = decision.status;
    if (hasLargeBody(response.req)) response.setHeader('connection', 'close');
    response.end(decision.body);
    return true;
  }
  holdHeaders(decision, response, sealId);
  return false;
}

/** Bodies up to this size are read to their end, so that the connection can be used again. */
const SMALL_BODY_BYTES = 65_536;

/** Whether a refused request has a body that is not worth reading. */
function hasLargeBody(request: NodeRequest | undefined): boolean {
  if (request === undefined) return false;
  if (request.headers['transfer-encoding'] !== undefined) return true;
  return Number(request.headers['content-length'] ?? 0) > SMALL_BODY_BYTES;
}

/** Makes the policy's headers the last word when the head is written. */
function holdHeaders(
  decision: Decision,
  response: ServerResponse,
  sealId: ((id: string) => string) | undefined,
): void {
  const writeHead = response.writeHead;
  const seal = sealId === undefined ? undefined : sealResponse(sealId, decision.kind, response);
  response.writeHead = function holdingWriteHead(this: ServerResponse, status: number, ...rest: unknown[]) {
    const reason = typeof rest[0] === 'string' ? rest[0] : undefined;
    const headers = reason === undefined ? (rest[0] ?? rest[1]) : rest[1];
    const original = writeHead as (
      this: ServerResponse,
      status: number,
      ...rest: unknown[]
    ) => ServerResponse;
    // What Node would refuse, Node shall refuse; what it lets pass must not pass by the policy.
    const understood = isHeaderList(headers);
    if (!this.headersSent) {
      if (understood) setGivenHeaders(this, headers);
      removeForeign(decision, this);
      restoreHeaders(decision, this);
      seal?.();
      if (understood) return original.call(this, status, reason);
    }
    return original.call(this, status, ...rest);
  } as typeof response.writeHead;
}

/** Sets the headers of a decision, and adds its names to Vary. */
function setHeaders({ headers, vary }: Decision, response: ServerResponse): void {
  for (let i = 0; i < headers.length; i++) {
    const field = headers[i] as HeaderField;
    response.setHeader(field[0], field[1]);
  }
  if (vary !== '') addToVary(vary, response);
}

/** Sets the headers of a decision again where the application has changed them. */
function restoreHeaders({ headers, vary }: Decision, response: ServerResponse): void {
  for (let i = 0; i < headers.length; i++) {
    const field = headers[i] as HeaderField;
    if (response.getHeader(field[0]) !== field[1]) response.setHeader(field[0], field[1]);
  }
  if (vary !== '') addToVary(vary, response);
}

function addToVary(vary: string, response: ServerResponse): void {
  const present = response.getHeader('vary');
  if (present === undefined) {
    response.setHeader('vary', vary);
  } else if (present !== vary) {
    const before = Array.isArray(present) ? present.join(', ') : String(present);
    const merged = mergeVary(before, vary);
    if (merged !== present) response.setHeader('vary', merged);
  }
}

/** Removes CORS headers that the policy did not set. */
function removeForeign({ headers }: Decision, response: ServerResponse): void {
  for (const name of CORS_RESPONSE_HEADERS) {
    if (response.hasHeader(name) && !headers.some((field) => field[0] === name)) response.removeHeader(name);
  }
}

/** Headers as `writeHead` takes them: an object, pairs, or a flat list of names and values. */
type GivenHeaders =
  | OutgoingHttpHeaders
  | readonly (readonly [string, string])[]
  | readonly string[]
  | null
  | undefined;

function isHeaderList(headers: unknown): headers is GivenHeaders {
  if (!Array.isArray(headers)) return typeof headers === 'object' || headers === undefined;
  return Array.isArray(headers[0]) || headers.length % 2 === 0;
}

/** Sets headers as `writeHead` would: a list replaces what stands there, and may repeat a name. */
function setGivenHeaders(response: ServerResponse, headers: GivenHeaders): void {
  if (headers === undefined || headers === null) return;
  if (!Array.isArray(headers)) {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value as string);
    return;
  }
  const pairs: [string, string][] = Array.isArray(headers[0])
    ? headers
    : Array.from({ length: headers.length / 2 }, (_, i) => [headers[2 * i], headers[2 * i + 1]]);
  for (const [name] of pairs) response.removeHeader(name);
  for (const [name, value] of pairs) response.appendHeader(name, value);
}

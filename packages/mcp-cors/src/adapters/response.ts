import type { ServerResponse } from 'node:http';
import { CORS_RESPONSE_HEADERS, type Decision, mergeVary } from '../policy/index.js';

/**
 * Applies a decision to a Node response. Answers preflights and denials, and says so by returning true. Otherwise the
 * headers are set at once, and held until the head is written, so that whatever answers, error handlers and streams
 * included, carries them once and no others.
 */
export function applyDecision(decision: Decision, response: ServerResponse): boolean {
  if (decision.wouldDeny !== undefined) return false; // report-only: the response stays the application's own
  for (const name of CORS_RESPONSE_HEADERS) if (response.hasHeader(name)) response.removeHeader(name);
  for (const [name, value] of decision.headers) response.setHeader(name, value);
  if (decision.vary !== '')
    response.setHeader('Vary', mergeVary(headerText(response, 'vary'), decision.vary));

  if (decision.status !== undefined) {
    response.statusCode = decision.status;
    response.end(decision.body);
    return true;
  }
  holdHeaders(decision, response);
  return false;
}

/** Makes the policy's headers the last word when the head is written. */
function holdHeaders(decision: Decision, response: ServerResponse): void {
  const held = new Map(decision.headers.map(([name, value]) => [name.toLowerCase(), value]));
  const writeHead = response.writeHead;
  response.writeHead = function holdingWriteHead(this: ServerResponse, status: number, ...rest: unknown[]) {
    const reason = typeof rest[0] === 'string' ? rest[0] : undefined;
    const headers = reason === undefined ? (rest[0] ?? rest[1]) : rest[1];
    if (!this.headersSent) {
      setGivenHeaders(this, headers);
      for (const name of CORS_RESPONSE_HEADERS) {
        const value = held.get(name);
        if (this.getHeader(name) === value) continue;
        if (value === undefined) this.removeHeader(name);
        else this.setHeader(name, value);
      }
      if (decision.vary !== '') {
        const present = headerText(this, 'vary');
        const merged = mergeVary(present, decision.vary);
        if (merged !== present) this.setHeader('Vary', merged);
      }
    }
    return (writeHead as (status: number, reason?: string) => ServerResponse).call(this, status, reason);
  } as typeof response.writeHead;
}

/** Sets headers as `writeHead` takes them: an object, or a flat list of names and values in which names may repeat. */
function setGivenHeaders(response: ServerResponse, headers: unknown): void {
  if (headers === undefined || headers === null) return;
  if (!Array.isArray(headers)) {
    for (const [name, value] of Object.entries(headers)) {
      if (value !== undefined) response.setHeader(name, value as string);
    }
    return;
  }
  const pairs: [string, string][] = Array.isArray(headers[0])
    ? headers
    : Array.from({ length: headers.length / 2 }, (_, i) => [headers[2 * i], headers[2 * i + 1]]);
  for (const [name] of pairs) response.removeHeader(name);
  for (const [name, value] of pairs) response.appendHeader(name, value);
}

function headerText(response: ServerResponse, name: string): string | undefined {
  const value = response.getHeader(name);
  return Array.isArray(value) ? value.join(', ') : value?.toString();
}

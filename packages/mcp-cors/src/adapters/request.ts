import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Admission } from '../carrier/index.js';
import type { RequestHead } from '../policy/index.js';

/** A request of Node's, over HTTP/1.1 or HTTP/2. */
export type NodeRequest = IncomingMessage | Http2ServerRequest;

/**
 * Reads a request head from a Node request. Repeated lines are combined with `, ` (RFC 9110 section 5.3), also those
 * of which Node would keep the first and drop the rest: two Host, Origin or Content-Type lines must never pass as one.
 */
export function readRequestHead(
  request: NodeRequest,
  target: string,
  knownScheme?: 'http' | 'https',
): RequestHead {
  // Each property once: V8 cannot remember where those of Express's requests are, each has a shape of its own.
  const { socket, rawHeaders: raw } = request;
  let host: string | undefined;
  let authority: string | undefined;
  let origin: string | undefined;
  let contentType: string | undefined;
  let sessionId: string | undefined;
  let fetchSite: string | undefined;
  let fetchDest: string | undefined;
  let requestMethod: string | undefined;
  let requestHeaders: string | undefined;

  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    const value = raw[i + 1] as string;
    // Comparing lengths first leaves most headers alone.
    switch (name.length) {
      case 4:
        if (isNamed(name, 'Host', 'host')) host = combine(host, value);
        break;
      case 6:
        if (isNamed(name, 'Origin', 'origin')) origin = combine(origin, value);
        break;
      case 10:
        if (name === ':authority') authority = combine(authority, value);
        break;
      case 12:
        if (isNamed(name, 'Content-Type', 'content-type')) contentType = combine(contentType, value);
        break;
      case 14:
        if (isNamed(name, 'Mcp-Session-Id', 'mcp-session-id')) sessionId = combine(sessionId, value);
        else if (isNamed(name, 'Sec-Fetch-Site', 'sec-fetch-site')) fetchSite = combine(fetchSite, value);
        else if (isNamed(name, 'Sec-Fetch-Dest', 'sec-fetch-dest')) fetchDest = combine(fetchDest, value);
        break;
      case 29:
        if (isNamed(name, 'Access-Control-Request-Method', 'access-control-request-method'))
          requestMethod = combine(requestMethod, value);
        break;
      case 30:
        if (isNamed(name, 'Access-Control-Request-Headers', 'access-control-request-headers'))
          requestHeaders = combine(requestHeaders, value);
        break;
    }
  }

  const query = target.indexOf('?');
  return {
    method: request.method ?? 'GET',
    path: query === -1 ? target : target.slice(0, query),
    // RFC 9113 section 8.3.1: a Host beside :authority must say the same.
    host: authority === undefined || authority === host ? host : combine(host, authority),
    scheme: knownScheme ?? schemeOf(socket),
    origin,
    requestMethod,
    requestHeaders,
    contentType,
    sessionId,
    fetchSite,
    fetchDest,
    incomplete: isIncomplete(raw, socket),
    loopback: isLoopbackAddress(socket.localAddress),
  };
}

/** The scheme of the connection itself. */
export function schemeOf(socket: Socket): 'http' | 'https' {
  return (socket as Partial<TLSSocket>).encrypted === true ? 'https' : 'http';
}

/** Lets the application see what an admission has changed: session ids, the target, the request id. */
export function rewriteRequest(
  request: NodeRequest,
  { sessionId, target, requestId }: Pick<Admission, 'sessionId' | 'target' | 'requestId'>,
): void {
  if (sessionId !== undefined) setHeader(request, 'mcp-session-id', sessionId);
  if (requestId !== undefined && request.headers['x-request-id'] !== requestId)
    setHeader(request, 'x-request-id', requestId);
  if (target === undefined) return;
  // Frameworks keep the target whole beside the part below which they are mounted. Only the query has changed.
  const query = target.slice(target.indexOf('?'));
  const framed = request as { url?: string; originalUrl?: string };
  if (framed.url !== undefined) framed.url = withQuery(framed.url, query);
  if (framed.originalUrl !== undefined) framed.originalUrl = withQuery(framed.originalUrl, query);
}

function withQuery(target: string, query: string): string {
  const start = target.indexOf('?');
  return start === -1 ? target : `${target.slice(0, start)}${query}`;
}

/** Puts one line in place of all lines of a name. */
function setHeader(request: NodeRequest, name: string, value: string): void {
  // Node makes both of these from the raw headers when they are first asked for, and counts on their old number.
  const { headers } = request;
  const distinct = 'headersDistinct' in request ? request.headersDistinct : undefined;
  const raw = request.rawHeaders;
  for (let i = raw.length - 2; i >= 0; i -= 2) {
    if (raw[i]?.toLowerCase() === name) raw.splice(i, 2);
  }
  raw.push(name, value);
  headers[name] = value;
  if (distinct !== undefined) distinct[name] = [value];
}

/** How many headers Node reads unless the server says otherwise; it drops the others without a word. */
const DEFAULT_MAX_HEADERS = 1_000;

/** Whether Node may have dropped headers. A server whose `maxHeadersCount` is 0 reads them all. */
function isIncomplete(rawHeaders: readonly string[], socket: Socket): boolean {
  if (rawHeaders.length < 2) return false;
  const { server } = socket as { readonly server?: { readonly maxHeadersCount?: number | null } };
  const most = server?.maxHeadersCount ?? DEFAULT_MAX_HEADERS;
  return most > 0 && rawHeaders.length >= 2 * most;
}

/**
 * Whether a name is this one, in whatever case; both are equally long, by four characters at least. Two characters tell nearly
 * all others from it, and the two spellings that clients use are told without making a string.
 */
function isNamed(name: string, usual: string, lowerCase: string): boolean {
  const late = lowerCase.length - 4;
  return (
    (name.charCodeAt(0) | CASE_BIT) === lowerCase.charCodeAt(0) &&
    (name.charCodeAt(late) | CASE_BIT) === lowerCase.charCodeAt(late) &&
    (name === usual || name === lowerCase || name.toLowerCase() === lowerCase)
  );
}

/** What makes a letter of ASCII a small one. */
const CASE_BIT = 0x20;

function combine(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before}, ${value}`;
}

/** Whether a local address is loopback. A socket without one, such as a Unix socket, is local too. */
export function isLoopbackAddress(address: string | undefined): boolean {
  if (address === undefined) return true;
  return address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.');
}

import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { type Decision, type HeaderField, isCorsResponseHeader, mergeVary } from 'mcp-cors';
import type { Provenance } from 'mcp-cors/node';
import type { Presentation } from './config/present.js';
import { addForwarding, authorityOf } from './forwarding.js';

/** Headers that belong to one connection (RFC 9110 section 7.6.1), and those that are never forwarded. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Request headers that the gateway answers for, so that the upstream must not see the client's. */
const REPLACED_REQUEST_HEADERS: ReadonlySet<string> = new Set(['host', 'expect', 'forwarded', 'x-real-ip']);

/** Whether the gateway answers for a request header; what a client says of its own way here proves nothing. */
function isReplaced(name: string): boolean {
  return REPLACED_REQUEST_HEADERS.has(name) || name.startsWith('x-forwarded-');
}

/**
 * Whether a server that cannot tell `_` from `-`, such as one behind CGI (RFC 3875 section 4.1.18), would take a header
 * for one that the gateway answers for.
 */
function isDisguised(name: string): boolean {
  if (!name.includes('_')) return false;
  const plain = name.replaceAll('_', '-');
  return plain === 'mcp-session-id' || isReplaced(plain);
}

/**
 * Whether a request header is for whoever checks the page. The policy has done so; an upstream with a check of its own
 * would refuse the page's origin, or a fetch that its metadata calls cross-site, unless it is to see them.
 */
function isPageHeader(name: string, { origin, fetchMetadata }: Presentation): boolean {
  if (name === 'origin') return origin !== 'keep';
  if (name.startsWith('sec-fetch-')) return fetchMetadata === 'drop';
  return name.startsWith('access-control-request-');
}

/** What decides about the headers for an upstream, beside the request. */
export interface Presenting {
  /** Whether all that is said of the page is passed on, whatever `present` says. */
  readonly keepPageHeaders: boolean;
  readonly host: string;
  readonly present: Presentation;
  readonly provenance: Provenance;
  /** Whether the answer is to come without a content coding, so that it can be read here. */
  readonly uncoded: boolean;
  /** In place of the client's. */
  readonly requestId?: string | undefined;
  /** Of a body that is sent whole. */
  readonly bodyLength: number | undefined;
}

/** The host that an upstream is told it is. */
export function presentedHost(
  request: IncomingMessage,
  { upstream, present: { host } }: { readonly upstream: URL; readonly present: Presentation },
): string {
  if (host === 'upstream') return upstream.host;
  return host === 'keep' ? (authorityOf(request) ?? upstream.host) : host;
}

/** Names that a Connection header takes out of a message (RFC 9110 section 7.6.1). */
function connectionOptions(connection: string | undefined): ReadonlySet<string> {
  // What almost every message says names nothing that is forwarded.
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return NO_NAMES;
  // Asked for each header: both may be as many as a head can hold.
  return new Set(connection.split(',').map((name) => name.trim().toLowerCase()));
}

const NO_NAMES: ReadonlySet<string> = new Set();

/**
 * The headers for the upstream, as a flat list of names and values: the client's own spelling, order and repetition,
 * without what belongs to the client's connection.
 */
export function requestHeaders(request: IncomingMessage, presenting: Presenting): string[] {
  const { host, keepPageHeaders, present, uncoded, requestId, bodyLength, provenance } = presenting;
  const raw = request.rawHeaders;
  const dropped = connectionOptions(request.headers.connection);
  const wantsStream = acceptsStream(request);
  const headers = ['Host', host];
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase();
    if (HOP_BY_HOP.has(name) || isReplaced(name) || dropped.has(name) || isDisguised(name)) continue;
    if (!keepPageHeaders && isPageHeader(name, present)) {
      if (name === 'origin' && present.origin !== 'drop') headers.push('Origin', present.origin);
      continue;
    }
    // A compressed event stream is a buffered one.
    if ((wantsStream || uncoded) && name === 'accept-encoding') continue;
    if (requestId !== undefined && name === 'x-request-id') continue;
    if (name.startsWith(':')) continue; // of HTTP/2 alone (RFC 9113 section 8.3)
    if (name === 'cookie' && request.httpVersionMajor === 2) continue;
    const isLength = bodyLength !== undefined && name === 'content-length';
    headers.push(raw[i] as string, isLength ? String(bodyLength) : (raw[i + 1] as string));
  }
  if (wantsStream || uncoded) headers.push('Accept-Encoding', 'identity');
  // HTTP/2 may have it in several fields, which are one in HTTP/1.1 (RFC 9113 section 8.2.3).
  const { cookie } = request.headers;
  if (cookie !== undefined && request.httpVersionMajor === 2) headers.push('Cookie', cookie);
  if (requestId !== undefined) headers.push('X-Request-Id', requestId);
  addForwarding(headers, request, provenance);
  return headers;
}

/** Whether the answer to a request may be an event stream. */
export function acceptsStream({ headers: { accept } }: IncomingMessage): boolean {
  return accept?.toLowerCase().includes('text/event-stream') ?? false;
}

/** Headers of a response, by name in lower case. */
export type ResponseHeaders = Record<string, string | string[]>;

/** The headers for the client: the upstream's, with the policy's in place of whatever it said about CORS. */
export function responseHeaders(upstream: IncomingHttpHeaders, decision: Decision): ResponseHeaders {
  const headers: ResponseHeaders = {};
  const dropped = connectionOptions(text(upstream.connection));
  const ours = decision.wouldDeny === undefined;
  for (const name in upstream) {
    const value = upstream[name];
    if (value === undefined || HOP_BY_HOP.has(name) || dropped.has(name)) continue;
    if (ours && isCorsResponseHeader(name)) continue;
    headers[name] = value; // decoded as Latin-1, and encoded so again: the bytes stay
  }
  return withDecision(headers, decision);
}

/** Puts a decision's headers over others. */
export function withDecision(headers: ResponseHeaders, decision: Decision): ResponseHeaders {
  if (decision.wouldDeny !== undefined) return headers;
  for (let i = 0; i < decision.headers.length; i++) {
    const field = decision.headers[i] as HeaderField;
    headers[field[0].toLowerCase()] = field[1];
  }
  if (decision.vary !== '') headers.vary = mergeVary(text(headers.vary), decision.vary);
  return headers;
}

/** Whether a response is an event stream. */
export function isEventStream(headers: ResponseHeaders): boolean {
  return essence(headers) === 'text/event-stream';
}

/** The media type of a response, without parameters. */
export function essence(headers: ResponseHeaders): string {
  const type = text(headers['content-type']) ?? '';
  const end = type.indexOf(';');
  return (end === -1 ? type : type.slice(0, end)).trim().toLowerCase();
}

function text(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}

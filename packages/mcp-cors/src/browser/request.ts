import { FORBIDDEN_METHODS, isForbiddenRequestHeader, isToken } from '../policy/headers.js';
import { type HeaderField, SAFELISTED_METHODS } from '../policy/index.js';
import type { CredentialsMode } from './corsCheck.js';
import { combineFields, isByteString, normaliseValue } from './fields.js';
import type { BrowserProfile } from './profile.js';
import { isNoCorsSafelistedRequestHeader } from './safelist.js';
import { hasUserinfo, parseUrl, type UrlRecord } from './url.js';
import type { Fault } from './verdict.js';

export type RequestMode = 'cors' | 'no-cors' | 'same-origin';
export type RedirectMode = 'follow' | 'error' | 'manual';

/** A body that is no text: what it is, and what is handed to the network. */
export interface RequestBody {
  /** The `Content-Type` that comes with it, as a `Blob` or a `FormData` has one. */
  readonly contentType?: string;
  /** Whether it is a stream, which can be sent once. */
  readonly stream?: boolean;
  readonly content?: unknown;
}

/** What a page passes to `fetch()`. */
export interface FetchInit {
  readonly method?: string;
  readonly headers?: Iterable<HeaderField> | Readonly<Record<string, string>>;
  readonly credentials?: CredentialsMode;
  readonly mode?: RequestMode;
  readonly redirect?: RedirectMode;
  readonly body?: string | RequestBody;
  /** Whether an `XMLHttpRequest` would have a listener for its upload, which asks for a preflight. */
  readonly uploadListener?: boolean;
}

/** A request as the fetch algorithm holds it. @see https://fetch.spec.whatwg.org/#concept-request */
export interface FetchRequest {
  readonly method: string;
  readonly url: UrlRecord;
  /** Names in lower case. */
  readonly headers: readonly HeaderField[];
  readonly credentials: CredentialsMode;
  readonly mode: RequestMode;
  readonly redirect: RedirectMode;
  readonly body: RequestBody | undefined;
  readonly useCorsPreflight: boolean;
}

/** Headers that a request can override its method with, in some servers. @see https://fetch.spec.whatwg.org/#forbidden-request-header */
const METHOD_OVERRIDES: ReadonlySet<string> = new Set([
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
]);

const NORMALISED_METHODS: ReadonlySet<string> = new Set(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT']);

/** A method as it is sent: six are put in upper case. @see https://fetch.spec.whatwg.org/#concept-method-normalize */
export function normaliseMethod(method: string): string {
  const upper = method.toUpperCase();
  return NORMALISED_METHODS.has(upper) ? upper : method;
}

/**
 * Makes a request of what a page passes to `fetch()`, or says why the call throws.
 * @param base The URL that relative ones are resolved against; undefined when the page has none.
 * @see https://fetch.spec.whatwg.org/#dom-request
 */
export function createRequest(
  input: string,
  init: FetchInit,
  base: string | undefined,
  profile: BrowserProfile,
): FetchRequest | Fault {
  const { credentials = 'same-origin', mode = 'cors', redirect = 'follow', uploadListener = false } = init;
  const given = [...entriesOf(init.headers ?? [])];
  if (!given.every(([name, value]) => isByteString(name) && isByteString(value))) {
    return { error: 'NotAByteString', parameter: 'headers' };
  }
  if (init.method !== undefined && !isByteString(init.method)) {
    return { error: 'NotAByteString', parameter: 'method' };
  }
  const url = parseUrl(input, base);
  if (url === undefined) return { error: 'InvalidUrl' };
  if (hasUserinfo(url)) return { error: 'UrlContainsCredentials' };

  const method = normaliseMethod(init.method ?? 'GET');
  const methodFault = checkMethod(method, mode);
  if (methodFault !== undefined) return methodFault;

  const headers: HeaderField[] = [];
  for (const [name, value] of given) {
    const fault = appendHeader(headers, name, value, mode, profile);
    if (fault !== undefined) return fault;
  }

  const body = typeof init.body === 'string' ? { contentType: TEXT, content: init.body } : init.body;
  if (body !== undefined && (method === 'GET' || method === 'HEAD')) return { error: 'BodyNotAllowed' };
  if (body?.contentType !== undefined && !headers.some(([name]) => name === 'content-type')) {
    headers.push(['content-type', body.contentType]);
  }
  return {
    method,
    url,
    headers: profile.joinsLines ? combineFields(headers) : headers,
    credentials,
    mode,
    redirect,
    body,
    useCorsPreflight: uploadListener || body?.stream === true,
  };
}

/** The type that a text body comes with. @see https://fetch.spec.whatwg.org/#concept-bodyinit-extract */
const TEXT = 'text/plain;charset=UTF-8';

function entriesOf(headers: NonNullable<FetchInit['headers']>): Iterable<HeaderField> {
  return Symbol.iterator in headers ? (headers as Iterable<HeaderField>) : Object.entries(headers);
}

function checkMethod(method: string, mode: RequestMode): Fault | undefined {
  if (!isToken(method)) return { error: 'InvalidMethod', parameter: method };
  if (FORBIDDEN_METHODS.has(method.toUpperCase())) return { error: 'ForbiddenMethod', parameter: method };
  if (mode === 'no-cors' && !SAFELISTED_METHODS.has(method)) {
    return { error: 'MethodDisallowedByMode', parameter: method };
  }
  return undefined;
}

/** Appends a header unless the page may not set it; a fault when there can be no such header. @see https://fetch.spec.whatwg.org/#concept-headers-append */
function appendHeader(
  headers: HeaderField[],
  givenName: string,
  givenValue: string,
  mode: RequestMode,
  profile: BrowserProfile,
): Fault | undefined {
  const name = givenName.toLowerCase();
  const value = normaliseValue(givenValue);
  if (!isToken(name)) return { error: 'InvalidHeaderName', parameter: givenName };
  if (/[\0\r\n]/.test(value)) return { error: 'InvalidHeaderValue', parameter: givenName };
  if (isForbidden(name, value, profile)) return undefined;
  if (mode === 'no-cors') {
    // At most four names get this far, and a joined value stays below 128 bytes: the search is short.
    const line = headers.findIndex(([present]) => present === name);
    const joined = line === -1 ? value : `${headers[line]?.[1]}, ${value}`;
    if (!isNoCorsSafelistedRequestHeader(name, joined, profile)) return undefined;
    headers.splice(line === -1 ? headers.length : line, line === -1 ? 0 : 1, [name, joined]);
    return undefined;
  }
  headers.push([name, value]);
  return undefined;
}

function isForbidden(name: string, value: string, { alsoForbidden, notForbidden }: BrowserProfile): boolean {
  if (alsoForbidden.has(name) || (isForbiddenRequestHeader(name) && !notForbidden.has(name))) return true;
  return (
    METHOD_OVERRIDES.has(name) &&
    value.split(',').some((method) => FORBIDDEN_METHODS.has(normaliseValue(method).toUpperCase()))
  );
}

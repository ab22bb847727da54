/**
 * A header field: its name in lower case and its value. HTTP/2 knows no other case (RFC 9113 section 8.2.1), HTTP/1.1
 * none at all, and Node's `setHeader` takes half the time when there is nothing to change.
 */
export type HeaderField = readonly [name: string, value: string];

/** Every CORS response header, in lower case. A carrier removes those that an application or an upstream set and the policy did not. */
export const CORS_RESPONSE_HEADERS: readonly string[] = Object.freeze([
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-allow-methods',
  'access-control-allow-headers',
  'access-control-max-age',
  'access-control-expose-headers',
  'access-control-allow-private-network',
  'access-control-allow-local-network',
]);

const CORS_RESPONSE_HEADER_NAMES: ReadonlySet<string> = new Set(CORS_RESPONSE_HEADERS);

/** Whether a name in lower case is that of a CORS response header. */
export function isCorsResponseHeader(name: string): boolean {
  return CORS_RESPONSE_HEADER_NAMES.has(name);
}

/** Methods that the Fetch standard forbids to pages. @see https://fetch.spec.whatwg.org/#forbidden-method */
export const FORBIDDEN_METHODS: ReadonlySet<string> = new Set(['CONNECT', 'TRACE', 'TRACK']);

/** Methods that need no preflight on their own account. @see https://fetch.spec.whatwg.org/#cors-safelisted-method */
export const SAFELISTED_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST']);

/** Request headers that a page cannot set. @see https://fetch.spec.whatwg.org/#forbidden-request-header */
export const FORBIDDEN_REQUEST_HEADERS: ReadonlySet<string> = new Set([
  'accept-charset',
  'accept-encoding',
  'access-control-request-headers',
  'access-control-request-method',
  'access-control-request-local-network',
  'access-control-request-private-network',
  'connection',
  'content-length',
  'cookie',
  'cookie2',
  'date',
  'dnt',
  'expect',
  'host',
  'keep-alive',
  'origin',
  'referer',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via',
]);

/** Beginnings of request header names that a page cannot set. */
export const FORBIDDEN_REQUEST_HEADER_PREFIXES: readonly string[] = Object.freeze(['proxy-', 'sec-']);

/** Response headers that a page can never read. @see https://fetch.spec.whatwg.org/#forbidden-response-header-name */
export const FORBIDDEN_RESPONSE_HEADERS: ReadonlySet<string> = new Set(['set-cookie', 'set-cookie2']);

/** Longest header name that is admitted without being listed: by a prefix such as `mcp-param-`, or by `*`. */
export const MAX_HEADER_NAME_LENGTH = 128;
/** Most names that a preflight may ask for. Browsers send each name once, so real requests stay far below. */
export const MAX_REQUESTED_HEADERS = 128;
/** Longest list of requested headers that is looked at; longer ones are refused unread. */
export const MAX_LIST_LENGTH = MAX_REQUESTED_HEADERS * MAX_HEADER_NAME_LENGTH;
/** Most white space that intermediaries may have put around one name. */
export const MAX_OWS_PER_ELEMENT = 2;
/** Most empty list elements that intermediaries may have left (RFC 9110 section 5.6.1.2). */
export const MAX_EMPTY_ELEMENTS = 16;

/** Whether a text is a token, and so can be a method or a header name. @see https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2 */
export function isToken(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (!isTokenCharacter(text.charCodeAt(i))) return false;
  return text.length > 0;
}

function isTokenCharacter(code: number): boolean {
  return code < 128 && TOKEN_CHARACTERS[code] === 1;
}

const TOKEN_CHARACTERS = new Uint8Array(128);
for (const character of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
  TOKEN_CHARACTERS[character.charCodeAt(0)] = 1;
}

/** Whether a lower-case request header name is one that a page cannot set. */
export function isForbiddenRequestHeader(name: string): boolean {
  return (
    FORBIDDEN_REQUEST_HEADERS.has(name) ||
    FORBIDDEN_REQUEST_HEADER_PREFIXES.some((prefix) => name.startsWith(prefix))
  );
}

/** Which request headers a preflight may ask for. Names and prefixes are in lower case. */
export interface AllowedHeaders {
  readonly names: ReadonlySet<string>;
  readonly prefixes: readonly string[];
  /** Any name is allowed; only without credentials. */
  readonly any: boolean;
}

/** What {@link findRefusedHeader} says when the list itself is malformed or larger than its bounds. */
export const MALFORMED_LIST = Symbol('malformed list');

/**
 * Finds the first name of an `Access-Control-Request-Headers` value that is not allowed. Order and case do not
 * matter. Gives undefined when all are allowed, {@link MALFORMED_LIST} when the value is no list that a browser
 * (with some help from an intermediary) would send.
 *
 * Cost: one pass that ends at the first refusal; at most {@link MAX_REQUESTED_HEADERS} names and
 * {@link MAX_LIST_LENGTH} characters are ever read, so a hostile value of any size is cheap.
 */
export function findRefusedHeader(
  value: string,
  allowed: AllowedHeaders,
): string | typeof MALFORMED_LIST | undefined {
  if (value.length > MAX_LIST_LENGTH) return MALFORMED_LIST;
  let names = 0;
  let empty = 0;
  for (let start = 0; start <= value.length; ) {
    const comma = value.indexOf(',', start);
    const end = comma === -1 ? value.length : comma;
    const element = value.slice(start, end);
    start = end + 1;
    if (allowed.names.has(element)) {
      names++; // what a browser sends: lower case, no white space
    } else {
      const name = trimOws(element);
      if (name === undefined) return MALFORMED_LIST;
      if (name === '') empty++;
      else if (!isToken(name)) return MALFORMED_LIST;
      else if (!isAllowedHeader(name, allowed)) return name;
      else names++;
    }
    if (names > MAX_REQUESTED_HEADERS || empty > MAX_EMPTY_ELEMENTS) return MALFORMED_LIST;
  }
  return undefined;
}

/** The names of an `Access-Control-Request-Headers` value that are allowed by prefix. Bounded like the scan above. */
export function namesAllowedByPrefix(value: string, allowed: AllowedHeaders): readonly string[] {
  if (value.length > MAX_LIST_LENGTH) return [];
  const names = value.split(',', MAX_REQUESTED_HEADERS).map((element) => trimOws(element) ?? '');
  return names.filter(
    (name) => isToken(name) && !allowed.names.has(name.toLowerCase()) && isAllowedHeader(name, allowed),
  );
}

function isAllowedHeader(name: string, allowed: AllowedHeaders): boolean {
  const lower = name.toLowerCase();
  if (allowed.names.has(lower)) return true;
  if (lower.length > MAX_HEADER_NAME_LENGTH) return false;
  if (allowed.any) return !isForbiddenRequestHeader(lower);
  return allowed.prefixes.some((prefix) => lower.length > prefix.length && lower.startsWith(prefix));
}

/** An element without the white space around it; undefined when there is more than any intermediary would add. */
function trimOws(element: string): string | undefined {
  let start = 0;
  let end = element.length;
  while (start < end && isOws(element.charCodeAt(start))) start++;
  while (end > start && isOws(element.charCodeAt(end - 1))) end--;
  return element.length - (end - start) > MAX_OWS_PER_ELEMENT ? undefined : element.slice(start, end);
}

function isOws(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** Whether a Content-Type value is exactly `application/json`, with parameters or without. */
export function isJsonContentType(value: string): boolean {
  if (value === 'application/json') return true;
  // A comma can only come from a second header line (RFC 9110 section 5.3) or from a quoted parameter: refuse both.
  if (value.length > MAX_CONTENT_TYPE_LENGTH || value.includes(',')) return false;
  const semicolon = value.indexOf(';');
  const essence = semicolon === -1 ? value : value.slice(0, semicolon);
  return OWS_AROUND.exec(essence)?.[1]?.toLowerCase() === 'application/json';
}

/** A media type with the white space of HTTP around it (RFC 9110 section 5.6.3). */
const OWS_AROUND = /^[ \t]*([^ \t]*)[ \t]*$/;
/** Longest Content-Type that is looked at. */
export const MAX_CONTENT_TYPE_LENGTH = 256;

/**
 * Appends names to a `Vary` value that already stands in a response, without repeating one.
 * `*` stays as it is: it already says that everything counts.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-12.5.5
 */
export function mergeVary(present: string | undefined, names: string): string {
  if (present === undefined || present.trim() === '') return names;
  if (names === '' || present === names) return present;
  const listed = present.split(',').map((name) => name.trim().toLowerCase());
  if (listed.includes('*')) return present;
  const missing = names.split(', ').filter((name) => !listed.includes(name.toLowerCase()));
  return missing.length === 0 ? present : `${present}, ${missing.join(', ')}`;
}

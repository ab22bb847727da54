import { FORBIDDEN_RESPONSE_HEADERS } from '../policy/headers.js';
import type { CredentialsMode } from './corsCheck.js';
import { combineFields, type Fields, getField, parseTokens } from './fields.js';

/** Response headers that a page may always read. @see https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name */
export const SAFELISTED_RESPONSE_HEADERS: ReadonlySet<string> = new Set([
  'cache-control',
  'content-language',
  'content-length',
  'content-type',
  'expires',
  'last-modified',
  'pragma',
]);

/** The headers of a response that its own origin's pages may read. @see https://fetch.spec.whatwg.org/#concept-filtered-response-basic */
export function basicHeaders(headers: Fields): Map<string, string> {
  return new Map(combineFields(headers).filter(([name]) => !FORBIDDEN_RESPONSE_HEADERS.has(name)));
}

/** The headers of a response that other origins' pages may read. @see https://fetch.spec.whatwg.org/#concept-filtered-response-cors */
export function corsHeaders(headers: Fields, credentials: CredentialsMode): Map<string, string> {
  const names = exposedNames(headers);
  // "*" is a wildcard only without credentials; with them it is a header name like any other.
  const all = credentials !== 'include' && names.has('*');
  return new Map(
    [...basicHeaders(headers)].filter(
      ([name]) => all || names.has(name) || SAFELISTED_RESPONSE_HEADERS.has(name),
    ),
  );
}

/** What `Access-Control-Expose-Headers` lists; nothing when it cannot be parsed. */
function exposedNames(headers: Fields): ReadonlySet<string> {
  const value = getField(headers, 'access-control-expose-headers') ?? '';
  return new Set(parseTokens(value)?.map((name) => name.toLowerCase()));
}

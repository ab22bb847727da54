import { SAFELISTED_METHODS } from '../policy/index.js';
import { type CorsCheckError, type CredentialsMode, checkCors } from './corsCheck.js';
import { type Fields, getField, parseTokens } from './fields.js';
import type { Allowance, Need } from './preflightCache.js';
import { type BrowserProfile, DEFAULT_MAX_AGE_SECONDS } from './profile.js';
import { isRedirect, locate } from './redirect.js';
import { unsafeRequestHeaderNames } from './safelist.js';
import type { UrlRecord } from './url.js';
import type { BlockedError, Fault } from './verdict.js';

/** What a request asks a preflight for. */
export interface Asked {
  readonly method: string;
  /** Names that are not safelisted: in lower case, sorted. */
  readonly headers: readonly string[];
  readonly credentials: CredentialsMode;
  readonly useCorsPreflight: boolean;
}

/** What a request has to ask for; undefined when it needs no preflight. @see https://fetch.spec.whatwg.org/#concept-http-fetch */
export function neededPreflight(
  request: { readonly method: string; readonly headers: Fields } & Pick<
    Asked,
    'credentials' | 'useCorsPreflight'
  >,
  profile: BrowserProfile,
): Asked | undefined {
  const { method, credentials, useCorsPreflight } = request;
  const headers = unsafeRequestHeaderNames(request.headers, profile);
  if (SAFELISTED_METHODS.has(method) && headers.length === 0 && !useCorsPreflight) return undefined;
  return { method, headers, credentials, useCorsPreflight };
}

/** What the cache has to hold for a request to go without its preflight. */
export function needOf(
  { method, headers, credentials, useCorsPreflight }: Asked,
  profile: BrowserProfile,
): Need {
  const byName = !SAFELISTED_METHODS.has(method) || (useCorsPreflight && profile.preflightsAddUp);
  return { credentials, method: byName ? method : undefined, headers };
}

/** The headers of a preflight beside `Origin`. @see https://fetch.spec.whatwg.org/#cors-preflight-fetch */
export function preflightHeaders({ method, headers }: Asked): [name: string, value: string][] {
  return [
    ['accept', '*/*'],
    ['access-control-request-method', method],
    ...(headers.length === 0
      ? []
      : ([['access-control-request-headers', headers.join(',')]] satisfies [string, string][])),
  ];
}

/** What a preflight's answer allows and for how long, or why the request is not made. */
export type PreflightOutcome =
  | { readonly fault: Fault }
  | { readonly fault?: undefined; readonly allowance: Allowance; readonly maxAgeSeconds: number };

const IN_PREFLIGHT: Readonly<Record<CorsCheckError, BlockedError>> = {
  WildcardOriginNotAllowed: 'PreflightWildcardOriginNotAllowed',
  MissingAllowOriginHeader: 'PreflightMissingAllowOriginHeader',
  MultipleAllowOriginValues: 'PreflightMultipleAllowOriginValues',
  InvalidAllowOriginValue: 'PreflightInvalidAllowOriginValue',
  AllowOriginMismatch: 'PreflightAllowOriginMismatch',
  InvalidAllowCredentials: 'PreflightInvalidAllowCredentials',
};

/** Checks a preflight's answer, in the order of the standard. @see https://fetch.spec.whatwg.org/#cors-preflight-fetch */
export function checkPreflight(
  response: { readonly status: number; readonly headers: Fields },
  asked: Asked,
  origin: string,
  url: UrlRecord,
  profile: BrowserProfile,
): PreflightOutcome {
  const { status, headers } = response;
  const redirects = isRedirect(response, profile);
  if (redirects && profile.preflightRedirectFirst) {
    const target = locate(headers, url);
    return { fault: 'error' in target ? target : { error: 'PreflightDisallowedRedirect' } };
  }
  // The credentials mode is that of the actual request; the preflight itself never carries any.
  const cors = checkCors(headers, origin, asked.credentials);
  if (cors !== undefined) return { fault: { ...cors, error: IN_PREFLIGHT[cors.error] } };
  if (redirects) return { fault: { error: 'PreflightDisallowedRedirect' } };
  if (status < 200 || status > 299) return { fault: { error: 'PreflightInvalidStatus' } };

  const listed = parseTokens(getField(headers, 'access-control-allow-methods') ?? '');
  if (listed === undefined) return { fault: { error: 'InvalidAllowMethodsPreflightResponse' } };
  const listedHeaders = parseTokens(getField(headers, 'access-control-allow-headers') ?? '');
  if (listedHeaders === undefined) return { fault: { error: 'InvalidAllowHeadersPreflightResponse' } };

  const methods = new Set(listed.length === 0 && asked.useCorsPreflight ? [asked.method] : listed);
  const names = new Set(listedHeaders.map((name) => name.toLowerCase()));
  const credentials = asked.credentials === 'include';
  if (
    !methods.has(asked.method) &&
    !SAFELISTED_METHODS.has(asked.method) &&
    (credentials || !methods.has('*'))
  ) {
    return { fault: { error: 'MethodDisallowedByPreflightResponse', parameter: asked.method } };
  }
  const any = !credentials && names.has('*');
  const refusedHeaders = asked.headers.filter(
    (name) => !names.has(name) && !(any && !(name === 'authorization' && profile.authorizationByName)),
  );
  if (refusedHeaders.length > 0) {
    const [parameter] = refusedHeaders;
    return { fault: { error: 'HeaderDisallowedByPreflightResponse', parameter, refusedHeaders } };
  }
  return {
    allowance: { credentials, methods, headers: names },
    maxAgeSeconds: readMaxAge(getField(headers, 'access-control-max-age'), profile),
  };
}

/** Seconds for which an answer is kept; none when it says a negative number. */
function readMaxAge(
  value: string | undefined,
  { maxAgeSyntax, maxAgeLimit, maxAgeCapSeconds }: BrowserProfile,
): number {
  if (value === undefined || !maxAgeSyntax.test(value)) return DEFAULT_MAX_AGE_SECONDS;
  const seconds = Number(value);
  if (Math.abs(seconds) >= maxAgeLimit) return DEFAULT_MAX_AGE_SECONDS;
  return Math.max(0, Math.min(seconds, maxAgeCapSeconds));
}

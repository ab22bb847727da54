import { addressSpaceOf, isLocalNetworkRequest } from './addressSpace.js';
import { checkCors } from './corsCheck.js';
import type { Exchange, HttpRequest, HttpResponse, PageResponse } from './exchange.js';
import { basicHeaders, corsHeaders } from './exposure.js';
import { isTrustworthy } from './fetchMetadata.js';
import { type Asked, checkPreflight, neededPreflight, needOf } from './preflight.js';
import { type CacheKey, createPreflightCache, type PreflightCache } from './preflightCache.js';
import { actualRequest, originOf, type Progress, preflightRequest, type Surroundings } from './progress.js';
import { followRedirect, isRedirect, isRedirectStatus, locate, refuseRedirect } from './redirect.js';
import type { FetchRequest } from './request.js';
import { hasBadPort, isHttp, type UrlRecord, withoutFragment } from './url.js';
import type { BlockedError, Fault } from './verdict.js';

/** What came of a fetch, in terms of the algorithm. */
export interface Fetched {
  readonly outcome: PageResponse | Fault;
  /** The URL that the outcome is about. */
  readonly url: UrlRecord;
  readonly exchanges: readonly Exchange[];
}

/** Yields each HTTP request as its turn comes, takes its response (undefined: the network failed), returns what the page gets. */
export type Fetching<T> = Generator<HttpRequest, T, HttpResponse | undefined>;

/** Runs a request to its end. @see https://fetch.spec.whatwg.org/#main-fetch */
export function* runFetch(first: FetchRequest, around: Surroundings): Fetching<Fetched> {
  const progress: Progress = {
    request: first,
    urls: [first.url],
    toldUrls: [first.url],
    lastMethod: first.method,
    tainting: 'basic',
    taintedOrigin: false,
    ownCache: createPreflightCache(),
    exchanges: [],
  };
  for (;;) {
    const next = yield* runHop(progress, around);
    if (!('url' in next && 'mode' in next)) {
      return { outcome: next, url: progress.request.url, exchanges: progress.exchanges };
    }
    progress.taintedOrigin ||= isOriginTainted(progress.request, next.url, around);
    progress.lastMethod = progress.request.method;
    progress.request = next;
    progress.urls.push(next.url);
    progress.toldUrls = [...progress.toldUrls, next.url];
  }
}

/** Whether a redirect takes the request's origin away: from a foreign origin to another. @see https://fetch.spec.whatwg.org/#http-redirect-fetch */
function isOriginTainted(from: FetchRequest, to: UrlRecord, { origin, profile }: Surroundings): boolean {
  const leftHome = from.mode === 'no-cors' && profile.noCorsHidesOrigin;
  return from.url.origin !== to.origin && (from.url.origin !== origin || leftHome);
}

/** One request with its preflight; the request to follow when it is redirected. */
function* runHop(progress: Progress, around: Surroundings): Fetching<PageResponse | Fault | FetchRequest> {
  const before = progress.tainting;
  const fault = enter(progress, around);
  if (fault !== undefined) return fault;
  const { request, tainting } = progress;
  const { profile, cache } = around;
  const key: CacheKey = {
    partition: around.partition,
    origin: originOf(progress, around),
    url: profile.fragmentsCount ? request.url.href : withoutFragment(request.url),
  };
  if (tainting === 'cors') {
    const asked = neededPreflight(request, profile);
    const isNew = asked !== undefined || before !== 'cors' || request.method !== progress.lastMethod;
    if (isNew && profile.startsAnew) progress.toldUrls = [request.url];
    const refused = asked && (yield* runPreflight(progress, around, asked, key));
    if (refused !== undefined) return failed(refused);
  }
  const response = yield* exchange(progress, actualRequest(progress, around));
  const outcome =
    response === undefined ? ({ error: 'NetworkError' } as const) : judge(progress, around, response);
  return 'error' in outcome ? failed(outcome) : outcome;

  function failed(fault: Fault): Fault {
    if (tainting === 'cors' && profile.failuresClearPreflights) cache.clear(key);
    return fault;
  }
}

/** Decides how a request may be answered, or why it is not made. @see https://fetch.spec.whatwg.org/#main-fetch */
function enter(progress: Progress, around: Surroundings): Fault | undefined {
  const { request, urls } = progress;
  const { origin } = around;
  const redirected = urls.length > 1;
  if (!isHttp(request.url)) return { error: wrongScheme(request, redirected) };
  if (request.url.origin === origin && progress.tainting === 'basic') {
    return hasBadPort(request.url) ? { error: 'UnsafePort' } : undefined;
  }
  if (request.mode === 'same-origin') return { error: 'DisallowedByMode' };
  if (hasBadPort(request.url)) return { error: 'UnsafePort' };
  if (request.mode === 'no-cors' && request.redirect !== 'follow')
    return { error: 'NoCorsRedirectModeNotFollow' };
  progress.tainting = request.mode === 'cors' ? 'cors' : 'opaque';
  return checkNetwork(request.url, around);
}

/** Why a URL that is not of HTTP is not fetched. */
function wrongScheme({ mode }: FetchRequest, redirected: boolean): BlockedError {
  if (mode === 'same-origin') return 'DisallowedByMode';
  if (!redirected) return 'UnsupportedScheme';
  return mode === 'no-cors' ? 'UnknownScheme' : 'CorsDisabledScheme';
}

/** Mixed content and Local Network Access, by the names of hosts. */
function checkNetwork(url: UrlRecord, around: Surroundings): Fault | undefined {
  const { origin, profile, addressSpace, secureContext } = around;
  const target = addressSpaceOf(url.hostname);
  if (origin.startsWith('https:') && url.protocol === 'http:') {
    if (profile.loopbackIsMixedContent || !isTrustworthy(url)) return { error: 'MixedContent' };
  }
  if (!profile.localNetworkAccess || !isLocalNetworkRequest(addressSpace, target)) return undefined;
  // A page may always speak to where it came from.
  if (url.origin === origin) return undefined;
  if (!secureContext) return { error: 'InsecureLocalNetwork' };
  return around.localNetworkAccess === 'denied' ? { error: 'LocalNetworkAccessPermissionDenied' } : undefined;
}

function* runPreflight(
  progress: Progress,
  around: Surroundings,
  asked: Asked,
  key: CacheKey,
): Fetching<Fault | undefined> {
  const { profile, now } = around;
  const cache = cacheFor(progress, around);
  const request = preflightRequest(progress, around, asked);
  if (cache?.covers(key, needOf(asked, profile), now(), profile)) {
    progress.exchanges.push({ request, fromCache: true });
    return undefined;
  }
  const response = yield* exchange(progress, request);
  if (response === undefined) return { error: 'NetworkError' };
  const outcome = checkPreflight(response, asked, originOf(progress, around), progress.request.url, profile);
  if (outcome.fault !== undefined) return outcome.fault;
  cache?.store(key, outcome.allowance, now() + outcome.maxAgeSeconds * 1000, profile);
  return undefined;
}

/** The cache that a request may use. To Chromium no `null` origin is like another, but those of one page's request. */
function cacheFor({ taintedOrigin, ownCache }: Progress, around: Surroundings): PreflightCache | undefined {
  if (around.profile.nullOriginsShareCache) return around.cache;
  if (taintedOrigin) return undefined;
  return around.origin === 'null' ? ownCache : around.cache;
}

function* exchange(progress: Progress, request: HttpRequest): Fetching<HttpResponse | undefined> {
  const response = yield request;
  progress.exchanges.push({ request, ...(response && { response }), fromCache: false });
  return response;
}

/** What a response comes to: a fault, a request to follow, or what the page may read. @see https://fetch.spec.whatwg.org/#concept-http-fetch */
function judge(
  progress: Progress,
  around: Surroundings,
  response: HttpResponse,
): PageResponse | Fault | FetchRequest {
  const { request, urls, tainting, taintedOrigin } = progress;
  const { profile, origin } = around;
  const redirects = isRedirect(response, profile);
  const target = redirects ? locate(response.headers, request.url) : undefined;
  const lost = target !== undefined && 'error' in target ? target : undefined;
  if (lost !== undefined && profile.locationFirst) return lost;
  if (tainting === 'cors') {
    const fault = checkCors(response.headers, originOf(progress, around), request.credentials);
    if (fault !== undefined) return fault;
  }
  if (isRedirectStatus(response.status)) {
    if (request.redirect === 'manual') return opaqueRedirect(progress);
    if (request.redirect === 'error' && !profile.redirectErrorLast)
      return { error: 'RedirectDisallowedByMode' };
  }
  if (target === undefined) return readable(progress, response);
  if ('error' in target) return target;
  const { status } = response;
  const hop = {
    request,
    origin,
    cors: tainting === 'cors',
    tainted: taintedOrigin,
    count: urls.length - 1,
    status,
  };
  return refuseRedirect(hop, target, profile) ?? followRedirect(request, status, target, origin, profile);
}

/** @see https://fetch.spec.whatwg.org/#concept-filtered-response */
function readable({ request, urls, tainting }: Progress, response: HttpResponse): PageResponse {
  if (tainting === 'opaque') return { ...NOTHING, type: 'opaque', url: '', redirected: false };
  const { status, headers, body } = response;
  return {
    type: tainting,
    status,
    ok: status >= 200 && status <= 299,
    url: withoutFragment(request.url),
    redirected: urls.length > 1,
    headers: tainting === 'cors' ? corsHeaders(headers, request.credentials) : basicHeaders(headers),
    ...(body !== undefined && { body }),
  };
}

function opaqueRedirect({ request, urls }: Progress): PageResponse {
  return {
    ...NOTHING,
    type: 'opaqueredirect',
    url: withoutFragment(request.url),
    redirected: urls.length > 1,
  };
}

const NOTHING = { status: 0, ok: false, headers: new Map<string, string>() } as const;

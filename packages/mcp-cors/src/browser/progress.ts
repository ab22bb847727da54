import type { AddressSpace } from './addressSpace.js';
import type { Exchange, HttpRequest } from './exchange.js';
import { fetchSite, isTrustworthy } from './fetchMetadata.js';
import type { Fields } from './fields.js';
import { type Asked, preflightHeaders } from './preflight.js';
import type { PreflightCache } from './preflightCache.js';
import type { BrowserProfile } from './profile.js';
import type { FetchRequest, RequestMode } from './request.js';
import { type UrlRecord, withoutFragment } from './url.js';

/** What a page and its browser bring to a fetch. */
export interface Surroundings {
  /** The page's serialised origin. */
  readonly origin: string;
  readonly profile: BrowserProfile;
  readonly cache: PreflightCache;
  readonly partition: string;
  readonly now: () => number;
  readonly addressSpace: AddressSpace;
  readonly secureContext: boolean;
  readonly localNetworkAccess: 'granted' | 'denied';
}

/** Where a fetch stands. */
export interface Progress {
  request: FetchRequest;
  readonly urls: [UrlRecord, ...UrlRecord[]];
  /** Those of them that `Sec-Fetch-Site` tells of. */
  toldUrls: readonly UrlRecord[];
  /** The method before the last redirect. */
  lastMethod: string;
  /** @see https://fetch.spec.whatwg.org/#concept-request-response-tainting */
  tainting: 'basic' | 'cors' | 'opaque';
  /** @see https://fetch.spec.whatwg.org/#concept-request-tainted-origin */
  taintedOrigin: boolean;
  /** What preflights of this request allowed, for origins that nobody shares. */
  readonly ownCache: PreflightCache;
  readonly exchanges: Exchange[];
}

/** The preflight for a request. @see https://fetch.spec.whatwg.org/#cors-preflight-fetch */
export function preflightRequest(progress: Progress, around: Surroundings, asked: Asked): HttpRequest {
  return {
    kind: 'preflight',
    method: 'OPTIONS',
    url: withoutFragment(progress.request.url),
    headers: [
      ...preflightHeaders(asked),
      ['origin', originOf(progress, around)],
      ...fetchMetadata(progress, around, 'cors'),
    ],
    credentials: false,
  };
}

/** The request origin, serialised. @see https://fetch.spec.whatwg.org/#serializing-a-request-origin */
export function originOf({ taintedOrigin }: Progress, { origin }: Surroundings): string {
  return taintedOrigin ? 'null' : origin;
}

/** @see https://fetch.spec.whatwg.org/#http-network-or-cache-fetch */
export function actualRequest(progress: Progress, around: Surroundings): HttpRequest {
  const { request, urls, tainting } = progress;
  const [first] = urls;
  const { method, credentials, body } = request;
  // A request whose method can change something says where it comes from, to its own origin too.
  const saysOrigin = tainting === 'cors' || (method !== 'GET' && method !== 'HEAD');
  const kept = around.profile.noCorsKeepsCredentials && request.mode === 'no-cors';
  const isOwn = kept ? first.origin === around.origin : tainting === 'basic';
  return {
    kind: 'actual',
    method,
    url: withoutFragment(request.url),
    headers: [
      ...(request.headers.some(([name]) => name === 'accept') ? [] : ([['accept', '*/*']] as const)),
      ...request.headers,
      ...(saysOrigin ? ([['origin', originOf(progress, around)]] as const) : []),
      ...fetchMetadata(progress, around, request.mode),
    ],
    credentials: credentials === 'include' || (credentials === 'same-origin' && isOwn),
    ...(body && { body: body.content }),
  };
}

/** @see https://w3c.github.io/webappsec-fetch-metadata/#fetch-integration */
function fetchMetadata({ request, toldUrls }: Progress, { origin }: Surroundings, mode: RequestMode): Fields {
  if (!isTrustworthy(request.url)) return [];
  return [
    ['sec-fetch-dest', 'empty'],
    ['sec-fetch-mode', mode],
    ['sec-fetch-site', fetchSite(origin, toldUrls)],
  ];
}

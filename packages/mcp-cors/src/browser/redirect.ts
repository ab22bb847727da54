import type { HeaderField } from '../policy/index.js';
import { type Fields, getField } from './fields.js';
import type { BrowserProfile } from './profile.js';
import type { FetchRequest } from './request.js';
import { hasUserinfo, parseUrl, type UrlRecord } from './url.js';
import type { Fault } from './verdict.js';

/** Most redirects that are followed. @see https://fetch.spec.whatwg.org/#http-redirect-fetch */
export const MAX_REDIRECTS = 20;

const REDIRECT_STATUSES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Headers that speak of a body, and go with it. @see https://fetch.spec.whatwg.org/#request-body-header-name */
const BODY_HEADERS: ReadonlySet<string> = new Set([
  'content-encoding',
  'content-language',
  'content-location',
  'content-type',
]);

/** Whether a status is one of a redirect. @see https://fetch.spec.whatwg.org/#redirect-status */
export function isRedirectStatus(status: number): boolean {
  return REDIRECT_STATUSES.has(status);
}

/** Whether a response points elsewhere. @see https://fetch.spec.whatwg.org/#concept-response-location-url */
export function isRedirect(
  { status, headers }: { readonly status: number; readonly headers: Fields },
  { emptyLocationIsNone }: BrowserProfile,
): boolean {
  const location = getField(headers, 'location');
  return isRedirectStatus(status) && location !== undefined && !(location === '' && emptyLocationIsNone);
}

/** Where a response points: a URL that inherits the fragment, or a fault when there is no such place. @see https://fetch.spec.whatwg.org/#concept-response-location-url */
export function locate(headers: Fields, from: UrlRecord): UrlRecord | Fault {
  const locations = new Set(
    headers.filter(([name]) => name.toLowerCase() === 'location').map(([, value]) => value.trim()),
  );
  const [location = ''] = locations;
  if (locations.size > 1) return { error: 'MultipleLocations' };
  const target = parseUrl(location, from.href);
  if (target === undefined) return { error: 'InvalidRedirect' };
  if (target.hash === '') target.hash = from.hash;
  return target;
}

/** Where a request stands when a response redirects it. */
export interface Hop {
  readonly request: FetchRequest;
  readonly origin: string;
  /** Whether the response is one of CORS. */
  readonly cors: boolean;
  /** Whether the request's origin counts as `null` by now. */
  readonly tainted: boolean;
  /** How many redirects were followed before. */
  readonly count: number;
  readonly status: number;
}

/** Schemes that a redirect cannot lead to whatever the mode. */
const UNSAFE_SCHEMES: ReadonlySet<string> = new Set([
  'about:',
  'blob:',
  'chrome:',
  'chrome-extension:',
  'data:',
  'file:',
]);

/** Why a redirect is not followed; undefined when it is. @see https://fetch.spec.whatwg.org/#http-redirect-fetch */
export function refuseRedirect(hop: Hop, target: UrlRecord, profile: BrowserProfile): Fault | undefined {
  const { request, origin, cors, tainted, count } = hop;
  if (UNSAFE_SCHEMES.has(target.protocol)) return { error: 'UnsafeRedirect' };
  if (count >= MAX_REDIRECTS) return { error: 'TooManyRedirects' };
  const foreign = request.mode === 'cors' && (tainted || target.origin !== origin);
  if (hasUserinfo(target) && (foreign || cors)) return { error: 'RedirectContainsCredentials' };
  // A stream is gone once it is sent; only 303 follows without it.
  if (request.body?.stream === true && hop.status !== 303) return { error: 'NetworkError' };
  if (request.redirect === 'error') return { error: 'RedirectDisallowedByMode' };
  // A foreign origin in mode `same-origin` is refused for that, when the request is looked at anew.
  const leaves = request.mode === 'same-origin' && target.origin !== origin;
  if (hasUserinfo(target) && profile.refusesUserinfo && !leaves) return { error: 'UserinfoRefused' };
  return undefined;
}

/** The request that follows a redirect. @see https://fetch.spec.whatwg.org/#http-redirect-fetch */
export function followRedirect(
  request: FetchRequest,
  status: number,
  target: UrlRecord,
  origin: string,
  { firstPartyHeaders }: BrowserProfile,
): FetchRequest {
  const { method } = request;
  const becomesGet =
    ((status === 301 || status === 302) && method === 'POST') ||
    (status === 303 && method !== 'GET' && method !== 'HEAD');
  const crossesOrigins = request.url.origin !== target.origin;
  const stays = ([name]: HeaderField): boolean =>
    !(becomesGet && BODY_HEADERS.has(name)) &&
    !(crossesOrigins && name === 'authorization') &&
    !(target.origin !== origin && firstPartyHeaders.has(name));
  return {
    ...request,
    url: target,
    headers: request.headers.filter(stays),
    ...(becomesGet && { method: 'GET', body: undefined }),
  };
}

import type { EndpointKind, Policy, RequestHead } from 'mcp-cors';
import { isSameRoute, locate, type Place, publicPath } from './address.js';
import { findRoute, isPlainPath } from './routing.js';

/** A request that may be sent again. */
export interface Repeatable {
  readonly head: RequestHead;
  /** Of the endpoint that was asked. */
  readonly kind: EndpointKind | undefined;
  readonly policy: Policy;
  readonly place: Place;
}

/** Most redirects that are followed for one request. */
export const MAX_REDIRECTS = 5;

/** Statuses that keep the method, and those that may change it to GET (RFC 9110 section 15.4). */
const KEEPS_METHOD: ReadonlySet<number> = new Set([307, 308]);
const MAY_CHANGE_METHOD: ReadonlySet<number> = new Set([301, 302, 303]);

/** Whether a response with this status sends a request with this method to another place with the same method. */
export function isRedirect(status: number, method: string): boolean {
  return (
    KEEPS_METHOD.has(status) || (MAY_CHANGE_METHOD.has(status) && (method === 'GET' || method === 'HEAD'))
  );
}

/**
 * The request target that a redirect leads to, if the gateway may go there by itself: on the same origin as was asked, so
 * that nothing is sent to a server that the owner has not named; on the same route; and where the policy would let the
 * client go, had it asked for that path.
 */
export function redirectTarget(
  location: string,
  { head, kind, policy, place }: Repeatable,
): string | undefined {
  const { route, routes, target } = place;
  const base = `${route.upstream.origin}${target}`;
  if (!URL.canParse(location, base)) return undefined;
  const url = new URL(location, base);
  if (url.origin !== route.upstream.origin || url.username !== '' || url.password !== '') return undefined;
  if (!isPlainPath(url.pathname)) return undefined;
  const path = publicPath(url.pathname, place);
  if (path === undefined || !isSameRoute(findRoute(routes, path), route)) return undefined;
  const decision = policy.decide({ ...head, path });
  if (decision instanceof Promise || decision.outcome !== 'pass' || !isAsStrict(decision.kind, kind))
    return undefined;
  return `${url.pathname}${url.search}`;
}

/** Whether a request that was right for one kind of endpoint is right for another, preflight and sessions included. */
function isAsStrict(kind: EndpointKind | undefined, asked: EndpointKind | undefined): boolean {
  return kind === asked || (kind === 'mcp' && (asked === 'sse' || asked === 'messages'));
}

/** Headers that name a place. */
const PLACES = ['location', 'content-location'] as const;

/** Puts the public address into headers that name a place of the upstream's. */
export function mendPlaces(headers: Record<string, string | string[]>, place: Place): void {
  for (const name of PLACES) {
    const value = headers[name];
    if (typeof value !== 'string') continue;
    const located = locate(value, place);
    if (typeof located === 'object') headers[name] = located.found;
  }
}

import type { IncomingMessage } from 'node:http';
import type { Provenance } from 'mcp-cors/node';
import type { Route } from './config/routes.js';
import { authorityOf } from './forwarding.js';
import { findRoute, isPlainPath, upstreamTarget } from './routing.js';

/** An exchange with an upstream, and what it takes to find the upstream's own addresses from outside. */
export interface Place {
  readonly route: Route;
  readonly routes: readonly Route[];
  /** The request target that the upstream was sent. */
  readonly target: string;
  /** The request target that the client sent. */
  readonly publicTarget: string;
  /** The host that the upstream was told it is, with its port: it may write addresses with it. */
  readonly host: string;
  /** Where clients reach the gateway; undefined when the request does not say. */
  readonly publicOrigin: string | undefined;
}

/** Where an address of the upstream's leads, seen from outside. */
export type Located =
  /** At the gateway: what to write in place of the address. */
  | { readonly found: string }
  /** At another server. */
  | 'foreign'
  /** At the upstream, where no route leads. */
  | 'unreachable';

/** Longest address that is looked at, in characters. */
const MAX_ADDRESS_LENGTH = 8_192;

/**
 * Where clients reach the gateway: as configured, or else as this request says, whose host the policy has checked and whose
 * scheme a trusted proxy may have said.
 */
export function publicOriginOf(
  request: IncomingMessage,
  { scheme }: Pick<Provenance, 'scheme'>,
  publicUrl: string | undefined,
): string | undefined {
  if (publicUrl !== undefined) return publicUrl;
  const host = authorityOf(request);
  const origin = `${scheme}://${host}`;
  return host !== undefined && URL.canParse(origin) && new URL(origin).origin === origin ? origin : undefined;
}

/**
 * Finds an address that the upstream has written: absolute ones in its own name stand for the same path of the public
 * origin, relative ones are changed where a client would resolve them to something else.
 */
export function locate(reference: string, place: Place): Located {
  const base = `${place.route.upstream.origin}${place.target}`;
  if (reference.length > MAX_ADDRESS_LENGTH || !URL.canParse(reference, base)) return 'foreign';
  const url = new URL(reference, base);
  if (!isOwnOrigin(url, place) || url.username !== '' || url.password !== '') return 'foreign';
  return locatePath(reference, url, place);
}

/** Finds an address that is known to mean the upstream, whatever the name is that it has for itself. */
export function locateOwn(reference: string, place: Place): Located {
  const base = `${place.route.upstream.origin}${place.target}`;
  if (reference.length > MAX_ADDRESS_LENGTH || !URL.canParse(reference, base)) return 'foreign';
  return locatePath(reference, new URL(reference, base), place);
}

function locatePath(reference: string, url: URL, place: Place): Located {
  const path = publicPath(url.pathname, place) ?? alreadyPublic(url, place);
  if (path === undefined) return 'unreachable';
  const suffix = /[?#].*$/s.exec(reference.trimEnd())?.[0] ?? ''; // as it was written, escapes and all
  if (isAbsolute(reference)) return { found: `${place.publicOrigin ?? ''}${path}${suffix}` };
  const asItIs = new URL(reference, `http://gateway${place.publicTarget}`);
  if (asItIs.host === 'gateway' && asItIs.pathname === path) return { found: reference };
  return { found: `${path}${suffix}` };
}

/** A path that the upstream already knows in its public form, from `X-Forwarded-Host` or its own configuration. */
function alreadyPublic(url: URL, { routes, publicOrigin }: Place): string | undefined {
  return url.origin === publicOrigin && findRoute(routes, url.pathname) !== undefined
    ? url.pathname
    : undefined;
}

/** Whether a reference names its server, also as `//server/path`, which browsers read with backslashes as well. */
function isAbsolute(reference: string): boolean {
  return URL.canParse(reference) || /^[\s\\/]*[\\/][\s]*[\\/]/.test(reference);
}

/** Whether a URL is of the upstream: in a name that it is reached at, told or known by, or in the gateway's own. */
export function isOwnOrigin(url: URL, { route, host, publicOrigin }: Place): boolean {
  const { upstream, upstreamNames } = route;
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return false;
  if (url.origin === upstream.origin || url.origin === publicOrigin || url.host === host) return true;
  if (upstreamNames.includes(url.origin)) return true;
  return url.port === upstream.port && isLoopback(url.hostname) && isLoopback(upstream.hostname);
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

/** The public path of a path of the upstream: on the same route if it leads there, or else on another. */
export function publicPath(
  path: string,
  { route, routes }: Pick<Place, 'route' | 'routes'>,
): string | undefined {
  const own = publicPathOn(path, route, routes);
  if (own !== undefined) return own;
  for (const other of routes) {
    const toUpstream = routeToUpstream(other, route);
    const found = toUpstream && publicPathOn(path, toUpstream, routes);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The path on a route that leads to a path of its upstream, if that is what the gateway then does. */
function publicPathOn(path: string, route: Route, routes: readonly Route[]): string | undefined {
  const { pathname } = route.upstream;
  const base = pathname.replace(/\/$/, '');
  let found: string | undefined;
  if (path === pathname) found = route.path;
  else if (path.startsWith(`${base}/`))
    found = `${route.path === '/' ? '' : route.path}${path.slice(base.length)}`;
  if (found === undefined || !isPlainPath(found)) return undefined;
  const taken = findRoute(routes, found);
  const toUpstream = taken && routeToUpstream(taken, route);
  return toUpstream !== undefined && upstreamTarget(found, toUpstream) === path ? found : undefined;
}

/** Whether two routes are the same for clients, whichever of several upstreams each is taken to lead to. */
export function isSameRoute(a: Route | undefined, b: Route): boolean {
  return a?.path === b.path && a.exact === b.exact;
}

/** Whether a route leads to the upstream of another, among others. */
export function leadsToUpstream(route: Route, { upstream }: Route): boolean {
  return routeToUpstream(route, { upstream }) !== undefined;
}

/** A route as it is when it leads to this upstream; undefined when it never does. */
function routeToUpstream(route: Route, { upstream: { origin } }: Pick<Route, 'upstream'>): Route | undefined {
  if (route.replicas === undefined) return route.upstream.origin === origin ? route : undefined;
  return route.replicas.find(({ route: { upstream } }) => upstream.origin === origin)?.route;
}

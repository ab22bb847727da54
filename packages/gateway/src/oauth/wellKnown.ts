import { METADATA_NAMES } from 'mcp-cors';
import { leadsToUpstream, publicPath } from '../address.js';
import type { Route } from '../config/routes.js';
import { findRoute, upstreamTarget } from '../routing.js';

/** A path of OAuth metadata: the well-known name, and the path of what it is about (RFC 8414 section 3.1, RFC 9728 section 3.1). */
interface WellKnown {
  readonly name: string;
  /** Empty for the root. */
  readonly rest: string;
}

/** A request for metadata. */
export interface MetadataRequest extends WellKnown {
  /** The route of what it is about. */
  readonly route: Route;
  /** With its question mark, if there is one. */
  readonly search: string;
}

const WELL_KNOWN = '/.well-known/';
const OPENID_ENDING = '/.well-known/openid-configuration';

/** Whether a path holds OAuth metadata. */
export function isMetadataPath(path: string): boolean {
  return parseWellKnown(path) !== undefined || path.endsWith(OPENID_ENDING);
}

/**
 * The route for a request for metadata: that of what it is about, whose path stands behind the well-known name, not in front of
 * it. Undefined when no route that rewrites metadata is meant, or when the owner has given well-known paths a route.
 */
export function findMetadataRoute(routes: readonly Route[], target: string): MetadataRequest | undefined {
  if (!target.startsWith(WELL_KNOWN)) return undefined;
  const query = target.indexOf('?');
  const path = query === -1 ? target : target.slice(0, query);
  const wellKnown = parseWellKnown(path);
  if (wellKnown === undefined || findRoute(routes, path)?.path.startsWith('/.well-known')) return undefined;
  const { rest } = wellKnown;
  const found = findRoute(routes, rest === '' ? '/' : rest);
  const route = found ?? (rest === '' ? soleUpstream(routes) : undefined);
  if (route?.oauth !== 'rewrite') return undefined;
  return { ...wellKnown, route, search: query === -1 ? '' : target.slice(query) };
}

/** The request target for the upstream of a route. */
export function metadataTarget({ name, rest, search, route: asked }: MetadataRequest, route: Route): string {
  const isRoot = rest === '' && asked.path !== '/';
  const about = isRoot ? '/' : upstreamTarget(rest === '' ? '/' : rest, route);
  return `${name}${about === '/' ? '' : about}${search}`;
}

/** The public path of a path of metadata; undefined when the gateway does not lead there. */
export function publicMetadataPath(
  path: string,
  place: { readonly route: Route; readonly routes: readonly Route[] },
): string | undefined {
  const wellKnown = parseWellKnown(path);
  if (wellKnown === undefined) return undefined;
  const { name, rest } = wellKnown;
  const about = publicRootedPath(rest === '' ? '/' : rest, place);
  return about && `${name}${about === '/' ? '' : about}`;
}

/** The public path of a path of the upstream's, whose root is found at the public root where no route leads there. */
export function publicRootedPath(
  path: string,
  place: { readonly route: Route; readonly routes: readonly Route[] },
): string | undefined {
  const found = publicPath(path, place);
  if (found !== undefined || path !== '/') return found;
  const sole = findRoute(place.routes, '/') === undefined ? soleUpstream(place.routes) : undefined;
  return sole !== undefined && leadsToUpstream(sole, place.route) ? '/' : undefined;
}

/** The route that stands for the one upstream whose metadata is rewritten; undefined when there are several. */
function soleUpstream(routes: readonly Route[]): Route | undefined {
  const [first, ...others] = routes.filter(({ oauth }) => oauth === 'rewrite');
  return others.every(({ upstream }) => upstream.origin === first?.upstream.origin) ? first : undefined;
}

function parseWellKnown(path: string): WellKnown | undefined {
  const name = METADATA_NAMES.find((known) => path === known || path.startsWith(`${known}/`));
  return name === undefined ? undefined : { name, rest: path.slice(name.length) };
}

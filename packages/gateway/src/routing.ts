import type { Route } from './config/routes.js';

/**
 * The route whose path holds this one, by whole segments. Routes come with the longest path first. A path that another
 * route holds but for its case leads nowhere: the upstream may not tell them apart, and the policies may differ.
 */
export function findRoute(routes: readonly Route[], path: string): Route | undefined {
  const found = routes.find((route) => holds(route, route.path, path));
  const lower = path.toLowerCase();
  const meant = routes.find((route) => holds(route, route.path.toLowerCase(), lower));
  return found === meant ? found : undefined;
}

function holds({ exact }: Route, held: string, path: string): boolean {
  if (!path.startsWith(held)) return false;
  if (path.length === held.length) return true;
  return !exact && (held === '/' || path[held.length] === '/');
}

/**
 * Whether a path means the same to the upstream as it does here: it names its segments plainly, so that it can neither
 * climb out of its route nor reach another one by a second spelling.
 */
export function isPlainPath(path: string): boolean {
  return (
    !/[\\#;]|\/\/|\/\.{1,2}(?:\/|$)|%2f|%5c|%[01][0-9a-f]|%7f/i.test(path) && !ENCODED_UNRESERVED.test(path)
  );
}

/** A letter, a digit, `-`, `.`, `_` or `~` in percent-encoding, which equals the plain one (RFC 3986 section 6.2.2.2). */
const ENCODED_UNRESERVED = /%(?:2[de]|3[0-9]|[46][1-9a-f]|[57][0-9a]|5f|7e)/i;

/** The request target for the upstream: its own path in place of the route's. */
export function upstreamTarget(target: string, { path, upstream }: Route): string {
  const rest = path === '/' ? target : target.slice(path.length);
  // What goes on below the route goes on below the upstream's path, however that is written.
  const base = rest.startsWith('/') ? upstream.pathname.replace(/\/$/, '') : upstream.pathname;
  return `${base}${rest}`;
}

import type { Policy, PolicyConfig } from 'mcp-cors';
import type { GatewayIssue } from '../errors.js';
import { type PlacedPolicies, readPolicy } from './policy.js';
import { checkKeys, isObject, issue, shown } from './reading.js';

/** A part of the public path space, and the server that serves it. */
export interface RouteConfig {
  /** A path prefix, matched by whole segments: `/mcp` holds `/mcp` and `/mcp/x`. `/` holds everything. */
  readonly path: string;
  /** An http or https URL. Its path stands in place of the route's: `/mcp` of `http://h/v1` leads to `/v1`. */
  readonly upstream: string;
  /** In place of the gateway's policy. */
  readonly policy?: PolicyConfig | undefined;
}

/** A route, ready to be used. */
export interface Route {
  readonly path: string;
  readonly upstream: URL;
  readonly policy: Policy;
}

const ROUTE_KEYS = ['path', 'upstream', 'policy'] as const satisfies readonly (keyof RouteConfig)[];

/** An example of a configuration, for messages. */
export const ROUTES_EXAMPLE = "routes: [{ path: /mcp, upstream: 'http://127.0.0.1:3001/mcp' }]";

/** Reads `routes`, the longest path first. */
export function readRoutes(
  value: unknown,
  policy: Policy | undefined,
  policies: PlacedPolicies,
  issues: GatewayIssue[],
): readonly Route[] {
  if (!Array.isArray(value) || value.length === 0) {
    issues.push(issue('routes-missing', 'routes', 'no route leads to a server', `Write ${ROUTES_EXAMPLE}`));
    return [];
  }
  const routes: Route[] = [];
  const paths = new Set<string>();
  for (const [i, route] of value.entries()) {
    const place = `routes[${i}]`;
    if (!isObject(route)) {
      issues.push(issue('route-not-object', place, 'the route is not an object', `Write ${ROUTES_EXAMPLE}`));
      continue;
    }
    checkKeys(route, ROUTE_KEYS, `${place}.`, issues);
    const path = readRoutePath(route.path, `${place}.path`, issues);
    const upstream = readUpstream(route.upstream, `${place}.upstream`, issues);
    const own =
      route.policy === undefined ? policy : readPolicy(route.policy, `${place}.policy`, policies, issues);
    if (path !== undefined && paths.has(path)) {
      issues.push(
        issue('route-twice', `${place}.path`, `the path ${path} has a route already`, 'Remove one of them'),
      );
    }
    if (path !== undefined) paths.add(path);
    if (path !== undefined && upstream !== undefined && own !== undefined) {
      routes.push(Object.freeze({ path, upstream, policy: own }));
    }
  }
  return routes.sort((a, b) => b.path.length - a.path.length);
}

function readRoutePath(value: unknown, place: string, issues: GatewayIssue[]): string | undefined {
  if (typeof value === 'string' && /^\/[^\s?#%\\]*$/.test(value) && !/\/\/|\/\.{1,2}(?:\/|$)/.test(value)) {
    return value.length > 1 ? value.replace(/\/$/, '') : value;
  }
  issues.push(
    issue(
      'route-path-syntax',
      place,
      `${shown(value)} is not a path`,
      'Write a path such as /mcp, or / for everything',
    ),
  );
  return undefined;
}

function readUpstream(value: unknown, place: string, issues: GatewayIssue[]): URL | undefined {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  const fault =
    url === undefined || !['http:', 'https:'].includes(url.protocol)
      ? 'is not an http or https URL'
      : url.username !== '' || url.password !== ''
        ? 'has a user name or password'
        : url.search !== '' || url.hash !== ''
          ? 'has a query or a fragment'
          : undefined;
  if (fault === undefined) return url;
  const subject = url?.password ? 'the URL' : shown(value);
  issues.push(
    issue('upstream-syntax', place, `${subject} ${fault}`, 'Write a URL such as http://127.0.0.1:3001/mcp'),
  );
  return undefined;
}

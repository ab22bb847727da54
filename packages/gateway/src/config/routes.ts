import type { Policy, PolicyConfig } from 'mcp-cors';
import { flag, type JsonSchema } from 'mcp-cors/schema';
import type { GatewayIssue } from '../errors.js';
import {
  MENDING_KEYS,
  MENDING_SCHEMAS,
  type MendingConfig,
  type MendingSettings,
  readMending,
} from './mending.js';
import { type PlacedPolicies, readPolicy } from './policy.js';
import { PRESENT_SCHEMA, type Presentation, type PresentConfig, readPresent } from './present.js';
import { checkKeys, isObject, issue, shown } from './reading.js';
import { markUpstreams, readUpstreams, UPSTREAMS_SCHEMA } from './upstreams.js';

/** A part of the public path space, and the server that serves it. */
export interface RouteConfig extends MendingConfig {
  /** A path prefix, matched by whole segments: `/mcp` holds `/mcp` and `/mcp/x`. `/` holds everything. */
  readonly path: string;
  /** Whether the route holds its path alone, and nothing below it. Default false. */
  readonly exact?: boolean | undefined;
  /**
   * An http or https URL. Its path stands in place of the route's: `/mcp` of `http://h/v1` leads to `/v1`. Several are
   * taken in turns; requests of a session reach the one that opened it.
   */
  readonly upstream: string | readonly string[];
  /** In place of the gateway's policy. */
  readonly policy?: PolicyConfig | undefined;
  readonly present?: PresentConfig | undefined;
  /** Whether tool calls of pages get the `Mcp-Param-*` headers that browsers leave out. Default true. */
  readonly completeParams?: boolean | undefined;
}

/** A route, ready to be used. */
export interface Route extends MendingSettings {
  readonly path: string;
  readonly exact: boolean;
  /** Of several, the first. */
  readonly upstream: URL;
  readonly policy: Policy;
  readonly present: Presentation;
  readonly completeParams: boolean;
  /** The route to each of several upstreams; undefined when there is one. */
  readonly replicas: readonly Replica[] | undefined;
}

/** One of several upstreams of a route. */
export interface Replica {
  /** The route as it would be with this upstream alone. */
  readonly route: Route;
  /** Stands in the session ids that this upstream has issued. */
  readonly mark: string;
}

const ROUTE_KEYS = [
  'path',
  'exact',
  'upstream',
  'policy',
  'present',
  ...MENDING_KEYS,
  'completeParams',
] as const satisfies readonly (keyof RouteConfig)[];

/** What a route may hold. The schema of its policy stands in `$defs`. */
const ROUTE_SCHEMA: JsonSchema = {
  type: 'object',
  required: ['path', 'upstream'],
  additionalProperties: false,
  properties: {
    path: {
      description: 'A path, and everything below it by whole segments; / for everything.',
      type: 'string',
      pattern: '^/|\\$\\{',
      examples: ['/mcp', '/'],
    },
    exact: flag('Whether the route holds its path alone, and nothing below it.'),
    upstream: UPSTREAMS_SCHEMA,
    policy: { description: "In place of the gateway's policy.", $ref: '#/$defs/policy' },
    present: PRESENT_SCHEMA,
    ...MENDING_SCHEMAS,
    completeParams: flag(
      "Whether tool calls of pages get the Mcp-Param-* headers that browsers' official clients leave out.",
      true,
    ),
  } satisfies Record<(typeof ROUTE_KEYS)[number], JsonSchema>,
};

/** What `routes` may be. */
export const ROUTES_SCHEMA: JsonSchema = {
  description: 'Which part of the public paths leads to which server. The longest path that fits counts.',
  type: 'array',
  minItems: 1,
  items: ROUTE_SCHEMA,
  examples: [[{ path: '/mcp', upstream: 'http://127.0.0.1:3001/mcp' }]],
};

/** An example of a configuration, for messages. */
export const ROUTES_EXAMPLE = "routes: [{ path: /mcp, upstream: 'http://127.0.0.1:3001/mcp' }]";

/** Reads `routes`, the longest path first, and an exact one before one that goes on below the same path. */
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
    const exact = readFlag(route.exact, false, `${place}.exact`, issues);
    const path = readRoutePath(route.path, exact, `${place}.path`, issues);
    const upstreams = readUpstreams(route.upstream, `${place}.upstream`, issues);
    const own =
      route.policy === undefined ? policy : readPolicy(route.policy, `${place}.policy`, policies, issues);
    const present = readPresent(route.present, `${place}.present`, issues);
    const mending = readMending(route, place, issues);
    const completeParams = readFlag(route.completeParams, true, `${place}.completeParams`, issues);
    if (path === undefined) continue;
    const held = `${path}${exact ? ' exactly' : ''}`;
    if (paths.has(held)) {
      const message = `the path ${held} has a route already`;
      issues.push(issue('route-twice', `${place}.path`, message, 'Remove one of them'));
    }
    paths.add(held);
    if (own !== undefined && upstreams.length > 0)
      routes.push(createRoute({ path, exact, policy: own, present, ...mending, completeParams }, upstreams));
  }
  return routes.sort((a, b) => b.path.length - a.path.length || Number(b.exact) - Number(a.exact));
}

function createRoute(common: Omit<Route, 'upstream' | 'replicas'>, upstreams: readonly URL[]): Route {
  const routeTo = (upstream: URL): Route => Object.freeze({ ...common, upstream, replicas: undefined });
  const first = routeTo(upstreams[0] as URL);
  if (upstreams.length === 1) return first;
  const replicas = markUpstreams(upstreams).map(({ url, mark }) =>
    Object.freeze({ route: routeTo(url), mark }),
  );
  return Object.freeze({ ...first, replicas: Object.freeze(replicas) });
}

function readFlag(value: unknown, fallback: boolean, place: string, issues: GatewayIssue[]): boolean {
  if (value === undefined || typeof value === 'boolean') return value ?? fallback;
  issues.push(issue('wrong-type', place, `${shown(value)} is not true or false`, 'Write true or false'));
  return fallback;
}

function readRoutePath(
  value: unknown,
  exact: boolean,
  place: string,
  issues: GatewayIssue[],
): string | undefined {
  if (typeof value === 'string' && /^\/[^\s?#%\\]*$/.test(value) && !/\/\/|\/\.{1,2}(?:\/|$)/.test(value)) {
    return value.length > 1 && !exact ? value.replace(/\/$/, '') : value;
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

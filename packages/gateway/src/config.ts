import { isIP } from 'node:net';
import {
  createPolicy,
  LOOPBACK_HOSTS,
  nearestName,
  type Policy,
  type PolicyConfig,
  PolicyConfigError,
} from 'mcp-cors';
import { isLoopbackAddress } from 'mcp-cors/node';
import { GatewayConfigError, type GatewayIssue } from './errors.js';

/** A part of the public path space, and the server that serves it. */
export interface RouteConfig {
  /** A path prefix, matched by whole segments: `/mcp` holds `/mcp` and `/mcp/x`. `/` holds everything. */
  readonly path: string;
  /** An http or https URL. Its path stands in place of the route's: `/mcp` of `http://h/v1` leads to `/v1`. */
  readonly upstream: string;
  /** In place of the gateway's policy. */
  readonly policy?: PolicyConfig | undefined;
}

/** Bounds, in milliseconds; 0 turns one off. Event streams have no idle time-out. */
export interface LimitsConfig {
  /** For a connection to an upstream. Default 10,000. */
  readonly connectTimeoutMs?: number | undefined;
  /** From the end of a request to the head of its response: long, since a tool may work that long. Default 120,000. */
  readonly headersTimeoutMs?: number | undefined;
  /** Between two parts of a response that is no event stream. Default 60,000. */
  readonly bodyTimeoutMs?: number | undefined;
  /** For requests in flight when the gateway closes; streams are ended at once. Default 5,000. */
  readonly shutdownTimeoutMs?: number | undefined;
}

/** The gateway's configuration, as `mcp-cors.yaml` has it. */
export interface GatewayConfig {
  /** `HOST:PORT`; port 0 takes a free one. Default 127.0.0.1:8808. */
  readonly listen?: string | undefined;
  readonly policy: PolicyConfig;
  readonly routes: readonly RouteConfig[];
  readonly limits?: LimitsConfig | undefined;
}

/** Where a gateway listens unless told otherwise. */
export const DEFAULT_LISTEN = '127.0.0.1:8808';

const DEFAULT_LIMITS = Object.freeze({
  connectTimeoutMs: 10_000,
  headersTimeoutMs: 120_000,
  bodyTimeoutMs: 60_000,
  shutdownTimeoutMs: 5_000,
});

/** Limits with their defaults. */
export type Limits = { readonly [K in keyof typeof DEFAULT_LIMITS]: number };

/** A route, ready to be used. */
export interface Route {
  readonly path: string;
  readonly upstream: URL;
  readonly policy: Policy;
}

/** A configuration that was found good. */
export interface GatewaySettings {
  readonly host: string;
  readonly port: number;
  readonly policy: Policy;
  /** Longest path first. */
  readonly routes: readonly Route[];
  readonly limits: Limits;
}

const GATEWAY_KEYS = [
  'listen',
  'policy',
  'routes',
  'limits',
] as const satisfies readonly (keyof GatewayConfig)[];
const ROUTE_KEYS = ['path', 'upstream', 'policy'] as const satisfies readonly (keyof RouteConfig)[];

/** An example of a configuration, for messages. */
const ROUTES_EXAMPLE = "routes: [{ path: /mcp, upstream: 'http://127.0.0.1:3001/mcp' }]";

/**
 * Reads a configuration of unknown shape.
 * @throws {GatewayConfigError} with every issue, those of its policies included.
 */
export function readGatewayConfig(config: unknown): GatewaySettings {
  if (!isObject(config)) {
    throw new GatewayConfigError([
      issue(
        'config-not-object',
        '(file)',
        'the configuration is not an object',
        `Write policy: and ${ROUTES_EXAMPLE}`,
      ),
    ]);
  }
  const issues: GatewayIssue[] = [];
  checkKeys(config, GATEWAY_KEYS, '', issues);
  const listen = readListen(config.listen, issues);
  const policies: PlacedPolicies = new Map();
  const policy = readPolicy(config.policy, 'policy', policies, issues);
  const routes = readRoutes(config.routes, policy, policies, issues);
  const limits = readLimits(config.limits, issues);

  if (listen !== undefined && !isLoopbackListen(listen.host)) {
    for (const [place, { settings }] of policies) {
      if (settings.hosts === undefined && !settings.allowAnyHost)
        issues.push(hostsMissing(listen.host, place));
    }
  }
  if (issues.length > 0 || listen === undefined || policy === undefined) throw new GatewayConfigError(issues);
  return Object.freeze({ ...listen, policy, routes, limits });
}

/** The policies that were found good, by their places. */
type PlacedPolicies = Map<string, Policy>;

function hostsMissing(host: string, place: string): GatewayIssue {
  return issue(
    'hosts-missing',
    `${place}.hosts`,
    `serving on ${host}, which is not loopback, needs the names under which clients reach the gateway; without them any page could reach it by DNS rebinding`,
    "Name them: --host mcp.example.com, or hosts: ['mcp.example.com'] in the policy; or listen on 127.0.0.1",
  );
}

/** Whether what is listened on can be reached from this machine alone. */
export function isLoopbackListen(host: string): boolean {
  return LOOPBACK_HOSTS.includes(host) || (isIP(host) !== 0 && isLoopbackAddress(host));
}

function readListen(value: unknown, issues: GatewayIssue[]): { host: string; port: number } | undefined {
  const parsed =
    typeof value === 'string' || value === undefined ? parseListen(value ?? DEFAULT_LISTEN) : undefined;
  if (parsed === undefined) {
    issues.push(
      issue(
        'listen-syntax',
        'listen',
        `${shown(value)} is not HOST:PORT`,
        'Write an address such as 127.0.0.1:8808, [::1]:8808 or 0.0.0.0:8808; port 0 takes a free one',
      ),
    );
  }
  return parsed;
}

/** Takes `HOST:PORT` apart, or gives undefined. An IPv6 address stands in brackets. */
export function parseListen(text: string): { host: string; port: number } | undefined {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^\s:[\]/]+):([0-9]{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match?.[1] === undefined || port > 65535) return undefined;
  return { host: match[1].replace(/^\[|\]$/g, ''), port };
}

function readPolicy(
  value: unknown,
  path: string,
  policies: PlacedPolicies,
  issues: GatewayIssue[],
): Policy | undefined {
  if (value === undefined) {
    issues.push(
      issue(
        'policy-missing',
        path,
        'no policy is given',
        "Name the pages: policy: { origins: ['https://app.example.com'] }",
      ),
    );
    return undefined;
  }
  try {
    const policy = createPolicy(value as PolicyConfig);
    policies.set(path, policy);
    return policy;
  } catch (error) {
    if (!(error instanceof PolicyConfigError)) throw error;
    for (const { code, path: inner, message, remedy } of error.issues) {
      const place = inner === '' ? path : `${path}.${inner}`;
      issues.push(issue(code, place, message, remedy.replace(/\.$/, '')));
    }
    return undefined;
  }
}

function readRoutes(
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

function readLimits(value: unknown, issues: GatewayIssue[]): Limits {
  if (value === undefined) return DEFAULT_LIMITS;
  if (!isObject(value)) {
    issues.push(
      issue('wrong-type', 'limits', 'limits is not an object', 'Write limits: { headersTimeoutMs: 120000 }'),
    );
    return DEFAULT_LIMITS;
  }
  const keys = Object.keys(DEFAULT_LIMITS) as (keyof Limits)[];
  checkKeys(value, keys, 'limits.', issues);
  const limits: { -readonly [K in keyof Limits]: number } = { ...DEFAULT_LIMITS };
  for (const key of keys) {
    const given = value[key];
    if (given === undefined) continue;
    if (typeof given === 'number' && Number.isInteger(given) && given >= 0 && given <= MAX_TIMER_MS)
      limits[key] = given;
    else {
      const remedy = `Write a whole number from 0 to ${MAX_TIMER_MS}, or leave it out for ${DEFAULT_LIMITS[key]}`;
      issues.push(
        issue('limit-out-of-range', `limits.${key}`, `${shown(given)} is not a time in milliseconds`, remedy),
      );
    }
  }
  return limits;
}

/** The longest time that a timer can hold. */
const MAX_TIMER_MS = 2_147_483_647;

function checkKeys(
  value: Readonly<Record<string, unknown>>,
  known: readonly string[],
  prefix: string,
  issues: GatewayIssue[],
): void {
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const near = nearestName(key, known);
    const remedy = near === undefined ? `Use some of ${known.join(', ')}` : `Did you mean ${near}?`;
    issues.push(issue('unknown-key', `${prefix}${key}`, 'this key is not known here', remedy));
  }
}

/** A value from the configuration, fit to be printed: bounded, whatever YAML made of it. */
function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function issue(code: string, path: string, message: string, remedy: string): GatewayIssue {
  return Object.freeze({ code, path, message, remedy });
}

import type { Policy, PolicyConfig } from 'mcp-cors';
import type { TrustProxy } from 'mcp-cors/node';
import { GatewayConfigError, type GatewayIssue } from '../errors.js';
import { type AuditConfig, type AuditSettings, readAudit } from './audit.js';
import { type Limits, type LimitsConfig, readLimits } from './limits.js';
import { isLoopbackListen, readListen } from './listen.js';
import { type MetricsConfig, type MetricsSettings, readMetrics } from './metrics.js';
import { type PlacedPolicies, type PreparedPolicies, preparePolicies, readPolicy } from './policy.js';
import { readPublicUrl } from './publicUrl.js';
import { checkKeys, isObject, issue } from './reading.js';
import { ROUTES_EXAMPLE, type Route, type RouteConfig, readRoutes } from './routes.js';
import { readTls, type TlsConfig } from './tls.js';
import { type ProvenanceReader, readTrustProxy } from './trustProxy.js';

/** The gateway's configuration, as `mcp-cors.yaml` has it. */
export interface GatewayConfig {
  /** `HOST:PORT`; port 0 takes a free one. Default 127.0.0.1:8808. */
  readonly listen?: string | undefined;
  /** What clients call the gateway, where scheme and Host of their requests do not tell: `https://mcp.example.com`. */
  readonly publicUrl?: string | undefined;
  /** Serves https, over HTTP/2 and HTTP/1.1. Default none: http. */
  readonly tls?: TlsConfig | undefined;
  /** Proxies in front whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed. Default none. */
  readonly trustProxy?: TrustProxy | undefined;
  readonly policy: PolicyConfig;
  readonly routes: readonly RouteConfig[];
  readonly limits?: LimitsConfig | undefined;
  /** A line of JSON for each decision. */
  readonly audit?: AuditConfig | undefined;
  /** A listener of its own with metrics and health. */
  readonly metrics?: MetricsConfig | undefined;
}

/** A configuration that was found good. */
export interface GatewaySettings {
  readonly host: string;
  readonly port: number;
  readonly publicUrl: string | undefined;
  readonly tls: TlsConfig | undefined;
  readonly provenanceOf: ProvenanceReader;
  readonly policy: Policy;
  /** Longest path first. */
  readonly routes: readonly Route[];
  /** Whether any of the routes rewrites OAuth metadata. */
  readonly rewritesOauth: boolean;
  readonly limits: Limits;
  readonly audit: AuditSettings | undefined;
  readonly metrics: MetricsSettings | undefined;
}

/** The keys of a gateway's configuration. */
export const GATEWAY_KEYS = [
  'listen',
  'publicUrl',
  'tls',
  'trustProxy',
  'policy',
  'routes',
  'limits',
  'audit',
  'metrics',
] as const satisfies readonly (keyof GatewayConfig)[];

/**
 * Reads a configuration of unknown shape.
 * @throws {GatewayConfigError} with every issue, those of its policies included.
 */
export function readGatewayConfig(config: unknown, prepared: PreparedPolicies = new Map()): GatewaySettings {
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
  const publicUrl = readPublicUrl(config.publicUrl, issues);
  const tls = readTls(config.tls, issues);
  const provenanceOf = readTrustProxy(config.trustProxy, issues);
  const policies: PlacedPolicies = { placed: new Map(), prepared };
  const policy = readPolicy(config.policy, 'policy', policies, issues);
  const routes = readRoutes(config.routes, policy, policies, issues);
  const limits = readLimits(config.limits, issues);
  const audit = readAudit(config.audit, issues);
  const metrics = readMetrics(config.metrics, issues);

  if (listen !== undefined && !isLoopbackListen(listen.host)) {
    for (const [place, { settings }] of policies.placed) {
      if (settings.hosts === undefined && !settings.allowAnyHost)
        issues.push(hostsMissing(listen.host, place));
    }
  }
  const rewritesOauth = routes.some(({ oauth }) => oauth === 'rewrite');
  if (issues.length > 0 || listen === undefined || policy === undefined) throw new GatewayConfigError(issues);
  return Object.freeze({
    ...listen,
    publicUrl,
    tls,
    provenanceOf,
    policy,
    routes,
    rewritesOauth,
    limits,
    audit,
    metrics,
  });
}

/**
 * Does the same while a gateway serves: policies, which may have thousands of origins, are made in parts, between which
 * `pause` may wait.
 * @throws {GatewayConfigError} as `readGatewayConfig` does.
 */
export async function readGatewayConfigGradually(
  config: unknown,
  pause: () => Promise<void> | undefined,
): Promise<GatewaySettings> {
  const { policy, routes } = isObject(config) ? config : {};
  const own = Array.isArray(routes)
    ? routes.map((route) => (isObject(route) ? route.policy : undefined))
    : [];
  const values = [policy, ...own].filter((value) => value !== undefined);
  return readGatewayConfig(config, await preparePolicies(values, pause));
}

function hostsMissing(host: string, place: string): GatewayIssue {
  return issue(
    'hosts-missing',
    `${place}.hosts`,
    `serving on ${host}, which is not loopback, needs the names under which clients reach the gateway; without them any page could reach it by DNS rebinding`,
    "Name them: --host mcp.example.com, or hosts: ['mcp.example.com'] in the policy; or listen on 127.0.0.1",
  );
}

import type { HostAlias } from './alias.js';
import { readAllowedHeaders, readExposedHeaders, readMaxAge, readMethods } from './corsOptions.js';
import type { EndpointKind } from './endpoints.js';
import { type PolicyIssue, policyIssue } from './errors.js';
import { freezeDeep } from './frozen.js';
import type { HostPattern } from './host.js';
import { readAliases, readHosts } from './hostOptions.js';
import { type OriginEntry, type OriginSettings, readMissingOrigin, readOrigins } from './originOptions.js';
import { atOnce, type InParts } from './parts.js';
import { readEndpoints, readRevisions } from './protocolOptions.js';
import type { Revision } from './revisions.js';
import { readSessions, type SessionConfig, type SessionSettings } from './sessionOptions.js';
import { nearestName } from './spelling.js';
import type { Texts } from './texts.js';

/** What the owner of a server writes. Only `origins` is needed; a policy with nothing else is complete and safe. */
export interface PolicyConfig {
  /**
   * Pages that may connect: `https://app.example.com`, `https://*.example.com`, `http://localhost:*`, an anchored
   * regular expression (in a file: `/^...$/`), `*`, or a directory that is asked about each origin.
   */
  readonly origins: OriginEntry | readonly OriginEntry[];
  /**
   * Hosts under which the server is reached, against DNS rebinding: `mcp.example.com` (any port),
   * `mcp.example.com:8443`, `*.example.com`. Left out: loopback names on connections to a loopback address.
   */
  readonly hosts?: Texts | undefined;
  /** Whether pages may send cookies and HTTP authentication. Bearer tokens do not need it. Default false. */
  readonly credentials?: boolean | undefined;
  /** Methods in addition to what the revisions need. */
  readonly methods?: Texts | undefined;
  /** Request headers in addition to what the revisions need; `*` for any, without credentials. */
  readonly allowedHeaders?: Texts | undefined;
  /** Response headers that pages may read in addition to what the revisions need; `*` for all, without credentials. */
  readonly exposedHeaders?: Texts | undefined;
  /** Seconds for which browsers may keep a preflight's answer, -1 to 86400. Default 7200. */
  readonly maxAge?: number | undefined;
  /** MCP revisions that the server speaks. Default all. */
  readonly revisions?: Revision | readonly Revision[] | undefined;
  /** Kinds of endpoint by path, over the defaults: `{ '/api/agent': 'mcp', '/files/*': 'other' }`. */
  readonly endpoints?: Readonly<Record<string, EndpointKind>> | undefined;
  /** Whether requests without Origin pass: native clients, and pages of the server's own origin. Default `allow`. */
  readonly missingOrigin?: 'allow' | 'deny' | undefined;
  /** Apply what the policy allows and refuse nothing: a denial is reported, and the response left alone. */
  readonly reportOnly?: boolean | undefined;
  /** Let the browser's console say which method or header is missing, to pages of allowed origins. */
  readonly debug?: boolean | undefined;
  /**
   * Host suffixes that may be left out: `.corp.example.com`. `.svc.cluster.local` makes `web.team.svc.cluster.local`,
   * `web.team.svc` and `web.team` one host, for origins and hosts.
   */
  readonly aliases?: Texts | undefined;
  /**
   * Seals session ids to the origin that opened the session, so that no other page can use them. Left out: ids pass as
   * they are. Not in report-only mode.
   */
  readonly sessions?: SessionConfig | undefined;
  /** Admits `Origin: null`, which every sandboxed frame sends. Never with credentials. */
  readonly dangerouslyAllowNullOrigin?: boolean | undefined;
  /** Admits plain-http origins beyond loopback although credentials are on. */
  readonly dangerouslyAllowInsecureOrigins?: boolean | undefined;
  /** Admits every name under a public suffix, such as `https://*.github.io`. */
  readonly dangerouslyAllowPublicSuffixes?: boolean | undefined;
  /** Turns the Host check off, and with it the protection against DNS rebinding. */
  readonly dangerouslyAllowAnyHost?: boolean | undefined;
}

/** A configuration that was found good, in one form. */
export interface PolicySettings extends OriginSettings {
  /** undefined: loopback names on loopback connections. */
  readonly hosts: readonly HostPattern[] | undefined;
  readonly credentials: boolean;
  readonly methods: readonly string[];
  readonly allowedHeaders: readonly string[];
  readonly exposedHeaders: readonly string[];
  readonly maxAgeSeconds: number;
  readonly revisions: readonly Revision[];
  readonly endpoints: Readonly<Record<string, EndpointKind>>;
  readonly missingOrigin: 'allow' | 'deny';
  readonly reportOnly: boolean;
  readonly debug: boolean;
  readonly aliases: readonly HostAlias[];
  readonly sessions: SessionSettings | undefined;
  readonly allowNullOrigin: boolean;
  readonly allowInsecureOrigins: boolean;
  readonly allowPublicSuffixes: boolean;
  readonly allowAnyHost: boolean;
}

/** The keys of a policy configuration. */
export const POLICY_KEYS = Object.freeze([
  'origins',
  'hosts',
  'credentials',
  'methods',
  'allowedHeaders',
  'exposedHeaders',
  'maxAge',
  'revisions',
  'endpoints',
  'missingOrigin',
  'reportOnly',
  'debug',
  'aliases',
  'sessions',
  'dangerouslyAllowNullOrigin',
  'dangerouslyAllowInsecureOrigins',
  'dangerouslyAllowPublicSuffixes',
  'dangerouslyAllowAnyHost',
] as const satisfies readonly (keyof PolicyConfig)[]);

/** Either the settings, or every issue that the configuration has. */
export type ConfigReading =
  | { readonly settings: PolicySettings; readonly issues?: undefined }
  | { readonly issues: readonly PolicyIssue[]; readonly settings?: undefined };

/** Reads a configuration of unknown shape. Never throws; finds all issues, not only the first. */
export function readPolicyConfig(config: unknown): ConfigReading {
  return atOnce(readPolicyConfigInParts(config));
}

/** The same in parts, since there may be many origins. */
export function* readPolicyConfigInParts(config: unknown): InParts<ConfigReading> {
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    return { issues: [policyIssue('config-not-object', '', config)] };
  }
  const given = config as Readonly<Record<string, unknown>>;
  const issues: PolicyIssue[] = [];

  for (const key of Object.keys(given)) {
    if ((POLICY_KEYS as readonly string[]).includes(key)) continue;
    const near = nearestName(key, POLICY_KEYS);
    const remedy = near === undefined ? `Use some of ${POLICY_KEYS.join(', ')}.` : `Did you mean ${near}?`;
    issues.push(policyIssue('unknown-key', key, given[key], { remedy }));
  }

  const flag = (key: keyof PolicyConfig): boolean => {
    const value = given[key];
    if (value === undefined || typeof value === 'boolean') return value ?? false;
    issues.push(policyIssue('wrong-type', key, value, { detail: 'true or false is expected' }));
    return false;
  };
  const credentials = flag('credentials');
  const allowNullOrigin = flag('dangerouslyAllowNullOrigin');
  const allowInsecureOrigins = flag('dangerouslyAllowInsecureOrigins');
  const allowPublicSuffixes = flag('dangerouslyAllowPublicSuffixes');
  const allowAnyHost = flag('dangerouslyAllowAnyHost');
  if (allowNullOrigin && credentials) {
    issues.push(policyIssue('null-origin-with-credentials', 'dangerouslyAllowNullOrigin', true));
  }

  const settings: PolicySettings = {
    ...(yield* readOrigins(
      given.origins,
      { credentials, allowInsecureOrigins, allowPublicSuffixes },
      issues,
    )),
    hosts: readHosts(given.hosts, { allowPublicSuffixes }, issues),
    credentials,
    methods: readMethods(given.methods, issues),
    allowedHeaders: readAllowedHeaders(given.allowedHeaders, credentials, issues),
    exposedHeaders: readExposedHeaders(given.exposedHeaders, credentials, issues),
    maxAgeSeconds: readMaxAge(given.maxAge, issues),
    revisions: readRevisions(given.revisions, issues),
    endpoints: readEndpoints(given.endpoints, issues),
    missingOrigin: readMissingOrigin(given.missingOrigin, issues),
    reportOnly: flag('reportOnly'),
    debug: flag('debug'),
    aliases: readAliases(given.aliases, issues),
    sessions: readSessions(given.sessions, issues),
    allowNullOrigin,
    allowInsecureOrigins,
    allowPublicSuffixes,
    allowAnyHost,
  };
  if (issues.length > 0) return { issues };
  const { origins: _, ...others } = settings; // patterns are frozen as they are read
  freezeDeep(others);
  return { settings: Object.freeze(settings) };
}

/** The configuration that gives these settings, as plain data. Directories have no such form and are left out. */
export function writePolicyConfig(settings: PolicySettings): PolicyConfig {
  const { hosts, sessions } = settings;
  return {
    origins: settings.origins.map(({ text }) => text),
    ...(hosts === undefined ? {} : { hosts: hosts.map(({ text }) => text) }),
    credentials: settings.credentials,
    methods: settings.methods,
    allowedHeaders: settings.allowedHeaders,
    exposedHeaders: settings.exposedHeaders,
    maxAge: settings.maxAgeSeconds,
    revisions: settings.revisions,
    endpoints: settings.endpoints,
    missingOrigin: settings.missingOrigin,
    reportOnly: settings.reportOnly,
    debug: settings.debug,
    aliases: settings.aliases.map(({ text }) => text),
    ...(sessions === undefined ? {} : { sessions: { secret: sessions.secrets } }),
    dangerouslyAllowNullOrigin: settings.allowNullOrigin,
    dangerouslyAllowInsecureOrigins: settings.allowInsecureOrigins,
    dangerouslyAllowPublicSuffixes: settings.allowPublicSuffixes,
    dangerouslyAllowAnyHost: settings.allowAnyHost,
  };
}

import { type HostAlias, parseHostAlias } from './alias.js';
import type { OriginDirectory } from './directory.js';
import { ENDPOINT_KINDS, type EndpointKind, hasDotSegments } from './endpoints.js';
import { type PolicyIssue, type PolicyIssueCode, policyIssue } from './errors.js';
import { freezeDeep } from './frozen.js';
import {
  FORBIDDEN_METHODS,
  FORBIDDEN_RESPONSE_HEADERS,
  isCorsResponseHeader,
  isForbiddenRequestHeader,
  isToken,
} from './headers.js';
import { type HostPattern, LOOPBACK_HOSTS, parseHostPattern } from './host.js';
import { type OriginPattern, parseOriginPattern } from './pattern.js';
import { isPublicSuffix } from './publicSuffix.js';
import { isRevision, REVISIONS, type Revision } from './revisions.js';
import { nearestName } from './spelling.js';

/** One text or several. */
export type Texts = string | readonly string[];

/** A pattern, or where to look an origin up. */
export type OriginEntry = string | RegExp | OriginDirectory;

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
export interface PolicySettings {
  readonly origins: readonly OriginPattern[];
  /** Where origins are looked up that no pattern admits. */
  readonly directories: readonly OriginDirectory[];
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
  readonly allowNullOrigin: boolean;
  readonly allowInsecureOrigins: boolean;
  readonly allowPublicSuffixes: boolean;
  readonly allowAnyHost: boolean;
}

/** How long browsers may keep a preflight's answer unless the owner says otherwise: the most that Chromium keeps. */
export const DEFAULT_MAX_AGE_SECONDS = 7200;
/** The most that any browser keeps (Firefox). */
export const MAX_MAX_AGE_SECONDS = 86_400;

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
    ...readOrigins(given.origins, { credentials, allowInsecureOrigins, allowPublicSuffixes }, issues),
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
    allowNullOrigin,
    allowInsecureOrigins,
    allowPublicSuffixes,
    allowAnyHost,
  };
  return issues.length > 0 ? { issues } : { settings: freezeDeep(settings) };
}

interface Entry {
  readonly path: string;
  readonly text: string;
}

/** The texts of a list with their places. A single text may be a comma list where commas separate (`split`). */
function readTexts(
  value: unknown,
  path: string,
  issues: PolicyIssue[],
  { split = false }: { readonly split?: boolean } = {},
): readonly Entry[] {
  if (value === undefined) return [];
  if (typeof value === 'string') {
    const parts = split ? value.split(',').map((part) => part.trim()) : [value];
    return parts.map((text) => ({ path, text }));
  }
  if (!Array.isArray(value)) {
    issues.push(policyIssue('wrong-type', path, value, { detail: 'a text or a list of texts is expected' }));
    return [];
  }
  const entries: Entry[] = [];
  for (const [i, text] of value.entries()) {
    const place = `${path}[${i}]`;
    if (typeof text === 'string') entries.push({ path: place, text });
    else issues.push(policyIssue('wrong-type', place, text, { detail: 'a text is expected' }));
  }
  return entries;
}

interface OriginRules {
  readonly credentials: boolean;
  readonly allowInsecureOrigins: boolean;
  readonly allowPublicSuffixes: boolean;
}

function readOrigins(
  value: unknown,
  rules: OriginRules,
  issues: PolicyIssue[],
): Pick<PolicySettings, 'origins' | 'directories'> {
  const before = issues.length;
  const directories: OriginDirectory[] = [];
  const entries: Entry[] = [];
  for (const [i, entry] of (Array.isArray(value) ? value : [value]).entries()) {
    const path = Array.isArray(value) ? `origins[${i}]` : 'origins';
    if (isDirectory(entry)) directories.push(wrapDirectory(entry));
    else if (entry instanceof RegExp) entries.push({ path, text: `/${entry.source}/${entry.flags}` });
    else if (typeof entry === 'string') entries.push({ path, text: entry });
    else if (entry !== undefined || Array.isArray(value))
      issues.push(
        policyIssue('wrong-type', path, entry, {
          detail: 'an origin, a list of them or a directory is expected',
        }),
      );
  }
  if (entries.length === 0 && directories.length === 0 && issues.length === before) {
    issues.push(policyIssue('origins-missing', 'origins', value));
  }

  const patterns = new Map<string, OriginPattern>();
  for (const { path, text } of entries) {
    const pattern = parseOriginPattern(text);
    if ('fault' in pattern) {
      const { fault, ...specifics } = pattern;
      issues.push(policyIssue(fault, path, text, specifics));
      continue;
    }
    patterns.set(pattern.text, pattern);
    if (pattern.type === 'any' && entries.length + directories.length > 1) {
      issues.push(policyIssue('origin-any-not-alone', path, text));
    }
    const doubt = doubtOf(pattern, rules);
    if (doubt !== undefined) issues.push(policyIssue(doubt, path, text));
  }
  return { origins: [...patterns.values()], directories };
}

/** Why a pattern that can be read should not be accepted all the same. */
function doubtOf(
  pattern: OriginPattern,
  { credentials, allowInsecureOrigins, allowPublicSuffixes }: OriginRules,
): PolicyIssueCode | undefined {
  if (pattern.type === 'any') return credentials ? 'origin-any-with-credentials' : undefined;
  if (!allowPublicSuffixes) {
    if (pattern.type === 'wildcard' && pattern.subdomains === 'labels' && isPublicSuffix(pattern.host)) {
      return 'origin-public-suffix';
    }
    if (pattern.type === 'regexp' && !pattern.spelledOut) {
      if (pattern.domains === undefined) return 'regexp-open-domain';
      if (pattern.domains.some(isPublicSuffix)) return 'origin-public-suffix';
    }
  }
  const insecure =
    pattern.type === 'regexp'
      ? pattern.admitsInsecure
      : pattern.scheme === 'http' && !isLoopbackHost(pattern.host);
  return credentials && !allowInsecureOrigins && insecure ? 'origin-insecure-with-credentials' : undefined;
}

function isDirectory(entry: unknown): entry is OriginDirectory {
  return typeof entry === 'object' && entry !== null && typeof (entry as OriginDirectory).has === 'function';
}

/** A directory that can be frozen, and that neither throws nor rejects: what cannot be found out is no. */
function wrapDirectory(directory: OriginDirectory): OriginDirectory {
  return {
    has(origin) {
      try {
        const named = directory.has(origin);
        return typeof named === 'boolean' ? named : Promise.resolve(named).then(isTrue, isNothing);
      } catch {
        return false;
      }
    },
  };
}

const isTrue = (named: unknown): boolean => named === true;
const isNothing = (): boolean => false;

function readAliases(value: unknown, issues: PolicyIssue[]): readonly HostAlias[] {
  const aliases = new Map<string, HostAlias>();
  for (const { path, text } of readTexts(value, 'aliases', issues)) {
    const alias = parseHostAlias(text);
    if (alias === undefined) issues.push(policyIssue('alias-syntax', path, text));
    else if (isPublicSuffix(text.slice(1))) issues.push(policyIssue('alias-public-suffix', path, text));
    else aliases.set(text, alias);
  }
  return [...aliases.values()];
}

/** Whether a pattern's host is this machine: localhost, a name below it, or a loopback address. */
function isLoopbackHost(host: string): boolean {
  return (
    LOOPBACK_HOSTS.includes(host) || host.endsWith('.localhost') || /^127(?:\.[0-9]{1,3}){3}$/.test(host)
  );
}

function readHosts(
  value: unknown,
  { allowPublicSuffixes }: Pick<OriginRules, 'allowPublicSuffixes'>,
  issues: PolicyIssue[],
): readonly HostPattern[] | undefined {
  if (value === undefined) return undefined;
  const before = issues.length;
  const patterns: HostPattern[] = [];
  for (const { path, text } of readTexts(value, 'hosts', issues)) {
    const pattern = parseHostPattern(text);
    if (pattern === undefined) {
      issues.push(policyIssue('host-syntax', path, text, withoutScheme(text)));
      continue;
    }
    patterns.push(pattern);
    if (pattern.subdomains && !allowPublicSuffixes && isPublicSuffix(pattern.host)) {
      issues.push(policyIssue('host-public-suffix', path, text));
    }
  }
  if (patterns.length === 0 && issues.length === before)
    issues.push(policyIssue('hosts-empty', 'hosts', value));
  return patterns;
}

function withoutScheme(text: string): { readonly remedy?: string } {
  const bare = text.replace(/^https?:\/\//, '').replace(/\/.*$/s, '');
  return bare !== text && parseHostPattern(bare) !== undefined ? { remedy: `Write ${bare}.` } : {};
}

/** Methods that Fetch upper-cases; every other one is sent as the page wrote it. */
const NORMALISED_METHODS: readonly string[] = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT'];

function readMethods(value: unknown, issues: PolicyIssue[]): readonly string[] {
  const methods: string[] = [];
  for (const { path, text } of readTexts(value, 'methods', issues, { split: true })) {
    const upper = text.toUpperCase();
    if (FORBIDDEN_METHODS.has(upper)) issues.push(policyIssue('method-forbidden', path, text));
    else if (text === '*' || !isToken(text)) issues.push(policyIssue('method-syntax', path, text));
    else methods.push(NORMALISED_METHODS.includes(upper) ? upper : text);
  }
  return methods;
}

function readAllowedHeaders(value: unknown, credentials: boolean, issues: PolicyIssue[]): readonly string[] {
  const names: string[] = [];
  for (const { path, text } of readTexts(value, 'allowedHeaders', issues, { split: true })) {
    const lower = text.toLowerCase();
    if (text === '*') {
      if (credentials) issues.push(policyIssue('request-header-any-with-credentials', path, text));
      else names.push(text);
    } else if (!isToken(text)) {
      issues.push(policyIssue('request-header-syntax', path, text));
    } else if (isCorsResponseHeader(lower)) {
      issues.push(policyIssue('request-header-is-cors-response', path, text));
    } else if (isForbiddenRequestHeader(lower)) {
      issues.push(policyIssue('request-header-forbidden', path, text));
    } else {
      names.push(text);
    }
  }
  return names;
}

function readExposedHeaders(value: unknown, credentials: boolean, issues: PolicyIssue[]): readonly string[] {
  const names: string[] = [];
  for (const { path, text } of readTexts(value, 'exposedHeaders', issues, { split: true })) {
    if (text === '*' && credentials) {
      issues.push(policyIssue('exposed-header-any-with-credentials', path, text));
    } else if (!isToken(text)) {
      issues.push(policyIssue('exposed-header-syntax', path, text));
    } else if (FORBIDDEN_RESPONSE_HEADERS.has(text.toLowerCase())) {
      issues.push(policyIssue('exposed-header-forbidden', path, text));
    } else {
      names.push(text);
    }
  }
  return names;
}

function readMaxAge(value: unknown, issues: PolicyIssue[]): number {
  if (value === undefined) return DEFAULT_MAX_AGE_SECONDS;
  if (typeof value === 'number' && Number.isInteger(value) && value >= -1 && value <= MAX_MAX_AGE_SECONDS) {
    return value;
  }
  issues.push(policyIssue('max-age-out-of-range', 'maxAge', value));
  return DEFAULT_MAX_AGE_SECONDS;
}

function readRevisions(value: unknown, issues: PolicyIssue[]): readonly Revision[] {
  if (value === undefined) return REVISIONS;
  const before = issues.length;
  const revisions: Revision[] = [];
  for (const { path, text } of readTexts(value, 'revisions', issues)) {
    if (isRevision(text)) revisions.push(text);
    else issues.push(policyIssue('revision-unknown', path, text));
  }
  if (revisions.length === 0 && issues.length === before) {
    issues.push(policyIssue('revisions-empty', 'revisions', value));
  }
  return revisions;
}

function readEndpoints(value: unknown, issues: PolicyIssue[]): Readonly<Record<string, EndpointKind>> {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    issues.push(
      policyIssue('wrong-type', 'endpoints', value, { detail: 'an object of path: kind is expected' }),
    );
    return {};
  }
  const endpoints: Record<string, EndpointKind> = {};
  for (const [path, kind] of Object.entries(value)) {
    const place = `endpoints[${JSON.stringify(path)}]`;
    if (!isEndpointPath(path)) {
      issues.push(policyIssue('endpoint-path-syntax', place, path));
    } else if (!(ENDPOINT_KINDS as readonly unknown[]).includes(kind)) {
      issues.push(policyIssue('endpoint-kind-unknown', place, kind));
    } else {
      endpoints[path] = kind as EndpointKind;
    }
  }
  return endpoints;
}

function isEndpointPath(path: string): boolean {
  const base = path.endsWith('/*') ? path.slice(0, -1) : path;
  return /^\/[^\s?#*%\\]*$/.test(base) && !base.includes('//') && !hasDotSegments(base);
}

function readMissingOrigin(value: unknown, issues: PolicyIssue[]): 'allow' | 'deny' {
  if (value === undefined || value === 'allow' || value === 'deny') return value ?? 'allow';
  issues.push(policyIssue('missing-origin-invalid', 'missingOrigin', value));
  return 'allow';
}

/** The configuration that gives these settings, as plain data. Directories have no such form and are left out. */
export function writePolicyConfig(settings: PolicySettings): PolicyConfig {
  const { hosts } = settings;
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
    dangerouslyAllowNullOrigin: settings.allowNullOrigin,
    dangerouslyAllowInsecureOrigins: settings.allowInsecureOrigins,
    dangerouslyAllowPublicSuffixes: settings.allowPublicSuffixes,
    dangerouslyAllowAnyHost: settings.allowAnyHost,
  };
}

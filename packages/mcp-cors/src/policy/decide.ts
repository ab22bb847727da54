import { createCanonicaliser } from './alias.js';
import type { PolicySettings } from './config.js';
import {
  type CarrierReason,
  DENIAL_BODIES,
  type Decision,
  REASONS,
  type Reason,
  type RequestHead,
} from './decision.js';
import type { OriginDirectory } from './directory.js';
import {
  createEndpointClassifier,
  ENDPOINT_KINDS,
  type EndpointKind,
  isJsonOnly,
  needsOfKind,
} from './endpoints.js';
import {
  type AllowedHeaders,
  findRefusedHeader,
  type HeaderField,
  isJsonContentType,
  MALFORMED_LIST,
  namesAllowedByPrefix,
  SAFELISTED_METHODS,
} from './headers.js';
import { createHostMatcher, LOOPBACK_HOST_PATTERNS } from './host.js';
import { MAX_ORIGIN_LENGTH, parseOrigin } from './origin.js';
import type { InParts } from './parts.js';
import { createOriginMatcherInParts } from './pattern.js';
import { unionOfNeeds } from './revisions.js';

/**
 * Decides about a request head. Never throws and never rejects, whatever the head holds. The decision is immediate,
 * unless the policy has a directory that does not know an origin yet.
 */
export type Decide = (head: RequestHead) => Decision | Promise<Decision>;

/** What the responses of a non-preflight request depend on. */
export const VARY_ORIGIN = 'Origin';
/** What the answer to an OPTIONS request depends on. */
export const VARY_PREFLIGHT = 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers';

const JSON_BODY: HeaderField = Object.freeze(['content-type', 'application/json'] as const);
const JSON_ONLY: readonly HeaderField[] = Object.freeze([JSON_BODY]);
const NO_HEADERS: readonly HeaderField[] = Object.freeze([]);

/** What one kind of endpoint allows, ready to be used. */
export interface KindTable {
  readonly kind: EndpointKind;
  readonly index: number;
  readonly methods: ReadonlySet<string>;
  readonly allowMethods: HeaderField;
  readonly headers: AllowedHeaders;
  /** All allowed names, for debug mode. */
  readonly allowHeaders: HeaderField;
  readonly exposeHeaders: HeaderField | undefined;
  readonly jsonOnly: boolean;
}

/** Most grants that are kept of origins admitted by anything but a pattern of their own. */
const MOST_REMEMBERED_MATCHES = 1_000;
/** An admitted origin, with its decisions once they were made, by kind of endpoint. */
interface Grant {
  readonly reason: Reason;
  readonly rule: string | undefined;
  readonly allowOrigin: readonly HeaderField[];
  readonly passes: (Decision | undefined)[];
  /** The last preflight that passed: a client asks for the same few headers over and over. */
  readonly preflights: ({ readonly list: string | undefined; readonly decision: Decision } | undefined)[];
}

/** Compiles settings to a decision function. Everything that can be made ahead of a request is made here. */
export function* compileDecide(settings: PolicySettings): InParts<Decide> {
  const { credentials, missingOrigin, allowNullOrigin, directories } = settings;
  const canonicalise = settings.aliases.length === 0 ? undefined : createCanonicaliser(settings.aliases);
  const matcher = yield* createOriginMatcherInParts(settings.origins, canonicalise);
  const classify = createEndpointClassifier(settings.endpoints);
  const tables = createKindTables(settings);

  const admitsHost = createHostMatcher(settings.hosts ?? LOOPBACK_HOST_PATTERNS, canonicalise);

  const allowCredentials: readonly HeaderField[] = credentials
    ? [Object.freeze(['access-control-allow-credentials', 'true'] as const)]
    : NO_HEADERS;
  const maxAge: HeaderField = Object.freeze([
    'access-control-max-age',
    String(Math.max(0, settings.maxAgeSeconds)),
  ] as const);
  // With `*` the answer is the same for every page, so a cache may serve it to all (Fetch standard, CORS and caches).
  const varyOnPass = matcher.any ? '' : VARY_ORIGIN;

  function createGrant(reason: Reason, rule: string | undefined, allowedOrigin: string | undefined): Grant {
    const allowOrigin =
      allowedOrigin === undefined
        ? NO_HEADERS
        : [Object.freeze(['access-control-allow-origin', allowedOrigin] as const), ...allowCredentials];
    return { reason, rule, allowOrigin, passes: [], preflights: [] };
  }

  // Under `*` a response without Allow-Origin could be kept by a cache and break the next page.
  const withoutOrigin = createGrant('no-origin', undefined, matcher.any ? '*' : undefined);
  const grants = new Map<string, Grant>(); // of origins that patterns admitted, and of no others
  const named = new Map<string, Grant>(); // of origins that a directory named before
  let matched = 0; // how many of them were admitted by more than their own pattern

  let lastOrigin: string | undefined; // the origin that was admitted last, and its grant
  let lastGrant: Grant | undefined;

  /** The grant of an origin, or undefined. */
  function findGrant(origin: string): Grant | undefined {
    // A page sends many requests: a comparison saves hashing its origin.
    if (origin === lastOrigin) return lastGrant;
    const grant = grants.get(origin) ?? createGrantOf(origin);
    if (grant === undefined) return undefined;
    lastOrigin = origin;
    lastGrant = grant;
    return grant;
  }

  function createGrantOf(origin: string): Grant | undefined {
    if (origin === 'null') {
      return allowNullOrigin ? createGrant('origin-allowed', 'null', matcher.any ? '*' : 'null') : undefined;
    }
    if (origin.length > MAX_ORIGIN_LENGTH) return undefined;
    const rule = matcher.match(origin);
    if (rule === undefined) return undefined;
    const grant = createGrant('origin-allowed', rule, rule === '*' ? '*' : origin);
    if (rule !== origin && ++matched > MOST_REMEMBERED_MATCHES) {
      // Pages of a wildcard can be any number: forget them all rather than keep an order of use.
      matched = 0;
      grants.clear();
    }
    grants.set(origin, grant);
    return grant;
  }

  /** Headers that let the page of a grant read a response from this kind of endpoint. */
  function readableHeaders(grant: Grant, table: KindTable): readonly HeaderField[] {
    if (grant.allowOrigin.length === 0 || table.exposeHeaders === undefined) return grant.allowOrigin;
    return [...grant.allowOrigin, table.exposeHeaders];
  }

  function passFor(grant: Grant, table: KindTable): Decision {
    const made = grant.passes[table.index];
    if (made !== undefined) return made;
    const headers = readableHeaders(grant, table);
    const pass = decision(grant.reason, undefined, headers, varyOnPass, table.kind, grant.rule);
    grant.passes[table.index] = pass;
    return pass;
  }

  function decidePreflight(grant: Grant, table: KindTable, head: RequestHead): Decision {
    const method = head.requestMethod as string;
    const list = head.requestHeaders;
    if (!table.methods.has(method)) return refusePreflight('method-not-allowed', method, grant, table, head);
    const before = grant.preflights[table.index];
    if (before !== undefined && before.list === list) return before.decision;
    const headers = [...grant.allowOrigin, table.allowMethods];
    if (list !== undefined && list !== '') {
      const refused = findRefusedHeader(list, table.headers);
      if (refused === MALFORMED_LIST) {
        return refusePreflight('request-headers-malformed', undefined, grant, table, head);
      }
      if (refused !== undefined) {
        return refusePreflight('request-header-not-allowed', refused, grant, table, head);
      }
      headers.push(Object.freeze(['access-control-allow-headers', list] as const));
    }
    headers.push(maxAge);
    const made = decision('preflight-allowed', 204, headers, VARY_PREFLIGHT, table.kind, grant.rule);
    grant.preflights[table.index] = { list, decision: made };
    return made;
  }

  function refusePreflight(
    reason: Reason,
    subject: string | undefined,
    grant: Grant,
    table: KindTable,
    head: RequestHead,
  ): Decision {
    const { kind } = table;
    const { rule } = grant;
    // A browser sends safelisted methods whatever a passing preflight lists: these must be refused by the status.
    if (!settings.debug || (reason === 'method-not-allowed' && SAFELISTED_METHODS.has(subject as string))) {
      return decision(reason, REASONS[reason].status, JSON_ONLY, VARY_PREFLIGHT, kind, rule, subject);
    }
    // A passing status with what is allowed makes the browser's console name what is missing, and nothing else.
    const byPrefix = namesAllowedByPrefix(head.requestHeaders ?? '', table.headers);
    const [name, names] = table.allowHeaders;
    const allowHeaders: HeaderField = Object.freeze([name, [names, ...byPrefix].join(', ')] as const);
    const headers = [...grant.allowOrigin, table.allowMethods, allowHeaders];
    return decision(reason, 204, headers, VARY_PREFLIGHT, kind, rule, subject);
  }

  let lastHost: string | undefined; // the Host that was admitted last

  return function decide(head) {
    if (head.incomplete === true) return deny('request-head-incomplete');
    const path = head.path;
    // RFC 9112 section 3.2: origin-form, or `*` of OPTIONS. An absolute form would override Host.
    if (path.charCodeAt(0) !== 0x2f && !(path === '*' && head.method === 'OPTIONS')) {
      return deny('request-target-not-allowed');
    }

    const checkHost = isHostChecked(head, settings);
    if (checkHost) {
      if (head.host === undefined || head.host === '') return deny('host-missing');
      // Most requests come to the same name: a comparison saves taking it apart.
      if (head.host !== lastHost && !admitsHost(head.host)) return deny('host-not-allowed');
      lastHost = head.host;
    }

    const origin = head.origin;
    if (origin === undefined) {
      if (missingOrigin === 'deny') return deny('origin-missing');
      if (!matcher.any && isCrossSite(head) && GUARDED_KINDS.includes(classify(head.path))) {
        return deny('cross-site-request');
      }
      return conclude(head, withoutOrigin);
    }
    const grant = findGrant(origin);
    if (grant !== undefined) return conclude(head, grant);
    // A page of the server's own: only a Host that was checked can say so, or DNS rebinding would pass.
    if (checkHost && isSameOrigin(origin, head))
      return conclude(head, createGrant('same-origin', undefined, origin));
    if (origin === 'null') return deny('origin-null');
    return directories.length === 0 ? deny('origin-not-allowed') : askDirectories(head, origin);
  };

  /** The grant of an origin that a directory has just named. It is kept to be used again, never instead of asking. */
  function namedGrant(origin: string): Grant {
    const known = named.get(origin);
    if (known !== undefined) return known;
    if (named.size >= MOST_REMEMBERED_MATCHES) named.clear();
    const grant = createGrant('origin-allowed', DIRECTORY_RULE, origin);
    named.set(origin, grant);
    return grant;
  }

  /** What remains when the origin is admitted. */
  function conclude(head: RequestHead, grant: Grant): Decision {
    const table = tables[classify(head.path)];
    // https://fetch.spec.whatwg.org/#cors-preflight-request
    if (head.method === 'OPTIONS' && head.origin !== undefined && head.requestMethod !== undefined) {
      return decidePreflight(grant, table, head);
    }
    if (head.method === 'POST' && table.jsonOnly && !isJson(head.contentType)) {
      const headers = [...readableHeaders(grant, table), JSON_BODY];
      return decision('content-type-not-allowed', 415, headers, varyOnPass, table.kind, grant.rule);
    }
    return passFor(grant, table);
  }

  /** Asks one directory after the other; waits only for those that do not know yet. */
  function askDirectories(head: RequestHead, origin: string, from = 0): Decision | Promise<Decision> {
    // Only what a browser could send is asked about.
    if (!named.has(origin) && parseOrigin(origin) === undefined) return deny('origin-not-allowed');
    for (let i = from; i < directories.length; i++) {
      const answer = (directories[i] as OriginDirectory).has(origin);
      if (answer === true) return conclude(head, namedGrant(origin));
      if (answer !== false) {
        return answer.then((later) =>
          later ? conclude(head, namedGrant(origin)) : askDirectories(head, origin, i + 1),
        );
      }
    }
    return deny('origin-not-allowed');
  }
}

/** What stands for the pattern when a directory admitted an origin. */
export const DIRECTORY_RULE = '(directory)';

/** Whether the Host of a request is held against an allowlist: the owner's, or loopback names on loopback. */
export function isHostChecked({ loopback }: RequestHead, { hosts, allowAnyHost }: PolicySettings): boolean {
  return !allowAnyHost && (hosts !== undefined || loopback !== false);
}

/** Kinds of endpoint that a page of another site has no business to load as an image, a script or a frame. */
export const GUARDED_KINDS: readonly EndpointKind[] = ['mcp', 'sse', 'messages'];

/**
 * Whether a page of another origin sent a request to which browsers add no Origin, such as a GET in no-cors mode. Following
 * a link is not meant: sign-in does that.
 * @see https://www.w3.org/TR/fetch-metadata/
 */
function isCrossSite({ fetchSite, fetchDest }: RequestHead): boolean {
  return (fetchSite === 'cross-site' || fetchSite === 'same-site') && fetchDest !== 'document';
}

function isJson(contentType: string | undefined): boolean {
  return contentType !== undefined && isJsonContentType(contentType);
}

function isSameOrigin(origin: string, head: RequestHead): boolean {
  return origin === `${head.scheme ?? 'http'}://${head.host}`;
}

/** What each kind of endpoint allows under a policy. */
export function createKindTables(settings: PolicySettings): Readonly<Record<EndpointKind, KindTable>> {
  const needs = unionOfNeeds(settings.revisions);
  const tables = ENDPOINT_KINDS.map((kind, index): KindTable => {
    const own = needsOfKind(kind, needs);
    const methods = [...new Set([...own.methods, ...settings.methods])];
    const requestHeaders = uniqueNames([...own.requestHeaders, ...settings.allowedHeaders]);
    const exposed = settings.exposedHeaders.includes('*')
      ? ['*']
      : uniqueNames([...own.responseHeaders, ...settings.exposedHeaders]);
    const allowMethods: HeaderField = Object.freeze([
      'access-control-allow-methods',
      methods.join(', '),
    ] as const);
    const names = new Set(requestHeaders.map((name) => name.toLowerCase()));
    const any = names.delete('*');
    const acceptedMethods = new Set(methods);
    if (acceptedMethods.has('GET')) acceptedMethods.add('HEAD'); // HEAD is GET without the body (RFC 9110 section 9.3.2)
    return {
      kind,
      index,
      methods: acceptedMethods,
      allowMethods,
      headers: { names, any, prefixes: own.requestHeaderPrefixes.map((prefix) => prefix.toLowerCase()) },
      allowHeaders: Object.freeze(['access-control-allow-headers', requestHeaders.join(', ')] as const),
      exposeHeaders:
        exposed.length === 0
          ? undefined
          : Object.freeze(['access-control-expose-headers', exposed.join(', ')] as const),
      jsonOnly: isJsonOnly(kind),
    };
  });
  return Object.fromEntries(tables.map((table) => [table.kind, table])) as Record<EndpointKind, KindTable>;
}

/** Header names without repetition, in their first spelling. */
function uniqueNames(names: readonly string[]): string[] {
  const byLowerCase = new Map<string, string>();
  for (const name of names) {
    const lower = name.toLowerCase();
    if (!byLowerCase.has(lower)) byLowerCase.set(lower, name);
  }
  return [...byLowerCase.values()];
}

/** Positional, since it runs in the path of every preflight and spreading objects would cost more than the rest. */
function decision(
  reason: Reason,
  status: number | undefined,
  headers: readonly HeaderField[],
  vary: string,
  kind?: EndpointKind,
  rule?: string,
  subject?: string,
): Decision {
  return Object.freeze({
    outcome: REASONS[reason].outcome,
    reason,
    status,
    headers: Object.freeze(headers),
    vary,
    body: status === 204 ? undefined : DENIAL_BODIES[reason],
    kind,
    rule,
    subject,
    wouldDeny: undefined,
  });
}

/** A denial of the carrier's in place of a decision. The page may read it where it could read the response. */
export function denyAfter({ status, headers, vary, kind, rule }: Decision, reason: CarrierReason): Decision {
  // What answers a preflight with 204 is not for the page; a refusal such as 415 is.
  const readable =
    status === 204 ? JSON_ONLY : [...headers.filter(([name]) => name !== JSON_BODY[0]), JSON_BODY];
  return decision(reason, REASONS[reason].status, readable, vary, kind, rule);
}

/** Denials before the path is looked at: the same for every request. */
const EARLY_DENIALS: Readonly<Partial<Record<Reason, Decision>>> = Object.fromEntries(
  (Object.keys(DENIAL_BODIES) as Reason[])
    .filter((reason) => ['request-target', 'host', 'origin'].includes(REASONS[reason].check))
    .map((reason) => [reason, decision(reason, REASONS[reason].status, JSON_ONLY, VARY_ORIGIN)]),
);

function deny(reason: Reason): Decision {
  return EARLY_DENIALS[reason] as Decision;
}

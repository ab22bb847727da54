import type { PolicySettings } from '../policy/config.js';
import { createKindTables, GUARDED_KINDS, VARY_ORIGIN, VARY_PREFLIGHT } from '../policy/decide.js';
import { DENIAL_BODIES, REASONS, type Reason } from '../policy/decision.js';
import { ENDPOINT_KINDS, type EndpointKind } from '../policy/endpoints.js';
import {
  type AllowedHeaders,
  CORS_RESPONSE_HEADERS,
  MAX_CONTENT_TYPE_LENGTH,
  MAX_LIST_LENGTH,
  SAFELISTED_METHODS,
} from '../policy/headers.js';
import type { Policy } from '../policy/index.js';
import { type HostRules, hostRules } from './hostRules.js';
import { type OriginRules, originRules } from './originRules.js';
import { type PathRules, pathRules } from './pathRules.js';
import { type ListRule, listRules } from './requestedHeaders.js';

/** A policy as plain data, with everything that a target could need and nothing that it must look up itself. */
export interface PolicyPlan {
  readonly settings: PolicySettings;
  readonly origins: OriginRules;
  /** undefined: any Host, and then no page is admitted for being the server's own. */
  readonly hosts: HostRules | undefined;
  readonly paths: PathRules;
  readonly kinds: Readonly<Record<EndpointKind, KindPlan>>;
  /** Kinds that pages of other sites may not load without Origin (`cross-site-request`). */
  readonly guardedKinds: readonly EndpointKind[];
  readonly credentials: boolean;
  readonly missingOrigin: 'allow' | 'deny';
  /** The value of Access-Control-Max-Age. */
  readonly maxAge: string;
  readonly reportOnly: boolean;
  readonly debug: boolean;
  /** Vary of what passes, and of a refusal by content type; empty under `*`. */
  readonly varyOnPass: string;
  /** Vary of refusals before the path is looked at. */
  readonly varyOnDenial: string;
  /** Vary of answers to preflights, refusals included. */
  readonly varyOnPreflight: string;
  /** Each refusal that a target makes itself: its status and its JSON body, in the order of the checks. */
  readonly denials: readonly DenialPlan[];
  /** Anchored; meant to be used with case, and holds its own exception. */
  readonly jsonContentType: string;
  /** Longest list of requested headers that is looked at; longer ones are `request-headers-malformed`. */
  readonly maxListLength: number;
}

export interface DenialPlan {
  readonly reason: Reason;
  readonly status: number;
  readonly body: string;
}

/** What pages may do with one kind of endpoint. */
export interface KindPlan {
  readonly kind: EndpointKind;
  /** Methods that pass a preflight, HEAD included where GET is; compared with case. */
  readonly methods: readonly string[];
  /** Of these, methods that the answer to a preflight lists, ready-made. */
  readonly allowMethods: string;
  readonly allowedHeaders: AllowedHeaders;
  /** The same as rules over the requested list. */
  readonly listRules: readonly ListRule[];
  /** All allowed names, ready-made: for debug mode and for targets that cannot echo a list. */
  readonly allowHeaders: string;
  /** Ready-made; undefined when nothing is exposed. */
  readonly exposeHeaders: string | undefined;
  /** Whether a POST must be application/json. */
  readonly jsonOnly: boolean;
}

/** Where clients reach a target, and what is behind it. */
export interface RoutePlan {
  /** A path prefix by whole segments, without a slash at its end; empty for everything. */
  readonly path: string;
  /** Whether the route holds its path alone, as it is, and nothing below it. */
  readonly exact: boolean;
  /** Its path stands in place of the route's. */
  readonly upstream: Upstream;
  readonly policy: PolicyPlan;
}

/** A server behind a target. */
export interface Upstream {
  readonly scheme: 'http' | 'https';
  /** A name or an address; IPv6 in brackets. */
  readonly host: string;
  readonly port: number;
  /** Without a slash at its end; empty for the root. */
  readonly path: string;
}

/** What a target renders. */
export interface Plan {
  /** A short word in front of every name that the output defines, so that several outputs fit into one configuration. */
  readonly name: string;
  readonly listen: { readonly host: string; readonly port: number };
  /** Where a proxy writes what report-only mode reports; undefined for the target's usual place. */
  readonly log: string | undefined;
  /** Longest path first, and an exact one before one that goes on below the same path; at least one. */
  readonly routes: readonly [RoutePlan, ...RoutePlan[]];
  /** Response headers of the upstream that are removed. */
  readonly corsResponseHeaders: readonly string[];
  /** Request headers that the upstream does not get, since the policy has answered for them. */
  readonly droppedRequestHeaders: readonly string[];
}

/** The refusals that a target can make; sessions and limits are not theirs. */
const DENIALS: readonly Reason[] = (Object.keys(DENIAL_BODIES) as Reason[]).filter(
  (reason) => !['session', 'limit'].includes(REASONS[reason].check),
);

/** Request headers that are answered for once a request passes. */
const DROPPED_REQUEST_HEADERS: readonly string[] = Object.freeze([
  'Origin',
  'Access-Control-Request-Method',
  'Access-Control-Request-Headers',
  'Access-Control-Request-Private-Network',
  'Access-Control-Request-Local-Network',
  'Sec-Fetch-Site',
  'Sec-Fetch-Mode',
  'Sec-Fetch-Dest',
  'Sec-Fetch-User',
  'Sec-Fetch-Storage-Access',
]);

/** Turns a policy into plain data. */
export function planPolicy({ settings }: Policy): PolicyPlan {
  const origins = originRules(settings);
  const tables = createKindTables(settings);
  const kinds = ENDPOINT_KINDS.map((kind): KindPlan => {
    const { methods, allowMethods, headers, allowHeaders, exposeHeaders, jsonOnly } = tables[kind];
    return {
      kind,
      methods: [...methods],
      allowMethods: allowMethods[1],
      allowedHeaders: headers,
      listRules: listRules(headers),
      allowHeaders: allowHeaders[1],
      exposeHeaders: exposeHeaders?.[1],
      jsonOnly,
    };
  });
  return {
    settings,
    origins,
    hosts: hostRules(settings),
    paths: pathRules(settings.endpoints),
    kinds: Object.fromEntries(kinds.map((kind) => [kind.kind, kind])) as PolicyPlan['kinds'],
    guardedKinds: origins.any ? [] : GUARDED_KINDS,
    credentials: settings.credentials,
    missingOrigin: settings.missingOrigin,
    maxAge: String(Math.max(0, settings.maxAgeSeconds)),
    reportOnly: settings.reportOnly,
    debug: settings.debug,
    varyOnPass: origins.any ? '' : VARY_ORIGIN,
    varyOnDenial: VARY_ORIGIN,
    varyOnPreflight: VARY_PREFLIGHT,
    denials: DENIALS.map((reason) => ({
      reason,
      status: REASONS[reason].status as number,
      body: DENIAL_BODIES[reason] as string,
    })),
    jsonContentType: JSON_CONTENT_TYPE,
    maxListLength: MAX_LIST_LENGTH,
  };
}

/** `isJsonContentType` as an expression: no comma, which a second header line would bring, and not too long. */
const JSON_CONTENT_TYPE = `^[ \\t]*(?i:application/json)[ \\t]*(?:;[^,]{0,${MAX_CONTENT_TYPE_LENGTH - 'application/json;'.length}})?$`;

/** Methods that a browser sends whatever a passing preflight lists; debug mode must refuse them by the status. */
export const ALWAYS_SENT_METHODS: readonly string[] = [...SAFELISTED_METHODS];

/** What every plan has in common. */
export const PLAN_LISTS = Object.freeze({
  corsResponseHeaders: CORS_RESPONSE_HEADERS.map((name) =>
    name.replaceAll(/(?:^|-)[a-z]/g, (letter) => letter.toUpperCase()),
  ),
  droppedRequestHeaders: DROPPED_REQUEST_HEADERS,
});

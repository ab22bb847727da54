import type { EndpointKind } from './endpoints.js';
import { freezeDeep } from './frozen.js';
import type { HeaderField } from './headers.js';

/**
 * The checks, in the order in which they are made. A request is refused at the first that fails. Sessions and limits are
 * the carrier's: they need more than the head of a request.
 */
export const CHECKS = Object.freeze([
  'request-target',
  'host',
  'origin',
  'preflight-method',
  'preflight-headers',
  'content-type',
  'session',
  'limit',
] as const);

/** One of {@link CHECKS}. */
export type Check = (typeof CHECKS)[number];

/** What a decision tells a carrier to do. */
export type Outcome = 'pass' | 'preflight' | 'deny';

interface ReasonFacts {
  readonly outcome: Outcome;
  /** The status that the carrier answers with; undefined where the application answers. */
  readonly status: number | undefined;
  /** The check that failed, or that let the request in. */
  readonly check: Check;
  /** What a client is told. It says nothing of the policy that the client does not know already. */
  readonly message: string;
}

/** Every reason: what follows from it. Codes are stable, messages are not. */
export const REASONS = freezeDeep({
  'origin-allowed': { outcome: 'pass', status: undefined, check: 'origin', message: 'The origin is allowed' },
  'same-origin': {
    outcome: 'pass',
    status: undefined,
    check: 'origin',
    message: 'The page belongs to this server',
  },
  'no-origin': {
    outcome: 'pass',
    status: undefined,
    check: 'origin',
    message: 'The request does not come from a page of another origin',
  },
  'preflight-allowed': {
    outcome: 'preflight',
    status: 204,
    check: 'preflight-headers',
    message: 'The preflight is allowed',
  },
  'request-target-not-allowed': {
    outcome: 'deny',
    status: 400,
    check: 'request-target',
    message: 'The request target must be a path',
  },
  'request-head-incomplete': {
    outcome: 'deny',
    status: 431,
    check: 'request-target',
    message: 'The request has more headers than are looked at',
  },
  'host-missing': {
    outcome: 'deny',
    status: 403,
    check: 'host',
    message: 'The request names no host',
  },
  'host-not-allowed': {
    outcome: 'deny',
    status: 403,
    check: 'host',
    message: 'This host is not allowed',
  },
  'origin-missing': {
    outcome: 'deny',
    status: 403,
    check: 'origin',
    message: 'Requests without an origin are not allowed',
  },
  'cross-site-request': {
    outcome: 'deny',
    status: 403,
    check: 'origin',
    message: 'Pages of other sites may not send requests here without an origin',
  },
  'origin-null': {
    outcome: 'deny',
    status: 403,
    check: 'origin',
    message: 'The null origin is not allowed',
  },
  'origin-not-allowed': {
    outcome: 'deny',
    status: 403,
    check: 'origin',
    message: 'This origin is not allowed',
  },
  'method-not-allowed': {
    outcome: 'deny',
    status: 403,
    check: 'preflight-method',
    message: 'Pages may not use this method here',
  },
  'request-header-not-allowed': {
    outcome: 'deny',
    status: 403,
    check: 'preflight-headers',
    message: 'Pages may not send this request header here',
  },
  'request-headers-malformed': {
    outcome: 'deny',
    status: 403,
    check: 'preflight-headers',
    message: 'The requested headers are malformed',
  },
  'content-type-not-allowed': {
    outcome: 'deny',
    status: 415,
    check: 'content-type',
    message: 'A POST to this endpoint must have Content-Type: application/json',
  },
  'session-not-found': {
    outcome: 'deny',
    status: 404, // the client must initialize again (MCP 2025-11-25, transports, session management)
    check: 'session',
    message: 'Session not found',
  },
  'rate-limited': { outcome: 'deny', status: 429, check: 'limit', message: 'Too many requests' },
  'limiter-failed': {
    outcome: 'deny',
    status: 503,
    check: 'limit',
    message: 'Requests cannot be counted at the moment',
  },
} as const satisfies Record<string, ReasonFacts>);

/** A stable code that says why a decision is what it is. */
export type Reason = keyof typeof REASONS;

/** Reasons that only a carrier can have: they need the secret of sessions, or a count of requests. */
export const CARRIER_REASONS = Object.freeze([
  'session-not-found',
  'rate-limited',
  'limiter-failed',
] as const satisfies readonly Reason[]);

/** One of {@link CARRIER_REASONS}. */
export type CarrierReason = (typeof CARRIER_REASONS)[number];

/** The parts of a request that a policy looks at. Carriers combine repeated header lines with `, `. */
export interface RequestHead {
  readonly method: string;
  /** The request target without its query, such as `/mcp`. */
  readonly path: string;
  /** The Host header, or `:authority`. */
  readonly host?: string | undefined;
  /** The scheme under which the request was received; `http` unless given. */
  readonly scheme?: 'http' | 'https' | undefined;
  readonly origin?: string | undefined;
  /** Access-Control-Request-Method. */
  readonly requestMethod?: string | undefined;
  /** Access-Control-Request-Headers. */
  readonly requestHeaders?: string | undefined;
  readonly contentType?: string | undefined;
  readonly sessionId?: string | undefined;
  /** Sec-Fetch-Site and Sec-Fetch-Dest: what the browser says of a request to which it adds no Origin. */
  readonly fetchSite?: string | undefined;
  readonly fetchDest?: string | undefined;
  /** Whether headers may be missing, since there were more than the carrier could read. */
  readonly incomplete?: boolean | undefined;
  /**
   * Whether the connection was accepted on a loopback address. A policy without `hosts` then admits loopback names
   * alone; a carrier that does not know leaves it out, which counts as loopback.
   */
  readonly loopback?: boolean | undefined;
}

/** What a policy says about a request head. Frozen plain data, shared between requests. */
export interface Decision {
  readonly outcome: Outcome;
  readonly reason: Reason;
  /** The status to answer with; undefined when the application answers. */
  readonly status: number | undefined;
  /** Headers for the response, whoever answers, besides Vary. They replace those of the application. */
  readonly headers: readonly HeaderField[];
  /** Names to append to the response's Vary, joined with `, `; empty when the answer depends on no header. */
  readonly vary: string;
  /** The body to answer with when the outcome is `deny`: a JSON-RPC error without id. */
  readonly body: string | undefined;
  /** The kind of endpoint; undefined when the request was refused before the path was looked at. */
  readonly kind: EndpointKind | undefined;
  /** The pattern that admitted the origin. */
  readonly rule: string | undefined;
  /** The method or the header name that was refused. */
  readonly subject: string | undefined;
  /** In report-only mode: the denial that was not enforced. The carrier then leaves the response alone. */
  readonly wouldDeny: Decision | undefined;
}

/** JSON-RPC error code of a refusal: the first of the range that JSON-RPC leaves to servers. */
export const DENIAL_ERROR_CODE = -32000;

/**
 * The body of each denial: a JSON-RPC error response without id, as MCP 2025-11-25 (transports, security warning)
 * allows for 403.
 */
export const DENIAL_BODIES: Readonly<Partial<Record<Reason, string>>> = Object.freeze(
  Object.fromEntries(
    Object.entries(REASONS)
      .filter(([, facts]) => facts.outcome === 'deny')
      .map(([reason, { message }]) => [
        reason,
        JSON.stringify({ jsonrpc: '2.0', error: { code: DENIAL_ERROR_CODE, message, data: { reason } } }),
      ]),
  ),
);

import { type Place, publicOriginOf } from './address.js';
import { createEndpointMending, type EndpointMending } from './endpoint.js';
import { presentedHost, type ResponseHeaders } from './headers.js';
import { isLostSession } from './lostSession.js';
import { rewriteChallenge } from './oauth/challenge.js';
import { rewriteMetadata } from './oauth/metadata.js';
import {
  rewriteAuthorizationTarget,
  rewriteIssuerParameter,
  rewriteResourceParameter,
} from './oauth/parameters.js';
import { isMetadataPath } from './oauth/wellKnown.js';
import type { Passage } from './proxy.js';
import { isRedirect, MAX_REDIRECTS, mendPlaces, redirectTarget } from './redirects.js';

/** A request as it was sent to an upstream. */
export interface UpstreamExchange {
  readonly passage: Passage;
  /** The request target for the upstream. */
  readonly target: string;
  /** The Host that the upstream was told. */
  readonly host: string;
  /** How many redirects led here. */
  readonly redirects: number;
  /** Sends the request again, to another target of the same upstream; undefined when its body has flowed away. */
  readonly repeat: ((target: string) => void) | undefined;
}

/** The head of an upstream's answer. */
export interface AnswerHead {
  status: number;
  readonly headers: ResponseHeaders;
}

/** What becomes of a redirect: the target to go on with, or that there were too many; undefined when it is passed on. */
export function followRedirect(
  { status, headers }: AnswerHead,
  exchange: UpstreamExchange,
): { readonly target: string } | 'too-many' | undefined {
  const { passage, redirects, repeat } = exchange;
  const { location } = headers;
  const { route, head, decision } = passage;
  if (typeof location !== 'string' || !route.followRedirects || !isRedirect(status, head.method))
    return undefined;
  if (repeat === undefined) return undefined;
  const target = redirectTarget(location, {
    head,
    kind: decision.kind,
    policy: route.policy,
    place: placeOf(exchange),
  });
  if (target === undefined) return undefined;
  return redirects >= MAX_REDIRECTS ? 'too-many' : { target };
}

/** Puts public addresses into the head of an answer that is passed on. */
export function mendHead({ headers }: AnswerHead, exchange: UpstreamExchange): void {
  if (headers.location !== undefined || headers['content-location'] !== undefined) {
    mendPlaces(headers, placeOf(exchange));
  }
  if (exchange.passage.route.oauth !== 'rewrite') return;
  const place = placeOf(exchange);
  if (typeof headers.location === 'string')
    headers.location = rewriteIssuerParameter(headers.location, place);
  const challenge = headers['www-authenticate'];
  if (challenge === undefined) return;
  headers['www-authenticate'] = Array.isArray(challenge)
    ? challenge.map((one) => rewriteChallenge(one, place))
    : rewriteChallenge(challenge, place);
}

/** Headers that vouch for the bytes of a body. */
const DIGESTS = ['content-md5', 'digest', 'content-digest', 'repr-digest'] as const;

/** The body of an answer that was kept back until it was whole, and its head, put right where the route wants it. */
export function mendWhole(head: AnswerHead, body: Buffer, exchange: UpstreamExchange): Buffer {
  const { passage, target } = exchange;
  const { route, request, record } = passage;
  if (!isUncoded(head.headers)) return body;
  if (head.status === 400 && route.mendLostSessions && request.headers['mcp-session-id'] !== undefined) {
    if (isLostSession(body)) head.status = 404;
  } else if (head.status === 200 && route.oauth === 'rewrite' && isMetadataPath(pathOf(target))) {
    const rewritten = rewriteMetadata(body, placeOf(exchange), (fault) => record?.fault(fault));
    if (rewritten === undefined) return body;
    for (const name of DIGESTS) delete head.headers[name];
    head.headers['content-length'] = String(rewritten.length);
    return rewritten;
  }
  return body;
}

/** Makes what mends the `endpoint` event of a stream; undefined where there can be none. */
export function endpointMendingOf(
  { status, headers }: AnswerHead,
  exchange: UpstreamExchange,
): (() => EndpointMending) | undefined {
  const { head, record } = exchange.passage;
  // A client with a session id speaks a later transport, whose streams have no such event.
  if (head.method !== 'GET' || status !== 200 || head.sessionId !== undefined || !isUncoded(headers))
    return undefined;
  return () =>
    createEndpointMending(
      () => placeOf(exchange),
      (fault) => record?.fault(fault),
    );
}

/** Whether the bytes of a body are those of its media type. */
export function isUncoded(headers: ResponseHeaders): boolean {
  const coding = headers['content-encoding'];
  return coding === undefined || coding === 'identity';
}

/**
 * The target and the whole body of a request on a route that rewrites OAuth, with the resource under the name that the
 * upstream knows, where a sign-in names it; undefined for a body that stays as it is.
 */
export function mendRequest(
  passage: Passage,
  target: string,
  body: Buffer | undefined,
): { readonly target: string; readonly body: Buffer | undefined } {
  const { route, request, decision, head } = passage;
  const place = placeOf({ passage, target, host: presentedHost(request, route) });
  if (head.method === 'GET') return { target: rewriteAuthorizationTarget(target, place), body: undefined };
  const isForm = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded') ?? false;
  if (decision.kind !== 'oauth' || !isForm || body === undefined) return { target, body: undefined };
  return { target, body: Buffer.from(rewriteResourceParameter(body.toString('latin1'), place), 'latin1') };
}

/** Whether a request is best answered without a content coding, since its answer is read here. */
export function wantsUncoded({ route }: Passage, target: string): boolean {
  return route.oauth === 'rewrite' && isMetadataPath(pathOf(target));
}

function pathOf(target: string): string {
  const query = target.indexOf('?');
  return query === -1 ? target : target.slice(0, query);
}

function placeOf({ passage, target, host }: Pick<UpstreamExchange, 'passage' | 'target' | 'host'>): Place {
  const { request, provenance, route, service } = passage;
  const { routes, publicUrl } = service.settings;
  return {
    route,
    routes,
    target,
    host,
    publicTarget: request.url ?? '/',
    publicOrigin: publicOriginOf(request, provenance, publicUrl),
  };
}

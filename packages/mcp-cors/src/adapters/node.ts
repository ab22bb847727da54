import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { type Admission, type CarrierOptions, createAdmit, looksAtHeadsAlone } from '../carrier/index.js';
import { type Decision, type Policy, type PolicyConfig, toPolicy } from '../policy/index.js';
import { createProvenance, type TrustProxy } from './forwarded.js';
import { type NodeRequest, readRequestHead, rewriteRequest } from './request.js';
import { applyDecision, type NodeResponse } from './response.js';

export type { CarrierOptions, DecisionEvent, Limiter, LimiterConfig } from '../carrier/index.js';
export { createProvenance, type Provenance, type TrustProxy } from './forwarded.js';
export { isLoopbackAddress, type NodeRequest, readRequestHead, rewriteRequest } from './request.js';
export { applyDecision, type NodeResponse } from './response.js';
export { sealResponse } from './sealing.js';

/** What adapters for Node take besides the policy. */
export interface NodeCarrierOptions extends CarrierOptions {
  /** Proxies in front whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed. Default none. */
  readonly trustProxy?: TrustProxy | undefined;
}

/** A request listener of `node:http2`. */
export type Http2RequestListener = (request: Http2ServerRequest, response: Http2ServerResponse) => void;

/** Puts a policy in front of a request listener: of `node:http`, or of `node:http2` where that is what is expected. */
export interface ListenerWrapper {
  <Request extends NodeRequest = IncomingMessage, Response extends NodeResponse = ServerResponse>(
    // An Express application takes more kinds of request than the first that inference would find.
    listener: (request: NoInfer<Request>, response: NoInfer<Response>) => unknown,
  ): (request: Request, response: Response) => void;
  (listener: Http2RequestListener): Http2RequestListener;
}

/**
 * Wraps a `node:http` or `node:http2` request listener in a policy: `createServer(mcpCors({ origins })(listener))`.
 * Preflights and denied requests are answered here and never reach the listener.
 *
 * @throws {PolicyConfigError} when the configuration is not valid.
 */
export function mcpCors(
  configOrPolicy: PolicyConfig | Policy,
  options: NodeCarrierOptions = {},
): ListenerWrapper {
  const carry = createCarrier(configOrPolicy, options);
  return <Request extends NodeRequest, Response extends NodeResponse>(
    listener: (request: Request, response: Response) => unknown,
  ) =>
    (request: Request, response: Response): void =>
      carry(request, response, request.url ?? '/', () => listener(request, response), throwOutside);
}

/** Throws where a listener's own error would end up: with the process, and not in a promise of ours. */
function throwOutside(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}

/**
 * Decides about a Node request and applies the decision, at once or when a directory or a limiter has answered. What
 * passes goes on with `proceed`, which is given the target where a session in it was opened; what was answered here
 * ends with `answered`. What is thrown later than at once goes to `fail`.
 */
export type Carry = (
  request: NodeRequest,
  response: NodeResponse,
  target: string,
  proceed: (opened?: string) => void,
  fail: (error: unknown) => void,
  answered?: () => void,
) => void;

/** Makes the part that all adapters for Node have in common. */
export function createCarrier(configOrPolicy: PolicyConfig | Policy, options: NodeCarrierOptions): Carry {
  const policy = toPolicy(configOrPolicy);
  const admit = createAdmit(options);
  const provenanceOf = createProvenance(options.trustProxy);
  const plain = looksAtHeadsAlone(options) && options.trustProxy === undefined;

  return (request, response, target, proceed, fail, answered) => {
    if (plain && policy.settings.sessions === undefined) {
      const decided = policy.decide(readRequestHead(request, target));
      if (decided instanceof Promise)
        decided.then((later) => conclude(later, response, proceed, answered)).catch(fail);
      else conclude(decided, response, proceed, answered);
      return;
    }
    const { address, scheme } = provenanceOf(request);
    const head = readRequestHead(request, target, scheme);
    const settle = (admission: Admission): void => {
      const done = applyDecision(admission.decision, response, admission.sealId);
      if (!done) rewriteRequest(request, admission);
      admission.announce?.();
      if (done) answered?.();
      else proceed(admission.target);
    };
    const given = request.headers['x-request-id'];
    const admitted = admit(policy, {
      head,
      target,
      address,
      requestId: typeof given === 'string' ? given : undefined,
    });
    if (admitted instanceof Promise) admitted.then(settle).catch(fail);
    else settle(admitted);
  };
}

function conclude(
  decision: Decision,
  response: NodeResponse,
  proceed: () => void,
  answered: (() => void) | undefined,
): void {
  if (applyDecision(decision, response)) answered?.();
  else proceed();
}

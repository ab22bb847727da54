import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Policy, PolicyConfig } from '../policy/index.js';
import { createCarrier, follow, type NodeCarrierOptions, PASSED } from './carry.js';
import type { NodeRequest } from './request.js';
import type { NodeResponse } from './response.js';

export type { CarrierOptions, DecisionEvent, Limiter, LimiterConfig } from '../carrier/index.js';
export type { NodeCarrierOptions } from './carry.js';
export { createProvenance, type Provenance, type TrustProxy } from './forwarded.js';
export { isLoopbackAddress, type NodeRequest, readRequestHead, rewriteRequest } from './request.js';
export { applyDecision, type NodeResponse } from './response.js';
export { sealResponse } from './sealing.js';

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
    (request: Request, response: Response): void => {
      const carried = carry(request, response, request.url ?? '/');
      if (carried === PASSED) listener(request, response);
      else follow(carried, () => listener(request, response), throwOutside);
    };
}

/** Throws where a listener's own error would end up: with the process, and not in a promise of ours. */
function throwOutside(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}

import { type CarrierOptions, createAdmit } from '../carrier/index.js';
import { type Policy, type PolicyConfig, toPolicy } from '../policy/index.js';
import { openRequest, readWebRequestHead, targetOf } from './webRequest.js';
import { answerOf, createApply, internalError } from './webResponse.js';

export type { CarrierOptions, DecisionEvent, Limiter, LimiterConfig } from '../carrier/index.js';

/** What the adapter for fetch handlers takes besides the policy. `Rest` is what the runtime passes after the request. */
export interface FetchCarrierOptions<Rest extends readonly unknown[] = unknown[]> extends CarrierOptions {
  /**
   * Tells the client's address, by which limits count: a Request does not hold it. Believe a header only when a proxy
   * of yours writes it. Without this, all clients share one budget for each origin.
   */
  readonly address?: ((request: Request, ...rest: Rest) => string | undefined) | undefined;
  /**
   * Whether connections come in on a loopback address. Not known counts as yes: a policy without `hosts` then admits
   * loopback names alone, so a handler that the public reaches names its `hosts`.
   */
  readonly loopback?: boolean | undefined;
  /**
   * Answers in place of a handler, or of `onDecision`, that failed; the answer gets the decision's headers. Without it
   * the error is written to the console, and the answer is a 500 that says nothing about it.
   */
  readonly onError?: ((error: unknown, request: Request) => Response | Promise<Response>) | undefined;
}

/** Puts a policy in front of a fetch handler. What follows the request goes through untouched. */
export type FetchWrapper<Rest extends readonly unknown[] = unknown[]> = <
  Req extends Request,
  Given extends readonly [...Rest, ...unknown[]],
  Res extends Response | undefined,
>(
  handler: (request: Req, ...rest: Given) => Res | Promise<Res>,
) => (request: Req, ...rest: Given) => Promise<Response | Res>;

/**
 * Wraps a fetch handler in a policy: `mcpCors({ origins, hosts })(handler)`, for Workers, Deno, Bun, Next.js route
 * handlers and anything else that takes a Request and gives a Response. Preflights and denied requests are answered here
 * and never reach the handler. A Response that the handler throws is its answer; what Next.js throws to control itself
 * (`redirect()`, `notFound()`) is thrown on, and its answer is without CORS headers.
 *
 * @throws {PolicyConfigError} when the configuration is not valid.
 */
export function mcpCors<Rest extends readonly unknown[] = unknown[]>(
  configOrPolicy: PolicyConfig | Policy,
  options: FetchCarrierOptions<Rest> = {},
): FetchWrapper<Rest> {
  const policy = toPolicy(configOrPolicy);
  const admit = createAdmit(options);
  const apply = createApply();
  const { address, loopback, onError = reportAndAnswer } = options;

  return (handler) =>
    async (request, ...rest) => {
      const admission = await admit(policy, {
        head: readWebRequestHead(request, loopback),
        target: targetOf(request.url),
        address: address?.(request, ...(rest as readonly unknown[] as Rest)),
        requestId: request.headers.get('x-request-id') ?? undefined,
      });
      const { decision, sealId } = admission;
      try {
        const answer = answerOf(decision);
        const opened = answer === undefined ? openRequest(request, admission) : request;
        admission.announce?.();
        const response = answer ?? (await handler(opened, ...rest));
        // Some runtimes take no response for an answer, such as Bun after the upgrade to a WebSocket.
        return response === undefined ? response : apply(decision, response, sealId);
      } catch (error) {
        if (isControlFlow(error)) throw error;
        const response = error instanceof Response ? error : await onError(error, request);
        return apply(decision, response, sealId);
      }
    };
}

/** The digest of errors by which Next.js tells itself what to do. */
function isControlFlow(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('digest' in error)) return false;
  return typeof error.digest === 'string' && error.digest.startsWith('NEXT_');
}

/** `reportError` would be the standard's way, but where nobody listens it ends the process of Deno and Bun. */
function reportAndAnswer(error: unknown): Response {
  // biome-ignore lint/suspicious/noConsole: the error is kept from the page, and must not vanish
  console.error('mcp-cors: the handler failed:', error);
  return internalError();
}

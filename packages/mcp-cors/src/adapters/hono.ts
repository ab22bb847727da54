import type { Context, MiddlewareHandler } from 'hono';
import { type Arrival, type CarrierOptions, createAdmit } from '../carrier/index.js';
import { type Policy, type PolicyConfig, toPolicy } from '../policy/index.js';
import { type NodeRequest, readRequestHead } from './request.js';
import { openRequest, readWebRequestHead, targetOf } from './webRequest.js';
import { answerOf, createApply } from './webResponse.js';

export type { CarrierOptions, DecisionEvent, Limiter, LimiterConfig } from '../carrier/index.js';

/** What the adapter for Hono takes besides the policy. */
export interface HonoCarrierOptions extends CarrierOptions {
  /**
   * Tells the client's address, by which limits count. Believe a header only when a proxy of yours writes it. Default:
   * the peer's address on Node; elsewhere none, so that all clients share one budget for each origin.
   */
  readonly address?: ((context: Context) => string | undefined) | undefined;
  /**
   * Whether connections come in on a loopback address. Default: what the socket says on Node. Not known counts as yes:
   * a policy without `hosts` then admits loopback names alone, so an application that the public reaches names its `hosts`.
   */
  readonly loopback?: boolean | undefined;
}

/**
 * Hono middleware: `app.use(mcpCors({ origins, hosts }))`, before all other middleware and routes. Paths are looked at
 * whole, also when it is mounted below one. On `@hono/node-server` it reads the request as it came over the wire. What a
 * handler writes past Hono, to `c.env.outgoing`, it does not see: there, wrap the listener with `mcp-cors/node`.
 *
 * @throws {PolicyConfigError} when the configuration is not valid.
 */
export function mcpCors(
  configOrPolicy: PolicyConfig | Policy,
  options: HonoCarrierOptions = {},
): MiddlewareHandler {
  const policy = toPolicy(configOrPolicy);
  const admit = createAdmit(options);
  const apply = createApply();

  return async function mcpCors(c, next) {
    const admission = await admit(policy, readArrival(c, options));
    const { decision, sealId } = admission;
    const settle = (): void => {
      const response = apply(decision, c.res, sealId);
      if (response !== c.res) replaceResponse(c, response);
    };
    try {
      const answer = answerOf(decision);
      if (answer !== undefined) {
        replaceResponse(c, c.newResponse(answer.body, answer));
        settle();
      } else {
        c.req.raw = openRequest(c.req.raw, admission);
      }
      admission.announce?.();
      if (answer !== undefined) return;
    } catch (error) {
      settle(); // what an error handler answers takes over the headers that stand here
      throw error;
    }
    await next();
    settle();
  };
}

/** Puts a response in the place of another. Hono would add the headers of the one before to it. */
function replaceResponse(c: Context, response: Response): void {
  c.res = undefined;
  c.res = response;
}

function readArrival(c: Context, { address, loopback }: HonoCarrierOptions): Arrival {
  const request = c.req.raw;
  const incoming = incomingOf(c);
  const head = readWebRequestHead(request, loopback);
  const wire = incoming && readRequestHead(incoming, incoming.url ?? '/');
  return {
    // What another layer has opened is in the Request, not on the wire.
    head: wire ? { ...wire, sessionId: head.sessionId, loopback: loopback ?? wire.loopback } : head,
    target: targetOf(request.url),
    address: address?.(c) ?? incoming?.socket.remoteAddress,
    requestId: request.headers.get('x-request-id') ?? undefined,
  };
}

/** The request that Node received; undefined on other runtimes, where the environment is something else. */
function incomingOf({ env }: Context): NodeRequest | undefined {
  if (typeof env !== 'object' || env === null || !('incoming' in env)) return undefined;
  const { incoming } = env as { readonly incoming: Partial<NodeRequest> | null | undefined };
  if (!Array.isArray(incoming?.rawHeaders) || typeof incoming.socket !== 'object') return undefined;
  return incoming as NodeRequest;
}

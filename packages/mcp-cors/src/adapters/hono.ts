import type { ServerResponse } from 'node:http';
import type { Context, MiddlewareHandler } from 'hono';
import {
  type Admission,
  type Arrival,
  type CarrierOptions,
  createAdmit,
  looksAtHeadsAlone,
} from '../carrier/index.js';
import { type Policy, type PolicyConfig, type RequestHead, toPolicy } from '../policy/index.js';
import { holdDecision, noteDecision } from './heldHeaders.js';
import { type NodeRequest, readRequestHead, rewriteRequest } from './request.js';
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
 * whole, also when it is mounted below one. On `@hono/node-server` it reads the request as it came over the wire, and puts its
 * headers into the head that goes out, also when a handler writes past Hono to `c.env.outgoing`.
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
  const plain = looksAtHeadsAlone(options);

  /** Applies an admission, and lets the application answer what it admits. */
  async function settle(
    c: Context,
    next: () => Promise<void>,
    node: NodeExchange | undefined,
    admission: Admission,
  ): Promise<void> {
    const { decision, sealId } = admission;
    const answer = answerOf(decision);
    const applied = node !== undefined && decision.wouldDeny === undefined;
    const held = applied && answer === undefined;
    if (held) holdDecision(decision, node.outgoing, sealId);
    else if (applied) noteDecision(decision, node.outgoing);
    const finish = (): void => {
      if (held) return;
      const response = apply(decision, c.res, sealId);
      if (response !== c.res) replaceResponse(c, response);
    };
    try {
      if (answer !== undefined) {
        replaceResponse(c, c.newResponse(answer.body, answer));
        finish();
      } else if (changesRequest(admission)) {
        if (node !== undefined) rewriteRequest(node.incoming, admission);
        c.req.raw = openRequest(c.req.raw, admission);
      }
      admission.announce?.();
      if (answer !== undefined) return;
    } catch (error) {
      finish(); // what an error handler answers takes over the headers that stand here
      throw error;
    }
    await next();
    finish();
  }

  // Nothing is awaited that is there already: a turn of the queue costs more than all else.
  return async function mcpCors(c, next) {
    const node = nodeExchange(c);
    if (node === undefined || !plain || policy.settings.sessions !== undefined) {
      const admitted = admit(policy, readArrival(c, node, options));
      return settle(c, next, node, admitted instanceof Promise ? await admitted : admitted);
    }
    const decided = policy.decide(readNodeHead(node.incoming, options.loopback));
    const decision = decided instanceof Promise ? await decided : decided;
    if (decision.status !== undefined || decision.wouldDeny !== undefined) {
      return settle(c, next, node, { ...UNCHANGED, decision });
    }
    // On Node the headers are put into the head that goes out: making a Response of every answer would cost far more.
    holdDecision(decision, node.outgoing);
    await next();
  };
}

/** An admission that changes nothing about the request. */
const UNCHANGED: Omit<Admission, 'decision'> = Object.freeze({
  sessionId: undefined,
  target: undefined,
  requestId: undefined,
  sealId: undefined,
  announce: undefined,
});

/** Puts a response in the place of another. Hono would add the headers of the one before to it. */
function replaceResponse(c: Context, response: Response): void {
  c.res = undefined;
  c.res = response;
}

function changesRequest({ sessionId, target, requestId }: Admission): boolean {
  return sessionId !== undefined || target !== undefined || requestId !== undefined;
}

function readArrival(
  c: Context,
  node: NodeExchange | undefined,
  { address, loopback }: HonoCarrierOptions,
): Arrival {
  if (node === undefined) {
    const request = c.req.raw;
    return {
      head: readWebRequestHead(request, loopback),
      target: targetOf(request.url),
      address: address?.(c),
      requestId: request.headers.get('x-request-id') ?? undefined,
    };
  }
  const { incoming } = node;
  const requestId = incoming.headers['x-request-id'];
  return {
    head: readNodeHead(incoming, loopback),
    target: incoming.url ?? '/',
    address: address?.(c) ?? incoming.socket.remoteAddress,
    requestId: typeof requestId === 'string' ? requestId : undefined,
  };
}

function readNodeHead(incoming: NodeRequest, loopback: boolean | undefined): RequestHead {
  const head = readRequestHead(incoming, incoming.url ?? '/');
  return loopback === undefined ? head : { ...head, loopback };
}

/** A request as Node received it, and the response that goes out. */
interface NodeExchange {
  readonly incoming: NodeRequest;
  readonly outgoing: ServerResponse;
}

/** What Node knows of a request; undefined on other runtimes, where the environment is something else. */
function nodeExchange({ env }: Context): NodeExchange | undefined {
  if (typeof env !== 'object' || env === null || !('incoming' in env)) return undefined;
  const { incoming, outgoing } = env as {
    readonly incoming: Partial<NodeRequest> | null | undefined;
    readonly outgoing?: Partial<ServerResponse> | null | undefined;
  };
  if (!Array.isArray(incoming?.rawHeaders) || typeof incoming.socket !== 'object') return undefined;
  if (typeof outgoing?.writeHead !== 'function') return undefined;
  return { incoming: incoming as NodeRequest, outgoing: outgoing as ServerResponse };
}

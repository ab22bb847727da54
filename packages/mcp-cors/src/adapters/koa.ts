import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Policy, PolicyConfig } from '../policy/index.js';
import { type Carried, createCarrier, type NodeCarrierOptions, PASSED } from './carry.js';

export type { CarrierOptions, DecisionEvent, Limiter, LimiterConfig, NodeCarrierOptions } from './node.js';

/** A Koa context, by the parts that are used. */
export interface KoaContext {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  originalUrl: string;
  readonly request: { originalUrl: string };
  respond?: boolean | undefined;
}

/** Koa middleware. */
export type KoaMiddleware = (context: KoaContext, next: () => Promise<unknown>) => Promise<unknown>;

/**
 * Koa middleware: `app.use(mcpCors({ origins: ['https://app.example.com'] }))`, before body parsers, routers and other
 * middleware that could answer. Paths are looked at whole, also when it is mounted below one.
 *
 * @throws {PolicyConfigError} when the configuration is not valid.
 */
export function mcpCors(
  configOrPolicy: PolicyConfig | Policy,
  options: NodeCarrierOptions = {},
): KoaMiddleware {
  const carry = createCarrier(configOrPolicy, options);
  return function mcpCors(context, next) {
    const carried = carry(context.req, context.res, context.originalUrl);
    // A promise of our own would cost more than the decision.
    return carried === PASSED ? next() : proceed(carried, context, next);
  };
}

async function proceed(
  carried: Carried | Promise<Carried>,
  context: KoaContext,
  next: () => Promise<unknown>,
): Promise<void> {
  const { answered, opened } = await carried;
  if (answered) {
    context.respond = false;
    return;
  }
  // Koa keeps the target as it came in twice, apart from the request's own.
  if (opened !== undefined) context.originalUrl = context.request.originalUrl = opened;
  await next();
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Policy, PolicyConfig } from '../policy/index.js';
import { createCarrier, type NodeCarrierOptions } from './node.js';

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
export type KoaMiddleware = (context: KoaContext, next: () => Promise<unknown>) => Promise<void>;

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
    return new Promise((resolve, reject) => {
      const proceed = (opened?: string): void => {
        // Koa keeps the target as it came in twice, apart from the request's own.
        if (opened !== undefined) context.originalUrl = context.request.originalUrl = opened;
        next().then(() => resolve(), reject);
      };
      const answered = (): void => {
        context.respond = false;
        resolve();
      };
      carry(context.req, context.res, context.originalUrl, proceed, reject, answered);
    });
  };
}

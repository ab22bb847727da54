import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Policy, PolicyConfig } from '../policy/index.js';
import { createCarrier, follow, type NodeCarrierOptions, PASSED } from './carry.js';

export type { CarrierOptions, DecisionEvent, Limiter, LimiterConfig, NodeCarrierOptions } from './node.js';

/** An Express request, by the parts that are used. */
export interface ExpressRequest extends IncomingMessage {
  readonly originalUrl?: string;
  /** Express 4 has parsed the query before any middleware is run; Express 5 does so when it is asked. */
  query?: unknown;
  readonly app?: { get(name: string): unknown };
}

/** An Express request handler: Express 4 and 5 both accept it. */
export type ExpressHandler = (
  request: ExpressRequest,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/**
 * Express middleware: `app.use(mcpCors({ origins: ['https://app.example.com'] }))`, before body parsers, routes and
 * other middleware that could answer. Paths are looked at whole, also when it is mounted below one.
 *
 * @throws {PolicyConfigError} when the configuration is not valid.
 */
export function mcpCors(
  configOrPolicy: PolicyConfig | Policy,
  options: NodeCarrierOptions = {},
): ExpressHandler {
  const carry = createCarrier(configOrPolicy, options);
  return (request, response, next) => {
    const carried = carry(request, response, request.originalUrl ?? request.url ?? '/');
    if (carried === PASSED) return next();
    const proceed = (opened: string | undefined): void => {
      if (opened !== undefined) parseQueryAgain(request);
      next();
    };
    follow(carried, proceed, next);
  };
}

/** Gives Express 4 the query as it is now. */
function parseQueryAgain(request: ExpressRequest): void {
  if (!Object.hasOwn(request, 'query')) return;
  const parse = request.app?.get('query parser fn');
  const { url = '' } = request;
  const start = url.indexOf('?') + 1;
  if (typeof parse === 'function') request.query = parse(start === 0 ? '' : url.slice(start));
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Policy, PolicyConfig } from '../policy/index.js';
import { type CarrierOptions, createCarrier } from './node.js';

export type { CarrierOptions } from './node.js';

/** An Express request handler, by the parts that are used: Express 4 and 5 both accept it. */
export type ExpressHandler = (
  request: IncomingMessage & { readonly originalUrl?: string },
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/**
 * Express middleware: `app.use(mcpCors({ origins: ['https://app.example.com'] }))`, before body parsers, routes and
 * other middleware that could answer. Paths are looked at whole, also when it is mounted below one.
 *
 * @throws {PolicyConfigError} when the configuration is not valid.
 */
export function mcpCors(configOrPolicy: PolicyConfig | Policy, options: CarrierOptions = {}): ExpressHandler {
  const carry = createCarrier(configOrPolicy, options);
  return (request, response, next) =>
    carry(request, response, request.originalUrl ?? request.url ?? '/', next, next);
}

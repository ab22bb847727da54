import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import {
  type Decision,
  type Policy,
  type PolicyConfig,
  type RequestHead,
  toPolicy,
} from '../policy/index.js';
import { readRequestHead } from './request.js';
import { applyDecision } from './response.js';

export { isLoopbackAddress, readRequestHead } from './request.js';
export { applyDecision } from './response.js';

/** What every adapter takes besides the policy. */
export interface CarrierOptions {
  /** Hears of every decision, after it was applied. What it throws reaches the carrier's error handling. */
  readonly onDecision?: ((decision: Decision, head: RequestHead, policy: Policy) => void) | undefined;
}

/**
 * Wraps a `node:http` request listener in a policy: `createServer(mcpCors({ origins })(listener))`. Preflights and
 * denied requests are answered here and never reach the listener.
 *
 * @throws {PolicyConfigError} when the configuration is not valid.
 */
export function mcpCors(
  configOrPolicy: PolicyConfig | Policy,
  options: CarrierOptions = {},
): (listener: RequestListener) => RequestListener {
  const carry = createCarrier(configOrPolicy, options);
  return (listener) => (request, response) =>
    carry(request, response, request.url ?? '/', () => listener(request, response), throwOutside);
}

/** Throws where a listener's own error would end up: with the process, and not in a promise of ours. */
function throwOutside(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}

/**
 * Decides about a Node request and applies the decision; goes on with what passes, at once or when a directory has
 * answered. What is thrown after a directory has answered goes to `fail`.
 */
export function createCarrier(
  configOrPolicy: PolicyConfig | Policy,
  { onDecision }: CarrierOptions,
): (
  request: IncomingMessage,
  response: ServerResponse,
  target: string,
  proceed: () => void,
  fail: (error: unknown) => void,
) => void {
  const policy = toPolicy(configOrPolicy);
  return (request, response, target, proceed, fail) => {
    const head = readRequestHead(request, target);
    const decided = policy.decide(head);
    const settle = (decision: Decision): void => {
      const answered = applyDecision(decision, response);
      onDecision?.(decision, head, policy);
      if (!answered) proceed();
    };
    if (decided instanceof Promise) decided.then(settle).catch(fail);
    else settle(decided);
  };
}

import { type Admission, type CarrierOptions, createAdmit, looksAtHeadsAlone } from '../carrier/index.js';
import { type Decision, type Policy, type PolicyConfig, toPolicy } from '../policy/index.js';
import { createProvenance, type TrustProxy } from './forwarded.js';
import { type NodeRequest, readRequestHead, rewriteRequest } from './request.js';
import { applyDecision, type NodeResponse } from './response.js';

/** What adapters for Node take besides the policy. */
export interface NodeCarrierOptions extends CarrierOptions {
  /** Proxies in front whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed. Default none. */
  readonly trustProxy?: TrustProxy | undefined;
}

/** What became of a request. */
export interface Carried {
  /** Whether it was answered here; otherwise it is the application's. */
  readonly answered: boolean;
  /** The request target, where a session in it was opened. */
  readonly opened: string | undefined;
}

/** What becomes of nearly every request: the application answers it as it is. */
export const PASSED: Carried = Object.freeze({ answered: false, opened: undefined });
const ANSWERED: Carried = Object.freeze({ answered: true, opened: undefined });

/** Decides about a Node request and applies the decision, at once or when a directory or a limiter has answered. */
export type Carry = (
  request: NodeRequest,
  response: NodeResponse,
  target: string,
) => Carried | Promise<Carried>;

/** Makes the part that all adapters for Node have in common. */
export function createCarrier(configOrPolicy: PolicyConfig | Policy, options: NodeCarrierOptions): Carry {
  const policy = toPolicy(configOrPolicy);
  const admit = createAdmit(options);
  const provenanceOf = createProvenance(options.trustProxy);
  const plain = looksAtHeadsAlone(options) && options.trustProxy === undefined;

  return (request, response, target) => {
    if (plain && policy.settings.sessions === undefined) {
      const decided = policy.decide(readRequestHead(request, target));
      return decided instanceof Promise
        ? decided.then((decision) => apply(decision, response))
        : apply(decided, response);
    }
    const { address, scheme } = provenanceOf(request);
    const head = readRequestHead(request, target, scheme);
    const settle = (admission: Admission): Carried => {
      const carried = apply(admission.decision, response, admission.sealId);
      if (!carried.answered) rewriteRequest(request, admission);
      admission.announce?.();
      return admission.target === undefined ? carried : { ...carried, opened: admission.target };
    };
    const given = request.headers['x-request-id'];
    const admitted = admit(policy, {
      head,
      target,
      address,
      requestId: typeof given === 'string' ? given : undefined,
    });
    return admitted instanceof Promise ? admitted.then(settle) : settle(admitted);
  };
}

function apply(decision: Decision, response: NodeResponse, sealId?: (id: string) => string): Carried {
  return applyDecision(decision, response, sealId) ? ANSWERED : PASSED;
}

/**
 * Calls what comes next for a request, as soon as it is known what became of it: `proceed`, or `answered`. What goes wrong
 * later than at once goes to `fail`.
 */
export function follow(
  carried: Carried | Promise<Carried>,
  proceed: (opened: string | undefined) => void,
  fail: (error: unknown) => void,
  answered: () => void = () => {},
): void {
  const next = (known: Carried): void => (known.answered ? answered() : proceed(known.opened));
  if (carried instanceof Promise) carried.then(next).catch(fail);
  else next(carried);
}

import {
  type Decision,
  type Explanation,
  explain,
  type Outcome,
  type Policy,
  type Reason,
  type RequestHead,
} from '../policy/index.js';

/** What a listener to decisions is told. Credentials are not part of it; session ids are in `head` alone. */
export interface DecisionEvent {
  readonly outcome: Outcome;
  readonly reason: Reason;
  /** In report-only mode, why the request would have been refused. */
  readonly wouldDeny: Reason | undefined;
  /** The pattern that admitted the origin. */
  readonly rule: string | undefined;
  /** The method or header name that was refused. */
  readonly subject: string | undefined;
  /** The status of a refusal or a preflight; undefined where the application answers. */
  readonly status: number | undefined;
  readonly method: string;
  readonly path: string;
  readonly origin: string | undefined;
  readonly host: string | undefined;
  /** The client's address: the peer's, or what a trusted proxy says. */
  readonly address: string | undefined;
  /** X-Request-Id of the request and its response; undefined when that is off. */
  readonly requestId: string | undefined;
  /** Milliseconds from the request's arrival to the decision, look-ups and limiters included. */
  readonly durationMs: number;
  /** Why the limiter could not count the request; what happened then is in `reason`. */
  readonly limiterError: Error | undefined;
  readonly decision: Decision;
  readonly head: RequestHead;
  readonly policy: Policy;
  /** The decision in words, with its remedy. Meant for people, not for every request. */
  readonly explain: () => Explanation;
}

/** What an event is made of, besides the decision. */
export interface EventFacts {
  readonly head: RequestHead;
  readonly policy: Policy;
  readonly address: string | undefined;
  readonly requestId: string | undefined;
  readonly durationMs: number;
  readonly limiterError: Error | undefined;
}

/** Makes an event. */
export function decisionEvent(decision: Decision, facts: EventFacts): DecisionEvent {
  const { head, policy } = facts;
  return Object.freeze({
    outcome: decision.outcome,
    reason: decision.reason,
    wouldDeny: decision.wouldDeny?.reason,
    rule: decision.rule,
    subject: decision.subject,
    status: decision.status,
    method: head.method,
    path: head.path,
    origin: head.origin,
    host: head.host,
    address: facts.address,
    requestId: facts.requestId,
    durationMs: facts.durationMs,
    limiterError: facts.limiterError,
    decision,
    head,
    policy,
    explain: () => explain(head, decision, policy.settings),
  });
}

import {
  type Decision,
  denyAfter,
  type HeaderField,
  type Policy,
  type RequestHead,
} from '../policy/index.js';
import {
  changeSessionParameter,
  createSessionSealer,
  type SessionSealer,
  sessionOwner,
} from '../session/index.js';
import { type DecisionEvent, decisionEvent } from './decisionEvent.js';
import {
  createCounter,
  type LimiterConfig,
  type OnLimiterError,
  RATE_LIMIT_HEADERS,
  type Verdict,
} from './limits.js';
import { requestIdOf } from './requestId.js';

/** What every carrier takes besides the policy. */
export interface CarrierOptions {
  /**
   * Hears of every decision, after it was applied. What it throws reaches the carrier's error handling; a listener that
   * works on handles its own rejections.
   */
  readonly onDecision?: ((event: DecisionEvent) => void) | undefined;
  /**
   * Counts preflights, denied requests, requests and streams, each for a client's address and the pattern that admitted the
   * origin; refused origins share one budget. A policy that only reports counts, and refuses nothing.
   */
  readonly limiter?: LimiterConfig | undefined;
  /**
   * What becomes of an admitted request that a limiter could not count. Denied requests stay denied either way.
   * Default `allow`.
   */
  readonly onLimiterError?: OnLimiterError | undefined;
  /**
   * Gives every request an X-Request-Id, takes over one that is well formed, and lets pages read it. Default: on when
   * there is a listener or a limiter.
   */
  readonly requestId?: boolean | undefined;
}

/** A request as it came in. */
export interface Arrival {
  readonly head: RequestHead;
  /** The whole request target or URL. */
  readonly target: string;
  /** The client's address. */
  readonly address: string | undefined;
  /** X-Request-Id, as the request has it. */
  readonly requestId: string | undefined;
}

/** What a carrier has to do about a request. */
export interface Admission {
  readonly decision: Decision;
  /** What the application is to see in place of the request's own; undefined where nothing changes. */
  readonly sessionId: string | undefined;
  readonly target: string | undefined;
  readonly requestId: string | undefined;
  /** Seals the session ids of the response; undefined when they pass as they are. */
  readonly sealId: ((id: string) => string) | undefined;
  /** Tells the listener, and gives what it was told. To be called once the decision was applied. */
  readonly announce: (() => DecisionEvent) | undefined;
}

/** Decides about requests, with everything that needs more than their heads. Never throws and never rejects. */
export type Admit = (policy: Policy, arrival: Arrival) => Admission | Promise<Admission>;

/** Whether a policy without sessions is all that a carrier with these options asks: who sends a request, it need not know. */
export function looksAtHeadsAlone({ onDecision, limiter, requestId = false }: CarrierOptions): boolean {
  return onDecision === undefined && limiter === undefined && !requestId;
}

/** Makes the common part of all carriers. Policies with the same settings share a sealer. */
export function createAdmit(options: CarrierOptions): Admit {
  const { onDecision, limiter, onLimiterError = 'allow' } = options;
  if (onLimiterError !== 'allow' && onLimiterError !== 'deny') {
    throw new TypeError("onLimiterError is neither 'allow' nor 'deny'.");
  }
  const countRequest = limiter === undefined ? undefined : createCounter(limiter);
  const withIds = options.requestId ?? (onDecision !== undefined || limiter !== undefined);
  const reportFailure = onDecision === undefined ? createFailureReport() : undefined;
  const exposed = [
    ...(limiter === undefined ? [] : RATE_LIMIT_HEADERS),
    ...(withIds ? ['X-Request-Id'] : []),
  ];
  const findSealer = createSealers();
  const addHeaders = createHeaderAdder(exposed);

  return function admit(policy, arrival) {
    // A live policy may be another one by the time that a directory or a limiter has answered.
    const { reportOnly } = policy.settings;
    const sealer = findSealer(policy);
    const started = onDecision === undefined ? 0 : performance.now();
    const { head, target, address } = arrival;
    const requestId = withIds ? requestIdOf(arrival.requestId) : undefined;
    const ids: readonly HeaderField[] = requestId === undefined ? [] : [['x-request-id', requestId]];

    const conclude = (passage: Passage, verdict: Verdict | undefined): Admission => {
      const limiterError = verdict?.error;
      if (limiterError !== undefined) reportFailure?.(limiterError);
      const denial = judge(passage.decision, verdict, onLimiterError);
      const enforced = denial !== undefined && !reportOnly;
      const rates = [...ids, ...(verdict?.headers ?? [])];
      if (enforced && verdict?.retryAfter !== undefined) rates.push(verdict.retryAfter);
      const decision = addHeaders(enforced ? denial : passage.decision, rates);
      const told =
        denial === undefined || enforced ? decision : Object.freeze({ ...decision, wouldDeny: denial });
      const passes = decision.outcome === 'pass';
      const durationMs = onDecision === undefined ? 0 : performance.now() - started;
      return {
        decision,
        sessionId: passes ? passage.sessionId : undefined,
        target: passes ? passage.target : undefined,
        sealId: passes ? passage.sealId : undefined,
        requestId,
        announce:
          onDecision &&
          (() => {
            const event = decisionEvent(told, { head, policy, address, requestId, durationMs, limiterError });
            onDecision(event);
            return event;
          }),
      };
    };
    const proceed = (decided: Decision): Admission | Promise<Admission> => {
      const passage = openSessions(decided, head, target, sealer);
      const verdict = countRequest?.(passage.decision, head, address);
      return verdict instanceof Promise
        ? verdict.then((later) => conclude(passage, later))
        : conclude(passage, verdict);
    };

    const decided = policy.decide(head);
    return decided instanceof Promise ? decided.then(proceed) : proceed(decided);
  };
}

/** A decision, and what it lets through of the request. */
interface Passage {
  readonly decision: Decision;
  readonly sessionId?: string | undefined;
  readonly target?: string | undefined;
  readonly sealId?: ((id: string) => string) | undefined;
}

/** Opens the session ids of a request that passes, or denies it when one does not open. */
function openSessions(
  decision: Decision,
  head: RequestHead,
  target: string,
  sealer: SessionSealer | undefined,
): Passage {
  const { outcome, kind } = decision;
  if (sealer === undefined || outcome !== 'pass') return { decision };
  if (kind !== 'mcp' && kind !== 'sse' && kind !== 'messages') return { decision };
  const owner = sessionOwner(head);
  const open = (id: string): string | undefined => sealer.open(owner, id);
  const sessionId = head.sessionId === undefined ? undefined : open(head.sessionId);
  const opened = changeSessionParameter(target, open);
  const closed = opened === undefined || (head.sessionId !== undefined && sessionId === undefined);
  // A message belongs to a session. Where none could be opened, the server would look for it somewhere else.
  const missing =
    kind === 'messages' && head.method === 'POST' && sessionId === undefined && opened === target;
  if (closed || missing) return { decision: denyAfter(decision, 'session-not-found') };
  return {
    decision,
    sessionId,
    target: opened === target ? undefined : opened,
    sealId: (id) => sealer.seal(owner, id),
  };
}

/** The denial that a limiter's verdict calls for, if any. */
function judge(
  decision: Decision,
  verdict: Verdict | undefined,
  onLimiterError: OnLimiterError,
): Decision | undefined {
  if (verdict === undefined || decision.wouldDeny !== undefined) return undefined;
  if (verdict.limited) return denyAfter(decision, 'rate-limited');
  const fails = verdict.error !== undefined && onLimiterError === 'deny' && decision.outcome !== 'deny';
  return fails ? denyAfter(decision, 'limiter-failed') : undefined;
}

const EXPOSE = 'access-control-expose-headers';

/** How many lists of exposed names are kept with ours; a policy has one. */
const MOST_LISTS = 100;

/** Adds headers to decisions, and lets the page that may read a response read those that are named. */
function createHeaderAdder(
  exposed: readonly string[],
): (decision: Decision, added: readonly HeaderField[]) => Decision {
  const joined = new Map<string, HeaderField>();
  const join = (before: string): HeaderField => {
    let field = joined.get(before);
    if (field === undefined) {
      if (joined.size >= MOST_LISTS) joined.clear();
      field = [EXPOSE, joinNames(before, exposed)];
      joined.set(before, field);
    }
    return field;
  };

  return (decision, added) => {
    if (added.length === 0 || decision.wouldDeny !== undefined) return decision;
    const headers = [...decision.headers];
    const readable = headers.some(([name]) => name === 'access-control-allow-origin');
    if (readable && decision.outcome !== 'preflight') {
      const at = headers.findIndex(([name]) => name === EXPOSE);
      const before = headers[at]?.[1];
      if (before === undefined) headers.push([EXPOSE, exposed.join(', ')]);
      else if (before !== '*') headers[at] = join(before);
    }
    headers.push(...added);
    return Object.freeze({ ...decision, headers: Object.freeze(headers) });
  };
}

/** A list of header names with those that it lacks. */
function joinNames(list: string, names: readonly string[]): string {
  const present = list.toLowerCase().split(/, */);
  return [list, ...names.filter((name) => !present.includes(name.toLowerCase()))].join(', ');
}

/** The sealer of a policy. A handle may have another policy in it each time. */
function createSealers(): (policy: Policy) => SessionSealer | undefined {
  const sealers = new WeakMap<object, SessionSealer>();
  return ({ settings: { sessions, reportOnly } }) => {
    if (sessions === undefined || reportOnly) return undefined;
    let sealer = sealers.get(sessions);
    if (sealer === undefined) {
      sealer = createSessionSealer(sessions.secrets);
      sealers.set(sessions, sealer);
    }
    return sealer;
  };
}

const REPORT_INTERVAL_MS = 60_000;

/** Says on standard error that a limiter fails, where no listener would notice; once a minute at most. */
function createFailureReport(): (error: Error) => void {
  let next = 0;
  return (error) => {
    const now = performance.now();
    if (now < next) return;
    next = now + REPORT_INTERVAL_MS;
    // biome-ignore lint/suspicious/noConsole: nobody listens, and a limiter must not fail in silence
    console.error(`mcp-cors: requests cannot be counted: ${error.message}`);
  };
}

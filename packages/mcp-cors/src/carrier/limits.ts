import type { Decision, HeaderField, RequestHead } from '../policy/index.js';
import { clientKey } from './clientKey.js';

/** What a limiter says of a key. rate-limiter-flexible resolves with it, and rejects with it when points are used up. */
export interface LimiterAnswer {
  /** Milliseconds until there are points again; negative for never. */
  readonly msBeforeNext: number;
  readonly remainingPoints: number;
}

/**
 * Any rate-limiter-flexible instance: in memory, or over Redis, Postgres and others. Rejects with an answer when the
 * key has no points left, and with an Error when it cannot tell. What takes longer than {@link LIMITER_TIMEOUT_MS} counts
 * as that, so `execEvenly` must not wait as long.
 */
export interface Limiter {
  consume(key: string, points?: number): Promise<unknown>;
  /** Points of a key in each `duration`. */
  readonly points?: number | undefined;
  /** Seconds. */
  readonly duration?: number | undefined;
}

/** What is counted apart. */
export const BUDGETS = Object.freeze(['preflights', 'denied', 'requests', 'streams'] as const);
/** One of {@link BUDGETS}. */
export type Budget = (typeof BUDGETS)[number];

/** One limiter for all budgets, which still have points of their own, or one for each budget that is to be limited. */
export type LimiterConfig = Limiter | Readonly<Partial<Record<Budget, Limiter>>>;

/** What is done when a limiter fails: `deny` answers 503. */
export type OnLimiterError = 'allow' | 'deny';

/** What a limiter said of a request. */
export interface Verdict {
  readonly limited: boolean;
  /** RateLimit and RateLimit-Policy, where the limiter tells its points. */
  readonly headers: readonly HeaderField[];
  /** Goes with a refusal; undefined where waiting does not help. */
  readonly retryAfter: HeaderField | undefined;
  readonly error: Error | undefined;
}

/** How long a limiter may take. A store that hangs must not hang every request. */
export const LIMITER_TIMEOUT_MS = 1_000;

/** Response headers of a counted request (draft-ietf-httpapi-ratelimit-headers-10), for pages to read. */
export const RATE_LIMIT_HEADERS: readonly string[] = Object.freeze([
  'Retry-After',
  'RateLimit',
  'RateLimit-Policy',
]);

const UNLIMITED: Verdict = Object.freeze({
  limited: false,
  headers: Object.freeze([]),
  retryAfter: undefined,
  error: undefined,
});

/** Counts requests. Never throws and never rejects. */
export type CountRequest = (
  decision: Decision,
  head: RequestHead,
  address: string | undefined,
) => Promise<Verdict> | Verdict;

/**
 * Makes a counter over limiters.
 * @throws {TypeError} when the configuration is no limiter and names none.
 */
export function createCounter(config: LimiterConfig): CountRequest {
  const limiters = readLimiters(config);
  return (decision, head, address) => {
    const judged = decision.wouldDeny ?? decision;
    const budget = budgetOf(judged, head);
    const limiter = limiters[budget];
    if (limiter === undefined) return UNLIMITED;
    return count(limiter, budget, `${budget}:${clientKey(address)}:${pageKey(judged, head)}`);
  };
}

/**
 * Whose page a request counts for: the pattern that admitted it, of which there are as many as the owner wrote. Origin and
 * Host are whatever their sender made up: with budgets of their own he would have one more for each value.
 */
function pageKey({ kind, rule }: Decision, { origin }: RequestHead): string {
  if (kind === undefined) return '*'; // refused before anything but the sender's word was known of it
  return rule ?? (origin === undefined ? '-' : 'self');
}

function readLimiters(config: LimiterConfig): Readonly<Partial<Record<Budget, Limiter>>> {
  if (typeof config !== 'object' || config === null) {
    throw new TypeError(
      'limiter is no object. Pass a rate-limiter-flexible instance, or one for each budget.',
    );
  }
  if (isLimiter(config)) return Object.fromEntries(BUDGETS.map((budget) => [budget, config]));
  const named = Object.entries(config).filter(([, limiter]) => limiter !== undefined);
  for (const [name, limiter] of named) {
    if (!(BUDGETS as readonly string[]).includes(name)) {
      throw new TypeError(`limiter.${name} is no budget. Use some of ${BUDGETS.join(', ')}.`);
    }
    if (!isLimiter(limiter)) {
      throw new TypeError(`limiter.${name} has no consume(). Pass a rate-limiter-flexible instance.`);
    }
  }
  if (named.length === 0) {
    throw new TypeError(
      'limiter names no limiter. Pass a rate-limiter-flexible instance, or one for each budget.',
    );
  }
  return Object.fromEntries(named); // a copy: what its owner changes later was not looked at
}

function isLimiter(value: unknown): value is Limiter {
  return (
    typeof value === 'object' && value !== null && 'consume' in value && typeof value.consume === 'function'
  );
}

function budgetOf({ outcome, kind }: Decision, { method }: RequestHead): Budget {
  if (outcome === 'deny') return 'denied';
  if (outcome === 'preflight') return 'preflights';
  return method === 'GET' && (kind === 'mcp' || kind === 'sse') ? 'streams' : 'requests';
}

async function count(limiter: Limiter, budget: Budget, key: string): Promise<Verdict> {
  try {
    const answer = readAnswer(await inTime(limiter.consume(key)));
    const headers = answer === undefined ? [] : rateHeaders(limiter, budget, answer);
    return { limited: false, headers, retryAfter: undefined, error: undefined };
  } catch (refusal) {
    const answer = readAnswer(refusal);
    if (answer === undefined) {
      return { limited: false, headers: [], retryAfter: undefined, error: readError(refusal) };
    }
    const { msBeforeNext } = answer;
    const seconds = toSeconds(msBeforeNext);
    return {
      limited: true,
      headers: rateHeaders(limiter, budget, { msBeforeNext, remainingPoints: 0 }),
      retryAfter: seconds === undefined ? undefined : ['retry-after', String(seconds)],
      error: undefined,
    };
  }
}

/**
 * Waits for a limiter no longer than {@link LIMITER_TIMEOUT_MS}. Limiters in memory have settled when they return: the
 * timer, which costs more than they do, is for the others.
 */
function inTime(consumed: Promise<unknown>): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let settled = false;
    const settle = (): void => {
      settled = true;
      if (timer !== undefined) clearTimeout(timer);
    };
    Promise.resolve(consumed).then(
      (answer) => {
        settle();
        resolve(answer);
      },
      (refusal) => {
        settle();
        reject(refusal);
      },
    );
    queueMicrotask(() => {
      if (settled) return;
      timer = setTimeout(
        () => reject(new Error(`the limiter gave no answer in ${LIMITER_TIMEOUT_MS} ms`)),
        LIMITER_TIMEOUT_MS,
      );
    });
  });
}

/** The answer of a limiter; of a union, which has one for each name, the one that leaves least for longest. */
function readAnswer(value: unknown): LimiterAnswer | undefined {
  if (isAnswer(value)) return value;
  return partsOf(value)
    .filter(isAnswer)
    .toSorted((a, b) => a.remainingPoints - b.remainingPoints || b.msBeforeNext - a.msBeforeNext)[0];
}

/** Why a limiter could not tell; of a union, why the first of those could not. */
function readError(refusal: unknown): Error {
  return (
    [refusal, ...partsOf(refusal)].find((part) => part instanceof Error) ??
    new Error('the limiter rejected with neither an answer nor an Error', { cause: refusal })
  );
}

function partsOf(value: unknown): unknown[] {
  return typeof value === 'object' && value !== null ? Object.values(value) : [];
}

function isAnswer(value: unknown): value is LimiterAnswer {
  return (
    typeof value === 'object' &&
    value !== null &&
    'msBeforeNext' in value &&
    typeof value.msBeforeNext === 'number'
  );
}

function rateHeaders(
  { points, duration }: Limiter,
  budget: Budget,
  { remainingPoints, msBeforeNext }: LimiterAnswer,
): readonly HeaderField[] {
  // Wrappers say 0, or for ever, of what another limiter counts.
  if (points === undefined || !Number.isFinite(points) || points <= 0) return [];
  const window = duration !== undefined && Number.isFinite(duration) && duration > 0;
  const seconds = toSeconds(msBeforeNext);
  return [
    [
      'ratelimit-policy',
      `"${budget}";q=${toInteger(points)}${window ? `;w=${toInteger(Math.ceil(duration))}` : ''}`,
    ],
    [
      'ratelimit',
      `"${budget}";r=${toInteger(remainingPoints)}${seconds === undefined ? '' : `;t=${seconds}`}`,
    ],
  ];
}

/** Largest integer of a structured field (RFC 9651 section 3.3.1). */
const MAX_INTEGER = 999_999_999_999_999;
/** Longest time that recipients need to tell apart (RFC 9111 section 1.2.2). */
const MAX_SECONDS = 2 ** 31 - 1;

function toInteger(value: number): number {
  return Math.min(MAX_INTEGER, Math.max(0, Math.floor(value || 0)));
}

/** Whole seconds to wait, at least one; undefined where there is no time after which points come back. */
function toSeconds(milliseconds: number): number | undefined {
  if (!(milliseconds >= 0)) return undefined;
  return Math.min(MAX_SECONDS, Math.max(1, Math.ceil(milliseconds / 1_000)));
}

import type { Decision, HeaderField, RequestHead } from '../policy/index.js';

/** What a limiter says of a key. rate-limiter-flexible resolves with it, and rejects with it when points are used up. */
export interface LimiterAnswer {
  readonly msBeforeNext: number;
  readonly remainingPoints: number;
}

/**
 * Any rate-limiter-flexible instance: in memory, or over Redis, Postgres and others. Rejects with an answer when the
 * key has no points left, and with an Error when it cannot tell.
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
  readonly headers: readonly HeaderField[];
  readonly error: Error | undefined;
}

/** How long a limiter may take. A store that hangs must not hang every request. */
export const LIMITER_TIMEOUT_MS = 1_000;

/** Response headers of a counted request (draft-ietf-httpapi-ratelimit-headers-10), for pages to read. */
export const RATE_LIMIT_HEADERS: readonly string[] = Object.freeze(['RateLimit', 'RateLimit-Policy']);

const UNLIMITED: Verdict = Object.freeze({ limited: false, headers: Object.freeze([]), error: undefined });

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
    const budget = budgetOf(decision, head);
    const limiter = limiters[budget];
    if (limiter === undefined) return UNLIMITED;
    // A refused origin is whatever its sender made up, so it has no budget of its own.
    const origin = budget === 'denied' ? '*' : (head.origin ?? '-');
    return count(limiter, budget, `${budget}:${clientKey(address)}:${origin}`);
  };
}

function readLimiters(config: LimiterConfig): Readonly<Partial<Record<Budget, Limiter>>> {
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
  return config;
}

function isLimiter(value: unknown): value is Limiter {
  return (
    typeof value === 'object' && value !== null && 'consume' in value && typeof value.consume === 'function'
  );
}

function budgetOf({ outcome, wouldDeny, kind }: Decision, { method }: RequestHead): Budget {
  if (outcome === 'deny' || wouldDeny !== undefined) return 'denied';
  if (outcome === 'preflight') return 'preflights';
  return method === 'GET' && (kind === 'mcp' || kind === 'sse') ? 'streams' : 'requests';
}

async function count(limiter: Limiter, budget: Budget, key: string): Promise<Verdict> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    const consumed = limiter.consume(key);
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`the limiter gave no answer in ${LIMITER_TIMEOUT_MS} ms`)),
        LIMITER_TIMEOUT_MS,
      );
    });
    const answer = readAnswer(await Promise.race([consumed, late]));
    return { limited: false, headers: rateHeaders(limiter, budget, answer), error: undefined };
  } catch (refusal) {
    const answer = refusal instanceof Error ? undefined : readAnswer(refusal);
    if (answer === undefined) {
      const error = refusal instanceof Error ? refusal : new Error(`the limiter failed: ${String(refusal)}`);
      return { limited: false, headers: [], error };
    }
    const retryAfter: HeaderField = ['retry-after', String(toSeconds(answer.msBeforeNext))];
    return {
      limited: true,
      headers: [retryAfter, ...rateHeaders(limiter, budget, { ...answer, remainingPoints: 0 })],
      error: undefined,
    };
  } finally {
    clearTimeout(timer);
  }
}

/** The answer of a limiter; of a union of them, the one that leaves least. */
function readAnswer(value: unknown): LimiterAnswer | undefined {
  if (isAnswer(value)) return value;
  if (typeof value !== 'object' || value === null) return undefined;
  const answers = Object.values(value).filter(isAnswer);
  return answers.toSorted(
    (a, b) => a.remainingPoints - b.remainingPoints || b.msBeforeNext - a.msBeforeNext,
  )[0];
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
  answer: LimiterAnswer | undefined,
): readonly HeaderField[] {
  if (answer === undefined || points === undefined) return [];
  const window = duration === undefined || duration <= 0 ? '' : `;w=${Math.ceil(duration)}`;
  const remaining = Math.max(0, Math.floor(answer.remainingPoints));
  return [
    ['ratelimit-policy', `"${budget}";q=${points}${window}`],
    ['ratelimit', `"${budget}";r=${remaining};t=${toSeconds(answer.msBeforeNext)}`],
  ];
}

function toSeconds(milliseconds: number): number {
  return Math.max(1, Math.ceil(milliseconds / 1_000));
}

/** Whose budget an address counts for: an IPv4 address, or an IPv6 network of 64 bits, of which one client has all. */
export function clientKey(address: string | undefined): string {
  if (address === undefined) return '-';
  const plain = address.replace(/%.*$/s, '').toLowerCase();
  if (!plain.includes(':')) return plain;
  const mapped = /^::ffff:([0-9.]+)$/.exec(plain)?.[1];
  if (mapped !== undefined) return mapped;
  const [front = '', back] = plain.split('::', 2);
  const groups = front === '' ? [] : front.split(':');
  const rest = back === undefined || back === '' ? [] : back.split(':');
  const gap = back === undefined ? 0 : Math.max(0, 8 - groups.length - rest.length);
  return `${[...groups, ...Array<string>(gap).fill('0'), ...rest].slice(0, 4).join(':')}::/64`;
}

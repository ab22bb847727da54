import { BUDGETS, type Budget, type Limiter, type LimiterConfig } from 'mcp-cors/carrier';
import RateLimiterMemory from 'rate-limiter-flexible/lib/RateLimiterMemory.js';
import type { RateConfig, Rates } from '../config/rates.js';

/** Keys of a budget that are counted at a time: some 8 MB when all of them are in use. */
export const MOST_KEYS = 20_000;

/** Makes limiters that count in this process; undefined when nothing is to be counted. */
export function createMemoryLimiters(rates: Rates): LimiterConfig | undefined {
  const limiters: Partial<Record<Budget, Limiter>> = {};
  for (const budget of BUDGETS) {
    const rate = rates[budget];
    if (rate !== undefined) limiters[budget] = createMemoryLimiter(rate);
  }
  return Object.keys(limiters).length === 0 ? undefined : limiters;
}

/**
 * A limiter of bounded size: when there are too many keys, it forgets the one whose window began first. Whoever has so many
 * addresses has a budget for each of them anyway.
 */
function createMemoryLimiter({ points, seconds }: RateConfig): Limiter {
  const limiter = new RateLimiterMemory({ points, duration: seconds });
  const begun: string[] = [];
  let next = 0;

  function note(key: string): void {
    const oldest = begun[next];
    // A key that has begun another window since stands twice, and is forgotten early: it gets more, never less.
    if (oldest !== undefined && oldest !== key) void limiter.delete(oldest);
    begun[next] = key;
    next = (next + 1) % MOST_KEYS;
  }

  return {
    points,
    duration: seconds,
    consume(key) {
      const consumed = limiter.consume(key);
      consumed.then(
        ({ isFirstInDuration }) => {
          if (isFirstInDuration) note(key);
        },
        () => {}, // the caller's to handle
      );
      return consumed; // not what follows it: an answer that is there at once stays so
    },
  };
}

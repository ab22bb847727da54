import * as flexible from 'rate-limiter-flexible';
import {
  BurstyRateLimiter,
  RateLimiterMemory,
  RateLimiterRedis,
  RateLimiterUnion,
  RLWrapperBlackAndWhite,
  RLWrapperTimeouts,
} from 'rate-limiter-flexible';
import { afterEach, describe, expect, expectTypeOf, it, test, vi } from 'vitest';
import { parseStringList } from '../../../../test/fixtures/structuredFields.js';
import { createPolicy, type PolicyConfig, type RequestHead } from '../policy/index.js';
import {
  BUDGETS,
  type Budget,
  createCounter,
  LIMITER_TIMEOUT_MS,
  type Limiter,
  type LimiterConfig,
  type Verdict,
} from './limits.js';

const APP = 'https://app.example.com';
const EVIL = 'https://evil.example';
const ADDRESS = '203.0.113.7';
const POST: RequestHead = {
  method: 'POST',
  path: '/mcp',
  host: 'localhost',
  origin: APP,
  contentType: 'application/json',
};
const PREFLIGHT: RequestHead = { ...POST, method: 'OPTIONS', requestMethod: 'POST', contentType: undefined };
const STREAM: RequestHead = { ...POST, method: 'GET', contentType: undefined };
const FOREIGN: RequestHead = { ...POST, origin: EVIL };

/** A request of each budget. */
const HEADS: Readonly<Record<Budget, RequestHead>> = {
  preflights: PREFLIGHT,
  denied: FOREIGN,
  requests: POST,
  streams: STREAM,
};

afterEach(() => {
  vi.useRealTimers();
});

/** Counts requests under a policy without a directory. */
function counting(limiter: LimiterConfig, config: Partial<PolicyConfig> = {}) {
  const policy = createPolicy({ origins: APP, ...config });
  const count = createCounter(limiter);
  return async (head: RequestHead, address: string | undefined = ADDRESS): Promise<Verdict> =>
    count(await policy.decide(head), head, address);
}

/** A limiter that notes its keys. */
function listening() {
  const keys: string[] = [];
  const limiter: Limiter = {
    consume(key) {
      keys.push(key);
      return Promise.resolve(undefined);
    },
  };
  return { keys, limiter };
}

const memory = (points: number, duration = 60, more: { blockDuration?: number; keyPrefix?: string } = {}) =>
  new RateLimiterMemory({ points, duration, ...more });

const headerOf = ({ headers }: Verdict, name: string): string | undefined =>
  headers.find((field) => field[0] === name)?.[1];

/** The RateLimit fields of a verdict, once they were found to be well formed. */
function rateOf(verdict: Verdict) {
  const [policy, ...otherPolicies] = parseStringList(headerOf(verdict, 'ratelimit-policy') ?? '');
  const [limit, ...otherLimits] = parseStringList(headerOf(verdict, 'ratelimit') ?? '');
  expect([...otherPolicies, ...otherLimits]).toEqual([]);
  expect(policy?.value).toBe(limit?.value);
  return { budget: limit?.value, ...policy?.parameters, ...limit?.parameters };
}

const FAILS = new Error('the store is gone');

/** A limiter over a Redis that is not there. */
const overLostStore = (
  points: number,
  more: { keyPrefix?: string; insuranceLimiter?: RateLimiterMemory } = {},
) =>
  new RateLimiterRedis({
    storeClient: { status: 'reconnecting' },
    rejectIfRedisNotReady: true,
    points,
    duration: 60,
    ...more,
  });
const LOST = expect.objectContaining({ message: 'Redis connection is not ready' });

describe('the limiter of a configuration', () => {
  test.each<[string, unknown, string]>([
    [
      'an empty object',
      {},
      'limiter names no limiter. Pass a rate-limiter-flexible instance, or one for each budget.',
    ],
    ['budgets that are not set', { requests: undefined }, 'limiter names no limiter.'],
    [
      'a budget that there is not',
      { request: memory(1) },
      'limiter.request is no budget. Use some of preflights, denied, requests, streams.',
    ],
    [
      'a budget that is no limiter',
      { requests: 10 },
      'limiter.requests has no consume(). Pass a rate-limiter-flexible instance.',
    ],
    ['a budget that is null', { requests: null }, 'limiter.requests has no consume().'],
    ['a consume that is no function', { requests: { consume: 1 } }, 'limiter.requests has no consume().'],
    ['null', null, 'limiter is no object.'],
    ['a number', 10, 'limiter is no object.'],
  ])('%s is refused when it is made', (_, config, message) => {
    expect(() => createCounter(config as LimiterConfig)).toThrow(TypeError);
    expect(() => createCounter(config as LimiterConfig)).toThrow(message);
  });

  test('what is put in the place of a limiter later is not used', async () => {
    const limiters: { requests: Limiter } = { requests: memory(9) };
    const count = counting(limiters);
    limiters.requests = { consume: () => Promise.reject(FAILS) };
    expect(await count(POST)).toMatchObject({ limited: false, error: undefined });
  });

  test('the four budgets cannot be changed', () => {
    expect(Object.isFrozen(BUDGETS)).toBe(true);
  });

  it('is any public limiter of rate-limiter-flexible', () => {
    expectTypeOf<flexible.RateLimiterMemory>().toExtend<Limiter>();
    expectTypeOf<flexible.RateLimiterCluster>().toExtend<Limiter>();
    expectTypeOf<flexible.RateLimiterRedis>().toExtend<Limiter>();
    expectTypeOf<flexible.RateLimiterRedisNonAtomic>().toExtend<Limiter>();
    expectTypeOf<flexible.RateLimiterValkey>().toExtend<Limiter>();
    expectTypeOf<flexible.RateLimiterValkeyGlide>().toExtend<Limiter>();
    expectTypeOf<flexible.RateLimiterMongo>().toExtend<Limiter>();
    expectTypeOf<flexible.RateLimiterMySQL>().toExtend<Limiter>();
    expectTypeOf<flexible.RateLimiterPostgres>().toExtend<Limiter>();
    expectTypeOf<flexible.RateLimiterSQLite>().toExtend<Limiter>();
    expectTypeOf<flexible.RateLimiterPrisma>().toExtend<Limiter>();
    expectTypeOf<flexible.RateLimiterDrizzle>().toExtend<Limiter>();
    expectTypeOf<flexible.RateLimiterDrizzleNonAtomic>().toExtend<Limiter>();
    expectTypeOf<flexible.RateLimiterMemcache>().toExtend<Limiter>();
    expectTypeOf<flexible.RateLimiterDynamo>().toExtend<Limiter>();
    expectTypeOf<flexible.RateLimiterEtcd>().toExtend<Limiter>();
    expectTypeOf<flexible.RateLimiterEtcdNonAtomic>().toExtend<Limiter>();
    expectTypeOf<flexible.RateLimiterUnion>().toExtend<Limiter>();
    expectTypeOf<flexible.BurstyRateLimiter>().toExtend<Limiter>();
    expectTypeOf<flexible.RLWrapperBlackAndWhite>().toExtend<Limiter>();
    expectTypeOf<flexible.RLWrapperTimeouts>().toExtend<Limiter>();
    // It hands out tokens and counts nothing by itself.
    expectTypeOf<flexible.RateLimiterQueue>().not.toExtend<Limiter>();
  });

  it('has no limiter that the list above leaves out', () => {
    const limiters = Object.entries(flexible)
      .filter(([, value]) => typeof value === 'function' && 'consume' in (value.prototype ?? {}))
      .map(([name]) => name)
      .filter((name) => !name.endsWith('Abstract'))
      .sort();
    expect(limiters).toEqual([
      'BurstyRateLimiter',
      'RLWrapperBlackAndWhite',
      'RLWrapperTimeouts',
      'RateLimiterCluster',
      'RateLimiterDrizzle',
      'RateLimiterDrizzleNonAtomic',
      'RateLimiterDynamo',
      'RateLimiterEtcd',
      'RateLimiterEtcdNonAtomic',
      'RateLimiterMemcache',
      'RateLimiterMemory',
      'RateLimiterMongo',
      'RateLimiterMySQL',
      'RateLimiterPostgres',
      'RateLimiterPrisma',
      'RateLimiterRedis',
      'RateLimiterRedisNonAtomic',
      'RateLimiterSQLite',
      'RateLimiterUnion',
      'RateLimiterValkey',
      'RateLimiterValkeyGlide',
    ]);
  });
});

describe('budgets', () => {
  test.each(BUDGETS)('one limiter gives %s points of their own', async (budget) => {
    const count = counting(memory(1));
    for (const other of BUDGETS.filter((name) => name !== budget)) {
      expect((await count(HEADS[other])).limited).toBe(false);
    }
    expect((await count(HEADS[budget])).limited).toBe(false);
    expect((await count(HEADS[budget])).limited).toBe(true);
  });

  test('of four limiters each counts its own', async () => {
    const count = counting({
      preflights: memory(1),
      denied: memory(2),
      requests: memory(3),
      streams: memory(4),
    });
    for (const [index, budget] of BUDGETS.entries()) {
      const counted: boolean[] = [];
      for (let i = 0; i < 5; i++) counted.push((await count(HEADS[budget])).limited);
      expect([budget, counted.indexOf(true)]).toEqual([budget, index + 1]);
    }
  });

  test('what has no limiter is not counted', async () => {
    const count = counting({ denied: memory(1) });
    for (let i = 0; i < 3; i++) {
      expect(await count(POST)).toEqual({
        limited: false,
        headers: [],
        retryAfter: undefined,
        error: undefined,
      });
    }
  });

  test.each<[string, Budget, Partial<RequestHead>]>([
    ['a GET of /sse', 'streams', { method: 'GET', path: '/sse' }],
    ['a GET of metadata', 'requests', { method: 'GET', path: '/.well-known/oauth-protected-resource' }],
    ['a DELETE', 'requests', { method: 'DELETE' }],
    ['an OPTIONS that is no preflight', 'requests', { method: 'OPTIONS' }],
    ['a POST of text', 'denied', { contentType: 'text/plain' }],
    ['a preflight that is refused', 'denied', { method: 'OPTIONS', requestMethod: 'TRACE' }],
    ['a request of a native client', 'requests', { origin: undefined }],
    ['a foreign Host', 'denied', { host: 'evil.example' }],
  ])('%s counts as %s', async (_, budget, change) => {
    const { keys, limiter } = listening();
    await counting(limiter)({ ...POST, ...change });
    expect(keys).toEqual([expect.stringMatching(new RegExp(`^${budget}:`))]);
  });
});

describe('whom a request counts for', () => {
  async function keyOf(
    head: RequestHead,
    config: Partial<PolicyConfig> = {},
    address: string | undefined = ADDRESS,
  ): Promise<string | undefined> {
    const { keys, limiter } = listening();
    await counting(limiter, config)(head, address);
    return keys[0];
  }

  test.each<[string, string, RequestHead, Partial<PolicyConfig>]>([
    ['the page of an exact origin', `requests:${ADDRESS}:${APP}`, POST, {}],
    ['a native client', `requests:${ADDRESS}:-`, { ...POST, origin: undefined }, {}],
    ['a page of the server itself', `requests:${ADDRESS}:self`, { ...POST, origin: 'http://localhost' }, {}],
    ['a refused origin', `denied:${ADDRESS}:*`, FOREIGN, {}],
    ['a refused Host', `denied:${ADDRESS}:*`, { ...POST, host: 'evil.example' }, {}],
    ['the null origin', `denied:${ADDRESS}:*`, { ...POST, origin: 'null' }, {}],
    // A hostile page in the next tab must not use up what an admitted one has for its expired sessions.
    [
      'an admitted page whose request is refused',
      `denied:${ADDRESS}:${APP}`,
      { ...POST, contentType: '' },
      {},
    ],
    [
      'a native client whose request is refused',
      `denied:${ADDRESS}:-`,
      { ...POST, origin: undefined, contentType: '' },
      {},
    ],
    ['a refused origin under report-only', `denied:${ADDRESS}:*`, FOREIGN, { reportOnly: true }],
  ])('%s: %s', async (_, key, head, config) => {
    expect(await keyOf(head, config)).toBe(key);
  });

  // Whoever is no browser can write any Origin that a pattern admits, and would have a new budget for each.
  test.each<[string, PolicyConfig, (i: number) => Partial<RequestHead>]>([
    ['subdomains', { origins: 'https://*.example.com' }, (i) => ({ origin: `https://a${i}.example.com` })],
    ['ports', { origins: 'http://localhost:*' }, (i) => ({ origin: `http://localhost:${1000 + i}` })],
    ['any origin', { origins: '*' }, (i) => ({ origin: `https://a${i}.example` })],
    [
      'a regular expression',
      { origins: /^https:\/\/pr-\d+\.example\.com$/ },
      (i) => ({ origin: `https://pr-${i}.example.com` }),
    ],
    [
      'hosts of its own',
      { origins: APP, hosts: '*.example.com' },
      (i) => ({ origin: `http://a${i}.example.com`, host: `a${i}.example.com` }),
    ],
    ['a directory', { origins: { has: () => true } }, (i) => ({ origin: `https://a${i}.example.com` })],
    ['refused origins', { origins: APP }, (i) => ({ origin: `https://a${i}.evil.example` })],
    ['refused hosts', { origins: APP }, (i) => ({ host: `a${i}.evil.example` })],
    ['refused preflights', { origins: APP }, (i) => ({ ...PREFLIGHT, requestMethod: `M${i}` })],
    ['paths', { origins: APP }, (i) => ({ path: `/mcp/${i}` })],
  ])('a sender cannot make himself new budgets with %s', async (_, config, vary) => {
    const count = counting(memory(3), config);
    const limited: boolean[] = [];
    for (let i = 0; i < 5; i++) limited.push((await count({ ...POST, ...vary(i) })).limited);
    expect(limited).toEqual([false, false, false, true, true]);
  });

  test('clients of one IPv6 network share a budget, and others do not', async () => {
    const count = counting(memory(1));
    expect((await count(POST, '2001:db8::1')).limited).toBe(false);
    expect((await count(POST, '2001:db8::2')).limited).toBe(true);
    expect((await count(POST, '2001:db8:0:1::1')).limited).toBe(false);
  });

  test('a missing address counts as one client', async () => {
    const { keys, limiter } = listening();
    const count = createCounter(limiter);
    await count(createPolicy({ origins: APP }).decide(POST), POST, undefined);
    expect(keys).toEqual([`requests:-:${APP}`]);
  });
});

describe('what rate-limiter-flexible says', () => {
  test('RateLimiterMemory: each request is told what is left, and a refused one when to come again', async () => {
    const count = counting(memory(2, 60));
    expect(rateOf(await count(POST))).toEqual({ budget: 'requests', q: 2, w: 60, r: 1, t: 60 });
    expect(rateOf(await count(POST))).toMatchObject({ r: 0 });
    const refused = await count(POST);
    expect(refused).toMatchObject({ limited: true, error: undefined });
    const seconds = Number(refused.retryAfter?.[1]);
    expect(seconds).toBeGreaterThanOrEqual(1);
    expect(seconds).toBeLessThanOrEqual(60);
    expect(rateOf(refused)).toEqual({ budget: 'requests', q: 2, w: 60, r: 0, t: seconds });
  });

  test.each(BUDGETS)('the policy in the headers is named after the budget: %s', async (budget) => {
    expect(rateOf(await counting(memory(9))(HEADS[budget]))).toMatchObject({ budget, q: 9, r: 8 });
  });

  test('points come back after the duration', async () => {
    vi.useFakeTimers();
    const count = counting(memory(1, 10));
    await count(POST);
    expect((await count(POST)).limited).toBe(true);
    vi.advanceTimersByTime(10_001);
    expect((await count(POST)).limited).toBe(false);
  });

  test('blockDuration: Retry-After is the time of the block', async () => {
    const count = counting(memory(1, 10, { blockDuration: 600 }));
    await count(POST);
    expect(await count(POST)).toMatchObject({ limited: true, retryAfter: ['retry-after', '600'] });
  });

  test('a duration of 0, after which nothing comes back, has no time to wait', async () => {
    const count = counting(memory(1, 0));
    expect(rateOf(await count(POST))).toEqual({ budget: 'requests', q: 1, r: 0 });
    const refused = await count(POST);
    expect(refused).toMatchObject({ limited: true, retryAfter: undefined });
    expect(rateOf(refused)).toEqual({ budget: 'requests', q: 1, r: 0 });
  });

  test('BurstyRateLimiter: bursts pass, then it refuses', async () => {
    const count = counting(new BurstyRateLimiter(memory(1, 1), memory(2, 10, { keyPrefix: 'burst' })));
    const verdicts = [await count(POST), await count(POST), await count(POST), await count(POST)];
    expect(verdicts.map(({ limited }) => limited)).toEqual([false, false, false, true]);
    expect(verdicts[3]?.retryAfter).toEqual(['retry-after', '1']);
    for (const verdict of verdicts) expect(rateOf(verdict)).toMatchObject({ q: 1 });
  });

  test('RateLimiterUnion: the stricter one refuses, and says how long', async () => {
    const count = counting(
      new RateLimiterUnion(
        memory(1, 1, { keyPrefix: 'second' }),
        memory(2, 3600, { keyPrefix: 'hour', blockDuration: 3600 }),
      ),
    );
    expect(await count(POST)).toEqual({
      limited: false,
      headers: [],
      retryAfter: undefined,
      error: undefined,
    });
    expect(await count(POST)).toMatchObject({ limited: true, retryAfter: ['retry-after', '1'] });
    // Both have refused: coming back after the shorter time would be refused again.
    expect(await count(POST)).toMatchObject({ limited: true, retryAfter: ['retry-after', '3600'] });
  });

  test('RateLimiterUnion: a store that is gone in one of them is told as it is', async () => {
    const lost = overLostStore(1, { keyPrefix: 'lost' });
    const count = counting(new RateLimiterUnion(memory(1, 60, { keyPrefix: 'fine' }), lost));
    expect(await count(POST)).toMatchObject({ limited: false, error: LOST });
    // What the other one says counts all the same.
    expect(await count(POST)).toMatchObject({ limited: true, error: undefined });
  });

  test('a store without an insurance fails; with one it goes on counting', async () => {
    expect(await counting(overLostStore(5))(POST)).toMatchObject({
      limited: false,
      error: LOST,
      headers: [],
    });
    const insured = counting(overLostStore(5, { insuranceLimiter: memory(1) }));
    expect(await insured(POST)).toMatchObject({ limited: false, error: undefined });
    expect(await insured(POST)).toMatchObject({ limited: true, error: undefined });
  });

  test('RLWrapperBlackAndWhite: refused for ever and free for ever are numbers that a header may hold', async () => {
    const limiter = memory(5);
    const black = counting(new RLWrapperBlackAndWhite({ limiter, isBlackListed: () => true }));
    const refused = await black(POST);
    expect(refused.limited).toBe(true);
    expect(refused.retryAfter).toEqual(['retry-after', String(2 ** 31 - 1)]);
    const white = new RLWrapperBlackAndWhite({ limiter, isWhiteListed: () => true });
    const named = { consume: (key: string) => white.consume(key), points: 5, duration: 60 };
    expect(rateOf(await counting(named)(POST))).toEqual({
      budget: 'requests',
      q: 5,
      w: 60,
      r: 999_999_999_999_999,
      t: 1,
    });
  });

  test('RLWrapperTimeouts: its 0 points are none of its own', async () => {
    const count = counting(new RLWrapperTimeouts({ limiter: memory(1), timeoutMs: 10_000 }));
    expect(await count(POST)).toMatchObject({ limited: false, headers: [] });
    expect(await count(POST)).toMatchObject({ limited: true, headers: [] });
  });

  test.each<[string, Partial<Limiter>, unknown, object | undefined]>([
    [
      'fractions',
      { points: 2.5, duration: 0.5 },
      { remainingPoints: 1.5, msBeforeNext: 0.5 },
      { q: 2, w: 1, r: 1, t: 1 },
    ],
    [
      'less than nothing',
      { points: 2, duration: 1 },
      { remainingPoints: -3, msBeforeNext: 0 },
      { q: 2, w: 1, r: 0, t: 1 },
    ],
    [
      'not a number',
      { points: 2, duration: Number.NaN },
      { remainingPoints: Number.NaN, msBeforeNext: Number.NaN },
      { q: 2, r: 0 },
    ],
    ['no remaining points', { points: 2, duration: 1 }, { msBeforeNext: 1 }, { q: 2, w: 1, r: 0, t: 1 }],
    [
      'no end',
      { points: 2, duration: Number.POSITIVE_INFINITY },
      { remainingPoints: Number.POSITIVE_INFINITY, msBeforeNext: Number.POSITIVE_INFINITY },
      { q: 2, r: 999_999_999_999_999, t: 2 ** 31 - 1 },
    ],
    [
      'points without an end',
      { points: Number.POSITIVE_INFINITY, duration: 1 },
      { remainingPoints: 1, msBeforeNext: 1 },
      undefined,
    ],
    [
      'points that are none',
      { points: Number.NaN, duration: 1 },
      { remainingPoints: 1, msBeforeNext: 1 },
      undefined,
    ],
    [
      'more than a header may hold',
      { points: 1e18, duration: 1e18 },
      { remainingPoints: 1e18, msBeforeNext: 1e18 },
      { q: 999_999_999_999_999, w: 999_999_999_999_999, r: 999_999_999_999_999, t: 2 ** 31 - 1 },
    ],
    ['no points', { duration: 1 }, { remainingPoints: 1, msBeforeNext: 1 }, undefined],
    ['no duration', { points: 3 }, { remainingPoints: 1, msBeforeNext: 1 }, { q: 3, r: 1, t: 1 }],
    ['no answer at all', { points: 3 }, undefined, undefined],
    ['null', { points: 3 }, null, undefined],
    ['a text', { points: 3 }, 'OK', undefined],
  ])(
    'numbers of other limiters become headers that are well formed: %s',
    async (_, facts, answer, expected) => {
      const verdict = await counting({ consume: () => Promise.resolve(answer), ...facts })(POST);
      expect(verdict.limited).toBe(false);
      if (expected === undefined) expect(verdict.headers).toEqual([]);
      else expect(rateOf(verdict)).toEqual({ budget: 'requests', ...expected });
    },
  );
});

describe('a limiter that fails', () => {
  test('with an Error: it is the error of the verdict', async () => {
    expect(await counting({ consume: () => Promise.reject(FAILS), points: 1 })(POST)).toEqual({
      limited: false,
      headers: [],
      retryAfter: undefined,
      error: FAILS,
    });
  });

  test('by throwing at once: the same', async () => {
    const count = counting({
      consume() {
        throw FAILS;
      },
    });
    expect(await count(POST)).toMatchObject({ limited: false, error: FAILS });
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'down'],
    ['a number', 5],
    ['a symbol', Symbol('down')],
    ['false', false],
    ['an empty object', {}],
    ['an object that cannot be a text', Object.create(null)],
    [
      'an object whose text throws',
      {
        toString: () => {
          throw new Error('no text');
        },
      },
    ],
    ['a time that is a text', { msBeforeNext: '5' }],
    ['a list', [1, 2]],
    ['a function', () => 1],
  ])('with %s: there is an error that says so', async (_, refusal) => {
    const { limited, error } = await counting({ consume: () => Promise.reject(refusal) })(POST);
    expect(limited).toBe(false);
    expect(error).toBeInstanceOf(Error);
    expect(error?.message).toBe('the limiter rejected with neither an answer nor an Error');
    expect(error?.cause).toBe(refusal);
  });

  test('by hanging: it is given up', async () => {
    vi.useFakeTimers();
    const verdict = counting({ consume: () => new Promise(() => {}) })(POST);
    await vi.advanceTimersByTimeAsync(LIMITER_TIMEOUT_MS);
    expect((await verdict).error?.message).toBe(`the limiter gave no answer in ${LIMITER_TIMEOUT_MS} ms`);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('by rejecting after it was given up: nobody is left to hear it', async () => {
    vi.useFakeTimers();
    const unheard: unknown[] = [];
    const note = (error: unknown): void => void unheard.push(error);
    process.on('unhandledRejection', note);
    try {
      let reject = (_: Error): void => {};
      const consume = () =>
        new Promise((_, fail) => {
          reject = fail;
        });
      const verdict = counting({ consume })(POST);
      await vi.advanceTimersByTimeAsync(LIMITER_TIMEOUT_MS);
      expect((await verdict).error).toBeInstanceOf(Error);
      reject(FAILS);
      vi.useRealTimers();
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(unheard).toEqual([]);
    } finally {
      process.off('unhandledRejection', note);
    }
  });

  test('needs no timer when its answer is there at once', async () => {
    vi.useFakeTimers();
    const timers = vi.spyOn(globalThis, 'setTimeout');
    await counting({ consume: () => Promise.resolve({ msBeforeNext: 1, remainingPoints: 1 }) })(POST);
    await counting({ consume: () => Promise.reject({ msBeforeNext: 1, remainingPoints: 0 }) })(POST);
    expect(timers).not.toHaveBeenCalled();
    await counting({
      consume: async () =>
        new Promise((resolve) =>
          queueMicrotask(() =>
            queueMicrotask(() => queueMicrotask(() => resolve({ msBeforeNext: 1, remainingPoints: 1 }))),
          ),
        ),
    })(POST);
    expect(timers).toHaveBeenCalledTimes(1);
  });

  test('leaves no timer behind when it answers in time', async () => {
    vi.useFakeTimers();
    await counting(memory(5, 0))(POST);
    await counting({ consume: () => Promise.reject(FAILS) })(POST);
    expect(vi.getTimerCount()).toBe(0);
  });
});

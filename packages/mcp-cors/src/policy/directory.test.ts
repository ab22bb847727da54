import { afterEach, beforeEach, describe, expect, it, test, vi } from 'vitest';
import type { Decision, RequestHead } from './decision.js';
import {
  createDirectory,
  createSnapshot,
  type DirectoryOptions,
  DirectoryTimeoutError,
} from './directory.js';
import { createPolicy, type Policy } from './policy.js';

const APP = 'https://app.example.com';
const B = 'https://b.example.com';
const C = 'https://c.example.com';

/** A source whose answers are given by hand. */
function createSource() {
  const asked: string[] = [];
  const waiting: { origin: string; resolve: (named: boolean) => void; reject: (error: unknown) => void }[] =
    [];
  return {
    asked,
    waiting,
    lookup(origin: string): Promise<boolean> {
      asked.push(origin);
      return new Promise((resolve, reject) => waiting.push({ origin, resolve, reject }));
    },
    /** Answers everything that waits. */
    answer(named: boolean): void {
      for (const one of waiting.splice(0)) one.resolve(named);
    },
    fail(error: unknown = new Error('down')): void {
      for (const one of waiting.splice(0)) one.reject(error);
    },
  };
}

/** A directory over answers that can be changed, with a clock that stands still. */
function create(options: Partial<DirectoryOptions> = {}) {
  const state = { now: 1000, asked: [] as string[], answer: (_: string): boolean | Promise<boolean> => true };
  const directory = createDirectory({
    lookup(origin) {
      state.asked.push(origin);
      return state.answer(origin);
    },
    now: () => state.now,
    ...options,
  });
  return { state, ...directory };
}

const fails = (): never => {
  throw new Error('down');
};
const rejects = (): Promise<boolean> => Promise.reject(new Error('down'));

describe('createDirectory', () => {
  it('asks once, and then answers from memory at once', async () => {
    const { has, state } = create();
    const first = has(APP);
    expect(first).toBeInstanceOf(Promise);
    expect(await first).toBe(true);
    expect(has(APP)).toBe(true);
    expect(has(APP)).toBe(true);
    expect(state.asked).toEqual([APP]);
  });

  it('remembers a no, too', async () => {
    const { has, state } = create();
    state.answer = () => false;
    expect(await has(APP)).toBe(false);
    expect(has(APP)).toBe(false);
    expect(state.asked).toEqual([APP]);
  });

  it('forgets a yes after its time, and a no after its own', async () => {
    const { has, state } = create({ ttlMs: 100, negativeTtlMs: 10 });
    state.answer = (origin) => origin === APP;
    await Promise.all([has(APP), has(B)]);
    state.now += 9;
    expect([has(APP), has(B)]).toEqual([true, false]);
    state.now += 1;
    expect(has(APP)).toBe(true);
    expect(await has(B)).toBe(false);
    expect(state.asked).toEqual([APP, B, B]);
    state.now += 89;
    expect(has(APP)).toBe(true);
    state.now += 1;
    expect(has(APP)).toBeInstanceOf(Promise);
    expect(state.asked).toEqual([APP, B, B, APP]);
  });

  it('has the times that its documentation names', async () => {
    const { has, state } = create();
    state.answer = (origin) => origin === APP;
    await Promise.all([has(APP), has(B)]);
    state.now += 4_999;
    expect(has(B)).toBe(false);
    state.now += 1;
    expect(has(B)).toBeInstanceOf(Promise);
    state.now = 1000 + 59_999;
    expect(has(APP)).toBe(true);
    state.now += 1;
    expect(has(APP)).toBeInstanceOf(Promise);
    await has(APP);
    state.answer = fails;
    state.now += 60_000 + 299_999;
    expect(await has(APP)).toBe(true);
    state.now += 1;
    expect(await has(APP)).toBe(false);
  });

  it('remembers nothing when its times are zero', async () => {
    const { has, state } = create({ ttlMs: 0, negativeTtlMs: 0 });
    expect(await has(APP)).toBe(true);
    expect(await has(APP)).toBe(true);
    expect(state.asked).toEqual([APP, APP]);
  });

  it('takes an answer that has changed', async () => {
    const { has, state } = create({ ttlMs: 10, negativeTtlMs: 10 });
    expect(await has(APP)).toBe(true);
    state.now += 10;
    state.answer = () => false;
    expect(await has(APP)).toBe(false);
    state.now += 10;
    state.answer = () => Promise.resolve(true);
    expect(await has(APP)).toBe(true);
  });

  it('counts the time from the answer, not from the question', async () => {
    const source = createSource();
    const clock = { now: 0 };
    const { has } = createDirectory({ lookup: source.lookup, ttlMs: 10, now: () => clock.now });
    const first = has(APP);
    clock.now = 100;
    source.answer(true);
    await first;
    clock.now = 109;
    expect(has(APP)).toBe(true);
  });

  it('forgets the one that was not asked for the longest', async () => {
    const { has, state } = create({ maxEntries: 2 });
    await has(APP);
    await has(B);
    expect(has(APP)).toBe(true); // B is now the one that waits the longest
    await has(C);
    expect(has(APP)).toBe(true);
    expect(has(C)).toBe(true);
    expect(has(B)).toBeInstanceOf(Promise);
    expect(state.asked).toEqual([APP, B, C, B]);
  });

  it('never remembers more than it may', async () => {
    const { has, state } = create({ maxEntries: 10 });
    const origins = Array.from({ length: 100 }, (_, i) => `https://a${i}.example`);
    for (const origin of origins) await has(origin);
    const remembered = origins.filter((origin) => has(origin) === true);
    expect(remembered).toEqual(origins.slice(-10));
    expect(state.asked).toHaveLength(190);
  });

  it('asks once for a thousand that ask at once', async () => {
    const source = createSource();
    const { has } = createDirectory({ lookup: source.lookup });
    const answers = Array.from({ length: 1000 }, () => has(APP));
    expect(source.asked).toEqual([APP]);
    source.answer(true);
    expect(new Set(await Promise.all(answers))).toEqual(new Set([true]));
    expect(has(APP)).toBe(true);
  });

  it('asks for different origins side by side', async () => {
    const source = createSource();
    const { has } = createDirectory({ lookup: source.lookup });
    const answers = [has(APP), has(B)];
    expect(source.asked).toEqual([APP, B]);
    source.waiting[1]?.resolve(true);
    expect(await answers[1]).toBe(true);
    source.waiting[0]?.resolve(false);
    expect(await answers[0]).toBe(false);
  });

  describe.each([
    ['throws', fails],
    ['rejects', rejects],
  ])('whose source %s', (_, broken) => {
    it('says no, tells why, and asks again the next time', async () => {
      const heard: unknown[] = [];
      const { has, state } = create({ onError: (error, origin) => void heard.push([String(error), origin]) });
      state.answer = broken;
      expect(await has(APP)).toBe(false);
      expect(await has(APP)).toBe(false);
      expect(heard).toEqual([
        ['Error: down', APP],
        ['Error: down', APP],
      ]);
      state.answer = () => true;
      expect(await has(APP)).toBe(true);
      expect(state.asked).toEqual([APP, APP, APP]);
    });

    it('does not run out of places', async () => {
      const { has, state } = create({ maxPending: 2 });
      state.answer = broken;
      for (let i = 0; i < 20; i++) expect(await has(`https://a${i}.example`)).toBe(false);
      state.answer = () => true;
      expect(await has(APP)).toBe(true);
    });

    it('stands by its last yes for so long, and not by its last no', async () => {
      const { has, state } = create({ ttlMs: 10, negativeTtlMs: 10, lastGoodMs: 100 });
      state.answer = (origin) => origin === APP;
      await Promise.all([has(APP), has(B)]);
      state.answer = broken;
      state.now += 10;
      expect([await has(APP), await has(B)]).toEqual([true, false]);
      state.now += 99;
      expect(await has(APP)).toBe(true);
      state.now += 1;
      expect(await has(APP)).toBe(false);
    });

    it('goes back to the source as soon as it answers', async () => {
      const { has, state } = create({ ttlMs: 10, lastGoodMs: 100 });
      await has(APP);
      state.answer = broken;
      state.now += 50;
      expect(await has(APP)).toBe(true);
      state.answer = () => false;
      expect(await has(APP)).toBe(false);
      state.answer = broken;
      state.now += 5_000;
      expect(await has(APP)).toBe(false);
    });

    it('has no last yes when none is wanted', async () => {
      const { has, state } = create({ ttlMs: 10, lastGoodMs: 0 });
      await has(APP);
      state.answer = broken;
      state.now += 10;
      expect(await has(APP)).toBe(false);
    });

    it('says no when nobody listens', async () => {
      const { has, state } = create({ onError: undefined });
      state.answer = broken;
      expect(await has(APP)).toBe(false);
    });

    test.each<[string, NonNullable<DirectoryOptions['onError']>]>([
      ['throws', fails],
      ['rejects', () => Promise.reject(new Error('the listener is down'))],
    ])('decides by itself when the listener %s', async (_, onError) => {
      const unhandled: unknown[] = [];
      const listener = (reason: unknown): void => void unhandled.push(reason);
      process.on('unhandledRejection', listener);
      const { has, state } = create({ onError, ttlMs: 10 });
      await has(APP);
      state.answer = broken;
      state.now += 10;
      expect(await has(APP)).toBe(true);
      expect(await has(B)).toBe(false);
      await new Promise((resolve) => setTimeout(resolve, 5));
      process.off('unhandledRejection', listener);
      expect(unhandled).toEqual([]);
    });
  });

  test.each([1, 'true', {}, [], null, undefined, new Error('no')])('takes %j for no', async (answer) => {
    const { has, state } = create();
    state.answer = () => answer as unknown as boolean;
    expect(await has(APP)).toBe(false);
    state.answer = () => Promise.resolve(answer as unknown as boolean);
    expect(await has(B)).toBe(false);
    expect([has(APP), has(B)]).toEqual([false, false]);
  });

  test.each([
    '',
    'null',
    '*',
    'app.example.com',
    `${APP}/`,
    `${APP}:443`,
    'https://App.example.com',
    'https://app.example.com, https://evil.example',
    "https://a.example'; drop table origins; --",
    'https://a.example\r\nX: y',
  ])('never asks about what no browser would send: %j', (origin) => {
    const { has, state } = create();
    expect(has(origin)).toBe(false);
    expect(state.asked).toEqual([]);
  });

  it('never asks about an origin that is longer than any', () => {
    const { has, state } = create();
    expect(has(`https://${'a'.repeat(100_000)}`)).toBe(false);
    expect(state.asked).toEqual([]);
  });

  it('refuses without asking what exceeds the look-ups under way, but for its last yes', async () => {
    const source = createSource();
    const clock = { now: 0 };
    const { has } = createDirectory({
      lookup: source.lookup,
      maxPending: 2,
      ttlMs: 10,
      negativeTtlMs: 10,
      lastGoodMs: 100,
      now: () => clock.now,
    });
    const [good, bad] = ['https://good.example', 'https://bad.example'];
    const early = [has(good), has(bad)];
    source.waiting.shift()?.resolve(true);
    source.waiting.shift()?.resolve(false);
    await Promise.all(early);
    clock.now = 10;
    const waiting = [has(APP), has(B)];
    expect(has(C)).toBe(false);
    expect(has(good)).toBe(true);
    expect(has(bad)).toBe(false);
    expect(has(APP)).toBe(waiting[0]); // it waits with the one that asked
    clock.now = 110;
    expect(has(good)).toBe(false);
    expect(source.asked).toEqual([good, bad, APP, B]);
    source.answer(true);
    await Promise.all(waiting);
    expect(has(C)).toBeInstanceOf(Promise);
  });

  describe('with a slow source', () => {
    beforeEach(() => void vi.useFakeTimers());
    afterEach(() => void vi.useRealTimers());

    it('gives up after its time, and does not listen to what comes late', async () => {
      const heard: unknown[] = [];
      const source = createSource();
      const { has } = createDirectory({
        lookup: source.lookup,
        timeoutMs: 50,
        onError: (error) => void heard.push(error),
      });
      const answer = has(APP);
      await vi.advanceTimersByTimeAsync(49);
      expect(heard).toEqual([]);
      await vi.advanceTimersByTimeAsync(1);
      expect(await answer).toBe(false);
      expect(heard).toHaveLength(1);
      expect(heard[0]).toBeInstanceOf(DirectoryTimeoutError);
      expect(heard[0]).toMatchObject({
        name: 'DirectoryTimeoutError',
        code: 'ERR_DIRECTORY_TIMEOUT',
        message: expect.stringContaining('50 ms'),
      });
      source.answer(true);
      await vi.advanceTimersByTimeAsync(0);
      expect(has(APP)).toBeInstanceOf(Promise); // the late answer was not kept
      expect(source.asked).toEqual([APP, APP]);
      source.fail();
    });

    it('does not mind a failure that comes late', async () => {
      const source = createSource();
      const { has } = createDirectory({ lookup: source.lookup, timeoutMs: 50 });
      const answer = has(APP);
      await vi.advanceTimersByTimeAsync(50);
      expect(await answer).toBe(false);
      source.fail(); // an unhandled rejection would fail this run
      await vi.advanceTimersByTimeAsync(0);
    });

    it('waits two seconds unless it is told otherwise', async () => {
      const source = createSource();
      let settled = false;
      const { has } = createDirectory({ lookup: source.lookup });
      void Promise.resolve(has(APP)).then(() => {
        settled = true;
      });
      await vi.advanceTimersByTimeAsync(1_999);
      expect(settled).toBe(false);
      await vi.advanceTimersByTimeAsync(1);
      expect(settled).toBe(true);
    });

    it('keeps no timer when the answer is there', async () => {
      const { has } = createDirectory({ lookup: async () => true });
      await has(APP);
      expect(vi.getTimerCount()).toBe(0);
    });
  });

  test.each<[keyof DirectoryOptions, unknown]>([
    ['ttlMs', -1],
    ['ttlMs', Number.NaN],
    ['ttlMs', Number.POSITIVE_INFINITY],
    ['ttlMs', '60'],
    ['negativeTtlMs', -1],
    ['lastGoodMs', -1],
    ['timeoutMs', 0],
    ['timeoutMs', 2 ** 31],
    ['maxEntries', 0],
    ['maxPending', 0],
  ])('refuses %s = %s', (name, value) => {
    expect(() => createDirectory({ lookup: () => true, [name]: value })).toThrow(RangeError);
    expect(() => createDirectory({ lookup: () => true, [name]: value })).toThrow(name);
  });

  it('takes the longest time that a timer can have', () => {
    expect(() => createDirectory({ lookup: () => true, timeoutMs: 2 ** 31 - 1 })).not.toThrow();
  });

  it('uses the time of day unless it is given a clock', async () => {
    const clock = vi.spyOn(Date, 'now').mockReturnValue(5_000_000);
    try {
      const { has } = createDirectory({ lookup: () => true, ttlMs: 60_000 });
      await has(APP);
      clock.mockReturnValue(5_059_999);
      expect(has(APP)).toBe(true);
      clock.mockReturnValue(5_060_000);
      expect(has(APP)).toBeInstanceOf(Promise);
    } finally {
      clock.mockRestore();
    }
  });

  it('is frozen', () => {
    expect(Object.isFrozen(createDirectory({ lookup: () => true }))).toBe(true);
    expect(Object.isFrozen(createSnapshot())).toBe(true);
  });
});

describe('createSnapshot', () => {
  it('names what it was given, and nothing else', () => {
    const { has, size } = createSnapshot([APP, B, B]);
    expect([has(APP), has(B), has(C), has(`${APP}/`), has('')]).toEqual([true, true, false, false, false]);
    expect(size()).toBe(2);
    expect(createSnapshot().size()).toBe(0);
  });

  it('is replaced whole', () => {
    const snapshot = createSnapshot([APP, B]);
    expect(snapshot.replace(new Set([B, C]))).toEqual([]);
    expect([snapshot.has(APP), snapshot.has(B), snapshot.has(C)]).toEqual([false, true, true]);
    snapshot.replace([]);
    expect([snapshot.size(), snapshot.has(B)]).toEqual([0, false]);
  });

  it('leaves out what no browser would send, and says what', () => {
    const snapshot = createSnapshot();
    const bad = ['null', '*', `${APP}/`, 'https://*.example.com', '', `${APP}:443`];
    expect(snapshot.replace([APP, ...bad, B])).toEqual(bad);
    expect(snapshot.size()).toBe(2);
    for (const origin of bad) expect(snapshot.has(origin)).toBe(false);
  });

  it('is the old one until the new one is there', () => {
    const snapshot = createSnapshot([APP]);
    function* list(): Generator<string> {
      yield B;
      expect([snapshot.has(APP), snapshot.has(B)]).toEqual([true, false]);
      yield C;
    }
    snapshot.replace(list());
    expect([snapshot.has(APP), snapshot.has(B), snapshot.has(C)]).toEqual([false, true, true]);
  });

  it('stays the old one when the list breaks off', () => {
    const snapshot = createSnapshot([APP]);
    function* broken(): Generator<string> {
      yield B;
      throw new Error('the connection was lost');
    }
    expect(() => snapshot.replace(broken())).toThrow('the connection was lost');
    expect(() => snapshot.replace([B, null as unknown as string])).toThrow(TypeError);
    expect([snapshot.has(APP), snapshot.has(B), snapshot.size()]).toEqual([true, false, 1]);
  });

  it('holds a million origins', () => {
    function* million(): Generator<string> {
      for (let i = 0; i < 1_000_000; i++) yield `https://a${i}.example.com`;
    }
    const snapshot = createSnapshot(million());
    expect(snapshot.size()).toBe(1_000_000);
    const { decide } = createPolicy({ origins: snapshot, hosts: 'mcp.example.com' });
    const head: RequestHead = { method: 'GET', path: '/', host: 'mcp.example.com' };
    for (let i = 0; i < 1000; i++) {
      expect((decide({ ...head, origin: `https://a${i * 999}.example.com` }) as Decision).outcome).toBe(
        'pass',
      );
      expect((decide({ ...head, origin: `https://b${i}.example.com` }) as Decision).outcome).toBe('deny');
    }
  }, 30_000);
});

describe('a policy with directories', () => {
  const HOST = 'mcp.example.com';
  const POST: RequestHead = { method: 'POST', path: '/mcp', host: HOST, contentType: 'application/json' };
  const PREFLIGHT: RequestHead = { method: 'OPTIONS', path: '/mcp', host: HOST, requestMethod: 'POST' };

  function start(origins: (string | ReturnType<typeof createDirectory>)[] = [], extra = {}) {
    const source = createSource();
    const directory = createDirectory({ lookup: source.lookup });
    const policy: Policy = createPolicy({ origins: [...origins, directory], hosts: HOST, ...extra });
    return { source, policy };
  }

  it('decides at once about what its patterns admit, and asks nobody', () => {
    const { source, policy } = start([APP, 'https://*.example.org']);
    expect(policy.decide({ ...POST, origin: APP })).toMatchObject({ rule: APP, outcome: 'pass' });
    expect(policy.decide({ ...POST, origin: 'https://a.example.org' })).toMatchObject({ outcome: 'pass' });
    expect(source.asked).toEqual([]);
  });

  it('decides at once about what is refused for another reason, and asks nobody', () => {
    const { source, policy } = start([APP]);
    expect(policy.decide({ ...POST, origin: B, host: 'evil.example' })).toMatchObject({
      reason: 'host-not-allowed',
    });
    expect(policy.decide({ ...POST, origin: B, path: 'x' })).toMatchObject({
      reason: 'request-target-not-allowed',
    });
    expect(policy.decide({ ...POST, origin: 'null' })).toMatchObject({ reason: 'origin-null' });
    expect(policy.decide({ ...POST, origin: `${B}/` })).toMatchObject({ reason: 'origin-not-allowed' });
    expect(policy.decide({ ...POST, origin: `http://${HOST}` })).toMatchObject({ reason: 'same-origin' });
    expect(policy.decide(POST)).toMatchObject({ reason: 'no-origin' });
    expect(source.asked).toEqual([]);
  });

  it('gives a promise the first time, and then a decision', async () => {
    const { source, policy } = start([APP]);
    const first = policy.decide({ ...POST, origin: B });
    expect(first).toBeInstanceOf(Promise);
    source.answer(true);
    const decision = await first;
    expect(decision).toMatchObject({
      outcome: 'pass',
      reason: 'origin-allowed',
      rule: '(directory)',
      kind: 'mcp',
    });
    expect(decision.headers[0]).toEqual(['access-control-allow-origin', B]);
    expect(Object.isFrozen(decision)).toBe(true);
    expect(policy.decide({ ...POST, origin: B })).toEqual(decision);
    expect(source.asked).toEqual([B]);
  });

  it('refuses what the directory does not name as it refuses any other', async () => {
    const { source, policy } = start();
    const first = policy.decide({ ...POST, origin: B });
    source.answer(false);
    const named = createPolicy({ origins: APP, hosts: HOST }).decide({ ...POST, origin: B });
    expect(await first).toEqual(named);
    expect(policy.decide({ ...POST, origin: B })).toEqual(named);
  });

  test.each<[string, Partial<RequestHead>, object]>([
    ['a preflight', PREFLIGHT, { outcome: 'preflight', status: 204, reason: 'preflight-allowed' }],
    [
      'a preflight for a method',
      { ...PREFLIGHT, requestMethod: 'PUT' },
      { reason: 'method-not-allowed', status: 403 },
    ],
    [
      'a preflight for a header',
      { ...PREFLIGHT, requestHeaders: 'x-evil' },
      { reason: 'request-header-not-allowed', subject: 'x-evil' },
    ],
    [
      'a content type',
      { ...POST, contentType: 'text/plain' },
      { reason: 'content-type-not-allowed', status: 415 },
    ],
  ])('goes on to %s when the directory has answered', async (_, head, expected) => {
    const { source, policy } = start();
    const request = { ...POST, ...head, origin: B };
    const first = policy.decide(request);
    source.answer(true);
    expect(await first).toMatchObject(expected);
    // Just as it would for an origin that is named.
    const named = createPolicy({ origins: B, hosts: HOST }).decide(request);
    expect({ ...(await first), rule: B }).toEqual({ ...named, rule: B });
    expect(await policy.decide(request)).toEqual(await first);
  });

  it('asks the next directory when one says no, and none after a yes', async () => {
    const [one, two, three] = [createSource(), createSource(), createSource()];
    const policy: Policy = createPolicy({
      origins: [one, two, three].map(({ lookup }) => createDirectory({ lookup })),
      hosts: HOST,
    });
    const first = policy.decide({ ...POST, origin: B });
    const settle = () => new Promise((resolve) => setTimeout(resolve, 1));
    one.answer(false);
    await settle();
    two.answer(true);
    expect(await first).toMatchObject({ outcome: 'pass' });
    expect([one.asked, two.asked, three.asked]).toEqual([[B], [B], []]);
    expect(policy.decide({ ...POST, origin: B })).toMatchObject({ outcome: 'pass' });
  });

  it('mixes directories that know with some that must ask', async () => {
    const source = createSource();
    const policy: Policy = createPolicy({
      origins: [new Set([APP]), createDirectory({ lookup: source.lookup }), createSnapshot([B])],
      hosts: HOST,
    });
    expect(policy.decide({ ...POST, origin: APP })).toMatchObject({ outcome: 'pass' });
    const asked = policy.decide({ ...POST, origin: B });
    expect(asked).toBeInstanceOf(Promise);
    source.answer(false);
    expect(await asked).toMatchObject({ outcome: 'pass', rule: '(directory)' });
    const other = policy.decide({ ...POST, origin: C });
    source.answer(false);
    expect(await other).toMatchObject({ reason: 'origin-not-allowed' });
  });

  test.each<[string, (origin: string) => unknown]>([
    ['throws', fails],
    ['rejects', rejects],
    ['gives no boolean', () => 1],
    ['promises no boolean', async () => 'yes'],
    ['gives nothing', () => undefined],
    [
      'gives something that only looks like a promise',
      () => ({
        // biome-ignore lint/suspicious/noThenProperty: hostile on purpose
        get then(): never {
          throw new Error('no');
        },
      }),
    ],
  ])('refuses, and never rejects, when a directory of the user’s own %s', async (_, has) => {
    const policy = createPolicy({ origins: { has: has as () => boolean }, hosts: HOST });
    expect(await policy.decide({ ...POST, origin: B })).toMatchObject({
      reason: 'origin-not-allowed',
      status: 403,
    });
    expect(await policy.explain({ ...POST, origin: B })).toMatchObject({ verdict: 'refused' });
  });

  it('reports only, also when it has to wait', async () => {
    const { source, policy } = start([], { reportOnly: true });
    const denied = policy.decide({ ...POST, origin: B });
    source.answer(false);
    expect(await denied).toMatchObject({
      outcome: 'pass',
      headers: [],
      vary: '',
      wouldDeny: { reason: 'origin-not-allowed' },
    });
    const allowed = policy.decide({ ...POST, origin: C });
    source.answer(true);
    expect(await allowed).toMatchObject({ outcome: 'pass', wouldDeny: undefined, rule: '(directory)' });
  });

  it('explains, also when it has to wait', async () => {
    const { source, policy } = start();
    const waiting = policy.explain({ ...POST, origin: B });
    expect(waiting).toBeInstanceOf(Promise);
    source.answer(true);
    expect(await waiting).toMatchObject({ verdict: 'allowed', reason: 'origin-allowed' });
    expect((await waiting).why).toContain('(directory)');
    expect(policy.explain({ ...POST, origin: B })).not.toBeInstanceOf(Promise);
  });

  it('sends credentials to what a directory names when they are on', async () => {
    const { source, policy } = start([], { credentials: true });
    const first = policy.decide({ ...POST, origin: B });
    source.answer(true);
    expect((await first).headers).toContainEqual(['access-control-allow-credentials', 'true']);
  });

  it('never asks a directory of the user’s own about what no browser would send', () => {
    const asked: string[] = [];
    const has = (origin: string): boolean => asked.push(origin) > 0;
    const policy = createPolicy({ origins: { has }, hosts: HOST });
    for (const origin of ['', '*', `${B}/`, `${B}:443`, B.toUpperCase(), `${B}, ${B}`, "https://a'b"]) {
      expect(policy.decide({ ...POST, origin })).toMatchObject({ reason: 'origin-not-allowed' });
    }
    expect(asked).toEqual([]);
    expect(policy.decide({ ...POST, origin: B })).toMatchObject({ reason: 'origin-allowed' });
  });

  it('gives a decision again while the directory names the origin', () => {
    const { decide } = createPolicy({ origins: createSnapshot([B, C]), hosts: HOST });
    const made = [B, C].map((origin) => decide({ ...POST, origin }));
    expect([B, C].every((origin, i) => decide({ ...POST, origin }) === made[i])).toBe(true);
  });

  it('keeps only so much of what a directory names, and asks it each time', async () => {
    const origins = Array.from({ length: 2500 }, (_, i) => `https://a${i}.example`);
    const snapshot = createSnapshot(origins);
    const { decide } = createPolicy({ origins: snapshot, hosts: HOST });
    const made = origins.map((origin) => decide({ ...POST, origin }) as Decision);
    expect(made.map(({ headers }) => headers[0]?.[1])).toEqual(origins);
    const anew = origins.toReversed().map((origin) => decide({ ...POST, origin }));
    // A decision that comes back as the same object was kept.
    expect(anew.toReversed().filter((one, i) => one === made[i]).length).toBeLessThanOrEqual(1000);
    snapshot.replace([]);
    for (const origin of origins) expect(decide({ ...POST, origin })).toMatchObject({ outcome: 'deny' });
  });

  it('cannot be changed through its settings', () => {
    const { policy } = start();
    expect(policy.settings.directories).toHaveLength(1);
    expect(Object.isFrozen(policy.settings.directories)).toBe(true);
    expect(Object.isFrozen(policy.settings.directories[0])).toBe(true);
  });
});

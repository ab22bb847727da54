import { RateLimiterMemory } from 'rate-limiter-flexible';
import { afterEach, beforeEach, describe, expect, it, test, vi } from 'vitest';
import {
  createDirectory,
  createLivePolicy,
  createPolicy,
  type Policy,
  type PolicyConfig,
  type RequestHead,
} from '../policy/index.js';
import { type Admission, type Arrival, type CarrierOptions, createAdmit } from './admission.js';
import type { DecisionEvent } from './decisionEvent.js';

const APP = 'https://app.example.com';
const EVIL = 'https://evil.example';
const ID = 'req-1';
const UUID = /^[0-9a-f-]{36}$/;
const POST: RequestHead = {
  method: 'POST',
  path: '/mcp',
  host: 'localhost',
  origin: APP,
  contentType: 'application/json',
};
const PREFLIGHT: RequestHead = { ...POST, method: 'OPTIONS', requestMethod: 'POST', contentType: undefined };
const FOREIGN: RequestHead = { ...POST, origin: EVIL };
const FAILS = new Error('the store is gone');
const broken = { consume: () => Promise.reject(FAILS), points: 1 };

const memory = (points: number) => new RateLimiterMemory({ points, duration: 60 });

const arrivalOf = (head: RequestHead, change: Partial<Arrival> = {}): Arrival => ({
  head,
  target: head.path,
  address: '203.0.113.7',
  requestId: ID,
  ...change,
});

/** Admits requests, and keeps what a listener hears. */
function admitting(options: CarrierOptions = {}, config: Partial<PolicyConfig> = {}) {
  const policy = createPolicy({ origins: APP, ...config });
  const admit = createAdmit(options);
  return async (head: RequestHead, change: Partial<Arrival> = {}): Promise<Admission> => {
    const admission = await admit(policy, arrivalOf(head, change));
    admission.announce?.();
    return admission;
  };
}

function headerOf({ decision }: Admission, name: string): string | undefined {
  const found = decision.headers.filter(([other]) => other === name);
  expect(found.length).toBeLessThanOrEqual(1);
  return found[0]?.[1];
}

const namesIn = (value: string | undefined): string[] =>
  (value ?? '').split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim().toLowerCase()]));

const exposedBy = (admission: Admission): string[] =>
  namesIn(headerOf(admission, 'access-control-expose-headers'));

const corsNames = ({ decision }: Admission): string[] =>
  decision.headers.map(([name]) => name).filter((name) => name.startsWith('access-control-'));

let printed: string[];
beforeEach(() => {
  printed = [];
  vi.spyOn(console, 'error').mockImplementation((text: string) => void printed.push(text));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe('without options', () => {
  test('a request gets its decision and nothing else', async () => {
    const policy = createPolicy({ origins: APP });
    const admission = createAdmit({})(policy, arrivalOf(POST));
    expect(admission).toEqual({
      decision: policy.decide(POST),
      sessionId: undefined,
      target: undefined,
      requestId: undefined,
      sealId: undefined,
      announce: undefined,
    });
  });

  test('the answer is immediate, and a promise only where a directory or a limiter has to be asked', async () => {
    const asked = createPolicy({ origins: createDirectory({ lookup: () => true }) });
    expect(createAdmit({})(asked, arrivalOf(POST))).toBeInstanceOf(Promise);
    expect(
      createAdmit({ limiter: memory(1) })(createPolicy({ origins: APP }), arrivalOf(POST)),
    ).toBeInstanceOf(Promise);
    const onlyStreams = createAdmit({ limiter: { streams: memory(1) } });
    expect(onlyStreams(createPolicy({ origins: APP }), arrivalOf(POST))).not.toBeInstanceOf(Promise);
  });
});

describe('options that are not valid', () => {
  test.each(['refuse', '', null, true])('onLimiterError: %j is refused', (value) => {
    expect(() => createAdmit({ onLimiterError: value as 'deny' })).toThrow(
      "onLimiterError is neither 'allow' nor 'deny'.",
    );
  });

  test('a limiter that is none is refused', () => {
    expect(() => createAdmit({ limiter: {} })).toThrow(TypeError);
  });
});

describe('request ids', () => {
  test.each<[string, CarrierOptions, boolean]>([
    ['nothing', {}, false],
    ['a listener', { onDecision: () => {} }, true],
    ['a limiter', { limiter: memory(99) }, true],
    ['requestId: true', { requestId: true }, true],
    ['requestId: false beside a listener', { requestId: false, onDecision: () => {} }, false],
    ['requestId: false beside a limiter', { requestId: false, limiter: memory(99) }, false],
  ])('with %s', async (_, options, on) => {
    const admission = await admitting(options)(POST);
    expect(admission.requestId).toBe(on ? ID : undefined);
    expect(headerOf(admission, 'x-request-id')).toBe(on ? ID : undefined);
    expect(exposedBy(admission).includes('x-request-id')).toBe(on);
  });

  test.each<[string, string | undefined]>([
    ['none', undefined],
    ['a space', 'a b'],
    ['control bytes', 'a\x1b[2J'],
    ['129 characters', 'a'.repeat(129)],
  ])('%s: a new one is made', async (_, requestId) => {
    const admission = await admitting({ requestId: true })(POST, { requestId });
    expect(admission.requestId).toMatch(UUID);
    expect(headerOf(admission, 'x-request-id')).toBe(admission.requestId);
  });

  test.each<[string, RequestHead, Partial<PolicyConfig>, number | undefined]>([
    ['a request that passes', POST, {}, undefined],
    ['a native client', { ...POST, origin: undefined }, {}, undefined],
    ['a preflight', PREFLIGHT, {}, 204],
    ['a preflight that is refused', { ...PREFLIGHT, requestMethod: 'TRACE' }, {}, 403],
    ['a foreign origin', FOREIGN, {}, 403],
    ['a foreign Host', { ...POST, host: 'evil.example' }, {}, 403],
    ['a POST of text', { ...POST, contentType: 'text/plain' }, {}, 415],
  ])('are on the response to %s', async (_, head, config, status) => {
    const admission = await admitting({ requestId: true }, config)(head);
    expect(admission.decision.status).toBe(status);
    expect(headerOf(admission, 'x-request-id')).toBe(ID);
  });

  test.each<[string, Partial<PolicyConfig>, Partial<RequestHead>, string[]]>([
    [
      'a kind that exposes something',
      {},
      { path: '/.well-known/oauth-protected-resource', method: 'GET' },
      ['x-request-id'],
    ],
    [
      'a name that the owner exposes already, once',
      { exposedHeaders: ['X-Request-ID', 'RateLimit'] },
      {},
      ['x-request-id', 'ratelimit'],
    ],
    ['everything', { exposedHeaders: ['*'] }, {}, ['*']],
    ['a 415', {}, { contentType: 'text/plain' }, ['x-request-id']],
  ])('may be read by an allowed page: %s', async (_, config, change, expected) => {
    const names = exposedBy(await admitting({ limiter: memory(99) }, config)({ ...POST, ...change }));
    for (const name of expected) expect(names.filter((other) => other === name)).toEqual([name]);
    if (expected[0] !== '*') {
      for (const name of ['retry-after', 'ratelimit', 'ratelimit-policy']) {
        expect(names.filter((other) => other === name)).toEqual([name]);
      }
    } else expect(names).toEqual(['*']);
    expect(new Set(names).size).toBe(names.length);
  });

  test('are exposed where the kind of endpoint exposes nothing itself', async () => {
    const other = { endpoints: { '/files': 'other' } } as const;
    const admission = await admitting({ requestId: true }, other)({ ...POST, path: '/files' });
    expect(exposedBy(admission)).toContain('x-request-id');
  });

  test('a foreign page, a preflight and a native client are told of no exposed header', async () => {
    const admit = admitting({ limiter: memory(99), requestId: true });
    for (const head of [FOREIGN, PREFLIGHT, { ...POST, origin: undefined }]) {
      expect(exposedBy(await admit(head))).toEqual([]);
    }
  });

  test('decisions that requests share stay as they are', async () => {
    const policy = createPolicy({ origins: APP });
    const before = policy.decide(POST);
    const { decision } = await createAdmit({ requestId: true })(policy, arrivalOf(POST));
    expect(decision).not.toBe(before);
    expect(Object.isFrozen(decision) && Object.isFrozen(decision.headers)).toBe(true);
    expect(policy.decide(POST)).toBe(before);
    expect(before.headers.map(([name]) => name)).not.toContain('x-request-id');
  });
});

describe('limits', () => {
  test('an allowed page reads 429, and how long to wait', async () => {
    const admit = admitting({ limiter: memory(1) });
    await admit(POST);
    const admission = await admit(POST);
    expect(admission.decision).toMatchObject({ outcome: 'deny', reason: 'rate-limited', status: 429 });
    expect(headerOf(admission, 'access-control-allow-origin')).toBe(APP);
    expect(headerOf(admission, 'retry-after')).toBe('60');
    expect(headerOf(admission, 'ratelimit')).toBe('"requests";r=0;t=60');
    expect(headerOf(admission, 'ratelimit-policy')).toBe('"requests";q=1;w=60');
    expect(exposedBy(admission)).toEqual(
      expect.arrayContaining(['retry-after', 'ratelimit', 'ratelimit-policy', 'x-request-id']),
    );
    expect(JSON.parse(admission.decision.body ?? '')).toMatchObject({
      jsonrpc: '2.0',
      error: { data: { reason: 'rate-limited' } },
    });
  });

  test.each<[string, RequestHead, Partial<PolicyConfig>]>([
    ['a foreign origin', FOREIGN, {}],
    ['a foreign origin with credentials', FOREIGN, { credentials: true }],
    ['a foreign preflight', { ...PREFLIGHT, origin: EVIL }, {}],
    ['a foreign Host', { ...POST, host: 'evil.example' }, {}],
    ['the null origin', { ...POST, origin: 'null' }, {}],
    ['a preflight that is refused', { ...PREFLIGHT, requestMethod: 'TRACE' }, {}],
    ['a preflight that passes', PREFLIGHT, { credentials: true }],
    [
      'a preflight that debug mode answers in part',
      { ...PREFLIGHT, requestHeaders: 'x-other' },
      { debug: true },
    ],
  ])('%s: 429 has no Access-Control header at all', async (_, head, config) => {
    const admit = admitting({ limiter: memory(1) }, config);
    await admit(head);
    const admission = await admit(head);
    expect(admission.decision).toMatchObject({ outcome: 'deny', status: 429 });
    expect(corsNames(admission)).toEqual([]);
    expect(headerOf(admission, 'retry-after')).toBe('60');
  });

  test('an allowed page that is refused again and again may read that, too', async () => {
    const admit = admitting({ limiter: memory(1) });
    const text = { ...POST, contentType: 'text/plain' };
    expect((await admit(text)).decision.status).toBe(415);
    const admission = await admit(text);
    expect(admission.decision.status).toBe(429);
    expect(headerOf(admission, 'access-control-allow-origin')).toBe(APP);
    expect(exposedBy(admission)).toContain('retry-after');
    expect(headerOf(admission, 'content-type')).toBe('application/json');
  });

  test('where waiting does not help there is no Retry-After', async () => {
    const admit = admitting({ limiter: new RateLimiterMemory({ points: 1, duration: 0 }) });
    await admit(POST);
    const admission = await admit(POST);
    expect(admission.decision.status).toBe(429);
    expect(headerOf(admission, 'retry-after')).toBeUndefined();
  });

  test('what is limited opens nothing for the application', async () => {
    const admit = admitting({ limiter: memory(1) }, { sessions: { secret: 's'.repeat(32) } });
    await admit(POST);
    expect(await admit(POST)).toMatchObject({ sessionId: undefined, target: undefined, sealId: undefined });
  });

  test('a limiter after a directory', async () => {
    const admit = admitting(
      { limiter: memory(1) },
      { origins: createDirectory({ lookup: (origin) => Promise.resolve(origin === APP) }) },
    );
    expect((await admit(POST)).decision.reason).toBe('origin-allowed');
    expect((await admit(POST)).decision.reason).toBe('rate-limited');
  });
});

describe('a limiter that fails', () => {
  test.each<[string, RequestHead, string]>([
    ['a request', POST, 'origin-allowed'],
    ['a preflight', PREFLIGHT, 'preflight-allowed'],
    ['a foreign request', FOREIGN, 'origin-not-allowed'],
  ])("by default and with 'allow', %s is decided about as if it was not counted", async (_, head, reason) => {
    for (const options of [{}, { onLimiterError: 'allow' as const }]) {
      const admission = await admitting({ limiter: broken, ...options })(head);
      expect(admission.decision.reason).toBe(reason);
      expect(headerOf(admission, 'ratelimit')).toBeUndefined();
    }
  });

  test.each<[string, RequestHead, string, number]>([
    ['a request', POST, 'limiter-failed', 503],
    ['a preflight', PREFLIGHT, 'limiter-failed', 503],
    ['a foreign request', FOREIGN, 'origin-not-allowed', 403],
  ])("with 'deny', %s is refused: %s", async (_, head, reason, status) => {
    const { decision } = await admitting({ limiter: broken, onLimiterError: 'deny' })(head);
    expect(decision).toMatchObject({ outcome: 'deny', reason, status });
  });

  test("with 'deny', the allowed page reads it, and the foreign one does not", async () => {
    const admit = admitting({ limiter: broken, onLimiterError: 'deny' });
    expect(headerOf(await admit(POST), 'access-control-allow-origin')).toBe(APP);
    expect(corsNames(await admit(FOREIGN))).toEqual([]);
  });

  test('is told to the listener, and not on standard error', async () => {
    const events: DecisionEvent[] = [];
    await admitting({ limiter: broken, onDecision: (event) => events.push(event) })(POST);
    expect(events.map(({ limiterError }) => limiterError)).toEqual([FAILS]);
    expect(printed).toEqual([]);
  });

  test('is told on standard error where nobody listens, once a minute', async () => {
    vi.useFakeTimers();
    const admit = admitting({ limiter: broken });
    await admit(POST);
    await admit(POST);
    expect(printed).toEqual(['mcp-cors: requests cannot be counted: the store is gone']);
    vi.advanceTimersByTime(59_000);
    await admit(POST);
    expect(printed).toHaveLength(1);
    vi.advanceTimersByTime(1_000);
    await admit(POST);
    expect(printed).toHaveLength(2);
  });
});

describe('a policy that only reports', () => {
  const config = { reportOnly: true };

  test.each<[string, RequestHead]>([
    ['a request', POST],
    ['a preflight', PREFLIGHT],
    ['a foreign request', FOREIGN],
    ['a native client', { ...POST, origin: undefined }],
  ])('%s is counted, and never refused', async (_, head) => {
    const events: DecisionEvent[] = [];
    const admit = admitting({ limiter: memory(1), onDecision: (event) => events.push(event) }, config);
    const first = await admit(head);
    const second = await admit(head);
    expect(second.decision.outcome).toBe(first.decision.outcome);
    expect(second.decision.status).toBe(first.decision.status);
    expect(second.decision.outcome).not.toBe('deny');
    expect(corsNames(second)).toEqual(corsNames(first));
    expect(headerOf(second, 'retry-after')).toBeUndefined();
    expect(events.map(({ wouldDeny }) => wouldDeny)).toEqual(
      head === FOREIGN ? ['origin-not-allowed', 'origin-not-allowed'] : [undefined, 'rate-limited'],
    );
  });

  test("a limiter that fails refuses nothing with 'deny' either", async () => {
    const events: DecisionEvent[] = [];
    const admission = await admitting(
      { limiter: broken, onLimiterError: 'deny', onDecision: (event) => events.push(event) },
      config,
    )(POST);
    expect(admission.decision).toMatchObject({ outcome: 'pass', reason: 'origin-allowed' });
    expect(events).toMatchObject([{ outcome: 'pass', wouldDeny: 'limiter-failed', limiterError: FAILS }]);
    expect(events[0]?.explain()).toMatchObject({ verdict: 'refused', reason: 'limiter-failed' });
  });

  test('what it would refuse has no headers of ours', async () => {
    const admission = await admitting({ limiter: memory(1) }, config)(FOREIGN);
    expect(admission.decision.headers).toEqual([]);
    expect(admission.requestId).toBe(ID);
  });
});

describe('a policy that is replaced while it is asked', () => {
  /** A live policy with a directory that waits, and the way to let it answer. */
  function waiting(config: Partial<PolicyConfig>) {
    let answer = (_: boolean): void => {};
    const lookup = (): Promise<boolean> =>
      new Promise((resolve) => {
        answer = resolve;
      });
    const policy = createLivePolicy({ origins: createDirectory({ lookup }), ...config });
    return { policy, answer: () => answer(true) };
  }

  it('goes on with the settings that the request came under', async () => {
    const { policy, answer } = waiting({ sessions: { secret: 's'.repeat(32) } });
    const admission = createAdmit({ limiter: memory(9) })(policy, arrivalOf(POST));
    policy.replace({ origins: APP, reportOnly: true });
    answer();
    expect((await admission).sealId).toBeTypeOf('function');
  });

  it('still refuses what is over its limit', async () => {
    const { policy, answer } = waiting({});
    const admit = createAdmit({
      limiter: { requests: { consume: () => Promise.reject({ msBeforeNext: 1 }) } },
    });
    const admission = admit(policy, arrivalOf(POST));
    policy.replace({ origins: APP, reportOnly: true });
    answer();
    expect((await admission).decision.reason).toBe('rate-limited');
  });
});

describe('announcing', () => {
  async function eventOf(
    head: RequestHead,
    options: CarrierOptions = {},
    config: Partial<PolicyConfig> = {},
    change: Partial<Arrival> = {},
  ): Promise<DecisionEvent> {
    const events: DecisionEvent[] = [];
    await admitting({ onDecision: (event) => events.push(event), ...options }, config)(head, change);
    expect(events).toHaveLength(1);
    return events[0] as DecisionEvent;
  }

  test('tells of nothing before it is called', async () => {
    const onDecision = vi.fn();
    const admission = await createAdmit({ onDecision })(createPolicy({ origins: APP }), arrivalOf(POST));
    expect(onDecision).not.toHaveBeenCalled();
    admission.announce?.();
    expect(onDecision).toHaveBeenCalledTimes(1);
  });

  test.each<[string, RequestHead, Partial<DecisionEvent>]>([
    [
      'a pass',
      POST,
      { outcome: 'pass', reason: 'origin-allowed', rule: APP, status: undefined, origin: APP },
    ],
    ['a preflight', PREFLIGHT, { outcome: 'preflight', reason: 'preflight-allowed', rule: APP, status: 204 }],
    [
      'a denial',
      FOREIGN,
      { outcome: 'deny', reason: 'origin-not-allowed', rule: undefined, status: 403, origin: EVIL },
    ],
    [
      'a refused header',
      { ...PREFLIGHT, requestHeaders: 'x-other' },
      { outcome: 'deny', reason: 'request-header-not-allowed', subject: 'x-other', rule: APP, status: 403 },
    ],
    [
      'a native client',
      { ...POST, origin: undefined },
      { outcome: 'pass', reason: 'no-origin', origin: undefined },
    ],
  ])('%s, with all that an audit needs', async (_, head, expected) => {
    expect(await eventOf(head)).toMatchObject({
      wouldDeny: undefined,
      method: head.method,
      path: '/mcp',
      host: 'localhost',
      address: '203.0.113.7',
      requestId: ID,
      limiterError: undefined,
      ...expected,
    });
  });

  test('the duration holds the time of look-ups and limiters', async () => {
    vi.useFakeTimers();
    const events: DecisionEvent[] = [];
    const slow = { consume: () => new Promise((resolve) => setTimeout(resolve, 30)) };
    const lookup = () => new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 20));
    const admission = admitting(
      { limiter: slow, onDecision: (event) => events.push(event) },
      { origins: createDirectory({ lookup }) },
    )(POST);
    await vi.advanceTimersByTimeAsync(50);
    await admission;
    expect(events[0]?.durationMs).toBe(50);
  });

  test('an event without request ids has none', async () => {
    expect((await eventOf(POST, { requestId: false })).requestId).toBeUndefined();
  });

  test.each<[string, RequestHead]>([
    ['passes', { ...POST, sessionId: 'secret-session' }],
    ['is refused', { ...FOREIGN, sessionId: 'secret-session' }],
  ])(
    'no session id, query or secret is in the event of a request that %s, but for its head',
    async (_, head) => {
      const secret = 'secret-of-the-owner-which-is-long-enough';
      const event = await eventOf(
        head,
        { limiter: memory(9) },
        { sessions: { secret } },
        { target: '/mcp?sessionId=secret-session&token=secret-token' },
      );
      const { head: told, ...rest } = event;
      expect(told.sessionId).toBe('secret-session');
      const seen = new Set<unknown>();
      const text = JSON.stringify(rest, (_key, value: unknown) => {
        if (typeof value !== 'object' || value === null) return value;
        if (seen.has(value)) return undefined;
        seen.add(value);
        return value;
      });
      expect(text).not.toContain('secret-');
      expect(JSON.stringify(event.explain().checks)).not.toContain('secret-');
    },
  );

  test('what a listener throws reaches whoever announces', async () => {
    const admit = createAdmit({
      onDecision() {
        throw FAILS;
      },
    });
    const { announce } = await admit(createPolicy({ origins: APP }), arrivalOf(POST));
    expect(announce).toThrow(FAILS);
  });

  test('the event is frozen, and carries the decision that was applied', async () => {
    const events: DecisionEvent[] = [];
    const policy: Policy = createPolicy({ origins: APP });
    const admission = await createAdmit({ onDecision: (event) => events.push(event) })(
      policy,
      arrivalOf(POST),
    );
    admission.announce?.();
    expect(events[0]?.decision).toBe(admission.decision);
    expect(events[0]?.policy).toBe(policy);
    expect(Object.isFrozen(events[0])).toBe(true);
  });
});

import { createHmac } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  createLivePolicy,
  createPolicy,
  type EndpointKind,
  type Policy,
  type PolicyConfig,
  type RequestHead,
} from '../policy/index.js';
import { type Admission, type CarrierOptions, createAdmit } from './admission.js';
import type { DecisionEvent } from './decisionEvent.js';

const SECRET = 'a secret of at least 32 characters';
const NEW_SECRET = 'another secret of more than 32 characters';
const APP = 'https://app.example.com';
const OTHER = 'https://other.example.com';
const HOST = 'mcp.example.com';
const ID = 'session-1';

const CONFIG: PolicyConfig = {
  origins: [APP, OTHER],
  hosts: HOST,
  sessions: { secret: SECRET },
  endpoints: { '/files': 'other' },
};

/** A seal, made apart from the code under test. */
function seal(owner: string, id = ID, secret = SECRET): string {
  const text = `mcp-cors session 1\0${owner}\0${id}`;
  return `${createHmac('sha256', secret).update(text).digest('base64url')}.${id}`;
}

interface Asking extends Partial<RequestHead> {
  /** With its query. */
  readonly target?: string;
}

/** Asks for admission as a page or, with `origin: undefined`, as a native client; every answer has one event. */
function admitting(policy: Policy = createPolicy(CONFIG), options: CarrierOptions = {}) {
  const events: DecisionEvent[] = [];
  const admit = createAdmit({ onDecision: (event) => events.push(event), ...options });
  const ask = async ({ target = '/mcp', ...parts }: Asking): Promise<Admission> => {
    const head: RequestHead = {
      method: 'POST',
      path: target.split('?')[0] ?? '',
      host: HOST,
      origin: APP,
      contentType: 'application/json',
      ...parts,
    };
    const before = events.length;
    const admission = await admit(policy, { head, target, address: '203.0.113.7', requestId: undefined });
    admission.announce?.();
    expect(events).toHaveLength(before + 1);
    expect(events.at(-1)?.reason).toBe(admission.decision.reason);
    return admission;
  };
  return { ask, events };
}

function expectRefused(admission: Admission): void {
  const { decision } = admission;
  expect(decision).toMatchObject({ outcome: 'deny', reason: 'session-not-found', status: 404 });
  expect(admission).toMatchObject({ sessionId: undefined, target: undefined, sealId: undefined });
}

describe('a session in Mcp-Session-Id', () => {
  test.each<[string, Partial<RequestHead>, string]>([
    ['a page', { origin: APP }, APP],
    ['another page', { origin: OTHER }, OTHER],
    ['a native client', { origin: undefined }, ''],
    ['the own page', { origin: `http://${HOST}`, fetchSite: 'same-origin' }, `self ${HOST}`],
    ['the own page, GET', { method: 'GET', origin: undefined, fetchSite: 'same-origin' }, `self ${HOST}`],
    ['the own page over plain HTTP', { origin: `http://${HOST}` }, ''],
  ])('of %s is opened, and sealed to it on the way back', async (_, parts, owner) => {
    const { ask } = admitting();
    const { decision, sessionId, target, sealId } = await ask({ ...parts, sessionId: seal(owner) });
    expect(decision.outcome).toBe('pass');
    expect(sessionId).toBe(ID);
    expect(target).toBeUndefined();
    expect(sealId?.('new')).toBe(seal(owner, 'new'));
  });

  const OWNERS: readonly (readonly [string, Partial<RequestHead>])[] = [
    [APP, { origin: APP }],
    [OTHER, { origin: OTHER }],
    ['', { origin: undefined }],
    [`self ${HOST}`, { origin: `http://${HOST}`, fetchSite: 'same-origin' }],
  ];
  const foreign = OWNERS.flatMap(([owner]) =>
    OWNERS.filter(([other]) => other !== owner).map(([other, parts]) => [owner, other, parts] as const),
  );
  test.each(foreign)('of %j is refused for %j, by every method', async (owner, _, parts) => {
    const { ask } = admitting();
    for (const method of ['POST', 'GET', 'DELETE', 'HEAD', 'PUT']) {
      expectRefused(await ask({ ...parts, method, sessionId: seal(owner) }));
    }
  });

  test.each([
    ['an empty one', ''],
    ["the server's own id", ID],
    ['one that is cut short', seal(APP).slice(0, -1)],
    ['one without its first character', seal(APP).slice(1)],
    ['one twice, as parsers join them', `${seal(APP)}, ${seal(APP)}`],
    ['two, the own one first', `${seal(APP)}, ${ID}`],
    ['two, the own one last', `${ID}, ${seal(APP)}`],
    ['one with another secret', seal(APP, ID, NEW_SECRET)],
    [
      'one for another purpose',
      `${createHmac('sha256', SECRET).update(`${APP}\0${ID}`).digest('base64url')}.${ID}`,
    ],
    ['one that is too long', `${seal(APP)}${'x'.repeat(20_000)}`],
  ])('%s is refused', async (_, sessionId) => {
    const { ask } = admitting();
    expectRefused(await ask({ sessionId }));
  });

  it('is not needed: a session has to begin somewhere', async () => {
    const { ask } = admitting();
    const admission = await ask({});
    expect(admission.decision.outcome).toBe('pass');
    expect(admission.sessionId).toBeUndefined();
    expect(admission.sealId?.(ID)).toBe(seal(APP));
  });

  it('is refused so that its page can read the answer, and initialize again', async () => {
    const { ask } = admitting();
    const { decision } = await ask({ sessionId: seal(OTHER) });
    expect(decision.headers).toContainEqual(['access-control-allow-origin', APP]);
    expect(JSON.parse(decision.body ?? '')).toMatchObject({
      error: { data: { reason: 'session-not-found' } },
    });
  });
});

describe('a session in the query', () => {
  const query = (id: string): string => `/messages?sessionId=${id}`;

  it('is opened where it stands', async () => {
    const { ask } = admitting();
    const { decision, target, sessionId, sealId } = await ask({
      target: `/messages?a=1&sessionId=${seal(APP)}&b`,
    });
    expect(decision).toMatchObject({ outcome: 'pass', kind: 'messages' });
    expect(target).toBe(`/messages?a=1&sessionId=${ID}&b`);
    expect(sessionId).toBeUndefined();
    expect(sealId?.(ID)).toBe(seal(APP));
  });

  it.each(['/messages', '/sse', '/mcp', '/anything'])('is opened at %s', async (path) => {
    const { ask } = admitting();
    expect((await ask({ target: `${path}?session_id=${seal(APP)}` })).target).toBe(
      `${path}?session_id=${ID}`,
    );
    expectRefused(await ask({ target: `${path}?session_id=${seal(OTHER)}` }));
    expectRefused(await ask({ target: `${path}?session_id=${ID}`, method: 'GET' }));
  });

  it.each([
    query(ID),
    query(seal(OTHER)),
    query(seal('')),
    query(''),
    '/messages?sessionId',
    `/messages?sessionId[]=${seal(APP)}`,
    `/messages?SESSIONID=${seal(APP)}`,
    `${query(seal(APP))}&sessionId=${ID}`,
    `${query(seal(APP))}&session_id=${ID}`,
    `${query(seal(APP))};sessionId=${ID}`,
    `${query(seal(APP))}#&sessionId=${ID}`,
    `/messages?a=1#&sessionId=${ID}`,
    `/messages?a=1?sessionId=${ID}`,
    '/messages?%E9sessionId=1',
  ])('is refused as %s', async (target) => {
    const { ask } = admitting();
    expectRefused(await ask({ target }));
  });

  it('is opened beside the header, and both have to be good', async () => {
    const { ask } = admitting();
    const both = await ask({ target: query(seal(APP, 'one')), sessionId: seal(APP, 'two') });
    expect(both).toMatchObject({ target: query('one'), sessionId: 'two' });
    expectRefused(await ask({ target: query(seal(APP)), sessionId: seal(OTHER) }));
    expectRefused(await ask({ target: query(seal(OTHER)), sessionId: seal(APP) }));
    expectRefused(await ask({ target: query(ID), sessionId: seal(APP) }));
  });
});

describe('a POST to a messages endpoint', () => {
  // A server that takes the session from the path, the body or a parameter of another name would take anybody's.
  it.each(['/messages', '/messages?', '/messages?id=session-1', '/message?session=session-1'])(
    'without a session that could be opened is refused: %s',
    async (target) => {
      const { ask } = admitting();
      expectRefused(await ask({ target }));
      expectRefused(await ask({ target, origin: undefined }));
    },
  );

  it('below a path that the owner calls one is refused too', async () => {
    const { ask } = admitting(createPolicy({ ...CONFIG, endpoints: { '/mcp/messages/*': 'messages' } }));
    expectRefused(await ask({ target: `/mcp/messages/${ID}` }));
    expect((await ask({ target: '/mcp' })).decision.outcome).toBe('pass');
  });

  it('with a session in the header passes, opened', async () => {
    const { ask } = admitting();
    expect(await ask({ target: '/messages', sessionId: seal(APP) })).toMatchObject({
      decision: { outcome: 'pass' },
      sessionId: ID,
    });
  });

  it.each(['GET', 'HEAD', 'OPTIONS', 'DELETE'])('is meant, and not a %s', async (method) => {
    const { ask } = admitting();
    expect((await ask({ target: '/messages', method })).decision.outcome).toBe('pass');
  });

  it('needs no session where sessions are not sealed', async () => {
    const { ask } = admitting(createPolicy({ origins: APP, hosts: HOST }));
    expect((await ask({ target: '/messages' })).decision.outcome).toBe('pass');
  });
});

describe('requests whose sessions are left alone', () => {
  const NOTHING = { sessionId: undefined, target: undefined, sealId: undefined };

  test.each<[EndpointKind, string]>([
    ['other', '/files?sessionId=abc'],
    ['metadata', '/.well-known/oauth-protected-resource?sessionId=abc'],
    ['oauth', '/token?sessionId=abc'],
  ])('at an endpoint of the kind %s', async (kind, target) => {
    const { ask } = admitting();
    const admission = await ask({ target, sessionId: 'abc' });
    expect(admission).toMatchObject({ decision: { outcome: 'pass', kind }, ...NOTHING });
  });

  test('a preflight', async () => {
    const { ask } = admitting();
    const preflight = { method: 'OPTIONS', requestMethod: 'POST', requestHeaders: 'mcp-session-id' };
    const admission = await ask({ ...preflight, target: '/messages?sessionId=abc' });
    expect(admission).toMatchObject({ decision: { outcome: 'preflight', status: 204 }, ...NOTHING });
  });

  test.each<[string, Asking, string]>([
    ['a foreign page', { origin: 'https://evil.example' }, 'origin-not-allowed'],
    ['a foreign host', { host: 'evil.example' }, 'host-not-allowed'],
    ['a POST that is no JSON', { contentType: 'text/plain' }, 'content-type-not-allowed'],
  ])('%s, which is refused before', async (_, parts, reason) => {
    const { ask } = admitting();
    const admission = await ask({ ...parts, sessionId: seal(OTHER) });
    expect(admission).toMatchObject({ decision: { outcome: 'deny', reason }, ...NOTHING });
  });

  test('all of a policy that does not seal', async () => {
    const { ask } = admitting(createPolicy({ origins: APP, hosts: HOST }));
    expect(await ask({ sessionId: 'abc', target: '/mcp?sessionId=abc' })).toMatchObject(NOTHING);
  });

  test('all of a policy that only reports', async () => {
    const { ask } = admitting(createPolicy({ ...CONFIG, reportOnly: true }));
    const admission = await ask({ sessionId: 'abc', target: '/mcp?sessionId=abc' });
    expect(admission).toMatchObject({ decision: { outcome: 'pass' }, ...NOTHING });
  });
});

describe('secrets', () => {
  it('rotate while sessions live', async () => {
    const policy = createLivePolicy(CONFIG);
    const { ask } = admitting(policy);
    const old = (await ask({})).sealId?.(ID) ?? '';

    policy.replace({ ...CONFIG, sessions: { secret: [NEW_SECRET, SECRET] } });
    const during = await ask({ sessionId: old });
    expect(during.sessionId).toBe(ID);
    expect(during.sealId?.(ID)).toBe(seal(APP, ID, NEW_SECRET));
    expect((await ask({ sessionId: during.sealId?.(ID) })).sessionId).toBe(ID);

    policy.replace({ ...CONFIG, sessions: { secret: NEW_SECRET } });
    expect((await ask({ sessionId: during.sealId?.(ID) })).sessionId).toBe(ID);
    expectRefused(await ask({ sessionId: old }));
  });

  it('are all that replicas have to share', async () => {
    const [one, two] = [admitting(createPolicy(CONFIG)), admitting(createPolicy({ ...CONFIG, maxAge: 5 }))];
    const sealed = (await one.ask({})).sealId?.(ID);
    expect((await two.ask({ sessionId: sealed })).sessionId).toBe(ID);
    const stranger = admitting(createPolicy({ ...CONFIG, sessions: { secret: NEW_SECRET } }));
    expectRefused(await stranger.ask({ sessionId: sealed }));
  });
});

describe('forged ids', () => {
  const FORGED = 100_000;
  const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

  it(`${FORGED} of them get 404 and one event each, and leave nothing behind`, () => {
    const good = seal(APP);
    const random = (length: number): string =>
      Array.from({ length }, () => BASE64URL[Math.floor(Math.random() * 64)]).join('');
    const kinds: readonly ((n: number) => string)[] = [
      (n) => `${random(43)}.session-${n}`,
      (n) => {
        const at = n % good.length;
        const other = good[at] === 'A' ? 'B' : 'A';
        return `${good.slice(0, at)}${other}${good.slice(at + 1)}`;
      },
      (n) => seal(n % 2 === 0 ? OTHER : '', `session-${n}`),
      (n) => good.slice(0, n % good.length),
      (n) => `${good}${n}`,
    ];
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    let events = 0;
    const admit = createAdmit({
      onDecision: ({ reason, status }) => {
        if (reason === 'session-not-found' && status === 404) events++;
      },
    });
    const policy = createPolicy(CONFIG);
    const head: RequestHead = {
      method: 'POST',
      path: '/mcp',
      host: HOST,
      origin: APP,
      contentType: 'application/json',
    };
    const send = (n: number): boolean => {
      const id = kinds[n % kinds.length]?.(n) ?? '';
      const inQuery = n % 2 === 1;
      const admission = admit(policy, {
        head: inQuery ? head : { ...head, sessionId: id },
        target: inQuery ? `/mcp?sessionId=${encodeURIComponent(id)}` : '/mcp',
        address: '203.0.113.7',
        requestId: undefined,
      }) as Admission;
      admission.announce?.();
      return (
        admission.decision.status === 404 &&
        admission.sessionId === undefined &&
        admission.target === undefined
      );
    };

    let refused = 0;
    const heapAfter: number[] = [];
    for (let n = 0; n < FORGED; n++) {
      if (send(n)) refused++;
      if (n === FORGED / 5 || n === FORGED - 1) {
        collectGarbage();
        heapAfter.push(process.memoryUsage().heapUsed);
      }
    }
    expect(refused).toBe(FORGED);
    expect(events).toBe(FORGED);
    const [early = 0, late = 0] = heapAfter;
    expect(late - early).toBeLessThan(5_000_000); // 80,000 ids would be more than that
  }, 120_000);

  it('of any form never open', () => {
    const policy = createPolicy(CONFIG);
    const admit = createAdmit({});
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 120 }), (sessionId) => {
        const head: RequestHead = { method: 'GET', path: '/mcp', host: HOST, origin: APP, sessionId };
        const admission = admit(policy, { head, target: '/mcp', address: undefined, requestId: undefined });
        expectRefused(admission as Admission);
      }),
      { numRuns: 2_000 },
    );
  });
});

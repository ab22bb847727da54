import { describe, expect, it } from 'vitest';
import {
  eventually,
  expectReadable,
  FOREIGN_PAGE,
  type Sending,
  send,
  valuesOf,
} from '../../../test/gateway/client.js';
import { type Setting, startTestGateway } from '../../../test/gateway/gateway.js';
import { startUpstream, type Upstream } from '../../../test/gateway/upstream.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

async function start(setting: Setting = {}) {
  const upstream = await startUpstream((_, response) => {
    response.setHeader('X-Request-Id', 'of the upstream');
    response.end('ok');
  });
  return { upstream, gateway: await startTestGateway(upstream, setting) };
}

/** The lines of a name that the upstream saw in its only request. */
function linesSeen({ requests }: Upstream, name: string): string[] {
  const raw = requests[0]?.rawHeaders ?? [];
  return raw.filter((_, i) => i % 2 === 1 && raw[i - 1]?.toLowerCase() === name);
}

describe('a request id', () => {
  it.each<[string, Sending['headers'], RegExp]>([
    ['is made', [], UUID],
    ['is taken over when it is well formed', [['X-Request-Id', 'a.b-C_1:2']], /^a\.b-C_1:2$/],
    ['is made in place of one with spaces', [['X-Request-Id', 'a b']], UUID],
    ['is made in place of one that is long', [['X-Request-Id', 'x'.repeat(129)]], UUID],
    ['is made in place of an empty one', [['X-Request-Id', '']], UUID],
    ['is made in place of one that would forge a line', [['X-Request-Id', '{"a":1}']], UUID],
    [
      'is made in place of two',
      [
        ['X-Request-Id', 'one'],
        ['x-request-id', 'two'],
      ],
      UUID,
    ],
  ])('%s, and is one for page, upstream and listener', async (_, headers = [], expected) => {
    const told: unknown[] = [];
    const { upstream, gateway } = await start({ onDecision: ({ requestId }) => told.push(requestId) });
    const answer = await send(gateway.url, { headers });
    const [id, ...others] = valuesOf(answer, 'x-request-id');
    expect(id).toMatch(expected);
    expect(others).toEqual([]);
    expect(linesSeen(upstream, 'x-request-id')).toEqual([id]);
    await eventually(() => expect(told).toEqual([id]));
    expectReadable(answer);
    expect(valuesOf(answer, 'access-control-expose-headers').join().toLowerCase()).toContain('x-request-id');
  });

  it.each<[string, Sending, number]>([
    ['a refusal', { origin: FOREIGN_PAGE }, 403],
    ['a preflight', { method: 'OPTIONS', headers: [['Access-Control-Request-Method', 'POST']] }, 204],
    ['an answer of the gateway’s own', { target: '/a//b' }, 400],
  ])('is on %s', async (_, sending, status) => {
    const { gateway } = await start();
    const answer = await send(gateway.url, sending);
    expect([answer.status, valuesOf(answer, 'x-request-id')]).toEqual([
      status,
      [expect.stringMatching(UUID)],
    ]);
  });

  it('stays with a session that is opened', async () => {
    const { upstream, gateway } = await start({ policy: { sessions: { secret: 's'.repeat(32) } } });
    const answer = await send(gateway.url, { headers: [['X-Request-Id', 'given']] });
    expect(valuesOf(answer, 'x-request-id')).toEqual(['given']);
    expect(linesSeen(upstream, 'x-request-id')).toEqual(['given']);
  });

  it('is the client’s and the upstream’s own where that is asked for', async () => {
    const { upstream, gateway } = await start({ requestId: false, limits: { rates: 'off' } });
    const answer = await send(gateway.url, { headers: [['X-Request-Id', 'any thing']] });
    expect(valuesOf(answer, 'x-request-id')).toEqual(['of the upstream']);
    expect(linesSeen(upstream, 'x-request-id')).toEqual(['any thing']);
  });
});

describe('the context of a trace', () => {
  it('passes unchanged', async () => {
    const { upstream, gateway } = await start();
    const context: readonly (readonly [string, string])[] = [
      ['traceparent', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'],
      ['tracestate', 'congo=t61rcWkgMzE,rojo=00f067aa0ba902b7'],
      ['tracestate', 'third=1'],
      ['baggage', 'userId=alice;prop=1,serverNode=DF%2028'],
    ];
    await send(gateway.url, { headers: context });
    for (const name of ['traceparent', 'tracestate', 'baggage']) {
      const sent = context.filter(([key]) => key === name).map(([, value]) => value);
      expect(linesSeen(upstream, name)).toEqual(sent);
    }
  });
});

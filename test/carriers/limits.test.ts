import type { RequestListener } from 'node:http';
import { connect } from 'node:net';
import express from 'express';
import express4 from 'express4';
import { createDirectory } from 'mcp-cors';
import { mcpCors as forExpress, type NodeCarrierOptions } from 'mcp-cors/express';
import { type DecisionEvent, mcpCors as forNode } from 'mcp-cors/node';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { afterEach, describe, expect, it, test } from 'vitest';
import { parseStringList } from '../fixtures/structuredFields.js';
import {
  corsNames,
  exchange,
  type Listening,
  request,
  serve,
  values,
  type WireResponse,
} from '../fixtures/wire.js';

const APP = 'https://app.example.com';
const EVIL = 'https://evil.example';
const JSON_TYPE = { 'Content-Type': 'application/json' };
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const TEXTS = {
  post: request(
    'POST /mcp?token=secret-token',
    { Origin: APP, ...JSON_TYPE, Authorization: 'Bearer secret-bearer' },
    '{}',
  ),
  stream: request('GET /mcp', { Origin: APP, Accept: 'text/event-stream' }),
  failing: request('POST /fails', { Origin: APP, ...JSON_TYPE }, '{}'),
  preflight: request('OPTIONS /mcp', { Origin: APP, 'Access-Control-Request-Method': 'POST' }),
  foreign: request('POST /mcp', { Origin: EVIL, ...JSON_TYPE }, '{}'),
  foreignPreflight: request('OPTIONS /mcp', { Origin: EVIL, 'Access-Control-Request-Method': 'POST' }),
  native: request('POST /mcp', JSON_TYPE, '{}'),
} as const;

/** Answers with the request id that it sees, streams on GET, fails on /fails. */
const listener: RequestListener = (incoming, response) => {
  if (incoming.url === '/fails') {
    response.writeHead(500).end('broken');
    return;
  }
  const seen = JSON.stringify({
    id: incoming.headers['x-request-id'],
    distinct: incoming.headersDistinct['x-request-id'],
    raw: incoming.rawHeaders.filter((name) => name.toLowerCase() === 'x-request-id').length,
  });
  if (incoming.method === 'GET') {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write(`data: ${seen}\n\n`);
    setTimeout(() => response.end(), 5);
  } else response.end(seen);
};

type Start = (options: NodeCarrierOptions, config?: object) => Promise<Listening>;

const CARRIERS: Readonly<Record<string, Start>> = {
  node: (options, config = {}) => serve(forNode({ origins: APP, ...config }, options)(listener)),
  express: (options, config = {}) => {
    const app = express();
    app.use(forExpress({ origins: APP, ...config }, options));
    app.use(listener);
    return serve(app as unknown as RequestListener);
  },
  'express 4': (options, config = {}) => {
    const app = express4();
    app.use(forExpress({ origins: APP, ...config }, options));
    app.use(listener as never);
    return serve(app as unknown as RequestListener);
  },
};

const open: Listening[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

const memory = (points: number) => new RateLimiterMemory({ points, duration: 60 });

describe.each(Object.entries(CARRIERS))('over a socket, %s', (_, start) => {
  async function sender(options: NodeCarrierOptions, config = {}) {
    const server = await start(options, config);
    open.push(server);
    return {
      port: server.port,
      send: async (text: string): Promise<WireResponse> => {
        const [response, ...others] = await exchange(server.port, text);
        expect(others).toEqual([]);
        return response as WireResponse;
      },
    };
  }

  test.each<[keyof typeof TEXTS, number, boolean]>([
    ['post', 200, true],
    ['stream', 200, true],
    ['failing', 500, true],
    ['preflight', 204, false],
    ['foreign', 403, false],
    ['foreignPreflight', 403, false],
    ['native', 200, false],
  ])('%s: counted, then refused, each with its headers once', async (name, status, readable) => {
    const { send } = await sender({ limiter: memory(1) });
    const [first, second] = [await send(TEXTS[name]), await send(TEXTS[name])];
    expect([first.status, second.status]).toEqual([status, 429]);
    for (const response of [first, second]) {
      for (const header of ['ratelimit', 'ratelimit-policy', 'x-request-id']) {
        expect([header, values(response, header).length]).toEqual([header, 1]);
      }
      expect(parseStringList(values(response, 'ratelimit')[0] ?? '')).toHaveLength(1);
      expect(parseStringList(values(response, 'ratelimit-policy')[0] ?? '')).toHaveLength(1);
      const exposed = values(response, 'access-control-expose-headers').join().toLowerCase();
      expect(exposed.includes('ratelimit') && exposed.includes('x-request-id')).toBe(readable);
    }
    expect(values(first, 'retry-after')).toEqual([]);
    expect(values(second, 'retry-after')).toEqual(['60']);
    expect(corsNames(second)).toEqual(
      readable ? ['access-control-allow-origin', 'access-control-expose-headers'] : [],
    );
    expect(JSON.parse(second.body).error.data.reason).toBe('rate-limited');
  });

  test('the application sees the id that the client and the listener see', async () => {
    const events: DecisionEvent[] = [];
    const { send } = await sender({ onDecision: (event) => events.push(event) });
    for (const [given, isKept] of [
      [{}, false],
      [{ 'X-Request-Id': 'given-1' }, true],
      [{ 'X-Request-Id': 'a b' }, false],
      [{ 'x-request-id': 'a'.repeat(129) }, false],
      [{ 'X-Request-Id': ['one', 'two'] }, false],
    ] as const) {
      const response = await send(request('POST /mcp', { Origin: APP, ...JSON_TYPE, ...given }, '{}'));
      const [id = ''] = values(response, 'x-request-id');
      if (isKept) expect(id).toBe('given-1');
      else expect(id).toMatch(UUID);
      expect(JSON.parse(response.body)).toEqual({ id, distinct: [id], raw: 1 });
      expect(events.at(-1)?.requestId).toBe(id);
    }
  });

  test('an id with control bytes does not get as far as the policy', async () => {
    const { send } = await sender({ requestId: true });
    expect((await send(request('GET /mcp', { 'X-Request-Id': 'a\x01b' }))).status).toBe(400);
  });

  test('every decision is told once, with no credential in it', async () => {
    const events: DecisionEvent[] = [];
    const { send } = await sender({
      onDecision: (event) => events.push(event),
      limiter: { requests: memory(1), denied: memory(9) },
    });
    for (const name of ['post', 'preflight', 'foreign', 'native', 'post', 'stream', 'failing'] as const) {
      await send(TEXTS[name]);
    }
    expect(
      events.map(({ outcome, reason, rule, origin, method, path }) => [
        outcome,
        reason,
        rule,
        origin,
        method,
        path,
      ]),
    ).toEqual([
      ['pass', 'origin-allowed', APP, APP, 'POST', '/mcp'],
      ['preflight', 'preflight-allowed', APP, APP, 'OPTIONS', '/mcp'],
      ['deny', 'origin-not-allowed', undefined, EVIL, 'POST', '/mcp'],
      ['pass', 'no-origin', undefined, undefined, 'POST', '/mcp'],
      ['deny', 'rate-limited', APP, APP, 'POST', '/mcp'],
      ['pass', 'origin-allowed', APP, APP, 'GET', '/mcp'],
      ['deny', 'rate-limited', APP, APP, 'POST', '/fails'],
    ]);
    for (const { address, durationMs, requestId, status, outcome } of events) {
      expect(address).toBe('127.0.0.1');
      expect(durationMs).toBeGreaterThanOrEqual(0);
      expect(requestId).toMatch(UUID);
      expect(status === undefined).toBe(outcome === 'pass');
    }
    expect(new Set(events.map(({ requestId }) => requestId)).size).toBe(events.length);
    expect(JSON.stringify(events)).not.toContain('secret-');
  });

  test('nothing that a sender makes up gives him a new budget', async () => {
    const { send } = await sender({ limiter: memory(2) });
    const statuses: number[] = [];
    for (let i = 0; i < 4; i++) {
      const made = {
        Origin: `https://a${i}.evil.example`,
        'X-Forwarded-For': `198.51.100.${i}`,
        Forwarded: `for=198.51.100.${i}`,
        'X-Real-IP': `198.51.100.${i}`,
        'X-Request-Id': `id-${i}`,
        'User-Agent': `agent ${i}`,
      };
      statuses.push((await send(request(`POST /mcp/${i}?q=${i}`, { ...made, ...JSON_TYPE }, '{}'))).status);
    }
    expect(statuses).toEqual([403, 403, 429, 429]);
  });

  test('behind a trusted proxy it is the client who is counted', async () => {
    const { send } = await sender({ limiter: memory(1), trustProxy: 1 });
    const from = (address: string) =>
      send(request('POST /mcp', { Origin: APP, 'X-Forwarded-For': address, ...JSON_TYPE }, '{}'));
    expect((await from('198.51.100.1')).status).toBe(200);
    expect((await from('198.51.100.2')).status).toBe(200);
    // What stands before the proxy's own entry is the client's word.
    expect((await from('203.0.113.9, 198.51.100.1')).status).toBe(429);
  });

  test.each([
    ['allow', 200, 403],
    ['deny', 503, 403],
  ] as const)("a limiter that fails, '%s'", async (onLimiterError, admitted, refused) => {
    const events: DecisionEvent[] = [];
    const { send } = await sender({
      limiter: { consume: () => Promise.reject(new Error('down')) },
      onLimiterError,
      onDecision: (event) => events.push(event),
    });
    const response = await send(TEXTS.post);
    expect(response.status).toBe(admitted);
    expect(values(response, 'access-control-allow-origin')).toEqual([APP]);
    expect((await send(TEXTS.foreign)).status).toBe(refused);
    expect(events.map(({ limiterError }) => limiterError?.message)).toEqual(['down', 'down']);
  });

  test('a policy that only reports refuses nothing, and tells what it would refuse', async () => {
    const events: DecisionEvent[] = [];
    const { send } = await sender(
      { limiter: memory(1), onDecision: (event) => events.push(event) },
      { reportOnly: true },
    );
    const statuses: number[] = [];
    for (const name of ['post', 'post', 'preflight', 'preflight', 'foreign', 'foreign'] as const) {
      const response = await send(TEXTS[name]);
      statuses.push(response.status);
      expect(values(response, 'access-control-allow-origin')).toEqual(name === 'foreign' ? [] : [APP]);
      expect(values(response, 'retry-after')).toEqual([]);
    }
    expect(statuses).toEqual([200, 200, 204, 204, 200, 200]);
    expect(events.map(({ wouldDeny }) => wouldDeny)).toEqual([
      undefined,
      'rate-limited',
      undefined,
      'rate-limited',
      'origin-not-allowed',
      'origin-not-allowed',
    ]);
  });

  test('a limiter after a directory that has to be asked', async () => {
    const origins = createDirectory({ lookup: (origin) => Promise.resolve(origin === APP) });
    const { send } = await sender({ limiter: memory(1) }, { origins });
    expect((await send(TEXTS.post)).status).toBe(200);
    expect((await send(TEXTS.post)).status).toBe(429);
  });

  it('goes on after a client that left while the limiter was asked', async () => {
    let asked = (): void => {};
    let answer = (): void => {};
    const isAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const slow = {
      consume: () =>
        new Promise<void>((resolve) => {
          answer = resolve;
          asked();
        }),
    };
    const events: DecisionEvent[] = [];
    const { port, send } = await sender({
      limiter: { requests: slow },
      onDecision: (event) => events.push(event),
    });
    const socket = connect(port, '127.0.0.1', () => socket.write(TEXTS.post));
    await isAsked;
    const gone = new Promise((resolve) => socket.on('close', resolve));
    socket.destroy();
    await gone;
    answer();
    expect((await send(TEXTS.foreign)).status).toBe(403);
    expect(events.map(({ reason }) => reason)).toEqual(['origin-allowed', 'origin-not-allowed']);
  });
});

import { type Listening, listen } from '@mcp-cors/demo';
import express from 'express';
import { mcpCors as forExpress, type NodeCarrierOptions } from 'mcp-cors/express';
import { mcpCors as forNode } from 'mcp-cors/node';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { describe, expect, it } from 'vitest';
import { parseStringList } from '../fixtures/structuredFields.js';
import { read } from './page.js';
import { createScene } from './scene.js';

const scene = createScene();

const POST: RequestInit = {
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
};

const FRONTS: Readonly<Record<string, (options: NodeCarrierOptions) => Promise<Listening>>> = {
  'the Node adapter': (options) =>
    listen(
      forNode({ origins: scene.allowed }, options)((_, response) => void response.end('ok')),
      '127.0.0.1',
      0,
    ),
  'the Express adapter': (options) => {
    const app = express();
    app.use(forExpress({ origins: scene.allowed }, options));
    app.use((_request, response) => void response.send('ok'));
    return listen(app, '127.0.0.1', 0);
  },
};

describe.each(Object.entries(FRONTS))('through %s', (_, start) => {
  const limited = (points: number, more: NodeCarrierOptions = {}) =>
    start({ limiter: new RateLimiterMemory({ points, duration: 60 }), ...more });

  it('an allowed page reads how much is left, then 429 and how long to wait', async () => {
    const front = scene.use(await limited(1));
    const tab = await scene.open(scene.allowed);

    const first = await read(tab, `${front.origin}/mcp`, POST);
    const second = await read(tab, `${front.origin}/mcp`, {
      ...POST,
      headers: { ...POST.headers, Accept: 'application/json' },
    });

    expect([first.status, second.status]).toEqual([200, 429]);
    expect(second.headers).toMatchObject({
      'retry-after': expect.stringMatching(/^[0-9]+$/),
      'ratelimit-policy': '"requests";q=1;w=60',
      'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(parseStringList(first.headers?.ratelimit ?? '')).toEqual([
      { value: 'requests', parameters: { r: 0, t: expect.any(Number) } },
    ]);
    expect(second.headers?.ratelimit).toMatch(/^"requests";r=0;t=[0-9]+$/);
    expect(second.headers?.['x-request-id']).not.toBe(first.headers?.['x-request-id']);
    expect(JSON.parse(second.body ?? '').error.data).toEqual({ reason: 'rate-limited' });
    expect(tab.blocked).toEqual([]);
  });

  it('an allowed page that sends the wrong type again and again reads that, too', async () => {
    const front = scene.use(await limited(1));
    const tab = await scene.open(scene.allowed);
    const text: RequestInit = { ...POST, headers: { 'Content-Type': 'text/plain' } };

    expect((await read(tab, `${front.origin}/mcp`, text)).status).toBe(415);
    const refused = await read(tab, `${front.origin}/mcp`, text);

    expect(refused).toMatchObject({ status: 429, headers: { 'retry-after': expect.any(String) } });
  });

  it('a limiter that fails is 503 for an allowed page, where the owner chose so', async () => {
    const front = scene.use(
      await start({
        limiter: { consume: () => Promise.reject(new Error('down')) },
        onLimiterError: 'deny',
        onDecision: () => {},
      }),
    );

    const reading = await read(await scene.open(scene.allowed), `${front.origin}/mcp`, {
      method: 'GET',
    });

    expect(reading.status).toBe(503);
    expect(JSON.parse(reading.body ?? '').error.data).toEqual({ reason: 'limiter-failed' });
  });

  it('a preflight over its limit blocks the page before it sends anything', async () => {
    const front = scene.use(
      await start({ limiter: { preflights: new RateLimiterMemory({ points: 0, duration: 60 }) } }),
    );
    const tab = await scene.open(scene.allowed);

    expect(await read(tab, `${front.origin}/mcp`, POST)).toEqual({ error: 'TypeError: Failed to fetch' });

    await tab.settled();
    expect(tab.blocked.map(({ corsError }) => corsError)).toEqual(['PreflightMissingAllowOriginHeader']);
  });

  it('a foreign page reads nothing, neither before its limit nor behind it', async () => {
    const statuses: (number | undefined)[] = [];
    const front = scene.use(await limited(1, { onDecision: ({ status }) => void statuses.push(status) }));
    const tab = await scene.open(scene.foreign);

    for (let i = 0; i < 2; i++) {
      expect(await read(tab, `${front.origin}/mcp`, { method: 'GET' })).toEqual({
        error: 'TypeError: Failed to fetch',
      });
    }

    await tab.settled();
    expect(statuses).toEqual([403, 429]);
    expect(tab.blocked.map(({ corsError }) => corsError)).toEqual([
      'MissingAllowOriginHeader',
      'MissingAllowOriginHeader',
    ]);
  });

  it('a hostile page cannot use up what an allowed one has', async () => {
    const front = scene.use(await limited(2));
    const foreign = await scene.open(scene.foreign);
    for (let i = 0; i < 5; i++) await read(foreign, `${front.origin}/mcp`, { method: 'GET' });

    const reading = await read(await scene.open(scene.allowed), `${front.origin}/mcp`, { method: 'GET' });

    expect(reading).toMatchObject({ status: 200, headers: { ratelimit: expect.stringContaining('r=1') } });
  });
});

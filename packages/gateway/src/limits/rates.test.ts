import { describe, expect, it } from 'vitest';
import {
  expectReadable,
  FOREIGN_PAGE,
  PAGE,
  type Sending,
  send,
  valuesOf,
} from '../../../../test/gateway/client.js';
import { startTestGateway } from '../../../../test/gateway/gateway.js';
import { startUpstream } from '../../../../test/gateway/upstream.js';

const PREFLIGHT: Sending = { method: 'OPTIONS', headers: [['Access-Control-Request-Method', 'POST']] };
const TWO = { points: 2, seconds: 60 };
const RATES = { preflights: TWO, denied: TWO, requests: TWO, streams: TWO };

async function start(rates?: unknown) {
  const upstream = await startUpstream((_, response) => response.end('ok'));
  return { upstream, gateway: await startTestGateway(upstream, { limits: { rates } as never }) };
}

describe('rates', () => {
  it.each<[string, Sending, number]>([
    ['preflights', PREFLIGHT, 204],
    ['denied', { origin: FOREIGN_PAGE }, 403],
    ['requests', {}, 200],
    ['streams', { method: 'GET' }, 200],
  ])('limit %s, and nothing else with them', async (budget, sending, status) => {
    const { upstream, gateway } = await start({ ...RATES, [budget]: TWO });
    expect((await send(gateway.url, sending)).status).toBe(status);
    expect((await send(gateway.url, sending)).status).toBe(status);
    const reached = upstream.requests.length;
    const refused = await send(gateway.url, sending);
    expect(refused.status).toBe(429);
    expect(upstream.requests).toHaveLength(reached);
    expect(valuesOf(refused, 'ratelimit')[0]).toMatch(new RegExp(`^"${budget}";r=0;t=\\d+$`));
    expect(valuesOf(refused, 'ratelimit-policy')).toEqual([`"${budget}";q=2;w=60`]);
    expect(Number(valuesOf(refused, 'retry-after')[0])).toBeGreaterThan(0);
    for (const other of [PREFLIGHT, {}, { method: 'GET' }]) {
      if (JSON.stringify(other) !== JSON.stringify(sending)) {
        expect((await send(gateway.url, other)).status).not.toBe(429);
      }
    }
  });

  it('are told to the page, which may read them, long before they are reached', async () => {
    const { gateway } = await start();
    const answer = await send(gateway.url);
    expect(answer.status).toBe(200);
    expectReadable(answer);
    expect(valuesOf(answer, 'ratelimit-policy')).toEqual(['"requests";q=30000;w=60']);
    const exposed = valuesOf(answer, 'access-control-expose-headers').join().toLowerCase().split(/, */);
    expect(exposed).toEqual(
      expect.arrayContaining(['ratelimit', 'ratelimit-policy', 'retry-after', 'x-request-id']),
    );
  });

  it('refuse so that the page can read it', async () => {
    const { gateway } = await start({ requests: { points: 1, seconds: 60 } });
    await send(gateway.url);
    const refused = await send(gateway.url);
    expect(refused.status).toBe(429);
    expectReadable(refused);
  });

  it('are off when they are turned off', async () => {
    const { gateway } = await start('off');
    expect(valuesOf(await send(gateway.url), 'ratelimit-policy')).toEqual([]);
  });

  it('are counted on through a reload that leaves them alone, and anew through one that does not', async () => {
    const upstream = await startUpstream((_, response) => response.end('ok'));
    const config = (points: number) => ({
      listen: '127.0.0.1:0',
      policy: { origins: [PAGE] },
      routes: [{ path: '/', upstream: upstream.url }],
      limits: { shutdownTimeoutMs: 200, rates: { requests: { points, seconds: 60 } } },
    });
    const gateway = await startTestGateway(upstream, config(1));
    await send(gateway.url);
    await gateway.reload(config(1));
    expect((await send(gateway.url)).status).toBe(429);
    await gateway.reload(config(5));
    expect((await send(gateway.url)).status).toBe(200);
  });
});

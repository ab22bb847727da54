import { readFileSync } from 'node:fs';
import { createPolicy, type RequestHead } from 'mcp-cors';
import { type Admission, createAdmit, type DecisionEvent } from 'mcp-cors/carrier';
import { describe, expect, it } from 'vitest';
import {
  connectRaw,
  eventually,
  FOREIGN_PAGE,
  open,
  PAGE,
  type Sending,
  send,
} from '../../../../test/gateway/client.js';
import { type Exposition, parseExposition } from '../../../../test/gateway/exposition.js';
import { type Setting, startTestGateway } from '../../../../test/gateway/gateway.js';
import { startUpstream } from '../../../../test/gateway/upstream.js';
import { createMetrics } from './metrics.js';

async function startMeasured(
  setting: Setting = {},
  listener: Parameters<typeof startUpstream>[0] = (_, response) => response.end('ok'),
) {
  const upstream = await startUpstream(listener);
  const metrics = { listen: '127.0.0.1:0' };
  const gateway = await startTestGateway(upstream, { metrics, ...setting });
  const scrape = async (): Promise<Exposition> => {
    const response = await fetch(`${gateway.adminUrl}/metrics`);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    return parseExposition(await response.text());
  };
  return { gateway, url: gateway.url, scrape };
}

/** Waits until a counter has counted so far, and gives what else there is. */
async function scrapeAt(scrape: () => Promise<Exposition>, requests: number): Promise<Exposition> {
  return eventually(async () => {
    const exposition = await scrape();
    const total = exposition.values('mcp_cors_requests_total').reduce((sum, value) => sum + value, 0);
    expect(total).toBe(requests);
    return exposition;
  });
}

describe('the metrics', () => {
  it('are there before the first request', async () => {
    const { scrape } = await startMeasured();
    const { types, values } = await scrape();
    expect(values('mcp_cors_build_info', { version: '0.1.0' })).toEqual([1]);
    expect(types.get('mcp_cors_requests_total')).toBe('counter');
    expect(types.get('mcp_cors_gateway_duration_seconds')).toBe('histogram');
    expect(types.get('mcp_cors_upstream_head_duration_seconds')).toBe('histogram');
    for (const name of [
      'process_resident_memory_bytes',
      'process_cpu_seconds_total',
      'nodejs_heap_size_used_bytes',
    ]) {
      expect(values(name)[0]).toBeGreaterThan(0);
    }
    for (const name of types.keys()) expect(name).toMatch(/^(mcp_cors|process|nodejs)_/);
  });

  it('are those that the documentation names', async () => {
    const { scrape } = await startMeasured();
    const { types } = await scrape();
    const texts = ['gateway', 'production'].map((name) =>
      readFileSync(new URL(`../../../../docs/${name}.md`, import.meta.url), 'utf8'),
    );
    const named = texts.flatMap((text) => text.match(/\bmcp_cors_[a-z_]+/g) ?? []);
    const own = [...types.keys()].filter((name) => name.startsWith('mcp_cors_'));
    expect([...new Set(named.map((name) => name.replace(/_bucket$/, '')))].sort()).toEqual(own.sort());
  });

  const counted: readonly (readonly [string, Sending, Record<string, string>, string])[] = [
    ['what passes', {}, { method: 'POST', outcome: 'pass', reason: 'origin-allowed', status: '2xx' }, '0'],
    [
      'preflights',
      { method: 'OPTIONS', headers: [['Access-Control-Request-Method', 'POST']] },
      { method: 'OPTIONS', outcome: 'preflight', reason: 'preflight-allowed', status: '2xx' },
      '0',
    ],
    [
      'refusals',
      { origin: FOREIGN_PAGE },
      { outcome: 'deny', reason: 'origin-not-allowed', status: '4xx' },
      'unknown',
    ],
    ['native clients', { origin: null }, { outcome: 'pass', reason: 'no-origin' }, 'none'],
    ['other methods', { method: 'PROPFIND' }, { method: 'other', outcome: 'pass' }, '0'],
    ['failures', { target: '/fail' }, { outcome: 'pass', status: '5xx' }, '0'],
  ];
  it.each(counted)('count %s', async (_, sending, labels, origin) => {
    const { url, scrape } = await startMeasured({}, (request, response) => {
      if (request.url === '/fail') request.socket.destroy();
      else response.end();
    });
    await send(url, sending);
    const { values, samples } = await scrapeAt(scrape, 1);
    expect(samples.filter(({ name }) => name === 'mcp_cors_requests_total')).toMatchObject([
      { labels: { route: '/', ...labels }, value: 1 },
    ]);
    expect(values('mcp_cors_origin_requests_total', { origin })).toEqual([1]);
    expect(values('mcp_cors_gateway_duration_seconds_count', { outcome: labels.outcome as string })).toEqual([
      1,
    ]);
  });

  it('name the pattern by its place', async () => {
    const { url, scrape } = await startMeasured({
      policy: { origins: ['https://a.example', 'https://*.example.com', 'http://localhost:*'] },
    });
    await send(url, { origin: 'http://localhost:1' });
    await send(url, { origin: 'https://x.example.com' });
    const { values } = await scrapeAt(scrape, 2);
    expect(values('mcp_cors_origin_requests_total', { origin: '2' })).toEqual([1]);
    expect(values('mcp_cors_origin_requests_total', { origin: '1' })).toEqual([1]);
  });

  it('tell how long the gateway and the upstream take', async () => {
    const { url, scrape } = await startMeasured({}, (_, response) => {
      setTimeout(() => response.end(), 2_000);
    });
    await send(url);
    const { values } = await scrapeAt(scrape, 1);
    expect(values('mcp_cors_upstream_head_duration_seconds_sum', { route: '/' })[0]).toBeGreaterThan(1.9);
    expect(values('mcp_cors_gateway_duration_seconds_sum')[0]).toBeLessThan(1.9); // the wait is not counted
  });

  it('tell of what is open', async () => {
    const { url, scrape } = await startMeasured({}, (_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.flushHeaders();
    });
    const streams = await Promise.all([open(url), open(url)]);
    const { values } = await scrapeAt(scrape, 2); // counted when they begin
    expect(values('mcp_cors_open_streams')).toEqual([2]);
    expect(values('mcp_cors_open_requests')).toEqual([2]);
    expect(values('mcp_cors_connections')).toEqual([2]);
    for (const { request } of streams) request.destroy();
    await eventually(async () => {
      const after = await scrape();
      expect(after.values('mcp_cors_open_streams')).toEqual([0]);
      expect(after.values('mcp_cors_connections')).toEqual([0]);
    });
    await scrapeAt(scrape, 2);
  });

  it('count what is no HTTP', async () => {
    const { url, scrape } = await startMeasured();
    await connectRaw(url, 'hello\r\n\r\n');
    await eventually(async () =>
      expect((await scrape()).values('mcp_cors_rejections_total', { status: '400' })).toEqual([1]),
    );
  });

  it('tell what report-only mode would refuse', async () => {
    const { url, scrape } = await startMeasured({ policy: { reportOnly: true } });
    await send(url, { origin: FOREIGN_PAGE });
    const { values } = await scrapeAt(scrape, 1);
    const labels = { outcome: 'would-deny', reason: 'origin-not-allowed' };
    expect(values('mcp_cors_requests_total', labels)).toEqual([1]);
  });

  it('stay as few, whatever 10,000 clients write', async () => {
    const policy = createPolicy({ origins: [PAGE, 'https://*.example.com'] });
    const admit = createAdmit({ onDecision: () => {} });
    const metrics = createMetrics({
      connections: () => 0,
      openRequests: () => 0,
      openStreams: () => 0,
      lostAuditLines: () => 0,
      completions: () => ({ completed: 0, asked: 0, refused: 0 }),
    });
    const before = parseExposition(await metrics.expose()).samples.length;
    for (let i = 0; i < 10_000; i++) {
      const origins = [
        `https://${i}.example.com`,
        `https://evil-${i}.example`,
        PAGE,
        `http://${i}`,
        undefined,
      ];
      const target = `/path-${i}/${i}?q=${i}`;
      const head = {
        method: i % 3 === 0 ? `METHOD${i}` : ['GET', 'POST', 'OPTIONS'][i % 2],
        path: `/path-${i}/${i}`,
        host: i % 7 === 0 ? `host-${i}.example` : 'localhost',
        scheme: 'http',
        origin: origins[i % 5],
        requestMethod: i % 11 === 0 ? `METHOD${i}` : undefined,
        contentType: i % 13 === 0 ? `type/${i}` : 'application/json',
        loopback: true,
      } as RequestHead;
      const admission = (await admit(policy, {
        head,
        target,
        address: `::${i}`,
        requestId: `id-${i}`,
      })) as Admission;
      metrics.record({
        event: (admission.announce as () => DecisionEvent)(),
        target,
        traceparent: undefined,
        route: '/mcp',
        status: 100 + (i % 500),
        answer: undefined,
        aborted: false,
        stream: false,
        durationMs: i,
        gatewayMs: i / 100,
        upstreamMs: i,
      });
    }
    const { samples, values } = parseExposition(await metrics.expose());
    expect(values('mcp_cors_requests_total').reduce((sum, value) => sum + value, 0)).toBe(10_000);
    expect(samples.length - before).toBeLessThan(300);
    const labels = samples
      .filter(({ name }) => name.startsWith('mcp_cors_') && name !== 'mcp_cors_build_info')
      .flatMap((sample) => Object.entries(sample.labels))
      .filter(([name]) => name !== 'le')
      .map(([, value]) => value);
    expect([...new Set(labels)].join(' ')).not.toMatch(/path-\d|METHOD\d|host-\d|evil|example|type\/|id-\d/);
  });
});

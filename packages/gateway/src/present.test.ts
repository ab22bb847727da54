import type { IncomingHttpHeaders } from 'node:http';
import { createMcpExpressApp } from '@modelcontextprotocol/express';
import { describe, expect, it, test } from 'vitest';
import { PAGE, send } from '../../../test/gateway/client.js';
import { startTestGateway } from '../../../test/gateway/gateway.js';
import { startUpstream, type Upstream } from '../../../test/gateway/upstream.js';
import type { PresentConfig } from './config/present.js';

const HEADERS = [
  ['Sec-Fetch-Site', 'cross-site'],
  ['Sec-Fetch-Mode', 'cors'],
] as const;

/** What the upstream sees of a page's request. */
async function seen(present?: PresentConfig, origin: string | null = PAGE): Promise<IncomingHttpHeaders> {
  const upstream = await startUpstream((_, response) => response.end('{}'));
  const gateway = await startTestGateway(upstream, {
    routes: [{ path: '/', upstream: upstream.url, ...(present && { present }) }],
  });
  await send(gateway.url, { headers: origin === null ? [] : HEADERS, origin });
  const { headers } = upstream.requests[0] as (typeof upstream.requests)[number];
  const replace = (text: string | undefined): string | undefined =>
    text?.replace(new URL(upstream.url).host, 'UPSTREAM').replace(new URL(gateway.url).host, 'GATEWAY');
  return { ...headers, host: replace(headers.host) };
}

describe('an upstream is presented', () => {
  test.each<[string, PresentConfig | undefined, object]>([
    ['nothing of the page by default', undefined, { host: 'UPSTREAM', origin: undefined }],
    [
      'nothing of the page when it is written',
      { origin: 'drop', host: 'upstream' },
      { host: 'UPSTREAM', origin: undefined },
    ],
    ['the origin as it is', { origin: 'keep' }, { host: 'UPSTREAM', origin: PAGE }],
    [
      'an origin of the owner’s',
      { origin: 'https://a.example' },
      { host: 'UPSTREAM', origin: 'https://a.example' },
    ],
    ['the host as it is', { host: 'keep' }, { host: 'GATEWAY', origin: undefined }],
    ['a host of the owner’s', { host: 'localhost:3001' }, { host: 'localhost:3001', origin: undefined }],
    [
      'fetch metadata as they are',
      { fetchMetadata: 'keep' },
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' },
    ],
    [
      'no fetch metadata',
      { fetchMetadata: 'drop' },
      { 'sec-fetch-site': undefined, 'sec-fetch-mode': undefined },
    ],
  ])('%s', async (_, present, expected) => {
    const headers = await seen(present);
    for (const [name, value] of Object.entries(expected)) expect(headers[name]).toBe(value);
  });

  it('no origin where there is no page', async () => {
    expect((await seen({ origin: 'https://a.example' }, null)).origin).toBeUndefined();
  });
});

describe('a server with checks of its own', () => {
  /** A server that refuses hosts but these with 421, and origins that are not its own with 403, as Python's SDK does. */
  function strict(hosts: readonly string[]): Promise<Upstream> {
    return startUpstream((request, response) => {
      const { host = '', origin } = request.headers;
      const status = !hosts.includes(host)
        ? 421
        : origin !== undefined && origin !== `http://${host}`
          ? 403
          : 200;
      response.writeHead(status).end('{}');
    });
  }

  it('lets a page in through the gateway that it would refuse', async () => {
    const hosts: string[] = [];
    const upstream = await strict(hosts);
    hosts.push(`127.0.0.1:${upstream.port}`);
    const gateway = await startTestGateway(upstream);
    expect((await send(gateway.url)).status).toBe(200);
    expect((await send(upstream.url)).status).toBe(403);
  });

  it('lets it in under the name that it knows', async () => {
    const upstream = await strict(['mcp.internal']);
    const routeWith = (present: PresentConfig) => ({ path: '/', upstream: upstream.url, present });
    const byDefault = await startTestGateway(upstream);
    expect((await send(byDefault.url)).status).toBe(421);
    const named = await startTestGateway(upstream, { routes: [routeWith({ host: 'mcp.internal' })] });
    expect((await send(named.url)).status).toBe(200);
    const ownOrigin = await startTestGateway(upstream, {
      routes: [routeWith({ host: 'mcp.internal', origin: 'http://mcp.internal' })],
    });
    expect((await send(ownOrigin.url)).status).toBe(200);
  });

  it('of the official SDK lets a page in', async () => {
    const app = createMcpExpressApp();
    app.post('/mcp', (_request, response) => void response.json({}));
    const upstream = await startUpstream(app);
    const gateway = await startTestGateway(upstream);
    expect((await send(upstream.url, { body: '{}' })).status).toBe(403);
    expect((await send(gateway.url, { body: '{}' })).status).toBe(200);
    const kept = await startTestGateway(upstream, {
      routes: [{ path: '/', upstream: upstream.url, present: { origin: 'keep' } }],
    });
    expect((await send(kept.url, { body: '{}' })).status).toBe(403);
  });
});

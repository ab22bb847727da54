import type { RequestListener } from 'node:http';
import { Client, SSEClientTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { createMcpExpressApp } from '@modelcontextprotocol/sdk/server/express.js';
import express from 'express';
import { mcpCors } from 'mcp-cors/express';
import { mcpCors as mcpCorsNode } from 'mcp-cors/node';
import { afterEach, describe, expect, test } from 'vitest';
import { exchange, request, values } from '../fixtures/wire.js';
import { listen } from './carriers.js';
import { visit } from './fetchMcpServer.js';
import { APP, EVIL, GREETING, OTHER_PORT, POLICY, post, preflight } from './sdkPage.js';
import { addServers } from './sdkV1.js';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

async function start(listener: RequestListener): Promise<number> {
  const served = await listen(listener);
  open.push(served);
  return served.port;
}

/** Compositions that work: see docs/sdk.md. */
const RIGHT: Readonly<Record<string, () => RequestListener>> = {
  'in front of createMcpExpressApp': () => mcpCorsNode(POLICY)(addServers(createMcpExpressApp())),
  'in place of createMcpExpressApp': () => addServers(express().use(mcpCors(POLICY), express.json())),
  'in front of transports that were told': () =>
    mcpCorsNode(POLICY)(
      addServers(createMcpExpressApp(), { enableDnsRebindingProtection: true, allowedOrigins: [APP] }),
    ),
};

describe.each(Object.entries(RIGHT))('mcpCors %s', (_, compose) => {
  test('the official client works over Streamable HTTP', async () => {
    const visited = await visit(`http://localhost:${await start(compose())}/mcp`, APP, 'legacy');
    expect(visited).toMatchObject({ revision: '2025-11-25', text: GREETING });
    expect(visited.session).toMatch(/^[\w-]{43}\.[\w-]{36}$/);
  });

  test('the official client works over HTTP+SSE, and its session is its own', async () => {
    const port = await start(compose());
    const targets: string[] = [];
    const transport = new SSEClientTransport(new URL(`http://localhost:${port}/sse`), {
      fetch: (url, init) => {
        targets.push(`${init?.method ?? 'GET'} ${String(url)}`);
        const headers = new Headers(init?.headers);
        headers.set('origin', APP);
        return fetch(url, { ...init, headers });
      },
    });
    const client = new Client({ name: 'page', version: '1.0.0' });
    await client.connect(transport);
    const { content } = await client.callTool({ name: 'greet', arguments: { name: 'Ada' } });
    expect(content).toEqual(GREETING);

    const sealed = targets.find((target) => target.startsWith('POST'))?.split(String(port))[1] ?? '';
    expect(sealed).toMatch(/^\/messages\?sessionId=[\w-]{43}\.[\w-]{36}$/);
    const ping = '{"jsonrpc":"2.0","id":9,"method":"ping"}';
    const type = { 'Content-Type': 'application/json' };
    const ask = async (headers: Readonly<Record<string, string>>): Promise<number | undefined> =>
      (await exchange(port, request(`POST ${sealed}`, { ...type, ...headers }, ping)))[0]?.status;
    expect([await ask({ Origin: APP }), await ask({}), await ask({ Origin: EVIL })]).toEqual([202, 404, 403]);
    await client.close();
  });

  test('preflights are answered, and other pages refused', async () => {
    const port = await start(compose());
    const allowed = await preflight(port);
    expect([allowed.status, values(allowed, 'access-control-allow-origin')]).toEqual([204, [APP]]);
    for (const origin of [EVIL, OTHER_PORT]) {
      for (const refused of [await preflight(port, origin), await post(port, origin, '{}')]) {
        expect([refused.status, values(refused, 'access-control-allow-origin')]).toEqual([403, []]);
      }
    }
  });

  test('what the application refuses is readable', async () => {
    const broken = await post(await start(compose()), APP, '{');
    expect([broken.status, values(broken, 'access-control-allow-origin')]).toEqual([400, [APP]]);
  });
});

describe('what goes wrong otherwise', () => {
  test('behind createMcpExpressApp: errors of the body parser stay unreadable', async () => {
    const app = createMcpExpressApp();
    app.use(mcpCors(POLICY));
    const port = await start(addServers(app));
    expect((await preflight(port)).status).toBe(204);
    const broken = await post(port, APP, '{');
    expect([broken.status, values(broken, 'access-control-allow-origin')]).toEqual([400, []]);
  });

  test('a transport that compares origins by the letter refuses those that it was not told', async () => {
    const app = addServers(createMcpExpressApp(), {
      enableDnsRebindingProtection: true,
      allowedOrigins: ['https://other.example.com'],
    });
    const port = await start(mcpCorsNode(POLICY)(app));
    expect((await preflight(port)).status).toBe(204);
    await expect(visit(`http://localhost:${port}/mcp`, APP, 'legacy')).rejects.toThrow(
      'Invalid Origin header',
    );
  });

  test('without a policy: neither the application nor its transports look at the origin', async () => {
    const port = await start(addServers(createMcpExpressApp()));
    const transport = new StreamableHTTPClientTransport(new URL(`http://localhost:${port}/mcp`), {
      requestInit: { headers: { origin: EVIL } },
    });
    const client = new Client({ name: 'page', version: '1.0.0' });
    await client.connect(transport);
    expect((await client.listTools()).tools).toHaveLength(1);
    await client.close();
  });
});

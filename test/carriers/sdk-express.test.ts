import type { RequestListener } from 'node:http';
import { createMcpExpressApp } from '@modelcontextprotocol/express';
import { toNodeHandler } from '@modelcontextprotocol/node';
import express, { type Express } from 'express';
import { mcpCors } from 'mcp-cors/express';
import { mcpCors as mcpCorsNode } from 'mcp-cors/node';
import { afterEach, describe, expect, test } from 'vitest';
import { values } from '../fixtures/wire.js';
import { listen } from './carriers.js';
import { createMcpFetchServer, visit } from './fetchMcpServer.js';
import {
  APP,
  EVIL,
  GREETING,
  MODES,
  OTHER_PORT,
  POLICY,
  post,
  preflight,
  type ServedRequest,
} from './sdkPage.js';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

async function start(listener: RequestListener): Promise<number> {
  const served = await listen(listener);
  open.push(served);
  return served.port;
}

/** Adds a server of the official SDK to an application. */
function addServer(app: Express): Express {
  const server = createMcpFetchServer();
  open.push(server);
  const handler = toNodeHandler(server);
  app.all('/mcp', (incoming, response) => handler(incoming, response, incoming.body));
  return app;
}

/** The SDK's Origin check knows the names of hosts, so it is told those of the policy's origins. */
const told = (): Express => addServer(createMcpExpressApp({ allowedOrigins: ['app.example.com'] }));

/** Compositions that work: see docs/sdk.md. */
const RIGHT: Readonly<Record<string, () => RequestListener>> = {
  'in front of createMcpExpressApp, which was told': () => mcpCorsNode(POLICY)(told()),
  'in front of createMcpExpressApp without its checks': () =>
    mcpCorsNode(POLICY)(addServer(createMcpExpressApp({ host: 'mcp.example.com' }))),
  'in an application around createMcpExpressApp': () => express().use(mcpCors(POLICY), told()),
  'in place of createMcpExpressApp': () => addServer(express().use(mcpCors(POLICY), express.json())),
  'in front of toNodeHandler': () => {
    const server = createMcpFetchServer();
    open.push(server);
    const handler = toNodeHandler(server);
    return mcpCorsNode(POLICY)((incoming, response) => handler(incoming as ServedRequest, response));
  },
};

describe.each(Object.entries(RIGHT))('mcpCors %s', (_, compose) => {
  test.each(MODES)('the official client works, revision %s', async (revision, mode) => {
    const port = await start(compose());
    const visited = await visit(`http://localhost:${port}/mcp`, APP, mode);
    expect(visited).toMatchObject({ revision, text: GREETING });
    if (mode === 'legacy') expect(visited.session).toMatch(/^[\w-]{43}\.[\w-]{36}$/);
  });

  test('preflights are answered', async () => {
    const allowed = await preflight(await start(compose()));
    expect([allowed.status, values(allowed, 'access-control-allow-origin')]).toEqual([204, [APP]]);
  });

  test('other pages are refused, also on another port of the same host', async () => {
    const port = await start(compose());
    for (const origin of [EVIL, OTHER_PORT, `http://localhost:${port + 1}`]) {
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

describe('what goes wrong in another order', () => {
  test('behind createMcpExpressApp: its Origin check refuses the preflight of every page', async () => {
    const app = createMcpExpressApp();
    app.use(mcpCors(POLICY));
    const port = await start(addServer(app));
    const refused = await preflight(port);
    expect([refused.status, values(refused, 'access-control-allow-origin')]).toEqual([403, []]);
    expect(refused.body).toContain('Invalid Origin: app.example.com');
  });

  test('in front of createMcpExpressApp that was not told: preflights pass, and the POST is refused', async () => {
    const port = await start(mcpCorsNode(POLICY)(addServer(createMcpExpressApp())));
    expect((await preflight(port)).status).toBe(204);
    await expect(visit(`http://localhost:${port}/mcp`, APP, 'legacy')).rejects.toThrow(
      'Invalid Origin: app.example.com',
    );
  });

  test('behind createMcpExpressApp that was told: errors of the body parser stay unreadable', async () => {
    const app = createMcpExpressApp({ allowedOrigins: ['app.example.com'] });
    app.use(mcpCors(POLICY));
    const port = await start(addServer(app));
    expect((await preflight(port)).status).toBe(204);
    const broken = await post(port, APP, '{');
    expect([broken.status, values(broken, 'access-control-allow-origin')]).toEqual([400, []]);
  });

  test('without a policy: the Origin check takes any port and scheme of the host', async () => {
    const port = await start(told());
    expect((await visit(`http://localhost:${port}/mcp`, OTHER_PORT, 'legacy')).text).toEqual(GREETING);
  });

  test('behind the routes: the preflight finds the route, and no header', async () => {
    const app = addServer(express());
    app.use(mcpCors(POLICY));
    const answer = await preflight(await start(app));
    expect(answer.status).not.toBe(204);
    expect(values(answer, 'access-control-allow-origin')).toEqual([]);
  });
});

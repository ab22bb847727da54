import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createMcpFastifyApp } from '@modelcontextprotocol/fastify';
import { toNodeHandler } from '@modelcontextprotocol/node';
import Fastify, { type FastifyInstance } from 'fastify';
import { mcpCors } from 'mcp-cors/fastify';
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

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

/** Adds a server of the official SDK to an application. */
function addServer(app: FastifyInstance): FastifyInstance {
  const server = createMcpFetchServer();
  open.push(server);
  const handler = toNodeHandler(server);
  app.all('/mcp', async ({ raw, body }, reply) => {
    reply.hijack();
    await handler(raw as ServedRequest, reply.raw, body);
  });
  return app;
}

async function serveApp(app: FastifyInstance): Promise<number> {
  open.push({
    close: () => {
      app.server.closeAllConnections();
      return app.close();
    },
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  return (app.server.address() as AddressInfo).port;
}

/** The SDK's Origin check knows the names of hosts, so it is told those of the policy's origins. */
const TOLD = { allowedOrigins: ['app.example.com'] };

/** Compositions that work: see docs/sdk.md. */
const RIGHT: Readonly<Record<string, () => Promise<number>>> = {
  'in place of createMcpFastifyApp': async () => {
    const app = Fastify();
    await app.register(mcpCors(POLICY));
    return serveApp(addServer(app));
  },
  'in createMcpFastifyApp without its checks': async () => {
    const app = createMcpFastifyApp({ host: 'mcp.example.com' });
    await app.register(mcpCors(POLICY));
    return serveApp(addServer(app));
  },
  'in createMcpFastifyApp, which was told': async () => {
    const app = createMcpFastifyApp(TOLD);
    await app.register(mcpCors(POLICY));
    return serveApp(addServer(app));
  },
  'in front of createMcpFastifyApp, which was told': async () => {
    const app = addServer(createMcpFastifyApp(TOLD));
    await app.ready();
    const served = await listen(mcpCorsNode(POLICY)(app.routing));
    open.push(app, served);
    return served.port;
  },
  'in front of a Fastify application by its serverFactory': async () => {
    const app = Fastify({ serverFactory: (handler) => createServer(mcpCorsNode(POLICY)(handler)) });
    return serveApp(addServer(app));
  },
};

describe.each(Object.entries(RIGHT))('mcpCors %s', (_, compose) => {
  test.each(MODES)('the official client works, revision %s', async (revision, mode) => {
    const visited = await visit(`http://localhost:${await compose()}/mcp`, APP, mode);
    expect(visited).toMatchObject({ revision, text: GREETING });
    if (mode === 'legacy') expect(visited.session).toMatch(/^[\w-]{43}\.[\w-]{36}$/);
  });

  test('preflights are answered', async () => {
    const allowed = await preflight(await compose());
    expect([allowed.status, values(allowed, 'access-control-allow-origin')]).toEqual([204, [APP]]);
  });

  test('other pages are refused, also on another port of the same host', async () => {
    const port = await compose();
    for (const origin of [EVIL, OTHER_PORT, `http://localhost:${port + 1}`]) {
      for (const refused of [await preflight(port, origin), await post(port, origin, '{}')]) {
        expect([refused.status, values(refused, 'access-control-allow-origin')]).toEqual([403, []]);
      }
    }
  });

  test('what the application refuses is readable', async () => {
    const broken = await post(await compose(), APP, '{');
    expect([broken.status, values(broken, 'access-control-allow-origin')]).toEqual([400, [APP]]);
  });
});

describe('what goes wrong in another order', () => {
  test('in createMcpFastifyApp: its Origin check comes first and refuses the preflight of every page', async () => {
    const app = createMcpFastifyApp();
    await app.register(mcpCors(POLICY));
    const refused = await preflight(await serveApp(addServer(app)));
    expect([refused.status, values(refused, 'access-control-allow-origin')]).toEqual([403, []]);
    expect(refused.body).toContain('Invalid Origin: app.example.com');
  });

  test('in front of createMcpFastifyApp that was not told: preflights pass, and the POST is refused', async () => {
    const app = addServer(createMcpFastifyApp());
    await app.ready();
    const served = await listen(mcpCorsNode(POLICY)(app.routing));
    open.push(app, served);
    expect((await preflight(served.port)).status).toBe(204);
    await expect(visit(`http://localhost:${served.port}/mcp`, APP, 'legacy')).rejects.toThrow(
      'Invalid Origin: app.example.com',
    );
  });

  test('in createMcpFastifyApp that was told: what its Host check refuses stays unreadable, and unheard', async () => {
    const heard: string[] = [];
    const app = createMcpFastifyApp({ ...TOLD, allowedHosts: ['mcp.example.com'] });
    const hosts = ['mcp.example.com', 'localhost'];
    await app.register(
      mcpCors({ ...POLICY, hosts }, { onDecision: ({ reason }) => void heard.push(reason) }),
    );
    const refused = await preflight(await serveApp(addServer(app)));
    expect([refused.status, values(refused, 'vary'), heard]).toEqual([403, [], []]);
  });
});

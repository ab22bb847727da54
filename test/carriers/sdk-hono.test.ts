import { getRequestListener } from '@hono/node-server';
import { createMcpHonoApp } from '@modelcontextprotocol/hono';
import { Hono } from 'hono';
import { cors } from 'hono/cors';
import type { PolicyConfig } from 'mcp-cors';
import { mcpCors as mcpCorsFetch } from 'mcp-cors/fetch';
import { mcpCors } from 'mcp-cors/hono';
import { afterEach, describe, expect, test } from 'vitest';
import { listen } from './carriers.js';
import { createMcpFetchServer, visit } from './fetchMcpServer.js';

const APP = 'https://app.example.com';
const GREETING = [{ type: 'text', text: 'Good day, Ada' }];
const POLICY: PolicyConfig = { origins: [APP], sessions: { secret: '0123456789abcdef0123456789abcdef' } };

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

async function start(
  fetch: (request: Request, env: object) => Response | Promise<Response>,
): Promise<string> {
  const served = await listen(getRequestListener(fetch));
  open.push(served);
  return `http://localhost:${served.port}/mcp`;
}

/** The SDK's application with a server behind its own middleware. */
function createApp(options: Parameters<typeof createMcpHonoApp>[0]): Hono {
  const server = createMcpFetchServer();
  open.push(server);
  const app = createMcpHonoApp(options);
  app.all('/mcp', (c) => server.fetch(c.req.raw, { parsedBody: c.get('parsedBody' as never) }));
  return app;
}

function preflight(url: string, origin = APP): Promise<Response> {
  return fetch(url, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type,mcp-protocol-version',
    },
  });
}

describe('createMcpHonoApp of the official SDK', () => {
  test.each([
    ['cors() of Hono', cors({ origin: APP })],
    ['mcpCors', mcpCors(POLICY)],
  ])('answers preflights before middleware that comes later: %s', async (_, later) => {
    const app = createMcpHonoApp();
    app.use(later);
    const answer = await preflight(await start(app.fetch));
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([403, null]);
    expect(await answer.json()).toMatchObject({ error: { message: 'Invalid Origin: app.example.com' } });
  });

  test('checks the name of an origin alone, not its scheme and port', async () => {
    const url = await start(createApp({ allowedOrigins: ['app.example.com'] }).fetch);
    const other = 'http://app.example.com:8080';
    expect((await visit(url, other, 'legacy')).text).toEqual(GREETING);
  });
});

describe('mcpCors in front of createMcpHonoApp', () => {
  /** The SDK's Origin check knows names, so it is told the names of the policy's origins. */
  const inner = () => createApp({ allowedOrigins: ['app.example.com'] });

  /** Ways to put a policy in front. */
  const FRONTS: Readonly<
    Record<string, () => (request: Request, env: object) => Response | Promise<Response>>
  > = {
    'an application around it': () => {
      const app = new Hono();
      app.use(mcpCors(POLICY));
      app.route('/', inner());
      return app.fetch;
    },
    'an application that it is mounted in': () => {
      const app = new Hono();
      app.use(mcpCors(POLICY));
      app.mount('/', inner().fetch);
      return app.fetch;
    },
    'its fetch wrapped': () => mcpCorsFetch(POLICY)(inner().fetch),
  };

  describe.each(Object.keys(FRONTS))('%s', (name) => {
    const front = async (): Promise<string> => start((FRONTS[name] as (typeof FRONTS)[string])());

    test.each([
      [{ pin: '2026-07-28' } as const, '2026-07-28'],
      ['legacy' as const, '2025-11-25'],
    ])('lets the official client work in mode %j', async (mode, revision) => {
      const visited = await visit(await front(), APP, mode);
      expect(visited).toMatchObject({ revision, text: GREETING });
      if (mode === 'legacy') expect(visited.session).toMatch(/^[\w-]{43}\.[\w-]{36}$/);
    });

    test('answers preflights, and refuses what the check of names lets through', async () => {
      const url = await front();
      const allowed = await preflight(url);
      expect([allowed.status, allowed.headers.get('access-control-allow-origin')]).toEqual([204, APP]);
      for (const origin of ['http://app.example.com', 'https://app.example.com:8443', 'http://localhost:1']) {
        const refused = await preflight(url, origin);
        expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([403, null]);
      }
    });

    test('makes what the SDK refuses readable', async () => {
      const answer = await fetch(await front(), {
        method: 'POST',
        headers: { origin: APP, 'content-type': 'application/json' },
        body: '{',
      });
      expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([400, APP]);
    });
  });

  test('without being told, its own check refuses the page that the policy admits', async () => {
    const app = new Hono();
    app.use(mcpCors(POLICY));
    app.route('/', createApp({}));
    const url = await start(app.fetch);
    expect((await preflight(url)).status).toBe(204);
    await expect(visit(url, APP, 'legacy')).rejects.toThrow('Invalid Origin: app.example.com');
  });
});

import { getRequestListener } from '@hono/node-server';
import { createMcpHandler } from '@modelcontextprotocol/server';
import type { PolicyConfig } from 'mcp-cors';
import { mcpCors } from 'mcp-cors/fetch';
import { afterEach, describe, expect, test } from 'vitest';
import { listen, type Served } from './carriers.js';
import { createGreeter, createMcpFetchServer, visit } from './fetchMcpServer.js';

const APP = 'https://app.example.com';
const OTHER = 'https://other.example.com';
const GREETING = [{ type: 'text', text: 'Good day, Ada' }];
const POLICY: PolicyConfig = { origins: [APP, OTHER] };
const SEALED: PolicyConfig = { ...POLICY, sessions: { secret: '0123456789abcdef0123456789abcdef' } };

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

async function start(handler: (request: Request) => Promise<Response>): Promise<string> {
  const served: Served = await listen(getRequestListener(handler, { overrideGlobalObjects: false }));
  open.push(served);
  return `http://localhost:${served.port}/mcp`;
}

/** The first message of a session, as a page sends it. */
function initialize(url: string, origin: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: {
      origin,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: {
        protocolVersion: '2025-11-25',
        capabilities: {},
        clientInfo: { name: 'page', version: '1.0.0' },
      },
    }),
  });
}

describe('createMcpHandler of the official SDK behind a policy', () => {
  test.each([
    [{ pin: '2026-07-28' } as const, '2026-07-28'],
    ['legacy' as const, '2025-11-25'],
  ])('the official client works in mode %j', async (mode, revision) => {
    const handler = createMcpHandler(() => createGreeter());
    open.push(handler);
    const url = await start(mcpCors(POLICY)(handler.fetch));
    expect(await visit(url, APP, mode)).toEqual({ revision, text: GREETING, session: undefined });
    await expect(visit(url, 'https://evil.example', mode)).rejects.toThrow();
  });

  test('a page may ask for every header of the client, and read every answer', async () => {
    const handler = createMcpHandler(() => createGreeter());
    open.push(handler);
    const url = await start(mcpCors(POLICY)(handler.fetch));
    const preflight = await fetch(url, {
      method: 'OPTIONS',
      headers: {
        origin: APP,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,mcp-method,mcp-name,mcp-protocol-version',
      },
    });
    expect(preflight.status).toBe(204);
    for (const method of ['GET', 'DELETE']) {
      const refused = await fetch(url, { method, headers: { origin: APP } });
      expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([405, APP]);
    }
  });
});

describe('sessions of the official SDK, sealed', () => {
  test('the official client works, and never sees the id of the server', async () => {
    const server = createMcpFetchServer();
    open.push(server);
    const seen: string[] = [];
    const url = await start(
      mcpCors(SEALED)((request) => {
        seen.push(...server.sessions());
        return server.fetch(request);
      }),
    );
    const { revision, text, session = '' } = await visit(url, APP, 'legacy');
    expect([revision, text]).toEqual(['2025-11-25', GREETING]);
    expect(session).toMatch(/^[\w-]{43}\.[\w-]{36}$/);
    expect(seen).toContain(session.slice(44));
    expect(seen).not.toContain(session);
    expect(server.sessions()).toEqual([]); // the DELETE came through
    expect((await visit(url, APP, { pin: '2026-07-28' })).text).toEqual(GREETING);
  });

  test('belong to the origin that opened them', async () => {
    const server = createMcpFetchServer();
    open.push(server);
    const url = await start(mcpCors(SEALED)(server.fetch));
    const sessions = await Promise.all(
      [APP, OTHER].map(async (origin) => {
        const response = await initialize(url, origin);
        await response.text();
        return response.headers.get('mcp-session-id') ?? '';
      }),
    );
    const [one = '', other = ''] = sessions;
    const end = (origin: string, session: string) =>
      fetch(url, { method: 'DELETE', headers: { origin, 'mcp-session-id': session } });
    const stolen = await end(OTHER, one);
    expect([stolen.status, stolen.headers.get('access-control-allow-origin')]).toEqual([404, OTHER]);
    expect((await end(APP, one.slice(44))).status).toBe(404);
    expect(server.sessions()).toHaveLength(2);
    expect((await end(APP, one)).status).toBe(200);
    expect((await end(OTHER, other)).status).toBe(200);
    expect(server.sessions()).toEqual([]);
  });
});

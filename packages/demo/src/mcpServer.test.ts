import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Listening, listen } from './listening.js';
import { createMcpServer, type McpServerApp } from './mcpServer.js';

let app: McpServerApp;
let server: Listening;
let log: string[];

beforeEach(async () => {
  log = [];
  app = createMcpServer({ onRequest: ({ method, url }) => log.push(`${method} ${url}`) });
  server = await listen(app.listener, '127.0.0.1', 0);
});
afterEach(async () => {
  await app.close();
  await server.close();
});

const HEADERS = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };
const post = (body: unknown, headers: Record<string, string> = {}, path = '/mcp') =>
  fetch(server.origin + path, {
    method: 'POST',
    headers: { ...HEADERS, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
};

async function openSession(): Promise<Record<string, string>> {
  const response = await post(INITIALIZE);
  await response.text();
  return {
    'Mcp-Session-Id': response.headers.get('mcp-session-id') ?? '',
    'MCP-Protocol-Version': '2025-11-25',
  };
}

describe('a session of 2025-11-25', () => {
  it('is opened by initialize and ended by DELETE', async () => {
    const headers = await openSession();
    expect(app.sessions()).toEqual({ streamable: 1, sse: 0 });

    const ended = await fetch(`${server.origin}/mcp`, { method: 'DELETE', headers });

    expect(ended.status).toBe(200);
    expect(app.sessions()).toEqual({ streamable: 0, sse: 0 });
    expect((await post({ jsonrpc: '2.0', id: 2, method: 'tools/list' }, headers)).status).toBe(404);
  });

  it('is not opened by anything else', async () => {
    expect((await post({ jsonrpc: '2.0', id: 1, method: 'tools/list' })).status).toBe(400);
    expect((await post('{')).status).toBe(400);
    expect((await fetch(`${server.origin}/mcp`)).status).toBe(400);
    expect(app.sessions()).toEqual({ streamable: 0, sse: 0 });
  });

  it('loses its stream and its place when the server closes', async () => {
    const headers = await openSession();
    const stream = await fetch(`${server.origin}/mcp`, {
      headers: { ...headers, Accept: 'text/event-stream' },
    });
    expect(stream.status).toBe(200);

    await app.close();

    expect(await stream.text()).toBe('');
    expect(app.sessions()).toEqual({ streamable: 0, sse: 0 });
  });
});

describe('revision 2026-07-28', () => {
  it('answers server/discover without a session', async () => {
    const response = await post(
      {
        jsonrpc: '2.0',
        id: 1,
        method: 'server/discover',
        params: {
          _meta: {
            'io.modelcontextprotocol/protocolVersion': '2026-07-28',
            'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
            'io.modelcontextprotocol/clientCapabilities': {},
          },
        },
      },
      { 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': 'server/discover' },
    );

    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ result: { supportedVersions: ['2026-07-28'] } });
    expect(app.sessions()).toEqual({ streamable: 0, sse: 0 });
  });
});

describe('HTTP+SSE', () => {
  it('names its endpoint first, and forgets the session when the client goes', async () => {
    const controller = new AbortController();
    const stream = await fetch(`${server.origin}/sse`, { signal: controller.signal });
    const { value } = (await stream.body?.getReader().read()) ?? {};
    expect(new TextDecoder().decode(value)).toMatch(
      /^event: endpoint\ndata: \/messages\?sessionId=[0-9a-f-]{36}\n\n/,
    );
    expect(app.sessions()).toEqual({ streamable: 0, sse: 1 });

    controller.abort();

    await expect.poll(() => app.sessions()).toEqual({ streamable: 0, sse: 0 });
  });

  it('knows no session but its own', async () => {
    expect((await post(INITIALIZE, {}, '/messages?sessionId=x')).status).toBe(404);
  });
});

it('says no word of CORS, whatever it is asked', async () => {
  const answers = await Promise.all([
    fetch(`${server.origin}/mcp`, {
      method: 'OPTIONS',
      headers: { Origin: 'http://a.example', 'Access-Control-Request-Method': 'POST' },
    }),
    post(INITIALIZE, { Origin: 'http://a.example' }),
    fetch(`${server.origin}/nothing`),
  ]);

  expect(answers.map(({ status }) => status)).toEqual([405, 200, 404]);
  for (const { headers } of answers) {
    expect([...headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
  }
  expect(log.sort()).toEqual(['GET /nothing', 'OPTIONS /mcp', 'POST /mcp']);
});

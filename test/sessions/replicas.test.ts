import { createMcpServer, listen, type McpServerApp } from '@mcp-cors/demo';
import { Client, SSEClientTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createFolder, startGateway } from '../cli/command.js';

const PAGE = 'http://app.localhost:3000';
const OTHER_PAGE = 'http://other.localhost:3000';
const OLD = 'the old secret, shared by every replica';
const NEW = 'the new secret, shared by every replica';

/** The one server behind all gateways: it has the sessions, the gateways have nothing but their secrets. */
async function startServer(): Promise<McpServerApp & { readonly origin: string }> {
  const app = createMcpServer();
  const { origin, close } = await listen(app.listener, '127.0.0.1', 0);
  onTestFinished(async () => {
    await app.close();
    await close();
  });
  return { ...app, origin };
}

/** A gateway in a process of its own; the first secret seals. */
async function startReplica(upstream: string, ...secrets: readonly string[]): Promise<string> {
  const config = {
    listen: '127.0.0.1:0',
    policy: { origins: [PAGE, OTHER_PAGE], sessions: { secret: secrets } },
    routes: [{ path: '/', upstream }],
  };
  const folder = createFolder({ 'mcp-cors.yaml': JSON.stringify(config) });
  return (await startGateway(['--config', 'mcp-cors.yaml'], folder)).url;
}

/** The official client, as a page of an origin or, without one, as a native client. */
async function connect(url: string, origin: string | undefined, sessionId?: string) {
  const client = new Client({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode: 'legacy' } });
  const headers: Record<string, string> = origin === undefined ? {} : { Origin: origin };
  const transport = new StreamableHTTPClientTransport(new URL('/mcp', url), {
    requestInit: { headers },
    ...(sessionId === undefined ? {} : { sessionId }),
  });
  onTestFinished(() => client.close());
  await client.connect(transport);
  return { client, transport };
}

const LIST = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });

/** Lists the tools in a session, and tells the status. */
async function use(url: string, origin: string | undefined, sessionId: string | undefined): Promise<number> {
  const response = await fetch(new URL('/mcp', url), {
    method: 'POST',
    headers: {
      ...(origin === undefined ? {} : { Origin: origin }),
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      'Mcp-Protocol-Version': '2025-11-25',
      'Mcp-Session-Id': sessionId ?? '',
    },
    body: LIST,
  });
  await response.text();
  return response.status;
}

describe('gateways in processes of their own, in front of one server', () => {
  it('share sessions when they share the secret, and not otherwise', async () => {
    const server = await startServer();
    const [one, two, stranger] = await Promise.all([
      startReplica(server.origin, OLD),
      startReplica(server.origin, OLD),
      startReplica(server.origin, NEW),
    ]);
    const page = (await connect(one, PAGE)).transport.sessionId;
    const native = (await connect(one, undefined)).transport.sessionId;
    expect(page).toMatch(/^[\w-]{43}\.[0-9a-f-]{36}$/);
    expect(server.sessions().streamable).toBe(2);

    for (const url of [one, two]) {
      expect(await use(url, PAGE, page)).toBe(200);
      expect(await use(url, undefined, native)).toBe(200);
      expect(await use(url, OTHER_PAGE, page)).toBe(404);
      expect(await use(url, undefined, page)).toBe(404);
      expect(await use(url, PAGE, native)).toBe(404);
    }
    expect(await use(stranger, PAGE, page)).toBe(404);
    expect(await use(stranger, undefined, native)).toBe(404);
    expect(server.sessions().streamable).toBe(2);
  });

  it('carry one session of the official client from replica to replica, to its end', async () => {
    const server = await startServer();
    const [one, two] = await Promise.all([
      startReplica(server.origin, OLD),
      startReplica(server.origin, OLD),
    ]);
    const { client, transport } = await connect(one, PAGE);
    let requests = 0;
    // A load balancer that sends each request to the next replica.
    const balanced = new StreamableHTTPClientTransport(new URL('/mcp', one), {
      requestInit: { headers: { Origin: PAGE } },
      ...(transport.sessionId === undefined ? {} : { sessionId: transport.sessionId }),
      fetch: (url, init) => fetch(new URL(new URL(url).pathname, requests++ % 2 === 0 ? two : one), init),
    });
    balanced.setProtocolVersion?.('2025-11-25');
    const answers: unknown[] = [];
    balanced.onmessage = (message) => answers.push(message);
    await balanced.start();
    for (const id of [11, 12, 13]) await balanced.send({ jsonrpc: '2.0', id, method: 'tools/list' });
    await expect.poll(() => answers.length, { timeout: 20_000 }).toBe(3);
    expect(requests).toBeGreaterThanOrEqual(3);
    await balanced.terminateSession();
    expect(server.sessions().streamable).toBe(0);
    await expect(client.listTools()).rejects.toThrow();
  });

  it('rotate secrets one after the other while sessions live', async () => {
    const server = await startServer();
    const before = await startReplica(server.origin, OLD);
    const [during, after] = await Promise.all([
      startReplica(server.origin, NEW, OLD),
      startReplica(server.origin, NEW),
    ]);
    const old = (await connect(before, PAGE)).transport.sessionId;
    const fresh = (await connect(during, PAGE)).transport.sessionId;
    expect([await use(during, PAGE, old), await use(during, PAGE, fresh)]).toEqual([200, 200]);
    expect([await use(after, PAGE, old), await use(after, PAGE, fresh)]).toEqual([404, 200]);
    // Why replicas take the new secret behind the old one first: this one does not know it yet.
    expect(await use(before, PAGE, fresh)).toBe(404);
  });

  it('share the sessions of HTTP+SSE', async () => {
    const server = await startServer();
    const [one, two] = await Promise.all([
      startReplica(server.origin, OLD),
      startReplica(server.origin, OLD),
    ]);
    const posts: string[] = [];
    const transport = new SSEClientTransport(new URL('/sse', one), {
      requestInit: { headers: { Origin: PAGE } },
      eventSourceInit: {
        fetch: (url, init) => fetch(url, { ...init, headers: { Accept: 'text/event-stream', Origin: PAGE } }),
      },
      // The stream stays where it was opened; messages go to the other replica.
      fetch: (url, init) => {
        const { pathname, search } = new URL(url);
        if (init?.method !== 'POST') return fetch(url, init);
        posts.push(search);
        return fetch(new URL(pathname + search, two), init);
      },
    });
    const client = new Client({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode: 'legacy' } });
    onTestFinished(() => client.close());
    await client.connect(transport);
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['echo', 'count']);
    expect(posts[0]).toMatch(/^\?sessionId=[\w-]{43}\.[0-9a-f-]{36}$/);
  });
});

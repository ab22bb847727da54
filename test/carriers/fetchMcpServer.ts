import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import {
  createMcpHandler,
  isLegacyRequest,
  McpServer,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import * as z from 'zod';

/** A server with one tool, which says good day. */
export function createGreeter(): McpServer {
  const server = new McpServer({ name: 'greeter', version: '1.0.0' });
  server.registerTool('greet', { inputSchema: z.object({ name: z.string() }) }, ({ name }) => ({
    content: [{ type: 'text', text: `Good day, ${name}` }],
  }));
  return server;
}

/** A fetch handler of the official SDK: revision 2026-07-28, and sessions up to 2025-11-25. */
export interface McpFetchServer {
  readonly fetch: (request: Request, options?: { readonly parsedBody?: unknown }) => Promise<Response>;
  /** Ids of the sessions that are open, as the server knows them. */
  readonly sessions: () => readonly string[];
  close(): Promise<void>;
}

/** Makes one. */
export function createMcpFetchServer(): McpFetchServer {
  const modern = createMcpHandler(() => createGreeter(), { legacy: 'reject' });
  const sessions = new Map<string, WebStandardStreamableHTTPServerTransport>();

  async function openSession(): Promise<WebStandardStreamableHTTPServerTransport> {
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => crypto.randomUUID(),
      onsessioninitialized: (id) => void sessions.set(id, transport),
      onsessionclosed: (id) => void sessions.delete(id),
    });
    await createGreeter().connect(transport);
    return transport;
  }

  return {
    async fetch(request, options = {}) {
      if (!(await isLegacyRequest(request, options.parsedBody))) return modern.fetch(request, options);
      const id = request.headers.get('mcp-session-id');
      const transport = id === null ? await openSession() : sessions.get(id);
      if (transport === undefined) return Response.json({ error: 'no such session' }, { status: 404 });
      return transport.handleRequest(request, options);
    },
    sessions: () => [...sessions.keys()],
    async close() {
      await Promise.all([...sessions.values()].map((transport) => transport.close()));
      await modern.close();
    },
  };
}

/** What a page of an origin gets with the official client: the revision, the greeting, and the session that it saw. */
export async function visit(
  url: string,
  origin: string,
  mode: 'legacy' | { readonly pin: string },
): Promise<{
  readonly revision: string | undefined;
  readonly text: unknown;
  readonly session: string | undefined;
}> {
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: { origin } } });
  const client = new Client({ name: 'page', version: '1.0.0' }, { versionNegotiation: { mode } });
  await client.connect(transport);
  const { content } = await client.callTool({ name: 'greet', arguments: { name: 'Ada' } });
  const session = transport.sessionId;
  const revision = client.getNegotiatedProtocolVersion();
  if (session !== undefined) await transport.terminateSession();
  await client.close();
  return { revision, text: content, session };
}

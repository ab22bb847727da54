import { randomUUID } from 'node:crypto';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Express } from 'express';
import * as z from 'zod';

function createGreeter(name: string): McpServer {
  const server = new McpServer({ name, version: '1.0.0' });
  server.registerTool('greet', { inputSchema: { name: z.string() } }, ({ name: guest }) => ({
    content: [{ type: 'text', text: `Good day, ${guest}` }],
  }));
  return server;
}

/** The checks that the SDK has of its own. */
type Protection = Pick<
  ConstructorParameters<typeof StreamableHTTPServerTransport>[0] & object,
  'enableDnsRebindingProtection' | 'allowedHosts' | 'allowedOrigins'
>;

/** Adds both transports of the SDK of the first generation, with sessions, and counts nothing. */
export function addServers(app: Express, protection: Protection = {}, name = 'greeter'): Express {
  const streamable = new Map<string, StreamableHTTPServerTransport>();
  const sse = new Map<string, SSEServerTransport>();

  app.all('/mcp', async (incoming, response) => {
    const id = incoming.headers['mcp-session-id'];
    let transport = typeof id === 'string' ? streamable.get(id) : undefined;
    if (transport === undefined && id !== undefined) {
      response.status(404).end();
      return;
    }
    if (transport === undefined) {
      const opened = new StreamableHTTPServerTransport({
        ...protection,
        sessionIdGenerator: () => randomUUID(),
        onsessioninitialized: (sessionId) => void streamable.set(sessionId, opened),
      });
      transport = opened;
      await createGreeter(name).connect(opened as Parameters<McpServer['connect']>[0]);
    }
    await transport.handleRequest(incoming, response, incoming.body);
  });
  app.get('/sse', async (_, response) => {
    const transport = new SSEServerTransport('/messages', response, protection);
    sse.set(transport.sessionId, transport);
    response.on('close', () => sse.delete(transport.sessionId));
    await createGreeter(name).connect(transport);
  });
  app.post('/messages', async (incoming, response) => {
    const transport = sse.get(String(incoming.query.sessionId));
    if (transport === undefined) response.status(404).end();
    else await transport.handlePostMessage(incoming, response, incoming.body);
  });
  return app;
}

// The MCP server: HTTP+SSE, a stream down and POSTs up, each session for the page that opened it.
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import express from 'express';
import { mcpCors } from 'mcp-cors/express';
import { z } from 'zod';

const TICK_MS = 1_000;

/** Makes the application. `origins` are those of the pages, `secret` seals their sessions. */
export function createApp({ origins, secret }) {
  const sessions = new Map();
  const app = express();
  app.use(mcpCors({ origins, sessions: { secret }, endpoints: { '/sessions': 'other' } }));

  app.get('/sse', async (_request, response) => {
    const transport = new SSEServerTransport('/messages', response);
    const server = createServer();
    sessions.set(transport.sessionId, transport);

    // Something for the server to say by itself: the way down.
    const started = Date.now();
    const timer = setInterval(() => {
      const seconds = Math.round((Date.now() - started) / TICK_MS);
      server.server.sendLoggingMessage({ level: 'info', data: `${seconds} s` }).catch(() => {});
    }, TICK_MS);

    // When the page goes, everything goes: this is the only place that has to know of all of it.
    response.on('close', () => {
      clearInterval(timer);
      sessions.delete(transport.sessionId);
      server.close();
    });
    await server.connect(transport);
  });

  app.post('/messages', async (request, response) => {
    const transport = sessions.get(request.query.sessionId);
    if (transport === undefined) response.status(404).json({ error: 'Session not found' });
    else await transport.handlePostMessage(request, response);
  });

  app.get('/sessions', (_request, response) => {
    response.json({ open: sessions.size });
  });
  return app;
}

function createServer() {
  const server = new McpServer({ name: 'two-way', version: '1.0.0' }, { capabilities: { logging: {} } });
  server.registerTool('say', { inputSchema: { text: z.string().max(1_000) } }, ({ text }) => ({
    content: [{ type: 'text', text: `You said: ${text}` }],
  }));
  return server;
}

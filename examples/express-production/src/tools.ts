import { setTimeout as delay } from 'node:timers/promises';
import { McpServer } from '@modelcontextprotocol/server';
import * as z from 'zod';

/** The MCP server itself. Put your tools here. */
export function createTools(): McpServer {
  const server = new McpServer({ name: 'express-production', version: '1.0.0' });

  server.registerTool(
    'echo',
    { description: 'Gives back a message.', inputSchema: z.object({ message: z.string().max(10_000) }) },
    ({ message }) => ({ content: [{ type: 'text', text: `Echo: ${message}` }] }),
  );

  server.registerTool(
    'count',
    {
      description: 'Counts, and tells of every step.',
      inputSchema: z.object({ n: z.int().min(1).max(100), intervalMs: z.int().min(0).max(5_000) }),
    },
    async ({ n, intervalMs }, { mcpReq: { _meta, signal, notify } }) => {
      const progressToken = _meta?.progressToken;
      for (let progress = 1; progress <= n; progress++) {
        await delay(intervalMs, undefined, { signal });
        if (progressToken === undefined) continue;
        await notify({ method: 'notifications/progress', params: { progressToken, progress, total: n } });
      }
      return { content: [{ type: 'text', text: `Counted to ${n}` }] };
    },
  );

  return server;
}

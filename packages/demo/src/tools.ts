import { setTimeout as delay } from 'node:timers/promises';
import { McpServer } from '@modelcontextprotocol/server';
import * as z from 'zod';

export interface ToolHooks {
  /** Called before each progress notification of `count`; the tool waits for the promise. */
  readonly beforeProgress?: (progress: number) => void | Promise<void>;
  /** Called before the result of `count`; the tool waits for the promise. */
  readonly beforeResult?: () => void | Promise<void>;
}

/** Builds the demo's MCP server: `echo` answers at once, `count` streams progress. */
export function createTools(hooks: ToolHooks = {}): McpServer {
  const server = new McpServer({ name: 'mcp-cors-demo', version: '0.1.0' });

  server.registerTool(
    'echo',
    {
      title: 'Echo',
      description: 'Answers with the text it was given.',
      inputSchema: z.object({ message: z.string() }),
      annotations: { readOnlyHint: true },
    },
    ({ message }) => ({ content: [{ type: 'text', text: `Echo: ${message}` }] }),
  );

  server.registerTool(
    'count',
    {
      title: 'Count',
      description: 'Counts to n and reports each step as progress while it runs.',
      inputSchema: z.object({
        n: z.int().min(1).max(100),
        intervalMs: z.int().min(0).max(5000),
      }),
      annotations: { readOnlyHint: true },
    },
    async ({ n, intervalMs }, context) => {
      const { _meta, signal, notify } = context.mcpReq;
      const progressToken = _meta?.progressToken;
      for (let progress = 1; progress <= n; progress++) {
        await hooks.beforeProgress?.(progress);
        if (progressToken !== undefined) {
          await notify({
            method: 'notifications/progress',
            params: { progressToken, progress, total: n, message: `${progress} of ${n}` },
          });
        }
        await delay(intervalMs, undefined, { signal });
      }
      await hooks.beforeResult?.();
      return { content: [{ type: 'text', text: `Counted to ${n}.` }] };
    },
  );

  return server;
}

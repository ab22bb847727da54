import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import express, { type RequestHandler } from 'express';
import { type Started, serve } from './start.js';

/** Sessions on the SDK's own transport, which checks neither Host nor Origin unless it is told to. @param before What stands in front. */
export async function startSdk1(...before: readonly RequestHandler[]): Promise<Started> {
  const transports = new Map<string, StreamableHTTPServerTransport>();
  const app = express().use(express.json(), ...before);
  app.all('/mcp', async (request: IncomingMessage & { body?: unknown }, response: ServerResponse) => {
    const id = request.headers['mcp-session-id'];
    const known = typeof id === 'string' ? transports.get(id) : undefined;
    if (id !== undefined && known === undefined) return void response.writeHead(404).end();
    if (known !== undefined) return known.handleRequest(request, response, request.body);
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (opened) => void transports.set(opened, transport),
      onsessionclosed: (closed) => void transports.delete(closed),
    });
    // The SDK's own types do not agree under exactOptionalPropertyTypes.
    await new McpServer({ name: 'v1', version: '1.0.0' }).connect(
      transport as Parameters<McpServer['connect']>[0],
    );
    return transport.handleRequest(request, response, request.body);
  });
  return serve(
    () => app,
    '/mcp',
    async () => {
      await Promise.all([...transports.values()].map((transport) => transport.close()));
    },
    () => transports.size,
  );
}

import { randomUUID } from 'node:crypto';
import { NodeStreamableHTTPServerTransport, toNodeHandler, toWebRequest } from '@modelcontextprotocol/node';
import { createMcpHandler, isLegacyRequest } from '@modelcontextprotocol/server';
import type { Request, RequestHandler, Response } from 'express';
import { createTools } from './tools.js';

/** The MCP endpoint: revision 2026-07-28 without sessions, the revisions before it with them. */
export interface McpEndpoint {
  readonly handle: RequestHandler;
  /** Ends the streams on which clients only listen; calls go on. */
  endIdleStreams(): void;
}

interface Session {
  readonly transport: NodeStreamableHTTPServerTransport;
  /** Responses that are being written. */
  open: number;
  usedAt: number;
}

const MAX_SESSIONS = 1_000;
const IDLE_SESSION_MS = 30 * 60_000;
const SWEEP_MS = 60_000;

/** Makes an endpoint. Bodies have been parsed before it. */
export function createMcpEndpoint(): McpEndpoint {
  const sessions = new Map<string, Session>();
  const modern = createMcpHandler(createTools, { legacy: 'reject' });
  const handleModern = toNodeHandler(modern);

  setInterval(() => {
    const oldest = Date.now() - IDLE_SESSION_MS;
    for (const { transport, open, usedAt } of sessions.values()) {
      if (open === 0 && usedAt < oldest) void transport.close();
    }
  }, SWEEP_MS).unref();

  async function openSession(): Promise<NodeStreamableHTTPServerTransport> {
    const transport: NodeStreamableHTTPServerTransport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => {
        sessions.set(id, { transport, open: 0, usedAt: Date.now() });
      },
    });
    const server = createTools();
    await server.connect(transport);
    server.server.onclose = () => {
      if (transport.sessionId !== undefined) sessions.delete(transport.sessionId);
    };
    return transport;
  }

  async function handleLegacy(request: Request, response: Response): Promise<void> {
    // mcp-cors has opened the sealed id: an id that was not sealed for this origin never gets here.
    const id = request.get('mcp-session-id');
    if (id === undefined) {
      if (request.method !== 'POST') return refuse(response, 400, 'Mcp-Session-Id is missing');
      if (sessions.size >= MAX_SESSIONS) return refuse(response, 503, 'There are too many sessions');
      const transport = await openSession();
      await transport.handleRequest(request, response, request.body);
      if (transport.sessionId === undefined) await transport.close(); // the message did not initialize
      return;
    }
    const session = sessions.get(id);
    if (session === undefined) return refuse(response, 404, 'Session not found');
    session.open++;
    response.once('close', () => {
      session.open--;
      session.usedAt = Date.now();
    });
    await session.transport.handleRequest(request, response, request.body);
  }

  return {
    async handle(request, response) {
      if (!['GET', 'POST', 'DELETE'].includes(request.method)) {
        response.set('Allow', 'GET, POST, DELETE');
        return refuse(response, 405, 'Method not allowed');
      }
      const legacy = await isLegacyRequest(await toWebRequest(request, request.body));
      await (legacy ? handleLegacy(request, response) : handleModern(request, response, request.body));
    },
    endIdleStreams() {
      for (const { transport } of sessions.values()) transport.closeStandaloneSSEStream();
    },
  };
}

/** Answers with a JSON-RPC error. */
export function refuse(response: Response, status: number, message: string): void {
  response.status(status).json({ jsonrpc: '2.0', error: { code: -32000, message }, id: null });
}

import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { NodeStreamableHTTPServerTransport, toNodeHandler, toWebRequest } from '@modelcontextprotocol/node';
import { createMcpHandler, isLegacyRequest, type McpServer } from '@modelcontextprotocol/server';
import { SSEServerTransport } from '@modelcontextprotocol/server-legacy/sse';
import { createTools, type ToolHooks } from './tools.js';

export const MCP_PATH = '/mcp';
export const SSE_PATH = '/sse';
export const MESSAGES_PATH = '/messages';

const METHODS = ['GET', 'POST', 'DELETE'];

export interface McpServerHooks extends ToolHooks {
  /** Called for every request that arrives, before it is looked at. */
  readonly onRequest?: (request: IncomingMessage) => void;
  /** Makes what is served, for each session and for each request without one; the demo's tools unless told. */
  readonly createServer?: () => McpServer;
}

export interface McpServerApp {
  /** A bare listener without a word of CORS, to be served or to be mounted behind an adapter. */
  readonly listener: RequestListener;
  /** How many sessions are open, by transport. */
  sessions(): { streamable: number; sse: number };
  /** Ends every session and its streams. */
  close(): Promise<void>;
}

interface Session {
  close(): Promise<void>;
}

/** A request as a server receives it: method and target are there. */
type ServedRequest = IncomingMessage & { method: string; url: string };

/**
 * A real MCP server on the official SDK: at `/mcp` revision 2026-07-28 and, with sessions, the revisions up to
 * 2025-11-25; at `/sse` and `/messages` the HTTP+SSE transport of 2024-11-05.
 */
export function createMcpServer(hooks: McpServerHooks = {}): McpServerApp {
  const streamable = new Map<string, NodeStreamableHTTPServerTransport>();
  const sse = new Map<string, SSEServerTransport>();
  const { createServer = () => createTools(hooks) } = hooks;
  const modern = createMcpHandler(createServer, { legacy: 'reject' });
  const serveModern = toNodeHandler(modern);

  async function serveMcp(request: ServedRequest, response: ServerResponse): Promise<void> {
    const webRequest = await toWebRequest(request);
    const legacy = await isLegacyRequest(webRequest);
    const body = request.method === 'POST' ? parseJson(await webRequest.text()) : undefined;
    if (request.method === 'POST' && body === undefined) return refuse(response, 400, -32700, 'Parse error');
    return legacy ? serveSession(request, response, body) : serveModern(request, response, body);
  }

  async function serveSession(
    request: ServedRequest,
    response: ServerResponse,
    body: unknown,
  ): Promise<void> {
    const id = request.headers['mcp-session-id'];
    if (typeof id === 'string') {
      const transport = streamable.get(id);
      if (transport) return transport.handleRequest(request, response, body);
      return refuse(response, 404, -32001, 'Session not found');
    }
    if (request.method !== 'POST') return refuse(response, 400, -32000, 'Mcp-Session-Id header is required');
    const transport: NodeStreamableHTTPServerTransport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (sessionId) => {
        streamable.set(sessionId, transport);
      },
    });
    const server = createServer();
    await server.connect(transport);
    server.server.onclose = () => {
      if (transport.sessionId !== undefined) streamable.delete(transport.sessionId);
    };
    await transport.handleRequest(request, response, body);
    // A first message other than initialize was refused by the transport and has opened no session.
    if (transport.sessionId === undefined) await server.close();
  }

  async function serveSse(response: ServerResponse): Promise<void> {
    const transport = new SSEServerTransport(MESSAGES_PATH, response);
    sse.set(transport.sessionId, transport);
    const server = createServer();
    server.server.onclose = () => {
      sse.delete(transport.sessionId);
    };
    await server.connect(transport);
  }

  async function serveMessage(request: ServedRequest, response: ServerResponse, query: URLSearchParams) {
    const transport = sse.get(query.get('sessionId') ?? '');
    if (!transport) return refuse(response, 404, -32001, 'Session not found');
    return transport.handlePostMessage(request, response);
  }

  async function serve(request: ServedRequest, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url, 'http://localhost');
    const { method } = request;
    if (pathname === MCP_PATH)
      return METHODS.includes(method) ? serveMcp(request, response) : refuseMethod(response, METHODS);
    if (pathname === SSE_PATH) return method === 'GET' ? serveSse(response) : refuseMethod(response, ['GET']);
    if (pathname === MESSAGES_PATH) {
      return method === 'POST'
        ? serveMessage(request, response, searchParams)
        : refuseMethod(response, ['POST']);
    }
    refuse(response, 404, -32000, 'Not found');
  }

  return {
    listener(request, response) {
      hooks.onRequest?.(request);
      serve(request as ServedRequest, response).catch((error: unknown) => {
        if (response.headersSent) response.destroy();
        else if (isTooLarge(error)) refuse(response, 413, -32600, 'Request body too large');
        else refuse(response, 500, -32603, 'Internal error');
      });
    },
    sessions: () => ({ streamable: streamable.size, sse: sse.size }),
    async close() {
      const open: Session[] = [...streamable.values(), ...sse.values(), modern];
      await Promise.all(open.map((session) => session.close()));
    },
  };
}

function refuse(response: ServerResponse, status: number, code: number, message: string): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify({ jsonrpc: '2.0', error: { code, message }, id: null }));
}

function refuseMethod(response: ServerResponse, allowed: readonly string[]): void {
  response.setHeader('Allow', allowed.join(', '));
  refuse(response, 405, -32000, 'Method not allowed');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && 'status' in error && error.status === 413;
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import { PAGE, type Sending } from './client.js';
import { startUpstream, type Upstream } from './upstream.js';

/** A request as it reached the server. */
export interface SeenRequest {
  readonly head: IncomingMessage;
  /** Mcp-Method. */
  readonly method: string | undefined;
  readonly body: Buffer;
}

/** Answers a request with this Mcp-Method. */
export type Answering = (response: ServerResponse, seen: SeenRequest) => void;

/** A server of revision 2026-07-28 that does what a test says, and tells what it was sent. */
export interface ToolServer extends Upstream {
  readonly seen: readonly SeenRequest[];
  /** The requests with an Mcp-Method. */
  of(method: string): readonly SeenRequest[];
}

/** A tool with one parameter that is wanted in a header. */
export const DEPLOY = {
  name: 'deploy',
  inputSchema: { type: 'object', properties: { region: { type: 'string', 'x-mcp-header': 'Region' } } },
};

/** A JSON answer. */
export function json(value: unknown, status = 200): Answering {
  return (response) => {
    response.writeHead(status, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(value));
  };
}

/** The answer to tools/list. */
export function toolList(tools: readonly unknown[], nextCursor?: string): unknown {
  return { jsonrpc: '2.0', id: 1, result: { resultType: 'complete', tools, nextCursor } };
}

/** Starts a server; what a test says nothing about is answered with an empty result, and the list with one tool. */
export async function startToolServer(
  answers: Readonly<Record<string, Answering>> = {},
): Promise<ToolServer> {
  const seen: SeenRequest[] = [];
  const all: Readonly<Record<string, Answering>> = { 'tools/list': json(toolList([DEPLOY])), ...answers };
  const upstream = await startUpstream(async (head, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of head) chunks.push(chunk as Buffer);
    const given = head.headers['mcp-method'];
    const method = typeof given === 'string' ? given : undefined;
    const request = { head, method, body: Buffer.concat(chunks) };
    seen.push(request);
    (all[method ?? ''] ?? json({ jsonrpc: '2.0', id: 1, result: {} }))(response, request);
  });
  return { ...upstream, seen, of: (method) => seen.filter((request) => request.method === method) };
}

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'page', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** A message of the revision, as a page sends it. */
export function message(
  method: string,
  params: Readonly<Record<string, unknown>> = {},
  headers: readonly (readonly [string, string])[] = [],
): Sending {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: META } });
  return {
    origin: PAGE,
    body,
    headers: [
      ['Accept', 'application/json, text/event-stream'],
      ['MCP-Protocol-Version', '2026-07-28'],
      ['Mcp-Method', method],
      ...headers,
    ],
  };
}

/** A call of a tool. */
export function call(
  args: unknown = { region: 'eu' },
  headers: readonly (readonly [string, string])[] = [],
  name: string = DEPLOY.name,
): Sending {
  return message('tools/call', { name, arguments: args }, [['Mcp-Name', name], ...headers]);
}

import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Served } from './upstreams.js';

/** How the server frames its answers. */
export type Framing = 'chunked' | 'HTTP/1.0';

/**
 * A plain MCP server of revision 2025-11-25 on bare sockets, without sessions: it answers in chunks of a few bytes, or with the
 * end of the connection in place of a length, as servers of HTTP/1.0 do.
 */
export async function startPlain(framing: Framing): Promise<Served> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    let received = '';
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1');
      const head = received.indexOf('\r\n\r\n');
      if (head === -1) return;
      const length = Number(/^content-length: *(\d+)/im.exec(received)?.[1] ?? 0);
      if (received.length < head + 4 + length) return;
      const body = received.slice(head + 4, head + 4 + length);
      const method = received.slice(0, received.indexOf(' '));
      received = received.slice(head + 4 + length);
      answer(socket, framing, method, Buffer.from(body, 'latin1').toString());
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Message {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: {
    readonly name?: string;
    readonly arguments?: { readonly text?: string; readonly n?: number };
    readonly _meta?: { readonly progressToken?: number | string };
  };
}

function answer(socket: Socket, framing: Framing, method: string, body: string): void {
  const version = framing === 'chunked' ? 'HTTP/1.1' : 'HTTP/1.0';
  const end = framing === 'chunked' ? '' : 'Connection: close\r\n';
  const empty = (status: string): void => {
    socket.write(`${version} ${status}\r\nContent-Length: 0\r\n${end}\r\n`);
    if (framing !== 'chunked') socket.end();
  };
  if (method !== 'POST') {
    empty('405 Method Not Allowed');
    return;
  }
  const message = JSON.parse(body) as Message;
  if (message.id === undefined) {
    empty('202 Accepted');
    return;
  }
  const { type, parts } = partsOf(message);
  const length = framing === 'chunked' ? 'Transfer-Encoding: chunked\r\n' : '';
  socket.write(`${version} 200 OK\r\nContent-Type: ${type}\r\n${length}${end}\r\n`);
  const bytes = parts.map((part) => Buffer.from(part));
  if (framing !== 'chunked') {
    for (const part of bytes) socket.write(part);
    socket.end();
    return;
  }
  for (const part of bytes.flatMap((whole) => split(whole, 7))) {
    socket.write(`${part.length.toString(16)}\r\n`);
    socket.write(part);
    socket.write('\r\n');
  }
  socket.write('0\r\n\r\n');
}

function split(whole: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(whole.length / size) }, (_, i) =>
    whole.subarray(i * size, (i + 1) * size),
  );
}

const TOOLS = ['echo', 'count'].map((name) => ({ name, inputSchema: { type: 'object' } }));

/** The type and the body of an answer: JSON, or for `count` a stream with progress. */
function partsOf({ id, method, params = {} }: Message): { type: string; parts: string[] } {
  const json = (value: object): { type: string; parts: string[] } => ({
    type: 'application/json',
    parts: [JSON.stringify({ jsonrpc: '2.0', id, ...value })],
  });
  const given = params.arguments ?? {};
  if (method === 'initialize') {
    const serverInfo = { name: 'plain', version: '1.0.0' };
    return json({ result: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo } });
  }
  if (method === 'tools/list') return json({ result: { tools: TOOLS } });
  if (method !== 'tools/call') return json({ error: { code: -32601, message: 'Method not found' } });
  const result = (text: string): object => ({ result: { content: [{ type: 'text', text }] } });
  if (params.name !== 'count') return json(result(String(given.text)));
  const { n = 3 } = given;
  const progressToken = params._meta?.progressToken;
  const messages = [
    ...Array.from({ length: n }, (_, i) => ({
      method: 'notifications/progress',
      params: { progressToken, progress: i + 1, total: n },
    })),
    { id, ...result(String(n)) },
  ];
  return {
    type: 'text/event-stream',
    parts: messages.map((message) => `data: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\n\n`),
  };
}

import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A request that arrived at a strict upstream. */
export interface SeenRequest {
  readonly line: string;
  /** By name in lower case; a name that came twice is a fault. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** Which of the upstream's connections it came on. */
  readonly connection: number;
}

/** A server that takes requests apart by the letter of RFC 9112, and holds against its client whatever is not to it. */
export interface StrictUpstream {
  readonly url: string;
  /** Requests that arrived whole. */
  readonly requests: readonly SeenRequest[];
  /** What was not well formed. */
  readonly faults: readonly string[];
  /** Connections that ended inside a request. */
  readonly unfinished: () => number;
}

/** Starts a strict upstream that lives as long as the test; it answers each request with its line and body. */
export async function startStrictUpstream(): Promise<StrictUpstream> {
  const requests: SeenRequest[] = [];
  const faults: string[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  let unfinished = 0;

  const server = createServer((socket) => {
    const connection = ++connections;
    let held = '';
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      held += bytes.toString('latin1');
      for (;;) {
        const taken = take(held);
        if (taken === undefined) return;
        if (typeof taken === 'string') {
          faults.push(taken);
          socket.destroy();
          return;
        }
        const { used, ...request } = taken;
        requests.push({ ...request, connection });
        held = held.slice(used);
        const text = `${request.line}|${request.body}`;
        socket.write(
          `HTTP/1.1 200 OK\r\nX-Upstream: yes\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
          'latin1',
        );
      }
    });
    socket.on('close', () => {
      sockets.delete(socket);
      if (held !== '') unfinished++;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, requests, faults, unfinished: () => unfinished };
}

type Taken = Omit<SeenRequest, 'connection'> & { readonly used: number };

/** The first request of a text; what is wrong with it; or undefined while it is not whole. */
function take(text: string): Taken | string | undefined {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd === -1) return undefined;
  const [line = '', ...fields] = text.slice(0, headEnd).split('\r\n');
  if (!/^[A-Z]+ \/[!-~]* HTTP\/1\.1$/.test(line)) return `request line ${JSON.stringify(line)}`;
  const headers = new Map<string, string>();
  for (const field of fields) {
    const [, name = '', value = ''] =
      /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([\t\x20-\x7e\x80-\xff]*)$/.exec(field) ?? [];
    if (name === '') return `header ${JSON.stringify(field)}`;
    if (headers.has(name.toLowerCase()) && FRAMING.has(name.toLowerCase())) return `${name} twice`;
    headers.set(name.toLowerCase(), value);
  }
  const start = headEnd + 4;
  const length = headers.get('content-length');
  const coding = headers.get('transfer-encoding');
  if (!headers.has('host')) return 'no Host';
  if (length !== undefined && coding !== undefined) return 'both a length and a coding';
  if (coding !== undefined) {
    if (coding !== 'chunked') return `coding ${coding}`;
    return takeChunks(text, start, { line, headers });
  }
  if (length === undefined) return { line, headers, body: '', used: start };
  if (!/^[0-9]+$/.test(length)) return `length ${length}`;
  const used = start + Number(length);
  return text.length < used ? undefined : { line, headers, body: text.slice(start, used), used };
}

const FRAMING: ReadonlySet<string> = new Set(['host', 'content-length', 'transfer-encoding', 'connection']);

function takeChunks(
  text: string,
  start: number,
  head: Pick<SeenRequest, 'line' | 'headers'>,
): Taken | string | undefined {
  let body = '';
  let at = start;
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd === -1) return undefined;
    const size = text.slice(at, lineEnd);
    if (!/^[0-9A-Fa-f]+$/.test(size)) return `chunk size ${JSON.stringify(size)}`;
    const bytes = Number.parseInt(size, 16);
    const next = lineEnd + 2 + bytes + 2;
    if (text.length < next) return undefined;
    if (text.slice(next - 2, next) !== '\r\n') return 'a chunk without its end';
    if (bytes === 0) return { ...head, body, used: next };
    body += text.slice(lineEnd + 2, next - 2);
    at = next;
  }
}

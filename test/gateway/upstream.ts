import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createNetServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A server on a free loopback port that lives as long as the test. */
export interface Upstream {
  /** Without a path. */
  readonly url: string;
  readonly port: number;
  /** Connections ever accepted. */
  readonly accepted: () => number;
  /** Connections that are open now. */
  readonly sockets: ReadonlySet<Socket>;
  /** Requests whose heads have arrived, the oldest first; empty for a raw upstream. */
  readonly requests: readonly IncomingMessage[];
}

/** Starts an upstream that speaks proper HTTP. */
export async function startUpstream(listener: RequestListener): Promise<Upstream> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    listener(request, response);
  });
  return { ...(await serve(server)), requests };
}

/** Starts an upstream that answers each connection's first bytes as the test says, valid HTTP or not. */
export async function startRawUpstream(answer: (socket: Socket, head: string) => void): Promise<Upstream> {
  const server = createNetServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    socket.once('data', (bytes) => answer(socket, bytes.toString('latin1')));
    socket.on('end', () => socket.end());
  });
  return { ...(await serve(server)), requests: [] };
}

/** A port on which nothing listens. */
export async function freePort(): Promise<number> {
  const server = createNetServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function serve(server: Server): Promise<Omit<Upstream, 'requests'>> {
  const sockets = new Set<Socket>();
  let accepted = 0;
  server.on('connection', (socket: Socket) => {
    accepted++;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port, accepted: () => accepted, sockets };
}

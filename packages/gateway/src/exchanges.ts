import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Which connections a server has, and what they carry. */
export interface Exchanges {
  /** Whether a response is under way on a connection. */
  isAnswering(socket: Duplex): boolean;
  /** How many connections are open. */
  connections(): number;
  /** How many requests are not answered whole. */
  requests(): number;
  /** Closes connections that carry nothing, and every other once its responses are sent. */
  finish(): void;
  /** Closes all connections at once. */
  breakOff(): void;
}

/** Follows the exchanges of a server from now on. */
export function followExchanges(server: Server): Exchanges {
  const sockets = new Set<Socket>();
  const open = new Set<ServerResponse>();
  let finishing = false;

  const isAnswering = (socket: Duplex): boolean => [...open].some(({ req }) => req.socket === socket);
  const closeUnlessAnswering = (socket: Socket): void => {
    if (!isAnswering(socket)) socket.destroySoon();
  };

  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('request', ({ socket }, response) => {
    open.add(response);
    response.on('close', () => {
      open.delete(response);
      if (finishing) closeUnlessAnswering(socket);
    });
  });

  return {
    isAnswering,
    connections: () => sockets.size,
    requests: () => open.size,
    finish() {
      finishing = true;
      for (const response of open) if (!response.headersSent) response.setHeader('Connection', 'close');
      for (const socket of sockets) closeUnlessAnswering(socket);
    },
    breakOff() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

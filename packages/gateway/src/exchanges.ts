import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { createSlots } from './slots.js';

/** Which connections a server has, and what they carry. */
export interface Exchanges {
  /** Whether a response is under way on a connection, apart from one to a request whose body is still coming. */
  isAnswering(socket: Duplex): boolean;
  /** How many connections are open. */
  connections(): number;
  /** How many requests are not answered whole. */
  requests(): number;
  /** The same for the connection of a request, apart from its own response. */
  isAnsweringOther(request: IncomingMessage): boolean;
  /** Closes connections that carry nothing, and every other once its responses are sent. */
  finish(): void;
  /** Closes all connections at once. */
  breakOff(): void;
}

/** Follows the exchanges of a server from now on, over HTTP/1.1 and HTTP/2. */
export function followExchanges(server: Server): Exchanges {
  /** Every connection, below TLS. */
  const transports = new Set<Socket>();
  /** Those that speak HTTP/1.1. */
  const sockets = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
  /** Those over which TLS is spoken. */
  const encrypted = new Set<TLSSocket>();
  const open = createSlots<ServerResponse>();
  const secure = 'setSecureContext' in server;
  let finishing = false;

  const carriedBy = (socket: Duplex): ServerResponse[] =>
    [...open].filter(({ req }) => req.socket === socket);
  const closeUnlessAnswering = (socket: Socket): void => {
    if (carriedBy(socket).length === 0) socket.destroySoon();
  };
  const keep = <T extends Socket>(set: Set<T>, socket: T): void => {
    set.add(socket);
    socket.once('close', () => set.delete(socket));
  };

  server.on('connection', (socket: Socket) => {
    keep(transports, socket);
    if (!secure) keep(sockets, socket);
  });
  server.on('secureConnection', (socket: TLSSocket) => {
    keep(encrypted, socket);
    if (socket.alpnProtocol === 'h2') return;
    keep(sockets, socket);
    if (finishing) socket.destroySoon();
  });
  server.on('session', (session: ServerHttp2Session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    if (finishing) session.close();
  });
  server.on('request', (request, response) => {
    const slot = open.add(response);
    const { socket, httpVersionMajor } = request;
    response.on('close', () => {
      open.empty(slot);
      if (finishing && httpVersionMajor === 1) closeUnlessAnswering(socket);
    });
  });

  return {
    isAnswering(socket) {
      const [first, ...others] = carriedBy(socket);
      return others.length > 0 || (first !== undefined && (first.headersSent || first.req.complete));
    },
    isAnsweringOther: (request) => carriedBy(request.socket).some(({ req }) => req !== request),
    connections: () => transports.size,
    requests: () => open.size,
    finish() {
      finishing = true;
      for (const session of sessions) session.close(); // GOAWAY, and the end once its streams have ended
      for (const response of open) {
        if (response.req.httpVersionMajor === 1 && !response.headersSent)
          response.setHeader('Connection', 'close');
      }
      for (const socket of sockets) closeUnlessAnswering(socket);
      if (secure) for (const transport of transports) if (isShakingHands(transport)) transport.destroy();
    },
    breakOff() {
      for (const transport of transports) transport.destroy();
    },
  };

  /** Whether there is no connection over TLS on this one yet. */
  function isShakingHands({ remoteAddress, remotePort }: Socket): boolean {
    return ![...encrypted].some(
      (one) => one.remotePort === remotePort && one.remoteAddress === remoteAddress,
    );
  }
}

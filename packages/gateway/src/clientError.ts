import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { UNREADABLE_REQUESTS } from './errors.js';
import type { Exchanges } from './exchanges.js';
import type { Rejection } from './observation.js';

/** How long a client that was answered so may take to close. */
const LINGER_MS = 1_000;

/** Hears of what was refused so. */
type Tell = (rejection: Rejection) => void;

/**
 * Answers what is no request, or none that everybody on its way would understand alike, and closes its connection. Gives a
 * check of the requests that Node's parser lets pass: of how they are framed, and of their version. What is not right gets
 * its answer here, and nothing after it on its connection is read.
 */
export function refuseUnreadable(
  server: Server,
  exchanges: Exchanges,
  tell: Tell,
): (request: IncomingMessage) => boolean {
  server.on('clientError', (error: NodeJS.ErrnoException, socket) =>
    refuse(socket, error.code ?? '', exchanges.isAnswering(socket), tell),
  );
  server.on('connect', (request: IncomingMessage, other: unknown) => {
    if (request.httpVersionMajor === 1) refuse(other as Duplex, 'CONNECT', false, tell);
    else (other as ServerResponse).writeHead(501).end();
  });

  return (request) => {
    const { socket, headers, httpVersionMajor } = request;
    if (httpVersionMajor === 2 && 'stream' in request) return true; // framed by HTTP/2 itself
    if (!socket.writable) return false; // closed for a request before this one
    if (httpVersionMajor === 1 && headers['transfer-encoding'] === undefined) return true;
    const fault = faultOf(request);
    if (fault === undefined) return true;
    refuse(socket, fault, exchanges.isAnsweringOther(request), tell);
    return false;
  };
}

/** What is wrong with the version of a request, or with its transfer coding. */
function faultOf({ headers, httpVersionMajor, httpVersionMinor }: IncomingMessage): string | undefined {
  if (httpVersionMajor !== 1) return 'VERSION';
  const coding = headers['transfer-encoding']?.trim().toLowerCase();
  if (coding === undefined) return undefined;
  if (coding === '') return 'TRANSFER_CODING_EMPTY';
  if (httpVersionMinor === 0) return 'TRANSFER_CODING_IN_HTTP_1_0'; // RFC 9112 section 6.1: its framing is faulty
  return coding === 'chunked' ? undefined : 'TRANSFER_CODING_UNKNOWN';
}

/** There is no request head to decide about, and so nothing but a status to say. */
function refuse(socket: Duplex, code: string, answering: boolean, tell: Tell): void {
  const known: Readonly<Record<string, string>> = UNREADABLE_REQUESTS;
  const status = known[code] ?? '400 Bad Request';
  const { remoteAddress, bytesRead } = socket as Socket;
  // A connection that was opened and left says nothing; one that was refused says no more.
  if (socket.writable && code !== 'ECONNRESET' && code !== 'EPIPE' && bytesRead > 0) {
    tell({ code, status: Number.parseInt(status, 10), address: remoteAddress });
  }
  // Within a response, a second one would be taken for a part of the first.
  if (!socket.writable || answering || code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  (socket as Socket).setTimeout(LINGER_MS, () => socket.destroy());
}

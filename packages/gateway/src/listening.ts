import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isLoopbackListen } from './config/listen.js';
import { GatewayConfigError } from './errors.js';

/**
 * Lets a server listen, and gives its URL.
 * @throws {GatewayConfigError} that names the place in the configuration, when it cannot.
 */
export function listenOn(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
  path: string,
  scheme: 'http' | 'https' = 'http',
): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, host, port, path)));
    server.listen(port, host, () => {
      const address = server.address() as AddressInfo;
      const shown = isLoopbackListen(host) && !host.includes(':') ? host : address.address;
      resolve(`${scheme}://${shown.includes(':') ? `[${shown}]` : shown}:${address.port}`);
    });
  });
}

const LISTEN_FAULTS: Readonly<Record<string, readonly [message: string, remedy: string]>> = {
  EADDRINUSE: [
    'the port is taken by another program',
    'End that program, or choose another port; port 0 takes a free one',
  ],
  EACCES: ['this user may not listen on that port', 'Choose a port from 1024 on'],
  EADDRNOTAVAIL: ['the address is not one of this machine', 'Use 127.0.0.1, or 0.0.0.0 for all addresses'],
  ENOTFOUND: ['the name has no address', 'Use an address such as 127.0.0.1'],
};

function listenError(error: NodeJS.ErrnoException, host: string, port: number, path: string): Error {
  const [message, remedy] = LISTEN_FAULTS[error.code ?? ''] ?? [error.message, 'Choose another address'];
  return new GatewayConfigError([
    { code: 'listen-failed', path, message: `cannot listen on ${host}:${port}: ${message}`, remedy },
  ]);
}

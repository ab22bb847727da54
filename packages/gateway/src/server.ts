import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Decision, RequestHead } from 'mcp-cors';
import { applyDecision, readRequestHead } from 'mcp-cors/node';
import {
  type GatewayConfig,
  type GatewaySettings,
  isLoopbackListen,
  type Route,
  readGatewayConfig,
} from './config.js';
import { GatewayConfigError } from './errors.js';
import { createJournal, type ExchangeListener } from './journal.js';
import { answer, createProxy } from './proxy.js';

/** Listeners to what a gateway does. */
export interface GatewayOptions {
  /** Hears of every decision. */
  readonly onDecision?: ((decision: Decision, head: RequestHead) => void) | undefined;
  /** Hears of every exchange, at its head and at its end. */
  readonly onExchange?: ExchangeListener | undefined;
}

/** A gateway that serves. */
export interface Gateway {
  /** Where it listens, without a path: `http://127.0.0.1:8808`. */
  readonly url: string;
  /** Stops accepting, ends streams, lets other requests finish within a bound, then breaks off. */
  close(): Promise<void>;
}

/** Longer than the idle time-outs of common load balancers (60 s), so that it is never us who close first. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;

/**
 * Starts a gateway.
 * @throws {GatewayConfigError} when the configuration is not valid, or when it cannot listen as configured.
 */
export async function startGateway(config: GatewayConfig, options: GatewayOptions = {}): Promise<Gateway> {
  const settings = readGatewayConfig(config);
  const proxy = createProxy(settings.limits);
  const journal = options.onExchange === undefined ? undefined : createJournal(options.onExchange);
  const open = new Set<ServerResponse>();

  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS }, (request, response) => {
    open.add(response);
    response.once('close', () => open.delete(response));
    const head = readRequestHead(request, request.url ?? '/');
    const route = findRoute(settings.routes, head.path);
    const decision = (route?.policy ?? settings.policy).decide(head);
    const record = journal?.follow(request, response, head, decision);
    options.onDecision?.(decision, head);
    if (decision.status !== undefined) {
      applyDecision(decision, response);
    } else if (!isPlainPath(head.path)) {
      answer(response, decision, 'path-not-plain');
    } else if (route === undefined) {
      answer(response, decision, 'no-route');
    } else {
      proxy.forward({ request, response, decision, route, record });
    }
  });
  server.on('clientError', answerClientError);

  const url = await listen(server, settings);
  refuseLoops(settings, url, server);

  let closing: Promise<void> | undefined;
  return {
    url,
    close() {
      closing ??= (async () => {
        const closed = new Promise<void>((resolve) => server.close(() => resolve()));
        for (const response of open) {
          if (!response.headersSent) response.setHeader('Connection', 'close');
          else if (response.getHeader('content-type')?.toString().startsWith('text/event-stream'))
            response.end();
        }
        server.closeIdleConnections();
        const timer = setTimeout(() => server.closeAllConnections(), settings.limits.shutdownTimeoutMs);
        await closed;
        clearTimeout(timer);
        await proxy.destroy();
      })();
      return closing;
    },
  };
}

function listen(server: ReturnType<typeof createServer>, { host, port }: GatewaySettings): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)));
    server.listen(port, host, () => {
      const address = server.address() as AddressInfo;
      const shown = isLoopbackListen(host) && !host.includes(':') ? host : address.address;
      resolve(`http://${shown.includes(':') ? `[${shown}]` : shown}:${address.port}`);
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

function listenError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const [message, remedy] = LISTEN_FAULTS[error.code ?? ''] ?? [error.message, 'Choose another address'];
  return new GatewayConfigError([
    {
      code: 'listen-failed',
      path: 'listen',
      message: `cannot listen on ${host}:${port}: ${message}`,
      remedy,
    },
  ]);
}

/** A gateway in front of itself would forward a request until something breaks. */
function refuseLoops(settings: GatewaySettings, url: string, server: ReturnType<typeof createServer>): void {
  const { port } = new URL(url);
  const looping = settings.routes.find(
    ({ upstream }) => upstream.port === port && isLoopbackListen(bare(upstream.hostname)),
  );
  if (looping === undefined) return;
  server.close();
  throw new GatewayConfigError([
    {
      code: 'upstream-is-gateway',
      path: 'routes',
      message: `the upstream ${looping.upstream.href} is the gateway itself`,
      remedy: 'Give the gateway another port, or name the server behind it',
    },
  ]);
}

function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/** The route whose path holds this one: whole segments, the longest first. */
function findRoute(routes: readonly Route[], path: string): Route | undefined {
  return routes.find(
    (route) =>
      route.path === '/' ||
      (path.startsWith(route.path) && (path.length === route.path.length || path[route.path.length] === '/')),
  );
}

/** Whether a path means the same to the upstream as it does here: nothing in it can climb out of its route. */
function isPlainPath(path: string): boolean {
  return !/\\|%2f|%5c|(?:\/|%2f)(?:\.|%2e){1,2}(?:\/|$)/i.test(path);
}

/** What Node's parser refuses gets its status and nothing else: there is no request head to decide about. */
function answerClientError(error: NodeJS.ErrnoException, socket: import('node:stream').Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const status =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? '408 Request Timeout'
        : '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Admission, type CarrierOptions, createAdmit } from 'mcp-cors/carrier';
import { applyDecision, readRequestHead, rewriteRequest } from 'mcp-cors/node';
import { answer } from './answer.js';
import { type GatewayConfig, type GatewaySettings, readGatewayConfig } from './config/config.js';
import { isLoopbackListen } from './config/listen.js';
import { GatewayConfigError } from './errors.js';
import { type Exchanges, followExchanges } from './exchanges.js';
import { createJournal, type ExchangeListener } from './journal.js';
import { createLiveService, type LiveService } from './live.js';
import { loopIssues } from './loops.js';
import { findMetadataRoute } from './oauth/wellKnown.js';
import type { CompletionCounts } from './params/completion.js';
import { createReverseProxy, type ReverseProxy } from './proxy.js';
import { forwardToReplica } from './replicas.js';
import { findRoute, isPlainPath } from './routing.js';

/** Listeners to what a gateway does, and what else a carrier takes. */
export interface GatewayOptions extends CarrierOptions {
  /** Hears of every exchange, at its head and at its end. */
  readonly onExchange?: ExchangeListener | undefined;
}

/** A gateway that serves. */
export interface Gateway {
  /** Where it listens, without a path: `http://127.0.0.1:8808`. */
  readonly url: string;
  /** How often `Mcp-Param-*` headers of tool calls were completed, and tools asked for to that end. */
  completions(): CompletionCounts;
  /**
   * Puts another configuration in place of the current one, at once and whole. Requests under way keep what they began
   * with; `listen` cannot change.
   * @throws {GatewayConfigError} with every issue; the current configuration then stays.
   */
  reload(config: GatewayConfig): Promise<void>;
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
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS });
  server.maxHeadersCount = 0; // their size is bounded; a bound on their number would hide those that are past it
  const check = ({ routes }: GatewaySettings) => loopIssues(routes, server.address() as AddressInfo);
  const live = createLiveService(settings, check);
  const proxy = createReverseProxy();
  const exchanges = followExchanges(server);
  server.on('request', createHandler(live, proxy, options));
  server.on('clientError', (error, socket) =>
    answerClientError(error, socket, exchanges.isAnswering(socket)),
  );

  const url = await listen(server, settings);
  const issues = check(settings);
  if (issues.length > 0) {
    await new Promise((resolve) => server.close(resolve));
    throw new GatewayConfigError(issues);
  }

  let closing: Promise<void> | undefined;
  return {
    url,
    completions: proxy.completions,
    reload: (next) => live.reload(next),
    close() {
      closing ??= closeGateway({ server, exchanges, proxy, live });
      return closing;
    },
  };
}

/** Decides about each request, answers what is refused or leads nowhere, and forwards the rest. */
function createHandler(
  live: LiveService,
  proxy: ReverseProxy,
  options: GatewayOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  const { onExchange } = options;
  const journal = onExchange === undefined ? undefined : createJournal(onExchange);
  const admit = createAdmit(options);
  return (request, response) => {
    const service = live.current; // for the whole request: a reload may come at any moment
    const target = request.url ?? '/';
    const head = readRequestHead(request, target);
    const { routes, rewritesOauth } = service.settings;
    const metadata = rewritesOauth ? findMetadataRoute(routes, target) : undefined;
    const route = metadata?.route ?? findRoute(routes, head.path);
    const policy = route?.policy ?? service.settings.policy;
    const settle = (admission: Admission): void => {
      const { decision, sealId, announce } = admission;
      const record = journal?.follow(request, response, head, decision);
      announce?.();
      if (decision.status !== undefined) {
        applyDecision(decision, response);
      } else if (!isPlainPath(head.path)) {
        answer(response, decision, 'path-not-plain');
      } else if (route === undefined) {
        answer(response, decision, 'no-route');
      } else {
        rewriteRequest(request, admission);
        if (sealId !== undefined) applyDecision(decision, response, sealId);
        const passage = { request, response, head, decision, route, metadata, service, record };
        if (route.replicas === undefined) proxy.forward(passage);
        else forwardToReplica(passage, route.replicas, proxy);
      }
    };
    const given = request.headers['x-request-id'];
    const admitted = admit(policy, {
      head,
      target,
      address: request.socket.remoteAddress,
      requestId: typeof given === 'string' ? given : undefined,
    });
    // A listener's own error is its owner's to handle, as if it had been thrown at once.
    if (admitted instanceof Promise) admitted.then(settle).catch(throwOutside);
    else settle(admitted);
  };
}

function throwOutside(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}

/** A gateway that closes. */
interface Closing {
  readonly server: Server;
  readonly exchanges: Exchanges;
  readonly proxy: ReverseProxy;
  readonly live: LiveService;
}

/** What happens to exchanges that are still under way when a part of the time for them has gone. */
const DRAIN: readonly (readonly [part: number, step: (parts: Closing) => void])[] = [
  [0.7, ({ proxy }) => proxy.endStreams('all')],
  [0.9, ({ proxy }) => proxy.cutStreams()],
  [1, ({ exchanges }) => exchanges.breakOff()],
];

async function closeGateway(parts: Closing): Promise<void> {
  const { server, exchanges, proxy, live } = parts;
  const { shutdownTimeoutMs } = live.current.settings.limits;
  // The HTTP server's own close() also destroys connections whose response is complete but not yet sent.
  const closed = new Promise<unknown>((resolve) => NetServer.prototype.close.call(server, resolve));
  exchanges.finish();
  proxy.endStreams('lasting');
  const steps = shutdownTimeoutMs > 0 ? DRAIN : [];
  const timers = steps.map(([part, step]) => setTimeout(step, part * shutdownTimeoutMs, parts));
  await closed;
  for (const timer of timers) clearTimeout(timer);
  server.close(); // now only for what it does besides
  await live.destroy();
}

function listen(server: Server, { host, port }: GatewaySettings): Promise<string> {
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

/** What Node's parser refuses gets its status and nothing else: there is no request head to decide about. */
function answerClientError(error: NodeJS.ErrnoException, socket: Duplex, answering: boolean): void {
  // Within a response, a second one would be taken for a part of the first.
  if (!socket.writable || answering || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const status = CLIENT_ERROR_STATUS[error.code ?? ''] ?? '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  (socket as Socket).setTimeout(LINGER_MS, () => socket.destroy());
}

/** How long a client that was answered so may take to close. */
const LINGER_MS = 1_000;

const CLIENT_ERROR_STATUS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

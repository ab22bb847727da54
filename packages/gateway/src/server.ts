import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Admission, CarrierOptions } from 'mcp-cors/carrier';
import { applyDecision, readRequestHead, rewriteRequest } from 'mcp-cors/node';
import { answer } from './answer.js';
import { type GatewayConfig, type GatewaySettings, readGatewayConfig } from './config/config.js';
import { GatewayConfigError } from './errors.js';
import { type Exchanges, followExchanges } from './exchanges.js';
import { createInstruments, type Instruments } from './instruments.js';
import type { ExchangeListener } from './journal.js';
import { createAdmissions } from './limits/admissions.js';
import type { Tell } from './listeners.js';
import { listenOn } from './listening.js';
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
  /** Is told what the owner has to know while requests are served. Default: standard error. */
  readonly onWarning?: Tell | undefined;
}

/** A gateway that serves. */
export interface Gateway {
  /** Where it listens, without a path: `http://127.0.0.1:8808`. */
  readonly url: string;
  /** How often `Mcp-Param-*` headers of tool calls were completed, and tools asked for to that end. */
  completions(): CompletionCounts;
  /** Where the admin listener is, if there is one: `http://127.0.0.1:9808`. */
  readonly adminUrl: string | undefined;
  /** Opens the audit's file anew, after it was moved, and reads the admin listener's token again. */
  reopen(): void;
  /**
   * Puts another configuration in place of the current one, at once and whole. Requests under way keep what they began
   * with; `listen`, `audit` and `metrics` cannot change.
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
  const instruments = await createInstruments({
    options,
    tell: options.onWarning ?? tellStandardError,
    settings: () => live.current.settings,
    connections: exchanges.connections,
    openRequests: exchanges.requests,
    openStreams: proxy.openStreams,
    completions: proxy.completions,
  });
  server.on('request', createHandler(live, proxy, instruments));
  server.on('clientError', (error, socket) =>
    answerClientError(error, socket, exchanges.isAnswering(socket), instruments),
  );

  let url: string;
  try {
    url = await listenOn(server, settings, 'listen');
    const issues = check(settings);
    if (issues.length > 0) throw new GatewayConfigError(issues);
    await instruments.start();
  } catch (error) {
    if (server.listening) await new Promise((resolve) => server.close(resolve));
    await instruments.close();
    throw error;
  }

  let closing: Promise<void> | undefined;
  return {
    url,
    completions: proxy.completions,
    adminUrl: instruments.adminUrl,
    reopen: instruments.reopen,
    reload: (next) => live.reload(next),
    close() {
      closing ??= closeGateway({ server, exchanges, proxy, live, instruments });
      return closing;
    },
  };
}

/** Decides about each request, answers what is refused or leads nowhere, and forwards the rest. */
function createHandler(
  live: LiveService,
  proxy: ReverseProxy,
  instruments: Instruments,
): (request: IncomingMessage, response: ServerResponse) => void {
  const { carrier, follow } = instruments;
  const admissionsOf = createAdmissions(carrier, live.current.settings);
  return (request, response) => {
    const service = live.current; // for the whole request: a reload may come at any moment
    const target = request.url ?? '/';
    const head = readRequestHead(request, target);
    const { routes, rewritesOauth } = service.settings;
    const metadata = rewritesOauth ? findMetadataRoute(routes, target) : undefined;
    const route = metadata?.route ?? findRoute(routes, head.path);
    const policy = route?.policy ?? service.settings.policy;
    const settle = (admission: Admission): void => {
      const { decision, sealId, requestId } = admission;
      const record = follow?.({ request, response, head, target, admission, route: route?.path });
      if (decision.status !== undefined) {
        applyDecision(decision, response);
      } else if (!isPlainPath(head.path)) {
        answer(response, decision, 'path-not-plain');
      } else if (route === undefined) {
        answer(response, decision, 'no-route');
      } else {
        if (admission.sessionId !== undefined || admission.target !== undefined) {
          rewriteRequest(request, { ...admission, requestId: undefined });
        }
        if (sealId !== undefined) applyDecision(decision, response, sealId);
        const passage = { request, response, head, decision, route, metadata, service, record, requestId };
        if (route.replicas === undefined) proxy.forward(passage);
        else forwardToReplica(passage, route.replicas, proxy);
      }
    };
    const given = request.headers['x-request-id'];
    const admitted = admissionsOf(service.settings)(policy, {
      head,
      target,
      address: request.socket.remoteAddress,
      requestId: typeof given === 'string' ? given : undefined,
    });
    if (admitted instanceof Promise) admitted.then(settle).catch(throwOutside);
    else settle(admitted);
  };
}

/** A gateway that closes. */
interface Closing {
  readonly server: Server;
  readonly exchanges: Exchanges;
  readonly proxy: ReverseProxy;
  readonly live: LiveService;
  readonly instruments: Instruments;
}

/** What happens to exchanges that are still under way when a part of the time for them has gone. */
const DRAIN: readonly (readonly [part: number, step: (parts: Closing) => void])[] = [
  [0.7, ({ proxy }) => proxy.endStreams('all')],
  [0.9, ({ proxy }) => proxy.cutStreams()],
  [1, ({ exchanges }) => exchanges.breakOff()],
];

async function closeGateway(parts: Closing): Promise<void> {
  const { server, exchanges, proxy, live, instruments } = parts;
  const { shutdownTimeoutMs } = live.current.settings.limits;
  // The HTTP server's own close() also destroys connections whose response is complete but not yet sent.
  const closed = new Promise<unknown>((resolve) => NetServer.prototype.close.call(server, resolve));
  instruments.drain();
  exchanges.finish();
  proxy.endStreams('lasting');
  const steps = shutdownTimeoutMs > 0 ? DRAIN : [];
  const timers = steps.map(([part, step]) => setTimeout(step, part * shutdownTimeoutMs, parts));
  await closed;
  for (const timer of timers) clearTimeout(timer);
  server.close(); // now only for what it does besides
  // Responses hear of their connections' end some turns after the server does; until then they would be answered for.
  for (let turn = 0; turn < 10 && exchanges.requests() > 0; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  await live.destroy();
  await instruments.close();
}

function tellStandardError(message: string): void {
  // biome-ignore lint/suspicious/noConsole: whoever starts a gateway by a call and does not listen must hear of it
  console.error(`mcp-cors: ${message}`);
}

/** A fault of ours ends where faults end, and not in a promise. */
function throwOutside(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}

/** What Node's parser refuses gets its status and nothing else: there is no request head to decide about. */
function answerClientError(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  answering: boolean,
  instruments: Instruments,
): void {
  const { code = '' } = error;
  const status = CLIENT_ERROR_STATUS[code] ?? '400 Bad Request';
  const { remoteAddress, bytesRead } = socket as Socket;
  // A connection that was opened and left says nothing; one that was refused says no more.
  if (socket.writable && code !== 'ECONNRESET' && code !== 'EPIPE' && bytesRead > 0) {
    instruments.reject({ code, status: Number.parseInt(status, 10), address: remoteAddress });
  }
  // Within a response, a second one would be taken for a part of the first.
  if (!socket.writable || answering || code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  (socket as Socket).setTimeout(LINGER_MS, () => socket.destroy());
}

/** How long a client that was answered so may take to close. */
const LINGER_MS = 1_000;

const CLIENT_ERROR_STATUS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer } from 'node:net';
import type { Admission, CarrierOptions } from 'mcp-cors/carrier';
import { applyDecision, readRequestHead, rewriteRequest } from 'mcp-cors/node';
import { answer } from './answer.js';
import { refuseUnreadable } from './clientError.js';
import { type GatewayConfig, type GatewaySettings, readGatewayConfig } from './config/config.js';
import { GatewayConfigError } from './errors.js';
import { type Exchanges, followExchanges } from './exchanges.js';
import { createInstruments, type Instruments } from './instruments.js';
import type { ExchangeListener } from './journal.js';
import { createAdmissions } from './limits/admissions.js';
import { applyLimits, createListener, isLargeHead } from './listener.js';
import { guardListener, type Tell } from './listeners.js';
import { listenOn } from './listening.js';
import { createLiveService, type LiveService } from './live.js';
import { loopIssues } from './loops.js';
import { findMetadataRoute } from './oauth/wellKnown.js';
import type { CompletionCounts } from './params/completion.js';
import { createReverseProxy, type ReverseProxy } from './proxy.js';
import { forwardToReplica } from './replicas.js';
import { findRoute, isPlainPath } from './routing.js';
import { createTlsEdge, type TlsEdge } from './tls/edge.js';
import type { CertificateEvent } from './tls/keeper.js';
import type { LocalAuthority } from './tls/localAuthority.js';

/** Listeners to what a gateway does, and what else a carrier takes. */
export interface GatewayOptions extends CarrierOptions {
  /** Hears of every exchange, at its head and at its end. */
  readonly onExchange?: ExchangeListener | undefined;
  /** Is told what the owner has to know while requests are served. Default: standard error. */
  readonly onWarning?: Tell | undefined;
  /** Hears of a certificate that was replaced, or could not be, while the gateway served. */
  readonly onCertificate?: ((event: CertificateEvent) => void) | undefined;
}

/** A gateway that serves. */
export interface Gateway {
  /** Where it listens, without a path: `http://127.0.0.1:8808`. */
  readonly url: string;
  /** The authority that signed its certificate, with `tls: auto`. */
  readonly authority: LocalAuthority | undefined;
  /** How often `Mcp-Param-*` headers of tool calls were completed, and tools asked for to that end. */
  completions(): CompletionCounts;
  /** Where the admin listener is, if there is one: `http://127.0.0.1:9808`. */
  readonly adminUrl: string | undefined;
  /** Opens the audit's file anew, after it was moved, and reads the admin listener's token again. */
  reopen(): void;
  /**
   * Puts another configuration in place of the current one, at once and whole. Requests under way keep what they began
   * with; `listen`, `audit` and `metrics` cannot change. A gateway that closes takes nothing over.
   * @throws {GatewayConfigError} with every issue; the current configuration then stays.
   */
  reload(config: GatewayConfig): Promise<void>;
  /** Stops accepting, ends streams, lets other requests finish within a bound, then breaks off. */
  close(): Promise<void>;
}

/**
 * Starts a gateway.
 * @throws {GatewayConfigError} when the configuration is not valid, or when it cannot listen as configured.
 */
export async function startGateway(config: GatewayConfig, options: GatewayOptions = {}): Promise<Gateway> {
  const settings = readGatewayConfig(config);
  const edge = await createTlsEdge(settings, certificateListener(options));
  const server = createListener(settings.limits, edge.certificate);
  const check = ({ routes }: GatewaySettings) => loopIssues(routes, server.address() as AddressInfo);
  const live = createLiveService(
    settings,
    async (next) => [...check(next), ...(await edge.prepare(next))],
    ({ limits }) => {
      edge.replace();
      applyLimits(server, limits);
    },
  );
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
  const isUnambiguous = refuseUnreadable(server, exchanges, instruments.reject);
  server.on('request', createHandler(live, proxy, instruments, isUnambiguous));
  server.on('checkContinue', (request, response) => server.emit('request', request, response));

  let url: string;
  try {
    url = await listenOn(server, settings, 'listen', settings.tls === undefined ? 'http' : 'https');
    const issues = check(settings);
    if (issues.length > 0) throw new GatewayConfigError(issues);
    await instruments.start();
  } catch (error) {
    if (server.listening) await new Promise((resolve) => server.close(resolve));
    proxy.stop();
    await instruments.close();
    throw error;
  }
  edge.serve(server);

  let closing: Promise<void> | undefined;
  return {
    url,
    authority: edge.authority,
    completions: proxy.completions,
    adminUrl: instruments.adminUrl,
    reopen: instruments.reopen,
    reload: (next) => live.reload(next),
    close() {
      closing ??= closeGateway({ server, exchanges, proxy, live, instruments, edge });
      return closing;
    },
  };
}

/** Decides about each request, answers what is refused or leads nowhere, and forwards the rest. */
function createHandler(
  live: LiveService,
  proxy: ReverseProxy,
  instruments: Instruments,
  isUnambiguous: (request: IncomingMessage) => boolean,
): (request: IncomingMessage, response: ServerResponse) => void {
  const { carrier, follow } = instruments;
  const admissionsOf = createAdmissions(carrier, live.current.settings);
  return (request, response) => {
    if (!isUnambiguous(request)) return;
    const service = live.current; // for the whole request: a reload may come at any moment
    const target = request.url ?? '/';
    const { provenanceOf, routes, rewritesOauth } = service.settings;
    const provenance = provenanceOf(request);
    const head = readRequestHead(request, target, provenance.scheme);
    const metadata = rewritesOauth ? findMetadataRoute(routes, target) : undefined;
    const route = metadata?.route ?? findRoute(routes, head.path);
    const policy = route?.policy ?? service.settings.policy;
    const settle = (admission: Admission): void => {
      const { decision, sealId, requestId } = admission;
      const record = follow?.({ request, response, head, target, admission, route: route?.path });
      if (decision.status !== undefined) {
        applyDecision(decision, response);
      } else if (request.httpVersionMajor === 2 && isLargeHead(request, service.settings.limits)) {
        answer(response, decision, 'head-too-large');
      } else if (!isPlainPath(head.path)) {
        answer(response, decision, 'path-not-plain');
      } else if (route === undefined) {
        answer(response, decision, 'no-route');
      } else {
        if (admission.sessionId !== undefined || admission.target !== undefined) {
          rewriteRequest(request, { ...admission, requestId: undefined });
        }
        if (sealId !== undefined) applyDecision(decision, response, sealId);
        const passage = {
          request,
          response,
          head,
          decision,
          provenance,
          route,
          metadata,
          service,
          record,
          requestId,
        };
        if (route.replicas === undefined) proxy.forward(passage);
        else forwardToReplica(passage, route.replicas, proxy);
      }
    };
    const given = request.headers['x-request-id'];
    const admitted = admissionsOf(service.settings)(policy, {
      head,
      target,
      address: provenance.address,
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
  readonly edge: TlsEdge;
}

/** What happens to exchanges that are still under way when a part of the time for them has gone. */
const DRAIN: readonly (readonly [part: number, step: (parts: Closing) => void])[] = [
  [0.7, ({ proxy }) => proxy.endStreams('all')],
  [0.9, ({ proxy }) => proxy.cutStreams()],
  [1, ({ exchanges }) => exchanges.breakOff()],
];

async function closeGateway(parts: Closing): Promise<void> {
  const { server, exchanges, proxy, live, instruments, edge } = parts;
  live.freeze();
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
  proxy.stop();
  edge.stop();
  // Responses hear of their connections' end some turns after the server does; until then they would be answered for.
  for (let turn = 0; turn < 10 && exchanges.requests() > 0; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  await live.destroy();
  await instruments.close();
}

/** Tells of a certificate that could not be replaced, where nobody listens. */
function certificateListener({
  onCertificate,
  onWarning = tellStandardError,
}: GatewayOptions): (event: CertificateEvent) => void {
  if (onCertificate !== undefined) return guardListener('onCertificate', onCertificate, onWarning);
  return (event) => {
    if (event.outcome === 'replaced') return;
    for (const { message, remedy } of event.issues) onWarning(`certificate kept: ${message}. ${remedy}`);
  };
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

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestHead } from 'mcp-cors';
import type { Admission, CarrierOptions, DecisionEvent } from 'mcp-cors/carrier';
import type { GatewaySettings } from './config/config.js';
import { GatewayConfigError } from './errors.js';
import { createJournal, type ExchangeListener, type ExchangeRecord } from './journal.js';
import { createReport, guardListener, type Tell } from './listeners.js';
import type { AdminListener } from './metrics/admin.js';
import { type AccountListener, observe, type Rejection } from './observation.js';
import type { CompletionCounts } from './params/completion.js';

/** A request with its admission. */
export interface Admitted {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly head: RequestHead;
  /** The request target as it came. */
  readonly target: string;
  readonly admission: Admission;
  /** The path of its route. */
  readonly route: string | undefined;
}

/** What watches a gateway: audit, metrics, and the listeners of whoever started it. */
export interface Instruments {
  /** What admissions are made with, besides limits. */
  readonly carrier: CarrierOptions;
  /** Follows a request; undefined when nobody watches. */
  readonly follow: ((admitted: Admitted) => ExchangeRecord | undefined) | undefined;
  /** Hears of what was no HTTP request. */
  reject(rejection: Rejection): void;
  /** Starts what listens. To be called when the gateway serves. */
  start(): Promise<void>;
  /** Where the admin listener is. */
  readonly adminUrl: string | undefined;
  /** Opens the audit's file anew and reads the admin listener's token again. */
  reopen(): void;
  /** Says from now on that the gateway is not ready. */
  drain(): void;
  /** Writes and ends everything. To be called when the last request has ended. */
  close(): Promise<void>;
}

/** What instruments are made with. */
export interface InstrumentsSources {
  readonly options: CarrierOptions & { readonly onExchange?: ExchangeListener | undefined };
  readonly tell: Tell;
  /** The settings that hold now. */
  readonly settings: () => GatewaySettings;
  readonly connections: () => number;
  readonly openRequests: () => number;
  readonly openStreams: () => number;
  readonly completions: () => CompletionCounts;
}

/** Makes what a gateway is watched with. What is not asked for is not even loaded, and costs nothing for a request. */
export async function createInstruments(sources: InstrumentsSources): Promise<Instruments> {
  const { options, tell, settings } = sources;
  const { audit: auditSettings, metrics: metricsSettings } = settings();
  const audit = auditSettings && (await import('./audit/audit.js')).createAudit(auditSettings, tell);
  const metrics =
    metricsSettings &&
    (await import('./metrics/metrics.js')).createMetrics({
      ...sources,
      lostAuditLines: () => audit?.lost ?? 0,
    });
  const watchers = [audit, metrics].filter((watcher) => watcher !== undefined);
  const accounts: readonly AccountListener[] = watchers.map(({ record }) => record);
  const onExchange = options.onExchange && guardListener('onExchange', options.onExchange, tell);
  const journal = onExchange && createJournal(onExchange);
  let draining = false;
  let admin: AdminListener | undefined;

  function follow({ request, response, head, target, admission, route }: Admitted) {
    const record = journal?.follow(request, response, head, admission.decision);
    const event = admission.announce?.();
    if (event === undefined || accounts.length === 0) return record;
    return observe({ request, response, event, target, route, record }, accounts);
  }

  const onDecision =
    options.onDecision === undefined
      ? accounts.length === 0
        ? undefined
        : createFailureListener(tell)
      : guardListener('onDecision', options.onDecision, tell);

  return {
    carrier: { ...options, onDecision, requestId: options.requestId ?? true },
    follow: journal === undefined && onDecision === undefined ? undefined : follow,
    reject(rejection) {
      for (const watcher of watchers) watcher.recordRejection(rejection);
    },
    async start() {
      if (metrics === undefined || metricsSettings === undefined) return;
      const upstreams = () =>
        settings().routes.map(({ upstream, replicas }) =>
          replicas === undefined ? [upstream] : replicas.map(({ route }) => route.upstream),
        );
      const { startAdminListener } = await import('./metrics/admin.js');
      const { createReachability } = await import('./metrics/readiness.js');
      admin = await startAdminListener(metricsSettings, {
        metrics,
        draining: () => draining,
        unreachable: metricsSettings.checkUpstreams ? createReachability(upstreams) : undefined,
      });
    },
    get adminUrl() {
      return admin?.url;
    },
    reopen() {
      audit?.reopen();
      try {
        admin?.readToken();
      } catch (error) {
        if (!(error instanceof GatewayConfigError)) throw error;
        const [issue] = error.issues;
        tell(`the token of the admin listener stays as it was: ${issue?.message}. ${issue?.remedy}`);
      }
    },
    drain() {
      draining = true;
    },
    async close() {
      await Promise.all([audit?.close(), admin?.close()]);
    },
  };
}

/** Says what no listener of the owner's would hear: that a limiter fails. */
function createFailureListener(tell: Tell): (event: DecisionEvent) => void {
  const report = createReport(tell);
  return ({ limiterError }) => {
    if (limiterError !== undefined) report(`requests cannot be counted: ${limiterError.message}`);
  };
}

import { readFileSync } from 'node:fs';
import type { Policy } from 'mcp-cors';
import type { DecisionEvent } from 'mcp-cors/carrier';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Account, Rejection } from '../observation.js';
import type { CompletionCounts } from '../params/completion.js';

/** Figures for Prometheus. */
export interface Metrics {
  record(account: Account): void;
  recordRejection(rejection: Rejection): void;
  /** All figures in Prometheus' text format. */
  expose(): Promise<string>;
  readonly contentType: string;
}

/** What is looked up when it is asked for. */
export interface MetricsSources {
  readonly connections: () => number;
  readonly openStreams: () => number;
  readonly openRequests: () => number;
  readonly lostAuditLines: () => number;
  readonly completions: () => CompletionCounts;
}

/** Patterns of a policy that are told apart; a label's values must be few. */
const MOST_PATTERNS = 100;
const METHODS: ReadonlySet<string> = new Set(['GET', 'POST', 'DELETE', 'OPTIONS']);

const GATEWAY_BUCKETS = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];
const UPSTREAM_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

/**
 * Makes a registry of its own. The process's figures are prom-client's; they go on until the process ends.
 * @see https://prometheus.io/docs/practices/naming/
 */
export function createMetrics(sources: MetricsSources): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const patternOf = createPatternLabels();

  const requests = new Counter({
    name: 'mcp_cors_requests_total',
    help: 'Requests by what was decided and answered; event streams count when they begin.',
    labelNames: ['route', 'method', 'outcome', 'reason', 'status'],
    registers,
  });
  const origins = new Counter({
    name: 'mcp_cors_origin_requests_total',
    help: 'Requests by the place, in the list of their policy, of the pattern that admitted their origin.',
    labelNames: ['route', 'origin', 'outcome'],
    registers,
  });
  const answers = new Counter({
    name: 'mcp_cors_gateway_answers_total',
    help: 'Requests that the policy let in and the gateway answered in place of the upstream.',
    labelNames: ['route', 'answer'],
    registers,
  });
  const rejections = new Counter({
    name: 'mcp_cors_rejections_total',
    help: 'Messages that were no HTTP request.',
    labelNames: ['status'],
    registers,
  });
  const limiterErrors = new Counter({
    name: 'mcp_cors_limiter_errors_total',
    help: 'Requests that a limiter could not count.',
    registers,
  });
  const gatewaySeconds = new Histogram({
    name: 'mcp_cors_gateway_duration_seconds',
    help: 'From the arrival of a request until it was handed to the upstream or answered here.',
    labelNames: ['outcome'],
    buckets: GATEWAY_BUCKETS,
    registers,
  });
  const upstreamSeconds = new Histogram({
    name: 'mcp_cors_upstream_head_duration_seconds',
    help: 'From there to the head of the answer of the upstream.',
    labelNames: ['route'],
    buckets: UPSTREAM_BUCKETS,
    registers,
  });
  const gauges: readonly (readonly [name: string, help: string, read: () => number])[] = [
    ['mcp_cors_connections', 'Connections of clients that are open.', sources.connections],
    ['mcp_cors_open_streams', 'Event streams that are open.', sources.openStreams],
    [
      'mcp_cors_open_requests',
      'Requests that are not answered whole, streams included.',
      sources.openRequests,
    ],
  ];
  for (const [name, help, read] of gauges) {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  }
  const counted: readonly (readonly [name: string, help: string, read: () => number])[] = [
    ['mcp_cors_audit_lost_lines_total', 'Lines of the audit that could not be kept.', sources.lostAuditLines],
    [
      'mcp_cors_completed_calls_total',
      'Tool calls of pages that were sent with Mcp-Param headers added.',
      () => sources.completions().completed,
    ],
    [
      'mcp_cors_tool_inquiries_total',
      'Times that an upstream was asked for its tools, to know their headers.',
      () => sources.completions().asked,
    ],
  ];
  for (const [name, help, read] of counted) {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }
  new Gauge({
    name: 'mcp_cors_build_info',
    help: 'Always 1; the labels say what runs.',
    labelNames: ['version', 'node'],
    registers,
  }).set({ version: ownVersion(), node: process.versions.node }, 1);
  collectDefaultMetrics({ register: registry });

  return {
    contentType: registry.contentType,
    expose: () => registry.metrics(),
    record({ event, route = 'none', status, answer, gatewayMs, upstreamMs }) {
      const outcome = event.wouldDeny === undefined ? event.outcome : 'would-deny';
      requests.inc({
        route,
        method: METHODS.has(event.method) ? event.method : 'other',
        outcome,
        reason: event.wouldDeny ?? event.reason,
        status: status === 0 ? 'none' : `${Math.trunc(status / 100)}xx`,
      });
      origins.inc({ route, origin: patternOf(event), outcome });
      if (answer !== undefined) answers.inc({ route, answer });
      if (event.limiterError !== undefined) limiterErrors.inc();
      gatewaySeconds.observe({ outcome }, gatewayMs / 1_000);
      if (upstreamMs !== undefined) upstreamSeconds.observe({ route }, upstreamMs / 1_000);
    },
    recordRejection({ status }) {
      rejections.inc({ status });
    },
  };
}

/**
 * What stands for an origin in a label: the place of the pattern that admitted it, counted from 0, which the owner can look
 * up; never what a client wrote.
 */
function createPatternLabels(): (event: DecisionEvent) => string {
  const places = new WeakMap<Policy['settings'], ReadonlyMap<string, string>>();
  return ({ rule, origin, policy: { settings }, decision }) => {
    if (rule === undefined) {
      if (origin === undefined) return 'none';
      return decision.reason === 'same-origin' ? 'self' : 'unknown';
    }
    let labels = places.get(settings);
    if (labels === undefined) {
      const first = settings.origins.slice(0, MOST_PATTERNS);
      labels = new Map(first.map(({ text }, i) => [text, String(i)]));
      places.set(settings, labels);
    }
    return labels.get(rule) ?? (settings.origins.length > MOST_PATTERNS ? 'other' : 'directory');
  };
}

function ownVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

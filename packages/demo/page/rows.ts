import type { DemoExchange, Via } from '../src/exchange.js';
import { explainBlock, explainPreflight } from './reason.js';
import type { FetchRecord } from './tap.js';

/** A line of the picture: a preflight, or a request of the page. */
export interface Row {
  readonly key: string;
  readonly method: string;
  readonly path: string;
  readonly message: string | undefined;
  readonly type: 'preflight' | 'POST' | 'stream' | 'DELETE' | 'GET';
  readonly state: 'ok' | 'blocked' | 'pending';
  readonly status: number | undefined;
  readonly reason: string;
  /** mcp-cors refused it; otherwise a blocked row is the browser's doing alone. */
  readonly refused: boolean;
  readonly startedAt: number;
  readonly endedAt: number | undefined;
  /** When server-sent events arrived. */
  readonly events: readonly number[];
  /** The preflight was not needed again: the browser remembered the last answer. */
  readonly fromCache: boolean;
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly responseHeaders: Readonly<Record<string, string>>;
  readonly readable: Readonly<Record<string, string>>;
  /** Whether the headers were recorded on the wire; otherwise they are what the page could read. */
  readonly recorded: boolean;
}

/** The page's clock and the recorder's are the same clock, read in whole milliseconds by one of them. */
const CLOCK_SLACK_MS = 3;

/** Merges what the page saw with what was recorded on the way. */
export function createRows(
  fetches: readonly FetchRecord[],
  exchanges: Iterable<DemoExchange>,
  via: Via,
  origin: string,
): Row[] {
  const unmatched = new Set([...exchanges].filter((exchange) => exchange.via === via));
  const take = (test: (exchange: DemoExchange) => boolean) => {
    for (const exchange of unmatched) {
      if (!test(exchange)) continue;
      unmatched.delete(exchange);
      return exchange;
    }
    return undefined;
  };

  return fetches.flatMap((fetch) => {
    const from = fetch.startedAt - CLOCK_SLACK_MS;
    const until = (fetch.headAt ?? fetch.endedAt ?? Number.POSITIVE_INFINITY) + CLOCK_SLACK_MS;
    const inTime = ({ path, startedAt }: DemoExchange) =>
      path === fetch.path && startedAt >= from && startedAt <= until;
    const preflight = take(
      (exchange) =>
        exchange.preflight &&
        inTime(exchange) &&
        exchange.requestHeaders['access-control-request-method'] === fetch.method,
    );
    const actual = take(
      (exchange) => !exchange.preflight && inTime(exchange) && exchange.method === fetch.method,
    );
    const rows: Row[] = [];
    if (preflight) rows.push(preflightRow(fetch, preflight, origin));
    rows.push(requestRow(fetch, preflight, actual, origin));
    return rows;
  });
}

function preflightRow(fetch: FetchRecord, preflight: DemoExchange, origin: string): Row {
  const problem = explainPreflight(preflight, fetch, origin);
  return {
    key: `${fetch.id}-preflight`,
    method: 'OPTIONS',
    path: fetch.path,
    message: `before ${fetch.method}`,
    type: 'preflight',
    state: problem === undefined ? 'ok' : 'blocked',
    status: preflight.status,
    reason: problem ?? '',
    refused: preflight.verdict === 'deny',
    startedAt: preflight.startedAt,
    endedAt: preflight.startedAt + preflight.durationMs,
    events: [],
    fromCache: false,
    requestHeaders: preflight.requestHeaders,
    responseHeaders: preflight.responseHeaders,
    readable: {},
    recorded: true,
  };
}

function requestRow(
  fetch: FetchRecord,
  preflight: DemoExchange | undefined,
  actual: DemoExchange | undefined,
  origin: string,
): Row {
  const responseHeaders = { ...fetch.readable, ...actual?.responseHeaders };
  const isStream = responseHeaders['content-type']?.startsWith('text/event-stream') === true;
  const blocked = fetch.error !== undefined;
  return {
    key: `${fetch.id}`,
    method: fetch.method,
    path: fetch.path,
    message: fetch.message,
    type: isStream ? 'stream' : fetch.method === 'DELETE' || fetch.method === 'POST' ? fetch.method : 'GET',
    state: blocked ? 'blocked' : fetch.status === undefined && !fetch.aborted ? 'pending' : 'ok',
    status: blocked ? undefined : fetch.status,
    reason: blocked ? explainBlock(fetch, preflight, actual, origin) : '',
    refused: actual?.verdict === 'deny',
    startedAt: fetch.startedAt,
    endedAt: fetch.endedAt,
    events: fetch.events,
    fromCache: !blocked && actual !== undefined && preflight === undefined && needsPreflight(fetch),
    requestHeaders: actual?.requestHeaders ?? fetch.requestHeaders,
    responseHeaders,
    readable: fetch.readable,
    recorded: actual !== undefined,
  };
}

/** Enough for what MCP clients send; the whole rule is https://fetch.spec.whatwg.org/#cors-unsafe-request-header-names */
function needsPreflight({ method, requestHeaders }: FetchRecord): boolean {
  if (method !== 'GET' && method !== 'POST') return true;
  return Object.keys(requestHeaders).some((name) => name !== 'accept');
}

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { LOOPBACK_HOSTS } from 'mcp-cors';
import { isLoopbackListen } from '../config/listen.js';
import type { MetricsSettings } from '../config/metrics.js';
import { listenOn } from '../listening.js';
import type { Metrics } from './metrics.js';
import { createTokenCheck } from './token.js';

/** The listener for those who run the gateway. */
export interface AdminListener {
  /** Where it listens: `http://127.0.0.1:9808`. */
  readonly url: string;
  /** Reads the token again. A token that cannot be read leaves the one before. */
  readToken(): void;
  close(): Promise<void>;
}

/** What the listener tells. */
export interface AdminSources {
  readonly metrics: Metrics;
  readonly draining: () => boolean;
  /** Upstreams that cannot be reached; undefined where that is not to be asked. */
  readonly unreachable: (() => Promise<readonly string[]>) | undefined;
}

/** For a scraper or a probe, which sends a head and reads a few kilobytes. */
const TIMEOUT_MS = 10_000;
const MOST_CONNECTIONS = 64;

interface AdminAnswer {
  readonly status: number;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const HEADERS = {
  'Content-Type': 'text/plain; charset=utf-8',
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Content-Security-Policy': "default-src 'none'",
};

/**
 * Starts the admin listener. It answers programs alone: no page, of whatever origin, reads anything here.
 * @throws {GatewayConfigError} when it cannot listen, or has no token where it needs one.
 */
export async function startAdminListener(
  settings: MetricsSettings,
  sources: AdminSources,
): Promise<AdminListener> {
  let hasToken = createTokenCheck(settings.token);
  const knowsHost = createHostCheck(settings);

  async function answerTo(request: IncomingMessage): Promise<AdminAnswer> {
    const { headers, method } = request;
    if (!knowsHost(headers.host)) return { status: 421, text: 'this host is not served here' };
    if (isFromPage(request)) return { status: 403, text: 'pages are not served here' };
    const path = (request.url ?? '').split('?', 1)[0];
    if (path !== '/metrics' && path !== '/healthz' && path !== '/readyz') {
      return { status: 404, text: 'use /metrics, /healthz or /readyz' };
    }
    if (method !== 'GET' && method !== 'HEAD') {
      return { status: 405, text: 'use GET', headers: { Allow: 'GET, HEAD' } };
    }
    if (path === '/healthz') return { status: 200, text: 'serving' };
    const trusted = hasToken(headers.authorization);
    if (path === '/readyz') return readiness(sources, trusted);
    if (!trusted) {
      return { status: 401, text: 'a token is needed', headers: { 'WWW-Authenticate': 'Bearer' } };
    }
    const { metrics } = sources;
    return { status: 200, text: await metrics.expose(), headers: { 'Content-Type': metrics.contentType } };
  }

  const server = createServer(
    { headersTimeout: TIMEOUT_MS, requestTimeout: TIMEOUT_MS, maxHeaderSize: 8_192 },
    (request, response) => {
      request.resume();
      answerTo(request).then(
        (answer) => send(response, answer),
        () => send(response, { status: 500, text: 'the figures cannot be read' }),
      );
    },
  );
  server.maxConnections = MOST_CONNECTIONS;
  const url = await listenOn(server, settings, 'metrics.listen');
  server.unref(); // it is the gateway that keeps the process alive

  return {
    url,
    readToken() {
      hasToken = createTokenCheck(settings.token);
    },
    close: () => closeServer(server),
  };
}

async function readiness({ draining, unreachable }: AdminSources, trusted: boolean): Promise<AdminAnswer> {
  if (draining()) return { status: 503, text: 'draining' };
  const missing = (await unreachable?.()) ?? [];
  if (missing.length === 0) return { status: 200, text: 'ready' };
  const named = trusted ? `: ${missing.join(', ')}` : '';
  return { status: 503, text: `upstreams cannot be reached${named}` };
}

/**
 * Against DNS rebinding: a page's request has the page's own name in Host. An address cannot be rebound, so any will do,
 * but on loopback no address of elsewhere leads here.
 */
function createHostCheck({ host, hosts }: MetricsSettings): (given: string | undefined) => boolean {
  const loopback = isLoopbackListen(host);
  return (given) => {
    const match = /^(\[[0-9a-f:.]+\]|[^\s:[\]]+)(?::[0-9]{1,5})?$/i.exec(given ?? '');
    const name = match?.[1]?.toLowerCase().replace(/^\[|\]$/g, '');
    if (name === undefined) return false;
    if (hosts.includes(name)) return true;
    if (loopback) return isLoopbackListen(name) || LOOPBACK_HOSTS.includes(name);
    return isIP(name) !== 0;
  };
}

/** Whether a browser sent a request for a page; `Sec-Fetch-Site: none` is somebody who typed the address. */
function isFromPage({ headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site'];
  return headers.origin !== undefined || (site !== undefined && site !== 'none');
}

function send(response: ServerResponse, { status, text, headers }: AdminAnswer): void {
  const body = text.endsWith('\n') ? text : `${text}\n`;
  response.writeHead(status, { ...HEADERS, ...headers, 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

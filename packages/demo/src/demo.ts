import { startGateway } from '@mcp-cors/gateway';
import type { DemoDescription, PageRole, Target } from './description.js';
import { createFeed } from './feed.js';
import { type Listening, listen } from './listening.js';
import { createMcpServer, MCP_PATH, SSE_PATH } from './mcpServer.js';
import { createPages } from './pages.js';
import { recordExchanges } from './recorder.js';

export interface DemoOptions {
  /** The URL of an MCP server to put the gateway in front of, instead of the demo's own server. */
  readonly upstream?: string | undefined;
  /** Ends the demo when aborted. */
  readonly signal?: AbortSignal | undefined;
  /** The address to listen at; 127.0.0.1 unless told. */
  readonly host?: string | undefined;
  /** Ports; 0, the default, takes a free one. */
  readonly pagePort?: number | undefined;
  readonly foreignPort?: number | undefined;
  readonly gatewayPort?: number | undefined;
  readonly serverPort?: number | undefined;
}

export interface Demo {
  readonly urls: {
    readonly page: string;
    readonly foreignPage: string;
    readonly gateway: string;
    readonly server: string;
  };
  /** What runs where, as lines for a terminal. */
  describe(): string;
  /** Ends everything, open streams included. */
  close(): Promise<void>;
}

/** Starts a real MCP server, a gateway in front of it, and the page on an allowed and on a foreign origin. */
export async function startDemo(options: DemoOptions = {}): Promise<Demo> {
  const host = options.host ?? '127.0.0.1';
  const feed = createFeed();
  const closers: (() => Promise<void>)[] = [];
  const closing = { started: undefined as Promise<void> | undefined };
  const close = () => {
    closing.started ??= (async () => {
      // The gateway first, so that its clients see their streams end rather than break.
      for (const closeOne of closers.reverse()) await closeOne();
    })();
    return closing.started;
  };

  try {
    options.signal?.throwIfAborted();
    const direct = options.upstream === undefined ? await startServer() : targetOf(options.upstream);

    const described: { value?: Omit<DemoDescription, 'role'> } = {};
    const allowedPage = await startPage('allowed', options.pagePort);
    const foreignPage = await startPage('foreign', options.foreignPort);

    const gateway = await startGateway(
      {
        listen: `${host}:${options.gatewayPort ?? 0}`,
        policy: { origins: [allowedPage.origin], ...(isLoopback(host) ? {} : { hosts: [host] }) },
        routes: [{ path: '/', upstream: direct.origin }],
      },
      { onExchange: (exchange) => feed.publish({ ...exchange, via: 'gateway' }) },
    );
    closers.push(() => gateway.close());

    const gatewayOrigin = new URL(gateway.url).origin;
    const throughGateway: Target = {
      origin: gatewayOrigin,
      mcp: direct.mcp.replace(direct.origin, gatewayOrigin),
      sse: direct.sse.replace(direct.origin, gatewayOrigin),
    };
    described.value = {
      allowedOrigin: allowedPage.origin,
      foreignOrigin: foreignPage.origin,
      targets: { direct, gateway: throughGateway },
      ownServer: options.upstream === undefined,
    };
    options.signal?.throwIfAborted();
    options.signal?.addEventListener('abort', () => void close(), { once: true });

    const urls = {
      page: `${allowedPage.origin}/`,
      foreignPage: `${foreignPage.origin}/`,
      gateway: throughGateway.mcp,
      server: direct.mcp,
    };
    return { urls, describe: () => describeUrls(urls, options.upstream !== undefined), close };

    async function startPage(role: PageRole, port = 0): Promise<Listening> {
      const pages = createPages(() => {
        if (!described.value) throw new Error('The demo is still starting.');
        return { role, ...described.value };
      }, feed);
      const listening = await listen(pages, host, port);
      closers.push(() => listening.close());
      return listening;
    }
  } catch (error) {
    await close();
    throw error;
  }

  async function startServer(): Promise<Target> {
    const app = createMcpServer({
      onRequest: ({ method = '', url = '' }) =>
        feed.arrive({ at: Date.now(), method, path: new URL(url, 'http://localhost').pathname }),
    });
    const listener = recordExchanges(app.listener, (exchange) =>
      feed.publish({ ...exchange, via: 'direct' }),
    );
    const listening = await listen(listener, host, options.serverPort ?? 0);
    closers.push(async () => {
      await app.close();
      await listening.close();
    });
    return { origin: listening.origin, mcp: listening.origin + MCP_PATH, sse: listening.origin + SSE_PATH };
  }
}

/** A server that is not the demo's own: its HTTP+SSE stream is taken to be at `/sse` beside its endpoint. */
function targetOf(upstream: string): Target {
  const { origin, pathname, search, protocol } = new URL(upstream);
  if (protocol !== 'http:' && protocol !== 'https:')
    throw new TypeError(`The upstream must be http or https: ${upstream}`);
  const mcp = origin + pathname + search;
  return { origin, mcp, sse: pathname.endsWith(SSE_PATH) ? mcp : new URL(`.${SSE_PATH}`, mcp).href };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

function describeUrls(urls: Demo['urls'], isUpstream: boolean): string {
  return [
    `allowed page   ${urls.page}   <- open this one`,
    `foreign page   ${urls.foreignPage}   an origin that the policy does not name`,
    `gateway        ${urls.gateway}   mcp-cors in front of the server`,
    `server         ${urls.server}   ${isUpstream ? 'yours' : 'the official SDK, every revision, no CORS'}`,
  ].join('\n');
}

import { createMcpServer, listen } from '@mcp-cors/demo';
import { createMcpExpressApp } from '@modelcontextprotocol/sdk/server/express.js';
import { addServers } from '../../carriers/sdkV1.js';
import { startEverything } from '../../fixtures/servers/everything.js';
import { startFastApi } from '../../fixtures/servers/fastapi.js';
import { startMcpProxy } from '../../fixtures/servers/mcpProxy.js';
import { startSupergateway } from '../../fixtures/servers/supergateway.js';
import { startPlain } from './plain.js';

/** A server that runs. */
export interface Served {
  readonly origin: string;
  close(): Promise<void>;
}

/** A way in which the official client reaches a server. */
export interface Way {
  readonly path: string;
  readonly transport: 'streamable' | 'sse';
  readonly revision: '2024-11-05' | '2025-11-25' | '2026-07-28';
}

/** A call of a tool, and the text of its result. */
export interface Call {
  readonly name: string;
  readonly arguments: Record<string, unknown>;
  readonly text: string | RegExp;
}

/** A real server, the ways to it, and what it can be asked. */
export interface UpstreamCase {
  readonly start: () => Promise<Served>;
  readonly ways: readonly Way[];
  readonly call: Call;
  /** A call of which the client hears so many times while it runs. */
  readonly counting?: Call & { readonly steps: number };
}

const streamable = (revision: Way['revision'], path = '/mcp'): Way => ({
  path,
  transport: 'streamable',
  revision,
});
const sse = (path = '/sse'): Way => ({ path, transport: 'sse', revision: '2024-11-05' });

const ECHO: Call = { name: 'echo', arguments: { text: 'grüß 你好' }, text: 'grüß 你好' };
const COUNT = { name: 'count', arguments: { n: 3 }, text: '3', steps: 3 };
const EVERYTHING = {
  call: { name: 'echo', arguments: { message: 'grüß 你好' }, text: 'Echo: grüß 你好' },
  counting: {
    name: 'trigger-long-running-operation',
    arguments: { duration: 0.1, steps: 4 },
    text: /completed/,
    steps: 3, // the last is sent together with the result, and the client may be done by then
  },
};
const GREET: Call = { name: 'greet', arguments: { name: 'Ada' }, text: 'Good day, Ada' };

/** The servers that people put behind a gateway. */
export const UPSTREAMS: Readonly<Record<string, UpstreamCase>> = {
  'server-everything, Streamable HTTP': {
    start: () => startEverything('streamableHttp'),
    ways: [streamable('2025-11-25')],
    ...EVERYTHING,
  },
  'server-everything, HTTP+SSE': { start: () => startEverything('sse'), ways: [sse()], ...EVERYTHING },
  'the SDK of the first generation': {
    start: () => listen(addServers(createMcpExpressApp()), '127.0.0.1', 0),
    ways: [streamable('2025-11-25'), sse()],
    call: GREET,
  },
  'the SDK of the second generation': {
    async start() {
      const app = createMcpServer();
      const served = await listen(app.listener, '127.0.0.1', 0);
      return {
        origin: served.origin,
        close: async () => void (await Promise.all([app.close(), served.close()])),
      };
    },
    ways: [streamable('2025-11-25'), streamable('2026-07-28'), sse()],
    call: { name: 'echo', arguments: { message: 'grüß 你好' }, text: 'Echo: grüß 你好' },
    counting: { name: 'count', arguments: { n: 3, intervalMs: 10 }, text: 'Counted to 3.', steps: 3 },
  },
  'supergateway, Streamable HTTP with sessions': {
    start: () => startSupergateway('--outputTransport', 'streamableHttp', '--stateful'),
    ways: [streamable('2025-11-25')],
    call: ECHO,
    counting: COUNT,
  },
  'supergateway, Streamable HTTP without sessions': {
    start: () => startSupergateway('--outputTransport', 'streamableHttp'),
    ways: [streamable('2025-11-25')],
    call: ECHO,
    counting: COUNT,
  },
  'supergateway, HTTP+SSE': { start: () => startSupergateway(), ways: [sse()], call: ECHO, counting: COUNT },
  'mcp-proxy': {
    start: () => startMcpProxy(),
    ways: [streamable('2025-11-25'), streamable('2026-07-28'), sse()],
    call: ECHO,
    counting: COUNT,
  },
  'FastAPI under uvicorn': {
    start: () => startFastApi(),
    ways: [streamable('2025-11-25')],
    call: ECHO,
    counting: COUNT,
  },
  'a plain server that answers in small chunks': {
    start: () => startPlain('chunked'),
    ways: [streamable('2025-11-25')],
    call: ECHO,
    counting: COUNT,
  },
  'a plain server of HTTP/1.0': {
    start: () => startPlain('HTTP/1.0'),
    ways: [streamable('2025-11-25')],
    call: ECHO,
    counting: COUNT,
  },
};

import diagnostics from 'node:diagnostics_channel';
import { once } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { aWhile, begin, connectRaw, eventually, PAGE, send } from '../../../test/gateway/client.js';
import { startTestGateway } from '../../../test/gateway/gateway.js';
import { heapAfterCollection } from '../../../test/gateway/heap.js';
import { startUpstream } from '../../../test/gateway/upstream.js';

/** So that what a test does once and what it does for each exchange can be told apart. */
const EXCHANGES = 10;

/** Where the gateway's exchanges can be seen without holding on to them. */
function watchExchanges(url: string): readonly WeakRef<object>[] {
  const port = Number(new URL(url).port);
  const seen: WeakRef<object>[] = [];
  const see = (message: unknown): void => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
    if (request.socket.localPort === port) seen.push(new WeakRef(request), new WeakRef(response));
  };
  diagnostics.subscribe('http.server.request.start', see);
  onTestFinished(() => void diagnostics.unsubscribe('http.server.request.start', see));
  return seen;
}

const events: RequestListener = (_, response) =>
  void response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: 1\n\n');

/** Sends bytes, waits for an answer if there is to be one, and goes. */
async function sendAndLeave(url: string, text: string, answered: boolean): Promise<void> {
  const { socket, received } = await connectRaw(url, text);
  if (answered) await eventually(() => expect(received()).toMatch(/^HTTP\/1\.1 \d+/));
  else await aWhile(20);
  socket.destroy();
  if (!socket.closed) await once(socket, 'close');
}

const post = (length: number, path = '/mcp') =>
  `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: ${PAGE}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n{"a":`;

/** What can become of an exchange: how the server acts, and what the client does. */
const EXCHANGE_ENDS: Readonly<
  Record<string, { readonly server: RequestListener; readonly client: (url: string) => Promise<unknown> }>
> = {
  'that is answered': {
    server: (request, response) => void request.pipe(response),
    client: (url) => send(url, { body: '{}' }),
  },
  'that is answered before its body has come, whereupon the client goes': {
    server: (_, response) => void response.writeHead(413).end(),
    client: (url) => sendAndLeave(url, post(300_000), true),
  },
  'whose client goes in a body that flows': {
    server: (request) => void request.resume(),
    client: (url) => sendAndLeave(url, post(300_000), false),
  },
  'whose client goes in a body that is gathered': {
    server: () => {},
    client: (url) => sendAndLeave(url, post(300), false),
  },
  'whose client goes before the answer': {
    server: () => {},
    client: (url) => sendAndLeave(url, post(5), false),
  },
  'that nobody may make, with a body that never ends': {
    server: () => {},
    client: (url) => sendAndLeave(url, post(300_000).replace(PAGE, 'https://evil.example'), true),
  },
  'that leads nowhere, with a body that never ends': {
    server: () => {},
    client: (url) => sendAndLeave(url, post(300, '/MCP/../x'), true),
  },
  'whose stream the client leaves': {
    server: events,
    client: async (url) => {
      const request = begin(url, { method: 'GET', headers: [['Accept', 'text/event-stream']] });
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      await once(response, 'data');
      request.destroy();
      await once(request, 'close');
    },
  },
  'whose stream the server cuts': {
    server: (request, response) => {
      events(request, response);
      setTimeout(() => request.socket.resetAndDestroy(), 5);
    },
    client: (url) => send(url, { method: 'GET' }).catch(() => {}),
  },
  'that the server cuts': {
    server: (request) => void request.socket.resetAndDestroy(),
    client: (url) => send(url, { body: '{}' }),
  },
  'that the server redirects in a circle': {
    server: (request, response) => void response.writeHead(307, { Location: request.url ?? '/' }).end(),
    client: (url) => send(url, { body: '{}' }),
  },
};

describe('the gateway keeps nothing of an exchange', () => {
  it.each(Object.entries(EXCHANGE_ENDS))('%s', async (_, { server, client }) => {
    const upstream = await startUpstream(server);
    const gateway = await startTestGateway(upstream);
    const seen = watchExchanges(gateway.url);
    for (let i = 0; i < EXCHANGES; i++) await client(gateway.url);
    expect(seen).toHaveLength(2 * EXCHANGES);
    await eventually(() => {
      heapAfterCollection();
      expect(seen.filter((one) => one.deref() !== undefined)).toHaveLength(0);
    });
  });
});

it('the gateway keeps no configuration but the last', async () => {
  const upstream = await startUpstream((request, response) => void request.pipe(response));
  const gateway = await startTestGateway(upstream);
  const load = async (version: number): Promise<number> => {
    // So many that a configuration weighs more than all else that comes and goes in a heap.
    const origins = Array.from({ length: 20_000 }, (_, i) => `https://page${i}.v${version}.example`);
    await gateway.reload({
      listen: '127.0.0.1:0',
      policy: { origins },
      routes: [{ path: '/', upstream: upstream.url }],
    });
    expect((await send(gateway.url, { origin: origins[0] as string, body: '{}' })).status).toBe(200);
    return heapAfterCollection();
  };
  const before = heapAfterCollection();
  const withOne = await load(0);
  for (let version = 1; version < 12; version++) await load(version);
  expect(await load(12)).toBeLessThan(before + 3 * (withOne - before));
});

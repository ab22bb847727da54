import { once } from 'node:events';
import { createServer } from 'node:http';
import { createSecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { examine } from '../../packages/mcp-cors/src/doctor/index.js';
import { createTransport } from '../../packages/mcp-cors/src/doctor/transport.js';
import { createCertificate } from '../carriers/http2Certificate.js';
import { sharedChromium } from './inChromium.js';
import { behindLayer } from './servers/layer.js';
import { startFront } from './servers/start.js';

const PAGE = 'http://localhost:3000';

const browser = sharedChromium();

it('tells where Chromium differs', async () => {
  // No browser model foresees a server that treats browsers by their name.
  const server = await startFront((listener) => {
    const kind = behindLayer(listener, PAGE, {});
    return (request, response) =>
      /Chrome/.test(String(request.headers['user-agent']))
        ? listener(request, response)
        : kind(request, response);
  });
  onTestFinished(server.close);

  const { journeys } = await examine({
    target: server.url,
    origins: [PAGE],
    timeoutMs: 20_000,
    chromium: browser(),
  });

  const [first] = journeys[0]?.steps ?? [];
  expect(first).toMatchObject({
    corsError: null,
    chromium: { blocked: true, corsError: 'PreflightMissingAllowOriginHeader', agrees: false },
  });
});

/** Streams that were opened at a server, and the origin at which it answers. */
async function startStreams(
  secure: boolean,
): Promise<{ readonly origin: string; readonly opened: () => number }> {
  let opened = 0;
  const listener = (
    request: { url?: string },
    response: { writeHead(status: number, headers: object): void; write(text: string): void; end(): void },
  ): void => {
    const stream = request.url === '/stream';
    if (stream) opened += 1;
    response.writeHead(200, { 'Content-Type': stream ? 'text/event-stream' : 'text/html' });
    if (stream) response.write(': \n\n');
    else response.end();
  };
  const server = secure
    ? createSecureServer(createCertificate(), listener as never)
    : createServer(listener as never);
  const sockets = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { origin: `${secure ? 'https' : 'http'}://127.0.0.1:${port}`, opened: () => opened };
}

/** Opens seven streams as seven tabs would, and leaves the first when asked to. */
async function openSeven(origin: string): Promise<{ leaveOne(): Promise<void> }> {
  const context = await browser().newContext({ ignoreHTTPSErrors: true });
  onTestFinished(() => context.close());
  const tab = await context.newPage();
  await tab.goto(`${origin}/`);
  await tab.evaluate(() => {
    const first = new AbortController();
    Object.assign(globalThis, { leave: () => first.abort() });
    for (let i = 0; i < 7; i++) fetch('/stream', i === 0 ? { signal: first.signal } : {}).catch(() => {});
  });
  return { leaveOne: () => tab.evaluate(() => (globalThis as unknown as { leave(): void }).leave()) };
}

describe('six connections', () => {
  it('are all that Chromium opens over HTTP/1.1, so that the seventh stream waits', async () => {
    const { origin, opened } = await startStreams(false);
    const transport = createTransport();
    expect(await transport.protocolOf(origin)).toBe('http/1.1');
    const tabs = await openSeven(origin);
    await expect.poll(opened, { timeout: 20_000 }).toBe(6);
    // The seventh comes when one of the others has gone, and not before.
    await tabs.leaveOne();
    await expect.poll(opened, { timeout: 20_000 }).toBe(7);
  });

  it('are one over HTTP/2, which holds them all', async () => {
    const { origin, opened } = await startStreams(true);
    const transport = createTransport();
    expect(await transport.protocolOf(origin)).toBe('h2');
    await openSeven(origin);
    await expect.poll(opened, { timeout: 20_000 }).toBe(7);
  });
});

import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createMcpServer, type Listening, listen } from '@mcp-cors/demo';
import { startGateway } from '@mcp-cors/gateway';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import express from 'express';
import { mcpCors } from 'mcp-cors/express';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Chromium, startChromium } from './chromium.js';
import { createSessionPage, listAgain, openSession, type Transport, useSession } from './sessionPage.js';

const HOST = '127.0.0.1';
const SEALED_ID = /[\w-]{43}\.[0-9a-f-]{36}$/;
const sessions = { secret: 'a secret of at least 32 characters' };

let browser: Chromium;
let servePage: RequestListener;
let pages: readonly Listening[];
beforeAll(async () => {
  browser = await startChromium();
  servePage = await createSessionPage();
  pages = [await listen(servePage, HOST, 0), await listen(servePage, HOST, 0)];
});
afterAll(async () => {
  await browser.close();
  await Promise.all(pages.map((page) => page.close()));
});

const used: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of used.splice(0)) await close();
});
const origins = (): string[] => pages.map(({ origin }) => origin);

/** An MCP server for the pages, at `/mcp` and `/sse`, and how many sessions it has. */
interface Scene {
  readonly origin: string;
  open(): number;
}

async function startExpress(): Promise<Scene> {
  const server = createMcpServer();
  const legacy = createLegacyServer();
  const app = express();
  app.use(mcpCors({ origins: origins(), sessions }));
  app.get('/', servePage);
  app.use(legacy.app);
  app.use(server.listener);
  const { origin, close } = await listen(app, HOST, 0);
  used.push(() => server.close(), close);
  return { origin, open: () => server.sessions().streamable + legacy.open() };
}

async function startBehindGateway(): Promise<Scene> {
  const server = createMcpServer();
  const upstream = await listen(server.listener, HOST, 0);
  const gateway = await startGateway({
    listen: `${HOST}:0`,
    policy: { origins: origins(), sessions },
    routes: [{ path: '/', upstream: upstream.origin }],
  });
  used.push(
    () => server.close(),
    () => gateway.close(),
    () => upstream.close(),
  );
  return { origin: gateway.url, open: () => server.sessions().streamable + server.sessions().sse };
}

/** HTTP+SSE as servers on version 1 of the SDK have it. */
function createLegacyServer() {
  const transports = new Map<string, SSEServerTransport>();
  const app = express.Router();
  app.get('/sse', async (_, response) => {
    const transport = new SSEServerTransport('/messages', response);
    transports.set(transport.sessionId, transport);
    const server = new McpServer({ name: 'legacy', version: '1.0.0' });
    server.registerTool('hello', {}, () => ({ content: [{ type: 'text', text: 'Hello' }] }));
    response.on('close', () => {
      transports.delete(transport.sessionId);
      void server.close();
    });
    await server.connect(transport as Parameters<McpServer['connect']>[0]);
  });
  app.post('/messages', async (request, response) => {
    const transport = transports.get(String(request.query.sessionId));
    if (transport === undefined) response.status(404).end();
    else await transport.handlePostMessage(request, response);
  });
  return { app, open: () => transports.size };
}

const SCENES: Readonly<Record<string, () => Promise<Scene>>> = {
  'Express adapter': startExpress,
  gateway: startBehindGateway,
};
const PATHS: Readonly<Record<Transport, string>> = { streamable: '/mcp', sse: '/sse' };
const INITIALIZE = JSON.stringify({
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'native', version: '1' } },
});

/** Opens a session without Origin. */
async function openNatively(transport: Transport, url: string): Promise<string> {
  const breakOff = new AbortController();
  used.push(async () => breakOff.abort());
  const accept = 'application/json, text/event-stream';
  if (transport === 'streamable') {
    const headers = { 'Content-Type': 'application/json', Accept: accept };
    const response = await fetch(url, { method: 'POST', headers, body: INITIALIZE });
    await response.text();
    return response.headers.get('mcp-session-id') ?? '';
  }
  const response = await fetch(url, { headers: { Accept: accept }, signal: breakOff.signal });
  const first = await response.body?.getReader().read();
  const endpoint = /^data: (\S+)$/m.exec(Buffer.from(first?.value ?? []).toString())?.[1] ?? '';
  return new URL(endpoint, url).href;
}

/** Uses a session without Origin, and tells the status. */
async function useNatively(transport: Transport, url: string, session: string): Promise<number> {
  const { status, body } = await fetch(transport === 'sse' ? session : url, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      ...(transport === 'sse' ? {} : { 'Mcp-Session-Id': session, 'Mcp-Protocol-Version': '2025-11-25' }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
  });
  await body?.cancel();
  return status;
}

describe.each(Object.entries(SCENES))('sealed sessions through the %s', (_, start) => {
  it.each(['streamable', 'sse'] as const)('belong to the page that opened them: %s', async (transport) => {
    const scene = await start();
    const url = `${scene.origin}${PATHS[transport]}`;
    const [one, two] = [await browser.open(origins()[0] ?? ''), await browser.open(origins()[1] ?? '')];
    const ofOne = await openSession(one.page, transport, url);
    const ofTwo = await openSession(two.page, transport, url);
    const native = await openNatively(transport, url);
    expect(scene.open()).toBe(3);
    expect([ofOne.streams, ofTwo.streams]).toEqual([true, true]);
    for (const session of [ofOne.session, ofTwo.session, native]) expect(session).toMatch(SEALED_ID);
    expect(new Set([ofOne.session, ofTwo.session, native]).size).toBe(3);

    // The other page, in every way there is; its client says why, and opens a session of its own instead.
    for (const foreign of [
      ofOne.session,
      native,
      ofOne.session.replace(/[\w-]{43}\.([0-9a-f-]{36})$/, '$1'),
    ]) {
      const attempt = await useSession(two.page, transport, url, foreign);
      expect(new Set(attempt.statuses)).toEqual(new Set([404]));
      if (transport === 'streamable') {
        expect(attempt.statuses).toHaveLength(3);
        expect(attempt.error).toContain('Session not found');
      }
    }
    const again = await openSession(two.page, transport, url);
    expect(again.session).not.toBe(ofTwo.session);
    expect(again.tools).toEqual(ofOne.tools);

    expect(await useNatively(transport, url, ofOne.session)).toBe(404);
    expect(await useNatively(transport, url, native)).toBe(transport === 'sse' ? 202 : 200);
    expect(await listAgain(one.page)).toBe(ofOne.tools.length);
    expect([one.blocked, two.blocked]).toEqual([[], []]);
    expect(scene.open()).toBe(4);
    await Promise.all([one.page.context().close(), two.page.context().close()]);
  });
});

describe("the server's own page", () => {
  it.each(['streamable', 'sse'] as const)('has sessions of its own: %s', async (transport) => {
    const scene = await startExpress();
    const url = `${scene.origin}${PATHS[transport]}`;
    const [own, other] = [await browser.open(scene.origin), await browser.open(origins()[0] ?? '')];
    const ofOwn = await openSession(own.page, transport, url);
    const ofOther = await openSession(other.page, transport, url);
    expect([ofOwn.streams, ofOther.streams]).toEqual([true, true]);
    expect(await listAgain(own.page)).toBe(ofOwn.tools.length);
    expect(new Set((await useSession(own.page, transport, url, ofOther.session)).statuses)).toEqual(
      new Set([404]),
    );
    expect(new Set((await useSession(other.page, transport, url, ofOwn.session)).statuses)).toEqual(
      new Set([404]),
    );
    expect(await useNatively(transport, url, ofOwn.session)).toBe(404);
  });

  describe('over plain HTTP, at a name that browsers do not trust', () => {
    let plain: Browser;
    beforeAll(async () => {
      plain = await chromium.launch({
        executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
        args: ['--no-sandbox', '--disable-gpu', '--host-resolver-rules=MAP mcp.test 127.0.0.1'],
      });
    });
    afterAll(() => plain.close());

    it.each(['streamable', 'sse'] as const)('has sessions too: %s', async (transport) => {
      const server = createMcpServer();
      const legacy = createLegacyServer();
      const app = express();
      const fetchSites = new Set<string | undefined>();
      app.use((request, _response, next) => {
        if (request.path !== '/') fetchSites.add(request.get('sec-fetch-site'));
        next();
      });
      app.use(mcpCors({ origins: origins(), hosts: 'mcp.test:*', sessions }));
      app.get('/', servePage);
      app.use(legacy.app);
      app.use(server.listener);
      const listening = createServer(app).listen(0, HOST);
      await new Promise((resolve) => listening.once('listening', resolve));
      used.push(
        () => server.close(),
        async () => {
          listening.closeAllConnections();
          listening.close();
        },
      );
      const origin = `http://mcp.test:${(listening.address() as AddressInfo).port}`;
      const page = await plain.newPage();
      await page.goto(origin);
      const channel = await openSession(page, transport, `${origin}${PATHS[transport]}`);
      expect(channel.streams).toBe(true);
      expect(channel.session).toMatch(SEALED_ID);
      expect(await listAgain(page)).toBe(channel.tools.length);
      // Without this word of the browser, its GETs look as a native client's do.
      expect([...fetchSites]).toEqual([undefined]);
      await page.close();
    });
  });
});

import type { RequestListener } from 'node:http';
import type { Page } from 'playwright-core';
import { createPage } from './bundle.js';

/** A transport of the official client. */
export type Transport = 'streamable' | 'sse';

/** A session that a page holds open. */
export interface Channel {
  /** As the page knows it: Mcp-Session-Id, or the address that it may POST to. */
  readonly session: string;
  readonly tools: readonly string[];
  /** Whether a stream from the server is open. */
  readonly streams: boolean;
}

/** What became of the session of somebody else. */
export interface Attempt {
  /** The statuses of all answers to requests in that session. */
  readonly statuses: readonly number[];
  readonly error: string | undefined;
}

const PROGRAM = `
  import { Client, SSEClientTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

  const legacy = { versionNegotiation: { mode: 'legacy' } };
  const older = { ...legacy, supportedProtocolVersions: ['2024-11-05'] };
  let client;

  function tap() {
    const seen = [];
    const fetchAndSee = async (url, init = {}) => {
      const response = await fetch(url, init);
      seen.push({ url: String(url), method: init.method ?? 'GET', status: response.status });
      return response;
    };
    return { seen, fetch: fetchAndSee };
  }

  globalThis.openSessionHere = async ({ transport, url }) => {
    const { seen, fetch } = tap();
    const way = transport === 'sse'
      ? new SSEClientTransport(new URL(url), { fetch })
      : new StreamableHTTPClientTransport(new URL(url), { fetch });
    client = new Client({ name: 'page', version: '1.0.0' }, transport === 'sse' ? older : legacy);
    await client.connect(way);
    const { tools } = await client.listTools();
    while (!seen.some(({ method }) => method === 'GET')) await new Promise((resolve) => setTimeout(resolve, 5));
    return {
      session: way.sessionId ?? seen.find(({ method }) => method === 'POST').url,
      tools: tools.map(({ name }) => name),
      streams: seen.some(({ method, status }) => method === 'GET' && status === 200),
    };
  };
  globalThis.listAgainHere = async () => (await client.listTools()).tools.length;
  globalThis.useSessionHere = async ({ transport, url, session }) => {
    const { seen, fetch } = tap();
    let error;
    if (transport === 'sse') {
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
      await fetch(session, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
    } else {
      const way = new StreamableHTTPClientTransport(new URL(url), { fetch, sessionId: session });
      const other = new Client({ name: 'page', version: '1.0.0' }, legacy);
      try {
        await other.connect(way);
        await other.ping();
      } catch (cause) {
        error = String(cause);
      }
      // The stream and the end of somebody else's session.
      const headers = { 'Mcp-Session-Id': session, Accept: 'text/event-stream' };
      await fetch(url, { headers });
      await fetch(url, { method: 'DELETE', headers });
    }
    return { statuses: seen.map(({ status }) => status), error };
  };
`;

declare global {
  var openSessionHere: (asked: { transport: Transport; url: string }) => Promise<Channel>;
  var listAgainHere: () => Promise<number>;
  var useSessionHere: (asked: { transport: Transport; url: string; session: string }) => Promise<Attempt>;
}

/** Serves a page that can open sessions with the official client, whatever is asked for. */
export function createSessionPage(): Promise<RequestListener> {
  return createPage(PROGRAM);
}

/** Opens a session in a page. */
export async function openSession(page: Page, transport: Transport, url: string): Promise<Channel> {
  await page.waitForFunction(() => 'openSessionHere' in globalThis);
  return page.evaluate((asked) => globalThis.openSessionHere(asked), { transport, url });
}

/** Has a page use a session in every way that the transport knows. */
export function useSession(page: Page, transport: Transport, url: string, session: string): Promise<Attempt> {
  return page.evaluate((asked) => globalThis.useSessionHere(asked), { transport, url, session });
}

/** How many tools the session that a page holds open has. */
export function listAgain(page: Page): Promise<number> {
  return page.evaluate(() => globalThis.listAgainHere());
}

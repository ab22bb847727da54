import { createMcpServer, type Listening, type McpServerApp, type McpServerHooks } from '@mcp-cors/demo';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { examine } from '../../packages/mcp-cors/src/doctor/index.js';
import { JOURNEY_IDS, walk } from '../browser/page.js';
import { createScene } from '../browser/scene.js';
import { serveClients } from '../doctor/journeys/clientPage.js';
import { createLatch } from '../fixtures/latch.js';
import { noticesLate, type Stage, stage } from './scene.js';

/** The official clients that a page can run, and where each connects. */
const CLIENTS = [
  ['official-2-legacy', '/mcp'],
  ['official-2-auto', '/mcp'],
  ['http-sse', '/sse'],
] as const;
const EVENTS = 3;

/** A quiet stream of a page that has gone stays open behind a target that notices late; nothing else does. */
async function expectNoSessions(target: string, app: McpServerApp, id: string): Promise<void> {
  const left = { streamable: 0, sse: id === 'http-sse' && noticesLate(target) ? 1 : 0 };
  await vi.waitFor(() => expect(app.sessions()).toEqual(left), 10_000);
}

/**
 * The journeys of real clients in a real Chromium, through the real server of a target, to the official SDK's server.
 * Of a target that refuses nothing (limit `foreign-requests-pass`) the doctor finds that, and clients of foreign pages
 * are not run.
 */
export function runProxyJourneys(target: string, found: readonly string[] = []): void {
  const scene = createScene();
  let clients: Listening;
  beforeAll(async () => {
    clients = await serveClients();
  });
  afterAll(() => clients?.close());

  /** The real MCP server behind the target, which admits one page. */
  const serve = async (page: string, hooks: McpServerHooks = {}): Promise<Stage & { app: McpServerApp }> => {
    const app = createMcpServer(hooks);
    onTestFinished(() => app.close());
    return { ...(await stage(target, app.listener, { origins: [page] })), app };
  };

  const runClient = async (page: string, id: (typeof CLIENTS)[number][0], address: string) => {
    const tab = await scene.open(page);
    await tab.page.waitForFunction(() => 'runClient' in globalThis);
    const error = await tab.page.evaluate(([client, url]) => globalThis.runClient(client, url), [
      id,
      address,
    ] as const);
    await tab.settled();
    await tab.page.close();
    return { error, blocked: tab.blocked };
  };

  describe(`${target}: in Chromium`, () => {
    test.each(CLIENTS)('%s connects, lists tools and ends its session', async (id, path) => {
      const { port, app } = await serve(clients.origin);
      const { error, blocked } = await runClient(clients.origin, id, `http://127.0.0.1:${port}${path}`);
      expect(error).toBe('');
      expect(blocked).toEqual([]);
      await expectNoSessions(target, app, id);
    });

    // The tool sends an event only after the page has reported the one before it.
    test.each(JOURNEY_IDS)('tools work under %s, and their progress arrives event by event', async (id) => {
      const order: string[] = [];
      const arrivals = Array.from({ length: EVENTS }, createLatch);
      const { port, app } = await serve(scene.allowed, {
        async beforeProgress(progress) {
          if (progress > 1) await arrivals[progress - 2]?.opened;
          order.push(`sent ${progress}`);
        },
        async beforeResult() {
          await arrivals[EVENTS - 1]?.opened;
        },
      });
      const tab = await scene.open(scene.allowed);
      const run = await walk(tab, {
        id,
        at: `http://127.0.0.1:${port}`,
        count: { n: EVENTS, intervalMs: 0 },
        onProgress(progress) {
          order.push(`arrived ${progress}`);
          arrivals[progress - 1]?.open();
        },
      });
      expect(run).toMatchObject({ outcome: 'works', tools: ['echo', 'count'] });
      expect(tab.blocked).toEqual([]);
      expect(order).toEqual([1, 2, 3].flatMap((n) => [`sent ${n}`, `arrived ${n}`]));
      await expectNoSessions(target, app, id);
    });
  });

  if (found.length === 0) {
    test.each(CLIENTS)(`${target}: %s of a foreign page is kept out`, async (id, path) => {
      const reached: string[] = [];
      const { port } = await serve(scene.allowed, {
        onRequest: ({ url = '' }) => void reached.push(url),
      });
      const { error, blocked } = await runClient(clients.origin, id, `http://127.0.0.1:${port}${path}`);
      expect(error).not.toBe('');
      expect(blocked.length).toBeGreaterThan(0);
      expect(reached).toEqual([]);
    });
  }

  test(`${target}: the doctor finds ${found.length === 0 ? 'nothing wrong' : 'what is lost'}, attacks included`, async () => {
    const page = 'https://app.example.com';
    const { port } = await serve(page);
    const report = await examine({
      target: `http://127.0.0.1:${port}/mcp`,
      origins: [page],
      timeoutMs: 10_000,
      attack: true,
    });
    const wrong = report.findings.filter(({ severity }) => severity !== 'info');
    expect(wrong.map(({ id }) => id)).toEqual(found);
    for (const { ok, outcome, steps } of report.journeys)
      expect(ok || outcome === 'not-offered', JSON.stringify(steps)).toBe(true);
    // A target that notices late that a client has gone keeps the doctor waiting.
  }, 240_000);
}

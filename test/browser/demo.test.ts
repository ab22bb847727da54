import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { createRequire } from 'node:module';
import { type Demo, listen, startDemo } from '@mcp-cors/demo';
import { afterEach, describe, expect, it } from 'vitest';
import type { Tab } from './chromium.js';
import { createScene } from './scene.js';

interface DemoResult {
  readonly role: string;
  readonly journeys: readonly {
    readonly id: string;
    readonly via: string;
    readonly outcome: string;
    readonly negotiated?: string;
    readonly sentence: string;
    readonly arrivals: readonly unknown[];
    readonly rows: readonly { readonly type: string; readonly status?: number; readonly state: string }[];
  }[];
}

const scene = createScene();

async function resultIn({ page }: Tab): Promise<DemoResult> {
  return (await page.evaluate('window.demoResult')) as DemoResult;
}

async function resultOf(url: string): Promise<{ tab: Tab; result: DemoResult; outcomes: string[] }> {
  const tab = await scene.open(url);
  await tab.page.waitForSelector('html[data-state="done"]');
  const result = await resultIn(tab);
  return { tab, result, outcomes: result.journeys.map(({ via, id, outcome }) => `${via} ${id} ${outcome}`) };
}

describe('the demo', () => {
  it('shows every journey blocked directly and working through the gateway', async () => {
    const demo = scene.use(await startDemo());

    const { tab, result, outcomes } = await resultOf(demo.urls.page);

    expect(outcomes).toEqual([
      'direct 2026-07-28 blocked',
      'gateway 2026-07-28 works',
      'direct 2025-11-25 blocked',
      'gateway 2025-11-25 works',
      'direct http-sse blocked',
      'gateway http-sse works',
    ]);
    const [direct, gateway] = result.journeys;
    expect(direct?.sentence).toContain('no Access-Control-Allow-Origin');
    expect(direct?.rows).toMatchObject([
      { type: 'preflight', state: 'blocked', status: 405 },
      { type: 'POST', state: 'blocked' },
    ]);
    expect(gateway?.rows[0]).toMatchObject({ type: 'preflight', state: 'ok', status: 204 });
    expect(tab.faults).toEqual([]);
  });

  it('runs again when asked', async () => {
    const demo = scene.use(await startDemo());
    const { tab } = await resultOf(demo.urls.page);

    await tab.page.evaluate('delete window.demoResult');
    await tab.page.getByRole('button', { name: 'Run again' }).click();
    await tab.page.waitForSelector('html[data-state="done"]');
    expect((await resultIn(tab)).journeys).toHaveLength(6);

    expect(await tab.page.getByRole('status').textContent()).toBe(
      'Direct to the server: 0 of 3 journeys work. Through mcp-cors: 3 of 3 journeys work.',
    );
  });

  it('shows a foreign page refused, with nothing at the server', async () => {
    const demo = scene.use(await startDemo());

    const { tab, result, outcomes } = await resultOf(demo.urls.foreignPage);

    expect(outcomes.filter((outcome) => !outcome.endsWith(' blocked'))).toEqual([]);
    const throughGateway = result.journeys.filter(({ via }) => via === 'gateway');
    expect(throughGateway).toHaveLength(3);
    for (const { arrivals, sentence } of throughGateway) {
      expect(arrivals).toEqual([]);
      expect(sentence).toContain('origin-not-allowed');
    }
    expect(tab.faults).toEqual([]);
  });

  it('keeps what it knows to its own pages', async () => {
    const demo = scene.use(await startDemo());
    const ask = (path: string, headers: Record<string, string>) =>
      new Promise<number | undefined>((resolve, reject) => {
        const sent = request(new URL(path, demo.urls.page), { headers }, (response) => {
          resolve(response.statusCode);
          response.destroy();
        });
        sent.once('error', reject);
        sent.end();
      });

    expect(await ask('/demo.json', { 'Sec-Fetch-Site': 'same-origin' })).toBe(200);
    expect(await ask('/demo.json', { 'Sec-Fetch-Site': 'same-site' })).toBe(403);
    expect(await ask('/exchanges', { 'Sec-Fetch-Site': 'cross-site' })).toBe(403);
    expect(await ask('/exchanges', { Origin: 'http://evil.example' })).toBe(403);
    expect(await ask('/', { Host: 'evil.example' })).toBe(421);
    expect(await ask('/', { Host: `localhost:${new URL(demo.urls.page).port}` })).toBe(307);
  });

  it.each(['a page', 'a native client'])('ends the stream of %s when its signal says so', async (client) => {
    const controller = new AbortController();
    const demo = await startDemo({ signal: controller.signal });
    const headers = client === 'a page' ? { Origin: new URL(demo.urls.page).origin } : {};
    const stream = await fetch(new URL('/sse', demo.urls.gateway), { headers });
    const reader = stream.body?.getReader();
    await reader?.read();

    controller.abort();
    expect(await reader?.read()).toEqual({ done: true, value: undefined });
    await demo.close();

    await expect(fetch(demo.urls.gateway)).rejects.toThrow('fetch failed');
    await expect(fetch(demo.urls.page)).rejects.toThrow('fetch failed');
  });

  it('refuses to start twice on one port, and leaves nothing behind', async () => {
    const demo = scene.use(await startDemo());
    const port = Number(new URL(demo.urls.gateway).port);
    const { origin, close } = await listen(() => undefined, '127.0.0.1', 0);
    await close();
    const pagePort = Number(new URL(origin).port);

    await expect(startDemo({ pagePort, gatewayPort: port })).rejects.toThrow();

    await (await listen(() => undefined, '127.0.0.1', pagePort)).close();
  });
});

describe('the demo in front of server-everything', () => {
  let server: ChildProcess | undefined;
  afterEach(() => {
    server?.kill();
  });

  async function startBehind(): Promise<Demo> {
    const { origin, close } = await listen(() => undefined, '127.0.0.1', 0);
    await close();
    const program = createRequire(import.meta.url).resolve(
      '@modelcontextprotocol/server-everything/dist/index.js',
    );
    server = spawn(process.execPath, [program, 'streamableHttp'], {
      env: { ...process.env, PORT: new URL(origin).port },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    for await (const [chunk] of on(server)) if (String(chunk).includes('listening')) break;
    return scene.use(await startDemo({ upstream: `${origin}/mcp` }));
  }

  async function* on(child: ChildProcess): AsyncGenerator<unknown[]> {
    while (child.stderr) yield await once(child.stderr, 'data');
  }

  it('finds out what the server speaks and calls nothing but echo', async () => {
    const demo = await startBehind();

    const { result, outcomes } = await resultOf(demo.urls.page);

    expect(outcomes).toEqual([
      'direct 2026-07-28 not-spoken',
      'gateway 2026-07-28 not-spoken',
      'direct 2025-11-25 works',
      'gateway 2025-11-25 works',
      'direct http-sse not-spoken',
      'gateway http-sse not-spoken',
    ]);
    const messages = result.journeys.flatMap(({ rows }) => rows as readonly { message?: string }[]);
    const calls = messages.filter(({ message }) => message?.startsWith('tools/call'));
    expect(new Set(calls.map(({ message }) => message))).toEqual(new Set(['tools/call echo']));
  });

  it('shows that a foreign page gets in directly, and is refused by the gateway', async () => {
    const demo = await startBehind();

    const { tab, outcomes } = await resultOf(demo.urls.foreignPage);

    expect(outcomes).toContain('direct 2025-11-25 works');
    expect(outcomes.filter((outcome) => outcome.startsWith('gateway'))).toEqual([
      'gateway 2026-07-28 blocked',
      'gateway 2025-11-25 blocked',
      'gateway http-sse blocked',
    ]);
    await expect(tab.page.getByText('got in').first().isVisible()).resolves.toBe(true);
  });
});

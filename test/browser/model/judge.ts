import { type Browser, type CDPSession, chromium, type Page } from 'playwright-core';
import { type Case, fill, type Origins, PAGE_KINDS, type PageKind } from './case.js';
import { createScript, type Script, type SeenRequest } from './script.js';
import { startWireServer, type WireRequest, type WireResponse } from './wire.js';

/** What a page could read of a response. */
export interface Read {
  readonly type: string;
  readonly status: number;
  readonly url: string;
  readonly redirected: boolean;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** What the developer tools reported of one call. */
export interface Reported {
  readonly corsError?: string;
  readonly failedParameter?: string;
  /** The code of the network, such as `net::ERR_FAILED`. */
  readonly netError?: string;
  readonly console: readonly string[];
}

/** What a page, its developer tools and the servers saw of one call. */
export interface Judgement extends Reported {
  readonly response?: Read;
  /** The message of the `TypeError` that the page got. */
  readonly thrown?: string;
  /** What reached a server, in order. */
  readonly seen: readonly SeenRequest[];
  /** Milliseconds at which the call began. */
  readonly at: number;
}

/** A Chromium that is asked what happens. */
export interface Judge {
  readonly origins: Origins;
  readonly version: string;
  /** Plays cases, some of them at the same time, and gives what happened at each call of each. */
  judge(cases: readonly Case[]): Promise<readonly (readonly Judgement[])[]>;
  close(): Promise<void>;
}

/** The page and two servers are of one site, the third is of another; all count as loopback and as trustworthy. */
const HOSTS = ['page.site.localhost', 'a.site.localhost', 'b.site.localhost', 'c.other.localhost'];

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP *.localhost 127.0.0.1',
];

/** How many cases a page plays at the same time. */
const AT_ONCE = 10;

const DOCUMENT = '<!doctype html><title>judge</title><link rel="icon" href="data:,">';

/** What makes a document what it is; @see https://www.w3.org/TR/CSP3/#directive-sandbox for the opaque one. */
const DOCUMENTS: Readonly<Record<PageKind, { readonly path: string; readonly policy?: string }>> = {
  page: { path: '/' },
  opaque: { path: '/opaque', policy: 'sandbox allow-scripts' },
  'public-granted': { path: '/granted', policy: 'treat-as-public-address' },
  'public-denied': { path: '/denied', policy: 'treat-as-public-address' },
};

/** Starts a Chromium and the servers of the cases. */
export async function startJudge(flags: readonly string[] = []): Promise<Judge> {
  const playing = new Map<number, Script>();
  const servers = await Promise.all(HOSTS.map(() => startWireServer((request) => answer(request, playing))));
  const [page = '', a = '', b = '', c = ''] = servers.map(
    ({ port }, index) => `http://${HOSTS[index]}:${port}`,
  );
  const origins: Origins = { page, a, b, c };
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: [...FLAGS, ...flags],
  });
  return {
    origins,
    version: browser.version(),
    judge: (cases) => play(browser, cases, origins, playing),
    async close() {
      await browser.close();
      await Promise.all(servers.map((server) => server.close()));
    },
  };
}

function answer(request: WireRequest, playing: ReadonlyMap<number, Script>): WireResponse {
  const { method, path, headers } = request;
  const script = playing.get(Number(path.split('/')[2]));
  if (path.startsWith('/case/') && script !== undefined) {
    return script.answer({ method, url: `http://${headers.host}${path}`, headers });
  }
  const lines: [name: string, value: string][] = [
    ['Content-Type', 'text/html'],
    ['Content-Length', String(DOCUMENT.length)],
  ];
  const { policy } = Object.values(DOCUMENTS).find((document) => document.path === path) ?? {};
  if (policy !== undefined) lines.push(['Content-Security-Policy', policy]);
  return { status: 200, headers: lines, body: DOCUMENT };
}

async function play(
  browser: Browser,
  cases: readonly Case[],
  origins: Origins,
  playing: Map<number, Script>,
): Promise<Judgement[][]> {
  const scripts = new Map(cases.map((one) => [one.id, createScript(one, origins)]));
  for (const [id, script] of scripts) playing.set(id, script);
  try {
    const judgements = new Map<number, Judgement[]>();
    for (const kind of PAGE_KINDS) {
      const chosen = cases.filter((one) => one.page === kind);
      if (chosen.length > 0) await playIn(browser, kind, chosen, origins, scripts, judgements);
    }
    return cases.map(({ id }) => judgements.get(id) ?? []);
  } finally {
    for (const { id } of cases) playing.delete(id);
  }
}

/** The name of the function by which the page says that a call is over. */
const OVER = 'callIsOver';

async function playIn(
  browser: Browser,
  kind: PageKind,
  cases: readonly Case[],
  origins: Origins,
  scripts: ReadonlyMap<number, Script>,
  judgements: Map<number, Judgement[]>,
): Promise<void> {
  const context = await browser.newContext();
  await context.addCookies(Object.values(origins).map((url: string) => ({ name: 'known', value: '1', url })));
  if (kind === 'public-granted')
    await context.grantPermissions(['local-network-access'], { origin: origins.page });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await page.exposeFunction('seenBy', (id: number) => scripts.get(id)?.seen.length ?? 0);
  const reported = await listen(session);
  await page.goto(origins.page + DOCUMENTS[kind].path);
  const filled = cases.map(({ id, calls }) => ({
    id,
    calls: calls.map(({ url, init, waitMs = 0 }) => ({
      waitMs,
      url: fill(url, origins, kind),
      init: {
        ...init,
        ...(init.headers && { headers: init.headers.map(([n, v]) => [n, fill(v, origins, kind)]) }),
      },
    })),
  }));
  const outcomes = await playAll(page, filled);
  // The page's process answers in order: what it told before, it told before this answer.
  await session.send('Runtime.evaluate', { expression: '0' });
  for (const [index, { id }] of cases.entries()) {
    const seen = scripts.get(id)?.seen ?? [];
    const own = outcomes[index] ?? [];
    judgements.set(
      id,
      own.map(({ seenBefore, ...outcome }, call) => ({
        ...outcome,
        ...(reported.get(id)?.[call] ?? { console: [] }),
        seen: seen.slice(seenBefore, own[call + 1]?.seenBefore),
      })),
    );
  }
  await context.close();
}

/** Gathers what the developer tools report, by case and call. */
async function listen(session: CDPSession): Promise<ReadonlyMap<number, readonly Reported[]>> {
  const reported = new Map<number, Reported[]>();
  const pending = new Map<number, Reported>();
  const requests = new Map<string, number>();
  const idIn = (text: string): number => Number(/\/case\/([0-9]+)\//.exec(text)?.[1] ?? -1);
  const add = (id: number, what: Partial<Reported>): void => {
    pending.set(id, { ...(pending.get(id) ?? { console: [] }), ...what });
  };
  session.on('Network.requestWillBeSent', ({ requestId, request, type }) => {
    // A preflight's own end is reported too; what counts is that of the request that needed it.
    if (type !== 'Preflight' && !requests.has(requestId)) requests.set(requestId, idIn(request.url));
  });
  session.on('Network.loadingFailed', ({ requestId, corsErrorStatus, errorText }) => {
    const id = requests.get(requestId);
    if (id !== undefined) add(id, { ...(errorText && { netError: errorText }), ...corsErrorStatus });
  });
  session.on('Log.entryAdded', ({ entry: { text, url = '', networkRequestId = '' } }) => {
    const id = requests.get(networkRequestId) ?? (idIn(text) === -1 ? idIn(url) : idIn(text));
    add(id, { console: [...(pending.get(id)?.console ?? []), text] });
  });
  session.on('Runtime.bindingCalled', ({ name, payload }) => {
    if (name !== OVER) return;
    const id = Number(payload);
    reported.set(id, [...(reported.get(id) ?? []), pending.get(id) ?? { console: [] }]);
    pending.delete(id);
  });
  await session.send('Network.enable');
  await session.send('Log.enable');
  await session.send('Runtime.enable');
  await session.send('Runtime.addBinding', { name: OVER });
  return reported;
}

interface Filled {
  readonly id: number;
  readonly calls: readonly { readonly url: string; readonly init: object; readonly waitMs: number }[];
}

interface Outcome {
  readonly response?: Read;
  readonly thrown?: string;
  readonly at: number;
  readonly seenBefore: number;
}

declare global {
  function seenBy(id: number): Promise<number>;
  function callIsOver(id: string): void;
}

function playAll(page: Page, filled: readonly Filled[]): Promise<Outcome[][]> {
  return page.evaluate(
    async ([cases, atOnce]) => {
      const outcomes: Outcome[][] = cases.map(() => []);
      let next = 0;
      const work = async (): Promise<void> => {
        for (let index = next++; index < cases.length; index = next++) {
          for (const { url, init, waitMs } of cases[index]?.calls ?? []) {
            if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
            const id = cases[index]?.id ?? -1;
            const seenBefore = await globalThis.seenBy(id);
            const at = performance.now();
            let outcome: { response: Read } | { thrown: string };
            try {
              const response = await fetch(url, init);
              const { type, status, redirected, headers } = response;
              outcome = { response: { type, status, url: response.url, redirected, headers: [...headers] } };
              await response.text();
            } catch (error) {
              outcome = { thrown: error instanceof Error ? error.message : String(error) };
            }
            globalThis.callIsOver(String(id));
            outcomes[index]?.push({ ...outcome, at, seenBefore });
          }
        }
      };
      await Promise.all(Array.from({ length: atOnce }, work));
      return outcomes;
    },
    [filled, AT_ONCE] as const,
  );
}

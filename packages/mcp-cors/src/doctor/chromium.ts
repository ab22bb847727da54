import type { Browser, CDPSession, Page as Tab } from 'playwright-core';
import { BLOCKED_ERRORS, type FetchInit } from '../browser/index.js';
import { readEvents } from './eventStream.js';
import type { Confirmation } from './report.js';
import type { Transport } from './transport.js';
import type { Walked, WalkedStep } from './walk.js';

/** What a real Chromium does with the requests of journeys. */
export interface Witnessing {
  /** By step, in the order of the walked journeys; undefined where nothing was sent. */
  readonly confirmations: ReadonlyMap<WalkedStep, Confirmation>;
  readonly requests: number;
}

/** What the page is asked to fetch. */
type Call = readonly [url: string, init: FetchInit, withinMs: number];

/** What the developer tools tell of one fetch. */
interface Told {
  corsError: string | null;
  failedParameter: string | null;
  failed: boolean;
  sessionId: string | undefined;
  requests: number;
}

/** Longest look into a stream. */
const STREAM_MS = 100;

/** Permissions of Local Network Access, under the names that Chromium has given them so far. */
const PERMISSIONS = ['local-network-access', 'local-network', 'loopback-network'];

/**
 * Repeats what journeys sent in pages of their origin in a real Chromium. The page is made up: nothing is fetched from the origin itself. Sessions that this opens are ended.
 */
export async function witness(
  browser: Browser,
  journeys: readonly Walked[],
  transport: Transport,
): Promise<Witnessing> {
  const confirmations = new Map<WalkedStep, Confirmation>();
  const waiting = groupAlike(journeys);
  let requests = 0;
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [first, ...others] = next;
      requests += await play(browser, first, transport, confirmations);
      for (const { steps } of others) {
        steps.forEach((step, i) => {
          const twin = first.steps[i];
          const confirmation = twin && confirmations.get(twin);
          if (confirmation !== undefined) confirmations.set(step, confirmation);
        });
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { confirmations, requests };
}

/** Journeys that come to the same, request by request, are played once: a browser knows nothing of clients. */
function groupAlike(journeys: readonly Walked[]): (readonly [Walked, ...Walked[]])[] {
  const groups = new Map<string, [Walked, ...Walked[]]>();
  for (const walked of journeys) {
    const steps = walked.steps.map(({ sent, step: { corsError, failedParameter } }) => [
      sent && [sent.url.split('?', 1)[0], withSession(sent.init, '')],
      corsError,
      failedParameter,
    ]);
    const key = JSON.stringify([walked.journey.origin, steps]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [walked]);
    else group.push(walked);
  }
  return [...groups.values()];
}

/** Journeys that are under way at the same time: each has a process of Chromium's to itself. */
const AT_ONCE = 2;

/** Repeats one journey, and says how many requests that took. */
async function play(
  browser: Browser,
  walked: Walked,
  transport: Transport,
  confirmations: Map<WalkedStep, Confirmation>,
): Promise<number> {
  const { origin } = walked.journey;
  if (!/^https?:/.test(origin) || walked.steps.every(({ sent }) => sent === undefined)) return 0;
  // A profile for each journey, so that it remembers no preflight of another.
  const context = await browser.newContext();
  try {
    for (const permission of PERMISSIONS) {
      await context.grantPermissions([permission], { origin }).catch(() => {}); // a name of another version
    }
    const tab = await context.newPage();
    await openBlank(tab, origin);
    return await repeat(tab, walked, transport, confirmations);
  } finally {
    await context.close();
  }
}

/** Opens an empty page of an origin without asking that origin for it. */
async function openBlank(tab: Tab, origin: string): Promise<void> {
  const body = '<!doctype html><title>mcp-cors check</title><link rel="icon" href="data:,">';
  await tab.route('**/*', (route) => route.fulfill({ contentType: 'text/html', body }));
  await tab.goto(`${origin}/`);
  // While requests are intercepted, preflights are answered by the interceptor.
  await tab.unroute('**/*');
}

async function repeat(
  tab: Tab,
  { steps, memory, journey }: Walked,
  transport: Transport,
  confirmations: Map<WalkedStep, Confirmation>,
): Promise<number> {
  const session = await tab.context().newCDPSession(tab);
  const told = await listen(session);
  let sessionId: string | undefined;
  let endpoint: string | undefined;
  for (const step of steps) {
    if (step.sent === undefined) continue;
    const { init } = step.sent;
    // As the session, so is the URL for messages its own.
    const url = step.plan.url === '{endpoint}' ? (endpoint ?? step.sent.url) : step.sent.url;
    told.corsError = null;
    told.failedParameter = null;
    told.failed = false;
    const seen = await fetchIn(tab, [url, withSession(init, sessionId), transport.timeoutMs]);
    // The page's process answers in order: what it told of the network, it told before this.
    await session.send('Runtime.evaluate', { expression: '0' });
    sessionId = seen.sessionId ?? told.sessionId ?? sessionId;
    endpoint = endpointIn(seen.text ?? '', memory.target) ?? endpoint;
    if (init.method === 'DELETE' && seen.status !== undefined && seen.status < 300) sessionId = undefined;
    confirmations.set(step, compare(step, seen.status !== undefined, told));
  }
  if (sessionId !== undefined) await end(memory.target, sessionId, journey.origin, transport);
  return told.requests;
}

async function end(url: string, id: string, origin: string, transport: Transport): Promise<void> {
  const headers = [['origin', origin] as const, ['mcp-session-id', id] as const];
  await transport
    .send({ method: 'DELETE', url, headers })
    .then(({ body }) => body.text(transport.timeoutMs))
    .catch(() => {});
}

/** The session of the journey is over: this one has its own. */
function withSession(init: FetchInit, sessionId: string | undefined): FetchInit {
  const headers = [...((init.headers ?? []) as Iterable<readonly [string, string]>)];
  return {
    ...init,
    headers: headers.map(([name, value]) =>
      name.toLowerCase() === 'mcp-session-id' ? [name, sessionId ?? value] : [name, value],
    ),
  };
}

async function listen(session: CDPSession): Promise<Told> {
  const told: Told = {
    corsError: null,
    failedParameter: null,
    failed: false,
    sessionId: undefined,
    requests: 0,
  };
  session.on('Network.requestWillBeSent', () => {
    told.requests += 1;
  });
  session.on('Network.responseReceivedExtraInfo', ({ headers }) => {
    const line = Object.entries(headers).find(([name]) => name.toLowerCase() === 'mcp-session-id');
    if (line !== undefined) told.sessionId = line[1];
  });
  session.on('Network.loadingFailed', ({ corsErrorStatus, canceled, type }) => {
    if (canceled || type === 'Preflight') return;
    told.failed = true;
    if (corsErrorStatus === undefined) return;
    told.corsError = corsErrorStatus.corsError;
    told.failedParameter = corsErrorStatus.failedParameter || null;
  });
  await session.send('Network.enable');
  return told;
}

// What runs in the page; its types are the browser's, which this room compiles without.
declare const fetch: (url: string, init: object) => Promise<InPage>;
interface InPage {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: { getReader(): { read(): Promise<unknown> } } | null;
}

function fetchIn(
  tab: Tab,
  call: Call,
): Promise<{
  readonly status?: number;
  readonly sessionId?: string | undefined;
  /** What came first of a stream, which then stays open as long as the page. */
  readonly text?: string;
}> {
  return tab.evaluate(
    async ([url, init, withinMs, streamMs]) => {
      const controller = new AbortController();
      const timer = setTimeout(() => controller.abort(), withinMs);
      try {
        const response = await fetch(url, { ...init, signal: controller.signal });
        const status = response.status;
        const sessionId = response.headers.get('mcp-session-id') ?? undefined;
        const opened = init.method === 'GET' && response.body !== null;
        const read = response.body?.getReader().read();
        const first = await Promise.race([read, new Promise((resolve) => setTimeout(resolve, streamMs))]);
        clearTimeout(timer);
        if (!opened) controller.abort();
        const { value } = (first ?? {}) as { value?: Uint8Array };
        return { status, sessionId, text: opened && value ? new TextDecoder().decode(value) : '' };
      } catch {
        clearTimeout(timer);
        return {};
      }
    },
    [...call, STREAM_MS] as const,
  );
}

/** Where messages go, by the first event of a stream of HTTP+SSE. */
function endpointIn(text: string, target: string): string | undefined {
  const named = readEvents(text).events.find(({ event }) => event === 'endpoint')?.data;
  return named !== undefined && URL.canParse(named, target) ? new URL(named, target).href : undefined;
}

/** Codes that Chromium has no name for in its developer tools: that it is blocked is all that can be compared. */
const UNNAMED: ReadonlySet<string> = new Set(BLOCKED_ERRORS.slice(BLOCKED_ERRORS.indexOf('MixedContent')));

function compare({ step }: WalkedStep, answered: boolean, told: Told): Confirmation {
  const { corsError, failedParameter } = told;
  const blocked = step.corsError !== null;
  const named = blocked && !UNNAMED.has(step.corsError ?? '');
  const agrees =
    blocked !== answered &&
    (!named || (step.corsError === corsError && (step.failedParameter ?? null) === failedParameter));
  return { blocked: !answered, corsError, failedParameter, agrees };
}

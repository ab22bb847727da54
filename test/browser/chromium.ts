import { type Browser, chromium, type Page } from 'playwright-core';

/** A request that the browser kept from the page, in Chromium's own words. */
export interface Blocked {
  readonly method: string;
  readonly path: string;
  readonly corsError: string;
  readonly failedParameter: string;
}

export interface Tab {
  readonly page: Page;
  /** What the browser blocked so far, in order. */
  readonly blocked: readonly Blocked[];
  /** Messages of uncaught errors and of violations of the page's content security policy. */
  readonly faults: readonly string[];
  /** Resolves when what the browser has to tell of past requests has been told. */
  settled(): Promise<void>;
}

export interface Chromium {
  /** Opens a URL in a profile of its own, so that no preflight is remembered from elsewhere. */
  open(url: string): Promise<Tab>;
  close(): Promise<void>;
}

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts Chromium, with flags of its own, and the home folder of somebody where that matters. */
export async function startChromium(flags: readonly string[] = [], home?: string): Promise<Chromium> {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: [...FLAGS, ...flags],
    ...(home === undefined ? {} : { env: { ...process.env, HOME: home } as Record<string, string> }),
  });
  return {
    open: (url) => openTab(browser, url),
    close: () => browser.close(),
  };
}

async function openTab(browser: Browser, url: string): Promise<Tab> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const requests = new Map<string, { method: string; path: string }>();
  const blocked: Blocked[] = [];
  const faults: string[] = [];

  const session = await context.newCDPSession(page);
  session.on('Network.requestWillBeSent', ({ requestId, request }) => {
    requests.set(requestId, { method: request.method, path: new URL(request.url).pathname });
  });
  session.on('Network.loadingFailed', ({ requestId, corsErrorStatus }) => {
    if (!corsErrorStatus) return;
    const { method = '', path = '' } = requests.get(requestId) ?? {};
    blocked.push({ method, path, ...corsErrorStatus });
  });
  await session.send('Network.enable');

  page.on('pageerror', ({ message }) => faults.push(message));
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) faults.push(message.text());
  });
  await page.goto(url);
  return {
    page,
    blocked,
    faults,
    // The page's process answers in order: what it told of the network came before this answer.
    async settled() {
      await session.send('Runtime.evaluate', { expression: '0' });
    },
  };
}

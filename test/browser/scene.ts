import type { Listening } from '@mcp-cors/demo';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { type Chromium, startChromium, type Tab } from './chromium.js';
import { servePage } from './page.js';

export interface Scene {
  /** The page whose origin the policies name. */
  readonly allowed: string;
  /** The same page on an origin that no policy names. */
  readonly foreign: string;
  open(url: string): Promise<Tab>;
  /** Has something closed when the test is over. */
  use<T extends { close(): Promise<void> }>(resource: T): T;
}

/** A Chromium, which may need flags of its own, and two pages for the tests of a file. */
export function createScene(flags: readonly string[] = []): Scene {
  let browser: Chromium;
  let pages: readonly Listening[] = [];
  const used: { close(): Promise<void> }[] = [];

  beforeAll(async () => {
    browser = await startChromium(flags);
    pages = [await servePage(), await servePage()];
  });
  afterEach(async () => {
    await Promise.all(used.splice(0).map((resource) => resource.close()));
  });
  afterAll(async () => {
    await browser.close();
    await Promise.all(pages.map((page) => page.close()));
  });

  return {
    get allowed() {
      return pages[0]?.origin ?? '';
    },
    get foreign() {
      return pages[1]?.origin ?? '';
    },
    open: (url) => browser.open(url),
    use(resource) {
      used.push(resource);
      return resource;
    },
  };
}

import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, it, type TestContext } from 'vitest';

/** Starts the Chromium that the tests of a file share. */
export function sharedChromium(): () => Browser {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
      args: ['--no-sandbox'],
    });
  });
  afterAll(() => browser?.close());
  return () => browser as Browser;
}

/** Longest for one case, on a machine that may be busy. */
const TEST_MS = 180_000;

/** Makes a test of each case; the tests of a file share one Chromium. */
export function itInChromium<T extends { readonly name: string }>(
  test: (context: TestContext, one: T, browser: Browser) => Promise<void>,
): (cases: readonly T[]) => void {
  const browser = sharedChromium();
  return (cases) => {
    for (const one of cases) it(one.name, (context) => test(context, one, browser()), TEST_MS);
  };
}

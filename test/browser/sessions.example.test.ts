import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Example, startExample } from '../sessions/example.js';
import { type Chromium, startChromium, type Tab } from './chromium.js';

let browser: Chromium;
let example: Example;
beforeAll(async () => {
  browser = await startChromium();
});
afterAll(() => browser.close());
beforeEach(async () => {
  example = await startExample();
});
afterEach(() => example.close());

const read = ({ page }: Tab, selector: string): Promise<string> => page.locator(selector).innerText();

/** Opens a page of the example and waits until its channel is open both ways. */
async function openPage(origin: string): Promise<Tab> {
  const tab = await browser.open(origin);
  await tab.page.locator('#state', { hasText: 'open' }).waitFor();
  return tab;
}

/** Says something in a page, and waits for what the server says to it. */
async function say({ page }: Tab, text: string): Promise<void> {
  await page.locator('#say input').fill(text);
  await page.locator('#say button').click();
  await page.locator('#down li', { hasText: `You said: ${text}` }).waitFor();
}

/** Has a page use an address, and tells how that ended. */
async function borrow({ page }: Tab, endpoint: string): Promise<string> {
  await page.locator('#borrow input').fill(endpoint);
  await page.locator('#borrow button').click();
  await page.locator('#borrow output', { hasText: /\d/ }).waitFor();
  return page.locator('#borrow output').innerText();
}

function post(url: string, headers: Record<string, string>): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: PING,
  });
}
const PING = JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'ping' });

describe('the example of two-way sessions', () => {
  it('gives each of two pages a channel of its own, of use to nobody else', async () => {
    const [one, two] = [await openPage(example.pages[0]), await openPage(example.pages[1])];
    await say(one, 'from the first');
    await say(two, 'from the second');
    await one.page.locator('#down li', { hasText: 'notifications/message: 1 s' }).waitFor();
    expect(await read(one, '#down')).not.toContain('from the second');
    expect(await read(two, '#down')).not.toContain('from the first');
    expect(await example.sessions()).toBe(2);

    const [ofOne, ofTwo] = [await read(one, '#endpoint'), await read(two, '#endpoint')];
    expect(await borrow(two, ofOne)).toContain('404');
    expect(await borrow(one, ofTwo)).toContain('404');
    expect(await borrow(one, ofOne)).toContain('202');
    expect((await post(ofOne, {})).status).toBe(404);
    expect((await post(ofOne, { Origin: example.pages[1] })).status).toBe(404);
    expect((await post(ofOne, { Origin: 'https://evil.example' })).status).toBe(403);
    const own = new URL(ofOne);
    own.searchParams.set('sessionId', own.searchParams.get('sessionId')?.slice(44) ?? '');
    expect((await post(own.href, { Origin: example.pages[0] })).status).toBe(404);

    await say(one, 'still here');
    await say(two, 'here too');
    expect([one.faults, two.faults]).toEqual([[], []]);
    expect([one.blocked, two.blocked]).toEqual([[], []]);
  });

  it('frees everything of a page whose tab is closed', async () => {
    const before = await example.holdings();
    const tabs = [await openPage(example.pages[0]), await openPage(example.pages[1])];
    expect(await example.sessions()).toBe(2);
    const during = await example.holdings();
    expect(timersIn(during.resources)).toBe(timersIn(before.resources) + 2);

    await tabs[0]?.page.close();
    await expect.poll(() => example.sessions(), { timeout: 20_000, interval: 5 }).toBe(1);

    const started = performance.now();
    await tabs[1]?.page.close();
    await expect.poll(() => example.sessions(), { timeout: 20_000, interval: 5 }).toBe(0);
    const milliseconds = Math.round(performance.now() - started);
    process.stdout.write(`from closing the tab to no session: ${milliseconds} ms\n`);

    await Promise.all(tabs.map(({ page }) => page.context().close()));
    await expect
      .poll(async () => (await example.holdings()).resources, { timeout: 20_000 })
      .toEqual(before.resources);
    const after = await example.holdings();
    expect(after.listeners).toBe(before.listeners);
    expect(after.warnings).toEqual([]);
  });
});

const timersIn = (resources: readonly string[]): number =>
  resources.filter((resource) => resource === 'Timeout').length;

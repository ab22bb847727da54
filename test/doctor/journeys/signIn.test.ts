import type { Listening } from '@mcp-cors/demo';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { SIGN_IN } from '../../../packages/mcp-cors/src/doctor/journeys/signIn.js';
import { openPage } from '../../../packages/mcp-cors/src/doctor/page.js';
import { createTransport } from '../../../packages/mcp-cors/src/doctor/transport.js';
import { walk } from '../../../packages/mcp-cors/src/doctor/walk.js';
import { type Chromium, startChromium } from '../../browser/chromium.js';
import { type SignInTraits, startSignIn } from '../servers/signIn.js';
import { serveClients } from './clientPage.js';
import { recording } from './recording.js';

let browser: Chromium;
let page: Listening;

beforeAll(async () => {
  [browser, page] = await Promise.all([startChromium(), serveClients()]);
});
afterAll(async () => {
  await browser.close();
  await page.close();
});

async function record(traits: SignInTraits, act: (url: string) => Promise<void>): Promise<string[]> {
  const log: string[] = [];
  const server = await startSignIn(page.origin, traits, (listener) => recording(listener, log));
  onTestFinished(server.close);
  await act(server.url);
  return log;
}

const PLACES: readonly (readonly [name: string, traits: SignInTraits])[] = [
  ['everything right', {}],
  ['a challenge that names no metadata', { hint: false }],
  ['a challenge that the page cannot read', { mcp: { expose: 'Mcp-Session-Id' } }],
  ['a 401 that the page cannot read', { mcp: { onAnswers: (status) => status !== 401 } }],
  ['an issuer with a path', { issuerPath: '/tenant' }],
  ['metadata that refuses preflights', { metadata: { preflightStatus: 405 } }],
  ['metadata without CORS', { metadata: 'silent' }],
  ['registration without CORS', { register: 'silent' }],
];

it.each(PLACES)('with %s, the real client sends what the journey says', async (_, traits) => {
  const real = await record(traits, async (url) => {
    const tab = await browser.open(page.origin);
    await tab.page.waitForFunction(() => 'runClient' in globalThis);
    await tab.page.evaluate((address) => globalThis.runClient('sign-in', address), url);
    await tab.page.close();
  });
  const walked = await record(traits, async (url) => {
    const transport = createTransport({ timeoutMs: 5000 });
    await walk(SIGN_IN, openPage(page.origin, transport), transport, url, [], { tokenAsked: true });
    transport.close();
  });
  // The real client registers, and is refused; the doctor does not register, and looks at the token endpoint too.
  expect(walked.filter((line) => !line.startsWith('OPTIONS /token'))).toEqual(
    real.filter((line) => !line.startsWith('POST /register')),
  );
  expect(walked.some((line) => line.startsWith('POST /register'))).toBe(false);
});

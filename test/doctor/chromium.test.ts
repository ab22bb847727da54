import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { examine } from '../../packages/mcp-cors/src/doctor/index.js';
import { behindLayer } from './servers/layer.js';
import { SICK_SERVERS } from './servers/sick.js';
import { SICK_SIGN_INS } from './servers/signIn.js';
import { SOUND_SERVERS } from './servers/sound.js';
import { startFront } from './servers/start.js';

const PAGE = 'http://localhost:3000';

let browser: Browser;
beforeAll(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  });
});
afterAll(() => browser.close());

const SERVERS = [...SICK_SERVERS, ...SICK_SIGN_INS, ...SOUND_SERVERS].map((server) => ({
  page: PAGE,
  ...server,
}));

describe('Chromium confirms every verdict', () => {
  it.each(SERVERS)('of $name', async ({ start, page = PAGE }) => {
    const server = await start(page);
    onTestFinished(server.close);

    const report = await examine({ target: server.url, origins: [page], timeoutMs: 5000, chromium: browser });

    const asked = report.journeys.flatMap(({ client, steps }) =>
      steps.flatMap(({ chromium: seen, ...step }) => (seen === undefined ? [] : [{ client, ...step, seen }])),
    );
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter(({ seen }) => !seen.agrees)).toEqual([]);
    await expect.poll(() => server.sessions(), { timeout: 10_000 }).toBe(0);
  });
});

it('tells where Chromium differs', async () => {
  // No browser model foresees a server that treats browsers by their name.
  const server = await startFront((listener) => {
    const kind = behindLayer(listener, PAGE, {});
    return (request, response) =>
      /Chrome/.test(String(request.headers['user-agent']))
        ? listener(request, response)
        : kind(request, response);
  });
  onTestFinished(server.close);

  const { journeys } = await examine({
    target: server.url,
    origins: [PAGE],
    timeoutMs: 5000,
    chromium: browser,
  });

  const [first] = journeys[0]?.steps ?? [];
  expect(first).toMatchObject({
    corsError: null,
    chromium: { blocked: true, corsError: 'PreflightMissingAllowOriginHeader', agrees: false },
  });
});

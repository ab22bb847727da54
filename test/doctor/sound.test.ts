import { describe, expect, it, onTestFinished } from 'vitest';
import { examine } from '../../packages/mcp-cors/src/doctor/index.js';
import { sharedChromium } from './inChromium.js';
import { SOUND_SERVERS } from './servers/sound.js';

const browser = sharedChromium();

describe.each(SOUND_SERVERS)('behind $name', ({ start, outcomes }) => {
  it.each(['http://localhost:3000', 'https://app.example.com'])('nothing is wrong for %s', async (page) => {
    const server = await start(page);
    onTestFinished(server.close);

    const report = await examine({
      target: server.url,
      origins: [page],
      timeoutMs: 20_000,
      chromium: browser(),
    });

    expect(report.findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
    const walked = Object.fromEntries(report.journeys.map(({ client, outcome }) => [client, outcome]));
    expect(walked).toMatchObject(outcomes);
    for (const { ok, outcome, steps } of report.journeys) {
      expect(ok || outcome === 'not-offered', JSON.stringify(steps)).toBe(true);
      expect(steps.filter(({ chromium }) => chromium?.agrees === false)).toEqual([]);
    }
    await expect.poll(() => server.sessions(), { timeout: 10_000 }).toBe(0);
  });
});

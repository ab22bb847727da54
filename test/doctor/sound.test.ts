import { describe, expect, it, onTestFinished } from 'vitest';
import { examine } from '../../packages/mcp-cors/src/doctor/index.js';
import { SOUND_SERVERS } from './servers/sound.js';

describe.each(SOUND_SERVERS)('behind $name', ({ start, outcomes }) => {
  it.each(['http://localhost:3000', 'https://app.example.com'])('nothing is wrong for %s', async (page) => {
    const server = await start(page);
    onTestFinished(server.close);

    const report = await examine({ target: server.url, origins: [page], timeoutMs: 5000 });

    expect(report.findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
    const walked = Object.fromEntries(report.journeys.map(({ client, outcome }) => [client, outcome]));
    expect(walked).toMatchObject(outcomes);
    for (const { ok, outcome, steps } of report.journeys) {
      expect(ok || outcome === 'not-offered', JSON.stringify(steps)).toBe(true);
    }
    await expect.poll(() => server.sessions(), { timeout: 10_000 }).toBe(0);
  });
});

import { describe, expect, it, onTestFinished } from 'vitest';
import { examine, type Report } from '../../packages/mcp-cors/src/doctor/index.js';
import { ALL_METHODS, type Layer } from './servers/layer.js';
import { startLayered } from './servers/start.js';

const PAGE = 'https://app.example.com';

/** What a browser of each kind comes to at a server. */
async function walkedIn(
  layer: Layer,
): Promise<Readonly<Record<string, Report['journeys'][number] | undefined>>> {
  const server = await startLayered(PAGE, layer);
  onTestFinished(server.close);
  const walked: Record<string, Report['journeys'][number] | undefined> = {};
  for (const profile of ['chromium', 'firefox', 'safari', 'standard'] as const) {
    const { journeys } = await examine({
      target: server.url,
      origins: [PAGE],
      headers: [['Authorization', 'Bearer a-token-of-the-page']],
      profile,
      timeoutMs: 20_000,
    });
    walked[profile] = journeys.find(({ client }) => client === 'official-2-legacy');
  }
  return walked;
}

describe('where browsers differ', () => {
  it('* covers Authorization in Chromium and Safari, and nowhere else', async () => {
    const walked = await walkedIn({ requestHeaders: '*', methods: ALL_METHODS });
    for (const profile of ['firefox', 'standard']) {
      expect(walked[profile]).toMatchObject({ ok: false, outcome: 'blocked' });
      expect(walked[profile]?.steps[0]).toMatchObject({
        corsError: 'HeaderDisallowedByPreflightResponse',
        failedParameter: 'authorization',
      });
    }
    expect(walked.chromium).toMatchObject({ ok: true });
  });

  it('Safari alone takes http on this machine for mixed content', async () => {
    const walked = await walkedIn({});
    expect(walked.safari?.steps[0]).toMatchObject({ corsError: 'MixedContent' });
    for (const profile of ['chromium', 'firefox', 'standard']) {
      expect(walked[profile]).toMatchObject({ ok: true });
    }
  });
});

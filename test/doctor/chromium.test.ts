import { expect, it, onTestFinished } from 'vitest';
import { examine } from '../../packages/mcp-cors/src/doctor/index.js';
import { sharedChromium } from './inChromium.js';
import { behindLayer } from './servers/layer.js';
import { startFront } from './servers/start.js';

const PAGE = 'http://localhost:3000';

const browser = sharedChromium();

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
    timeoutMs: 20_000,
    chromium: browser(),
  });

  const [first] = journeys[0]?.steps ?? [];
  expect(first).toMatchObject({
    corsError: null,
    chromium: { blocked: true, corsError: 'PreflightMissingAllowOriginHeader', agrees: false },
  });
});

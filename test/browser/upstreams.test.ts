import { startGateway } from '@mcp-cors/gateway';
import { describe, expect, it } from 'vitest';
import { UPSTREAMS, type UpstreamCase } from '../gateway/upstreams/upstreams.js';
import { type JourneyId, walk } from './page.js';
import { createScene } from './scene.js';

const scene = createScene();

const JOURNEYS: Readonly<Record<string, readonly JourneyId[]>> = {
  'server-everything, Streamable HTTP': ['2025-11-25'],
  'the SDK of the first generation': ['2025-11-25', 'http-sse'],
  'mcp-proxy': ['2026-07-28', '2025-11-25', 'http-sse'],
  'FastAPI under uvicorn': ['2025-11-25'],
  'a plain server of HTTP/1.0': ['2025-11-25'],
};

/** A gateway for the one page, in front of a server that was started for it. */
async function startBehindGateway(name: string): Promise<string> {
  const upstream = scene.use(await (UPSTREAMS[name] as UpstreamCase).start());
  const gateway = await startGateway({
    listen: '127.0.0.1:0',
    policy: { origins: [scene.allowed] },
    routes: [{ path: '/', upstream: upstream.origin }],
  });
  return scene.use(gateway).url;
}

describe.each(Object.entries(JOURNEYS))('in Chromium, %s', (name, ids) => {
  it.each(ids)('serves the journey of %s through the gateway', async (id) => {
    const tab = await scene.open(scene.allowed);
    const run = await walk(tab, { id, at: await startBehindGateway(name), ownServer: false });
    expect(run).toMatchObject({ outcome: 'works' });
    expect(run.tools).not.toEqual([]);
    expect(run.steps.every(({ ok }) => ok)).toBe(true);
    expect(tab.blocked).toEqual([]);
  });

  it('stays closed to a page of another origin', async () => {
    const tab = await scene.open(scene.foreign);
    const run = await walk(tab, {
      id: ids[0] as JourneyId,
      at: await startBehindGateway(name),
      ownServer: false,
    });
    expect(run).toMatchObject({ outcome: 'blocked', tools: [] });
    expect(tab.blocked).not.toEqual([]);
  });
});

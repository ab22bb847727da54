import { describe, expect, it, vi } from 'vitest';
import { JOURNEY_IDS, REVISIONS, walk } from './page.js';
import { createScene } from './scene.js';
import { CARRIERS, startStage } from './stage.js';

const scene = createScene();
const ROUTES: Readonly<Record<string, readonly string[]>> = {
  '2026-07-28': ['POST /mcp'],
  '2025-11-25': ['POST /mcp', 'GET /mcp', 'DELETE /mcp'],
  'http-sse': ['GET /sse', 'POST /messages'],
};

describe.each(Object.entries(CARRIERS))('through the %s', (_, start) => {
  it.each(JOURNEY_IDS)('the journey of %s works from connect to close', async (id) => {
    const stage = scene.use(await startStage(start, scene.allowed));
    const tab = await scene.open(scene.allowed);

    const run = await walk(tab, { id, at: stage.origin, count: { n: 3, intervalMs: 1 } });

    expect(run).toMatchObject({ outcome: 'works', negotiated: REVISIONS[id], tools: ['echo', 'count'] });
    expect(run.steps.map(({ name }) => name)).toEqual([
      'connect',
      'list tools',
      'call echo',
      'call count',
      'close',
    ]);
    expect(run.steps.find(({ name }) => name === 'call echo')?.detail).toBe('Echo: Hello from a web page');
    expect(run.steps.find(({ name }) => name === 'call count')?.detail).toBe('Counted to 3.');
    expect(tab.blocked).toEqual([]);
    expect(new Set(stage.log)).toEqual(new Set(ROUTES[id]));
    await vi.waitFor(() => expect(stage.app.sessions()).toEqual({ streamable: 0, sse: 0 }));
  });

  it('a page reads the session id, holds the stream open and ends the session', async () => {
    let duringCall: { streamable: number } | undefined;
    const stage = scene.use(
      await startStage(start, scene.allowed, {
        beforeProgress: () => {
          duringCall = stage.app.sessions();
        },
      }),
    );

    const run = await walk(await scene.open(scene.allowed), {
      id: '2025-11-25',
      at: stage.origin,
      count: { n: 1, intervalMs: 0 },
    });

    expect(run.sessionId).toMatch(/^[0-9a-f-]{36}$/);
    expect(run.streamOpened).toBe(true);
    expect(duringCall).toEqual({ streamable: 1, sse: 0 });
    expect(run.terminated).toBe(true);
    expect(stage.app.sessions()).toEqual({ streamable: 0, sse: 0 });
  });

  it('a client that may fall back does not have to', async () => {
    const stage = scene.use(await startStage(start, scene.allowed));
    const tab = await scene.open(scene.allowed);

    const run = await walk(tab, {
      id: '2026-07-28',
      at: stage.origin,
      client: { versionNegotiation: { mode: 'auto' } },
      count: { n: 1, intervalMs: 0 },
    });

    expect(run).toMatchObject({ outcome: 'works', negotiated: '2026-07-28' });
    expect(tab.blocked).toEqual([]);
  });
});

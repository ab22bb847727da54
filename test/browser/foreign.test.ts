import { describe, expect, it } from 'vitest';
import { JOURNEY_IDS, read, walk } from './page.js';
import { createScene } from './scene.js';
import { bare, CARRIERS, startStage } from './stage.js';

const scene = createScene();

/** A POST that any page may send without a preflight: the browser hides only the answer. */
const SIMPLE_POST: RequestInit = {
  method: 'POST',
  mode: 'no-cors',
  headers: { 'Content-Type': 'text/plain' },
  body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
};

describe.each(Object.entries(CARRIERS))('a foreign page at the %s', (_, start) => {
  it.each(JOURNEY_IDS)('is refused the journey of %s, and the server sees nothing', async (id) => {
    const stage = scene.use(await startStage(start, scene.allowed));
    const tab = await scene.open(scene.foreign);

    const run = await walk(tab, { id, at: stage.origin });

    expect(run).toMatchObject({ outcome: 'blocked', tools: [] });
    expect(tab.blocked.map(({ corsError }) => corsError)).toEqual([
      id === 'http-sse' ? 'MissingAllowOriginHeader' : 'PreflightMissingAllowOriginHeader',
    ]);
    expect(stage.log).toEqual([]);
  });

  it('gets no request through that needs no preflight', async () => {
    const stage = scene.use(await startStage(start, scene.allowed));

    const reading = await read(await scene.open(scene.foreign), `${stage.origin}/mcp`, SIMPLE_POST);

    expect(reading).toMatchObject({ status: 0 });
    expect(stage.log).toEqual([]);
  });
});

describe('a foreign page at a server without mcp-cors', () => {
  it('gets such a request through', async () => {
    const stage = scene.use(await startStage(bare, scene.allowed));

    await read(await scene.open(scene.foreign), `${stage.origin}/mcp`, SIMPLE_POST);

    expect(stage.log).toEqual(['POST /mcp']);
  });
});

import { describe, expect, it } from 'vitest';
import { JOURNEY_IDS, walk } from './page.js';
import { createScene } from './scene.js';
import { bare, publishedRecipe, startStage } from './stage.js';

const scene = createScene();

describe('directly to a server without CORS', () => {
  const expected = {
    '2026-07-28': { method: 'POST', path: '/mcp', corsError: 'PreflightMissingAllowOriginHeader' },
    '2025-11-25': { method: 'POST', path: '/mcp', corsError: 'PreflightMissingAllowOriginHeader' },
    // The stream is opened by a GET that needs no preflight: it reaches the server, and the answer is kept from the page.
    'http-sse': { method: 'GET', path: '/sse', corsError: 'MissingAllowOriginHeader' },
  } as const;

  it.each(JOURNEY_IDS)('the journey of %s is blocked at its first request', async (id) => {
    const stage = scene.use(await startStage(bare, scene.allowed));
    const tab = await scene.open(scene.allowed);

    const run = await walk(tab, { id, at: stage.origin });

    expect(run).toMatchObject({ outcome: 'blocked', tools: [] });
    expect(run.fetches).toHaveLength(1);
    expect(run.fetches[0]).toMatchObject({ error: 'Failed to fetch' });
    expect(tab.blocked).toEqual([{ ...expected[id], failedParameter: '' }]);
  });
});

describe('behind the published recipe', () => {
  it('initialize passes and the next message is blocked over mcp-protocol-version', async () => {
    const stage = scene.use(await startStage(publishedRecipe, scene.allowed));
    const tab = await scene.open(scene.allowed);

    const run = await walk(tab, { id: '2025-11-25', at: stage.origin });

    expect(run.outcome).toBe('blocked');
    expect(run.fetches[0]).toMatchObject({ message: 'initialize', status: 200 });
    expect(run.fetches[1]).toMatchObject({ message: 'notifications/initialized', error: 'Failed to fetch' });
    expect(tab.blocked[0]).toEqual({
      method: 'POST',
      path: '/mcp',
      corsError: 'HeaderDisallowedByPreflightResponse',
      failedParameter: 'mcp-protocol-version',
    });
  });

  it('a client of 2026-07-28 is blocked over mcp-method', async () => {
    const stage = scene.use(await startStage(publishedRecipe, scene.allowed));
    const tab = await scene.open(scene.allowed);

    const run = await walk(tab, { id: '2026-07-28', at: stage.origin });

    expect(run.outcome).toBe('blocked');
    expect(tab.blocked).toEqual([
      {
        method: 'POST',
        path: '/mcp',
        corsError: 'HeaderDisallowedByPreflightResponse',
        failedParameter: 'mcp-method',
      },
    ]);
    expect(stage.log).toEqual([]);
  });

  it('a client that may fall back is blocked over one and then over the other', async () => {
    const stage = scene.use(await startStage(publishedRecipe, scene.allowed));
    const tab = await scene.open(scene.allowed);

    const run = await walk(tab, {
      id: '2026-07-28',
      at: stage.origin,
      client: { versionNegotiation: { mode: 'auto' } },
    });

    expect(run.outcome).toBe('blocked');
    expect(tab.blocked.map(({ failedParameter }) => failedParameter).slice(0, 2)).toEqual([
      'mcp-method',
      'mcp-protocol-version',
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import { createLatch } from '../fixtures/latch.js';
import { JOURNEY_IDS, walk } from './page.js';
import { createScene } from './scene.js';
import { CARRIERS, startStage } from './stage.js';

const scene = createScene();
const EVENTS = 5;

describe.each(Object.entries(CARRIERS))('through the %s', (_, start) => {
  // The tool sends an event only after the page has reported the one before it, so a carrier that holds anything back
  // stops the call for good, however fast or slow the machine is.
  it.each(JOURNEY_IDS)('progress under %s arrives event by event', async (id) => {
    const order: string[] = [];
    const arrivals = Array.from({ length: EVENTS }, createLatch);
    const stage = scene.use(
      await startStage(start, scene.allowed, {
        async beforeProgress(progress) {
          if (progress > 1) await arrivals[progress - 2]?.opened;
          order.push(`sent ${progress}`);
        },
        async beforeResult() {
          await arrivals[EVENTS - 1]?.opened;
        },
      }),
    );

    const run = await walk(await scene.open(scene.allowed), {
      id,
      at: stage.origin,
      count: { n: EVENTS, intervalMs: 0 },
      onProgress(progress) {
        order.push(`arrived ${progress}`);
        arrivals[progress - 1]?.open();
      },
    });

    expect(order).toEqual([1, 2, 3, 4, 5].flatMap((n) => [`sent ${n}`, `arrived ${n}`]));
    expect(run.outcome).toBe('works');
    const times = run.progress.map(({ at }) => at);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(new Set(times).size).toBe(EVENTS);
  });
});

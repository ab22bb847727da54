import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const BENCH = fileURLToPath(new URL('../../bench/idleStreams.mjs', import.meta.url));

it('a thousand silent streams are kept alive, at no more than 20 kB of memory each', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [BENCH, '--json'], { timeout: 110_000 });
  const { streams, alive, spokenTo, heapKb, externalKb } = JSON.parse(stdout);
  expect([alive, spokenTo]).toEqual([streams, streams]);
  expect(heapKb + externalKb).toBeLessThan(20);
  expect(heapKb).toBeGreaterThan(1); // it was measured
}, 120_000);

import { median } from './table.mjs';

/** Nanoseconds per call of each candidate. The candidates take turns in every round, and the median round counts. */
export function nanosecondsPerCall(candidates, { rounds = 15, roundMs = 12 } = {}) {
  const calls = Object.fromEntries(Object.keys(candidates).map((name) => [name, 1_000]));
  const figures = Object.fromEntries(Object.keys(candidates).map((name) => [name, []]));
  for (let round = -4; round < rounds; round++) {
    for (const [name, call] of Object.entries(candidates)) {
      const start = process.hrtime.bigint();
      for (let i = 0; i < calls[name]; i++) call(i);
      const elapsed = Number(process.hrtime.bigint() - start);
      if (round >= 0) figures[name].push(elapsed / calls[name]);
      else calls[name] = Math.max(20, Math.round((calls[name] * roundMs * 1e6) / elapsed));
    }
  }
  return Object.fromEntries(Object.entries(figures).map(([name, list]) => [name, median(list)]));
}

/** Bytes of heap that one call leaves behind, needed or not. Wants `--expose-gc` and a young generation that holds it. */
export function bytesPerCall(call, calls = 20_000) {
  for (let i = 0; i < calls; i++) call(i);
  const figures = [];
  for (let round = 0; round < 5; round++) {
    globalThis.gc();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < calls; i++) call(i);
    figures.push((process.memoryUsage().heapUsed - before) / calls);
  }
  return Math.max(0, median(figures));
}

/** Heap in megabytes that a value keeps. */
export function megabytesOf(create) {
  globalThis.gc();
  const before = process.memoryUsage().heapUsed;
  const value = create();
  globalThis.gc();
  return { value, megabytes: Math.max(0, (process.memoryUsage().heapUsed - before) / 1e6) };
}

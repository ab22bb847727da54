import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createKeepAlives, type Quiet } from './keepAlive.js';

const SILENCE_MS = 25_600;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A stream that notes when it is asked to speak. */
function quiet(): Quiet & { readonly spoke: number[] } {
  const spoke: number[] = [];
  return { quietRounds: 0, spoke, speak: () => void spoke.push(Date.now()) };
}

describe('a silent stream', () => {
  it('speaks when the silence is whole, at most a quarter late, and again after as long', () => {
    const keepAlives = createKeepAlives(SILENCE_MS);
    for (let i = 0; i < 100; i++) {
      const stream = quiet();
      const opened = Date.now();
      keepAlives.add(stream);
      vi.advanceTimersByTime(SILENCE_MS * 3.5);
      const [first = 0, second = 0] = stream.spoke;
      expect(first - opened).toBeGreaterThanOrEqual(SILENCE_MS);
      expect(first - opened).toBeLessThanOrEqual(SILENCE_MS * 1.25);
      expect(second - first).toBe(SILENCE_MS);
      keepAlives.delete(stream);
      vi.advanceTimersByTime(137);
    }
  });

  it('does not speak while something is said in time', () => {
    const keepAlives = createKeepAlives(SILENCE_MS);
    const stream = quiet();
    keepAlives.add(stream);
    for (let i = 0; i < 50; i++) {
      vi.advanceTimersByTime(SILENCE_MS - 1);
      stream.quietRounds = 0;
    }
    expect(stream.spoke).toEqual([]);
    vi.advanceTimersByTime(SILENCE_MS * 1.25);
    expect(stream.spoke).toHaveLength(1);
  });

  it.each([1, 3, 40, 200, 15_000, 2_147_483_647])('speaks after %i ms too', (silenceMs) => {
    const keepAlives = createKeepAlives(silenceMs);
    const stream = quiet();
    const opened = Date.now();
    keepAlives.add(stream);
    for (let i = 0; i < 1_000 && stream.spoke.length === 0; i++) vi.advanceTimersToNextTimer();
    expect(stream.spoke).toHaveLength(1);
    expect((stream.spoke[0] as number) - opened).toBeGreaterThanOrEqual(silenceMs);
    keepAlives.delete(stream);
  });
});

describe('thousands of streams', () => {
  it('cost one timer, and do not speak all at once', () => {
    const keepAlives = createKeepAlives(SILENCE_MS);
    const streams = Array.from({ length: 5_000 }, quiet);
    for (const stream of streams) keepAlives.add(stream);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(SILENCE_MS * 1.25);
    const at = new Map<number, number>();
    for (const { spoke } of streams) {
      expect(spoke).toHaveLength(1);
      at.set(spoke[0] as number, (at.get(spoke[0] as number) ?? 0) + 1);
    }
    expect(Math.max(...at.values())).toBeLessThanOrEqual(Math.ceil(5_000 / 64));
    for (const stream of streams) keepAlives.delete(stream);
    expect(vi.getTimerCount()).toBe(0);
    keepAlives.add(streams[0] as Quiet);
    expect(vi.getTimerCount()).toBe(1);
  });
});

import type { Limiter } from 'mcp-cors/carrier';
import { describe, expect, it } from 'vitest';
import { heapAfterCollection } from '../../../../test/gateway/heap.js';
import { createMemoryLimiters, MOST_KEYS } from './memory.js';

function createLimiter(points = 2): Limiter {
  const limiters = createMemoryLimiters({ requests: { points, seconds: 60 } });
  return (limiters as { readonly requests: Limiter }).requests;
}

describe('limiters in memory', () => {
  it('are none where no rate is', () => {
    expect(createMemoryLimiters({})).toBeUndefined();
  });

  it('count a key up to its points, and tell them', async () => {
    const limiter = createLimiter();
    expect([limiter.points, limiter.duration]).toEqual([2, 60]);
    await limiter.consume('a');
    await expect(limiter.consume('a')).resolves.toMatchObject({ remainingPoints: 0 });
    await expect(limiter.consume('a')).rejects.toMatchObject({ remainingPoints: 0 });
    await limiter.consume('b');
  });

  it('forget the key whose window began first when there are too many, and no other', async () => {
    const limiter = createLimiter(1);
    await limiter.consume('first');
    await limiter.consume('second');
    for (let i = 2; i < MOST_KEYS; i++) await limiter.consume(`key ${i}`);
    await expect(limiter.consume('first')).rejects.toBeDefined();
    await limiter.consume('one more');
    await limiter.consume('first'); // takes the place of the second
    await expect(limiter.consume('one more')).rejects.toBeDefined();
    await expect(limiter.consume('key 2')).rejects.toBeDefined();
    await limiter.consume('second');
  });

  it('stay small under 100,000 addresses', async () => {
    const limiter = createLimiter();
    const flood = async (from: number): Promise<number> => {
      for (let i = from; i < from + 100_000; i++) {
        await limiter.consume(`denied:${i >> 16}.${(i >> 8) & 255}.${i & 255}.7:*`);
      }
      return heapAfterCollection();
    };
    const before = heapAfterCollection();
    const once = await flood(0);
    const twice = await flood(100_000);
    const megabytes = (bytes: number): number => bytes / 1_048_576;
    expect(megabytes(once - before)).toBeLessThan(16);
    expect(megabytes(twice - once)).toBeLessThan(4);
  });
});

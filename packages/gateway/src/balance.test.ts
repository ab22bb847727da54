import fc from 'fast-check';
import { createPolicy } from 'mcp-cors';
import { expect, it } from 'vitest';
import { createBalance, PASS_OVER_MS } from './balance.js';
import type { Replica } from './config/routes.js';

const policy = createPolicy({ origins: ['https://app.example.com'] });
const replicasOf = (count: number): Replica[] =>
  Array.from({ length: count }, (_, i) => ({
    mark: `m${i}`,
    route: {
      path: '/',
      exact: false,
      completeParams: true,
      policy,
      replicas: undefined,
      upstream: new URL(`http://127.0.0.1:${1 + i}`),
    },
  }));

const [a, b, c] = replicasOf(3) as [Replica, Replica, Replica];

it('takes turns', () => {
  const balance = createBalance([a, b, c]);
  expect(Array.from({ length: 7 }, () => balance.next()?.mark)).toEqual([
    'm0',
    'm1',
    'm2',
    'm0',
    'm1',
    'm2',
    'm0',
  ]);
});

it('passes one over for a while, then lets one request find out whether it is back', () => {
  let now = 0;
  const balance = createBalance([a, b, c], () => now);
  const takeMany = () => new Set(Array.from({ length: 30 }, () => balance.next()));
  balance.passOver(b);
  expect(takeMany()).toEqual(new Set([a, c]));
  now = PASS_OVER_MS - 1;
  expect(takeMany()).toEqual(new Set([a, c]));
  now = PASS_OVER_MS;
  expect(Array.from({ length: 30 }, () => balance.next()).filter((one) => one === b)).toHaveLength(1);
  balance.admit(b);
  expect(takeMany()).toEqual(new Set([a, b, c]));
});

it('takes one that is passed over when no other is left', () => {
  const balance = createBalance([a, b], () => 0);
  balance.passOver(a);
  balance.passOver(b);
  expect(balance.next()).toBeDefined();
  expect(balance.next(new Set([a]))).toBe(b);
  expect(balance.next(new Set([a, b]))).toBeUndefined();
});

it('tries each once before it gives up, whatever was passed over', () => {
  const step = fc.oneof(fc.constant('next' as const), fc.nat({ max: 5 }));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.array(step), (count, steps) => {
      const replicas = replicasOf(count);
      let now = 0;
      const balance = createBalance(replicas, () => (now += 700));
      for (const one of steps) {
        if (one === 'next') balance.next();
        else balance.passOver(replicas[one % count] as Replica);
      }
      const tried = new Set<Replica>();
      for (let next = balance.next(tried); next !== undefined; next = balance.next(tried)) {
        expect(tried.has(next)).toBe(false);
        tried.add(next);
      }
      expect(tried.size).toBe(count);
    }),
  );
});

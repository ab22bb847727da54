import { expect, it } from 'vitest';
import { createBudget } from './budget.js';

it('gives each client its share, anew in each period', () => {
  let time = 0;
  const budget = createBudget(2, 1_000, () => time);
  expect([budget.take('a'), budget.take('a'), budget.take('a'), budget.take('b')]).toEqual([
    true,
    true,
    false,
    true,
  ]);
  time = 999;
  expect(budget.take('a')).toBe(false);
  time = 1_000;
  expect(budget.take('a')).toBe(true);
});

it('counts so many clients and no more', () => {
  let time = 0;
  const budget = createBudget(2, 1_000, () => time);
  for (let i = 0; i < 10_000; i++) budget.take(`client ${i}`);
  expect(budget.take('another')).toBe(false);
  expect(budget.take('client 0')).toBe(true);
  time = 1_000;
  expect(budget.take('another')).toBe(true);
});

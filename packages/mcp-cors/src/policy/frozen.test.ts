import { expect, test } from 'vitest';
import { freezeDeep } from './frozen.js';

test('freezes a value to its last part, and gives it back', () => {
  const value = { a: [{ b: 'c' }, null, undefined, 1], d: { e: [] as string[] }, f: () => 1 };
  expect(freezeDeep(value)).toBe(value);
  for (const part of [value, value.a, value.a[0], value.d, value.d.e])
    expect(Object.isFrozen(part)).toBe(true);
  expect(() => value.d.e.push('x')).toThrow(TypeError);
});

test('goes below a value that was frozen before', () => {
  const inner = { list: [1] };
  freezeDeep(Object.freeze({ inner }));
  expect(Object.isFrozen(inner.list)).toBe(true);
});

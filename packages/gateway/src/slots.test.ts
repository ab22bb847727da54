import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSlots } from './slots.js';

test('slots hold what a set would', () => {
  const step = fc.record({ adds: fc.boolean(), which: fc.nat() });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const slots = createSlots<object>();
      const held = new Map<object, number>();
      for (const { adds, which } of steps) {
        if (adds || held.size === 0) {
          const thing = {};
          held.set(thing, slots.add(thing));
        } else {
          const [thing, slot] = [...held][which % held.size] as [object, number];
          held.delete(thing);
          slots.empty(slot);
        }
        expect(slots.size).toBe(held.size);
        expect(new Set(slots)).toEqual(new Set(held.keys()));
      }
    }),
  );
});

test('slots are used again', () => {
  const slots = createSlots<object>();
  const first = slots.add({});
  slots.add({});
  slots.empty(first);
  expect(slots.add({})).toBe(first);
});

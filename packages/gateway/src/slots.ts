/** Things that come and go with every request. */
export interface Slots<T> extends Iterable<T> {
  readonly size: number;
  /** Keeps a thing, and gives the slot in which it is. */
  add(thing: T): number;
  /** Empties a slot; once for each `add`. */
  empty(slot: number): void;
}

/**
 * Makes an empty set of slots. A `Set` would do the same and cost a quarter of a request's time: with every few changes it
 * takes another table, and the old ones, which live on until the next full collection, keep what was in them from being
 * collected young.
 */
export function createSlots<T extends object>(): Slots<T> {
  const things: (T | undefined)[] = [];
  const free: number[] = [];
  return {
    get size() {
      return things.length - free.length;
    },
    add(thing) {
      const slot = free.pop() ?? things.length;
      things[slot] = thing;
      return slot;
    },
    empty(slot) {
      things[slot] = undefined;
      free.push(slot);
    },
    *[Symbol.iterator]() {
      for (const thing of things) if (thing !== undefined) yield thing;
    },
  };
}

import type { Reader } from './reader.js';

/** Every reader, in the order of the documentation. */
export const READERS: readonly Reader[] = Object.freeze([]);

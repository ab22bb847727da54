import { EXPRESS_READER } from './express.js';
import { FASTAPI_READER } from './fastapi.js';
import type { Reader } from './reader.js';

/** Every reader, in the order of the documentation. */
export const READERS: readonly Reader[] = Object.freeze([FASTAPI_READER, EXPRESS_READER]);

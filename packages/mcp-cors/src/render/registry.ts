import { NGINX } from './nginx.js';
import type { Target } from './target.js';

/** Every target, in the order of the documentation. */
export const TARGETS: readonly Target[] = Object.freeze([NGINX]);

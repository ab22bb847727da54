import { CADDY_READER } from './caddy.js';
import { EXPRESS_READER } from './express.js';
import { FASTAPI_READER } from './fastapi.js';
import { NGINX_READER } from './nginx.js';
import type { Reader } from './reader.js';

/** Every reader, in the order of the documentation. */
export const READERS: readonly Reader[] = Object.freeze([
  NGINX_READER,
  CADDY_READER,
  FASTAPI_READER,
  EXPRESS_READER,
]);

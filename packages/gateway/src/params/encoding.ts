import type { Declaration } from './declarations.js';

/** Bound on the names and values that are added to one request: what Node's server takes as a whole head. */
const MAX_ADDED_BYTES = 16_384;

const SENTINEL_START = '=?base64?';
const SENTINEL_END = '?=';

/**
 * The headers that mirror a call's arguments, as a flat list of names and values; none at all when they would be larger
 * than 16 KiB. A parameter that is absent, null or no primitive has no header.
 */
export function paramHeaders(declarations: readonly Declaration[], args: unknown): readonly string[] {
  const headers: string[] = [];
  let bytes = 0;
  for (const { path, header } of declarations) {
    const text = primitiveText(valueAt(args, path));
    if (text === undefined) continue;
    const value = encodeParamValue(text);
    bytes += header.length + value.length;
    if (bytes > MAX_ADDED_BYTES) return [];
    headers.push(header, value);
  }
  return headers;
}

/**
 * Encodes a text as the value of a header: as it is when that is plain ASCII which no parser would trim or take for
 * something encoded, otherwise as Base64 of its UTF-8. What comes out has no CR, LF or NUL.
 */
export function encodeParamValue(text: string): string {
  return isPlain(text)
    ? text
    : `${SENTINEL_START}${Buffer.from(text, 'utf8').toString('base64')}${SENTINEL_END}`;
}

function isPlain(text: string): boolean {
  if (!/^[\t -~]+$/.test(text) || text.trim() !== text) return false;
  return !(text.startsWith(SENTINEL_START) && text.endsWith(SENTINEL_END));
}

/** A primitive as text; undefined for what has no header, such as an integer that has lost digits. */
function primitiveText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? undefined : String(value);
}

/**
 * Follows keys into a value. Inherited properties count, as they do for the official client and server, which compare
 * header and body by this very rule.
 */
function valueAt(root: unknown, path: readonly string[]): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value;
}

import type { Fields } from './fields.js';

/** Longest value that a safelisted request header may have, in bytes. */
export const MAX_SAFELISTED_VALUE_LENGTH = 128;
/** Most bytes that the values of all safelisted request headers of a request may have together. */
export const MAX_SAFELISTED_TOTAL_LENGTH = 1024;

/** How a browser's safelist differs from the standard's. */
export interface SafelistRules {
  /** Further names, in lower case, and what their values have to match. */
  readonly alsoSafelisted: ReadonlyMap<string, RegExp>;
  /** Whether the lines of a name are joined before they are looked at. */
  readonly joinsLines: boolean;
  /** Positions of a `Range` from which on it is not read. */
  readonly rangeLimit: number;
}

/** @see https://fetch.spec.whatwg.org/#cors-unsafe-request-header-byte */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the standard names control characters.
const UNSAFE_BYTE = /[\0-\x08\x0a-\x1f"():<>?@[\\\]{}\x7f]/;
const LANGUAGE = /^[0-9A-Za-z *,\-.;=]*$/;
const SAFE_ESSENCES: ReadonlySet<string> = new Set([
  'application/x-www-form-urlencoded',
  'multipart/form-data',
  'text/plain',
]);

const SAFE_VALUES: ReadonlyMap<string, (value: string) => boolean> = new Map([
  ['accept', (value) => !UNSAFE_BYTE.test(value)],
  ['accept-language', (value) => LANGUAGE.test(value)],
  ['content-language', (value) => LANGUAGE.test(value)],
  ['content-type', (value) => !UNSAFE_BYTE.test(value) && SAFE_ESSENCES.has(essenceOf(value) ?? '')],
]);

/**
 * Whether a request header needs no preflight.
 * @param name In lower case.
 * @see https://fetch.spec.whatwg.org/#cors-safelisted-request-header
 */
export function isSafelistedRequestHeader(name: string, value: string, rules: SafelistRules): boolean {
  if (value.length > MAX_SAFELISTED_VALUE_LENGTH) return false;
  if (name === 'range') return isSimpleRange(value, rules.rangeLimit);
  return SAFE_VALUES.get(name)?.(value) ?? rules.alsoSafelisted.get(name)?.test(value) ?? false;
}

const NO_CORS_NAMES: ReadonlySet<string> = new Set([
  'accept',
  'accept-language',
  'content-language',
  'content-type',
]);

/**
 * Whether a page may set a request header in mode `no-cors`.
 * @param name In lower case.
 * @see https://fetch.spec.whatwg.org/#no-cors-safelisted-request-header
 */
export function isNoCorsSafelistedRequestHeader(name: string, value: string, rules: SafelistRules): boolean {
  return NO_CORS_NAMES.has(name) && isSafelistedRequestHeader(name, value, rules);
}

/**
 * The names that a preflight has to ask for: in lower case, each once, sorted. Linear in the size of the fields.
 * @see https://fetch.spec.whatwg.org/#cors-unsafe-request-header-names
 */
export function unsafeRequestHeaderNames(fields: Fields, rules: SafelistRules): string[] {
  const unsafe = new Set<string>();
  const safe = new Set<string>();
  let total = 0;
  for (const [name, value] of fields) {
    if (isSafelistedRequestHeader(name, value, rules)) {
      safe.add(name);
      total += value.length;
    } else {
      unsafe.add(name);
    }
  }
  if (total > MAX_SAFELISTED_TOTAL_LENGTH) for (const name of safe) unsafe.add(name);
  return [...unsafe].sort();
}

/** Type and subtype of a media type, in lower case. @see https://mimesniff.spec.whatwg.org/#parse-a-mime-type */
function essenceOf(value: string): string | undefined {
  return /^[ \t\r\n]*([!#$%&'*+\-.^_`|~0-9A-Za-z]+\/[!#$%&'*+\-.^_`|~0-9A-Za-z]+)[ \t\r\n]*(?:;|$)/
    .exec(value)?.[1]
    ?.toLowerCase();
}

/** Whether a value is one range with a start. @see https://fetch.spec.whatwg.org/#simple-range-header-value */
function isSimpleRange(value: string, limit: number): boolean {
  const [, start, end] = /^bytes=([0-9]+)-([0-9]*)$/.exec(value) ?? [];
  if (start === undefined || end === undefined) return false;
  if (Number(start) >= limit || Number(end) >= limit) return false;
  return end === '' || BigInt(start) <= BigInt(end);
}

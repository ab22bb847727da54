import { isToken } from '../policy/headers.js';
import type { HeaderField } from '../policy/index.js';

/** The fields of a message: names in any case, a name as often as there are lines of it. */
export type Fields = readonly HeaderField[];

/**
 * The value of a field, its lines joined with `, ` in order; undefined when there is none.
 * @param name In lower case.
 * @see https://fetch.spec.whatwg.org/#concept-header-list-get
 */
export function getField(fields: Fields, name: string): string | undefined {
  const values = fields.filter(([line]) => line.toLowerCase() === name).map(([, value]) => trimOws(value));
  return values.length === 0 ? undefined : values.join(', ');
}

/**
 * Fields with names in lower case, sorted, the lines of each name joined.
 * @see https://fetch.spec.whatwg.org/#concept-header-list-sort-and-combine
 */
export function combineFields(fields: Fields): HeaderField[] {
  const lines = new Map<string, string[]>();
  for (const [name, value] of fields) {
    const lower = name.toLowerCase();
    const values = lines.get(lower);
    if (values === undefined) lines.set(lower, [trimOws(value)]);
    else values.push(trimOws(value));
  }
  return [...lines]
    .map(([name, values]) => [name, values.join(', ')] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/** A field value without the spaces and tabs around it, as HTTP delivers it (RFC 9110 section 5.5). */
export function trimOws(value: string): string {
  return trim(value, (code) => code === 0x20 || code === 0x09);
}

/** A value without HTTP whitespace bytes around it. @see https://fetch.spec.whatwg.org/#concept-header-value-normalize */
export function normaliseValue(value: string): string {
  return trim(value, (code) => code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d);
}

function trim(value: string, isBlank: (code: number) => boolean): string {
  let start = 0;
  let end = value.length;
  while (start < end && isBlank(value.charCodeAt(start))) start++;
  while (end > start && isBlank(value.charCodeAt(end - 1))) end--;
  return value.slice(start, end);
}

/**
 * The tokens of a comma list such as `Access-Control-Allow-Headers`; undefined when an element is no token. Empty
 * elements are passed over (RFC 9110 section 5.6.1.2).
 * @see https://fetch.spec.whatwg.org/#extract-header-list-values
 */
export function parseTokens(value: string): string[] | undefined {
  const tokens = value
    .split(',')
    .map(trimOws)
    .filter((element) => element !== '');
  return tokens.every(isToken) ? tokens : undefined;
}

/** Whether every code unit is a byte. @see https://webidl.spec.whatwg.org/#es-ByteString */
export function isByteString(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) return false;
  return true;
}

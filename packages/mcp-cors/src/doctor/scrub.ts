import type { HeaderField } from '../policy/index.js';
import { HIDDEN, redactHeader } from './evidence.js';
import { mapTexts } from './texts.js';
import type { WireExchange } from './transport.js';

/** Shorter texts are replaced nowhere: they would be found in words. */
const SHORTEST_SECRET = 6;

/** What must not get into a report, however a server repeats it: values of the page's own headers and of the query, session ids. */
export function secretsOf(
  target: string,
  own: readonly HeaderField[],
  exchanges: readonly WireExchange[],
): readonly string[] {
  const secrets = new Set<string>();
  const add = (value: string): void => {
    if (value.length >= SHORTEST_SECRET) secrets.add(value);
  };
  for (const [name, value] of own) {
    if (redactHeader(name, value) === value) continue; // no secret by its name
    add(value);
    for (const part of value.split(/[\s;,]+/)) add(part.slice(part.indexOf('=') + 1));
  }
  const { search, searchParams } = new URL(target);
  for (const value of searchParams.values()) add(value);
  for (const part of search.slice(1).split('&')) add(part.slice(part.indexOf('=') + 1));
  for (const { response } of exchanges) {
    for (const [name, value] of response?.headers ?? []) {
      if (name.toLowerCase() === 'mcp-session-id') add(value);
    }
  }
  // A secret that holds another is replaced first.
  return [...secrets].sort((a, b) => b.length - a.length);
}

/** The same value with the secrets in its texts replaced. */
export function scrub<T>(value: T, secrets: readonly string[]): T {
  return mapTexts(value, (text) => secrets.reduce((rest, secret) => rest.replaceAll(secret, HIDDEN), text));
}

import type { Unread } from '../reader.js';
import { createLocator, type Position } from '../survey/position.js';

/** A word of a Caddyfile, without its quotes. */
export interface Word {
  readonly text: string;
  readonly quoted: boolean;
  readonly at: Position;
}

/** A line, with what stands in the braces that it opens. */
export interface Line {
  readonly words: readonly [Word, ...Word[]];
  readonly block: readonly Line[] | undefined;
}

/** What a file holds, as far as it is the Caddyfile's grammar. */
export interface Parsed {
  readonly lines: readonly Line[];
  readonly unread: readonly Unread[];
}

const MAX_DEPTH = 32;
const MAX_LINES = 100_000;
const MAX_WORDS = 1_000;

interface Open {
  readonly words: readonly Word[];
  readonly inside: Line[];
}

/** Parses the grammar of Caddyfiles to the end of the text, whatever it holds; in time in proportion to it. */
export function parseCaddyfile(text: string): Parsed {
  const locate = createLocator(text);
  const top: Line[] = [];
  const open: Open[] = [];
  const unread: Unread[] = [];
  let words: Word[] = [];
  let skipped = 0;
  let count = 0;
  let at = 0;
  const note = (index: number, shown: string, why: string): void => {
    if (unread.length < 20) unread.push({ ...locate(index), text: shown.slice(0, 80), why });
  };
  const add = (some: readonly Word[], block: readonly Line[] | undefined): void => {
    const [first, ...rest] = some;
    if (first === undefined && block === undefined) return;
    if (++count > MAX_LINES) return;
    // Braces without a word before them are the global options.
    const head = first ?? { text: '', quoted: false, at: block?.[0]?.words[0].at ?? locate(at) };
    (open.at(-1)?.inside ?? top).push({ words: [head, ...rest], block });
  };
  const endLine = (): void => {
    if (skipped === 0) add(words, undefined);
    words = [];
  };

  while (at < text.length) {
    const character = text[at] as string;
    if (character === '\n') {
      endLine();
      at++;
    } else if (/\s/.test(character)) at++;
    else if (character === '\\' && /^\\\r?\n/.test(text.slice(at, at + 3))) {
      at += text[at + 1] === '\r' ? 3 : 2;
    } else if (character === '#') {
      const end = text.indexOf('\n', at);
      at = end === -1 ? text.length : end;
    } else if (character === '{' && /^\{\s/.test(text.slice(at, at + 2))) {
      if (open.length >= MAX_DEPTH || skipped > 0) {
        if (skipped++ === 0) note(at, '{', `blocks are nested more than ${MAX_DEPTH} deep`);
      } else open.push({ words, inside: [] });
      words = [];
      at++;
    } else if (character === '}' && words.length === 0) {
      at++;
      if (skipped > 0) skipped--;
      else {
        const last = open.pop();
        if (last === undefined) note(at - 1, '}', 'it closes no block');
        else add(last.words, last.inside);
      }
    } else {
      const read = readWord(text, at);
      if (!read.closed) note(at, text.slice(at, at + 40), 'the quotes are not closed');
      if (words.length < MAX_WORDS) words.push({ text: read.text, quoted: read.quoted, at: locate(at) });
      at = read.end;
    }
  }
  endLine();
  if (open.length > 0) note(text.length, open.at(-1)?.words[0]?.text ?? '{', 'the block is not closed');
  for (let last = open.pop(); last !== undefined; last = open.pop()) add(last.words, last.inside);
  if (count > MAX_LINES) note(text.length, '…', `only ${MAX_LINES} lines are looked at`);
  return { lines: top, unread };
}

/** A word in quotes, in backquotes, or up to white space. */
function readWord(
  text: string,
  start: number,
): { readonly text: string; readonly quoted: boolean; readonly end: number; readonly closed: boolean } {
  const quote = text[start];
  if (quote !== '"' && quote !== '`') {
    let end = start;
    while (end < text.length && !/\s/.test(text[end] as string)) end++;
    return { text: text.slice(start, end), quoted: false, end, closed: true };
  }
  let word = '';
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === quote) return { text: word, quoted: true, end: at + 1, closed: true };
    if (quote === '"' && text[at] === '\\' && text[at + 1] === '"') at++;
    word += text[at];
  }
  return { text: word, quoted: true, end: text.length, closed: false };
}

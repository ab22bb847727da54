import type { Unread } from '../reader.js';
import { createLocator, type Position } from '../survey/position.js';

/** A word of a directive, without its quotes and escapes. */
export interface Word {
  readonly text: string;
  readonly quoted: boolean;
  readonly at: Position;
}

/** A directive, with what stands in its braces. */
export interface Directive {
  readonly name: string;
  readonly args: readonly Word[];
  readonly at: Position;
  readonly block: readonly Directive[] | undefined;
}

/** What a file holds, as far as it is nginx's grammar. */
export interface Parsed {
  readonly directives: readonly Directive[];
  readonly unread: readonly Unread[];
}

/** Deepest nesting; nginx's own configurations have five levels. */
const MAX_DEPTH = 32;
const MAX_DIRECTIVES = 200_000;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  '\\': '\\',
  t: '\t',
  r: '\r',
  n: '\n',
};
/** Blocks that hold another language. */
const FOREIGN_BLOCK = /_by_lua_block$|^js_/;

interface Open {
  readonly name: string;
  readonly args: readonly Word[];
  readonly at: Position;
  readonly inside: Directive[];
}

/** Parses nginx's grammar to the end of the text, whatever it holds; in time in proportion to it. */
export function parseNginx(text: string): Parsed {
  const locate = createLocator(text);
  const top: Directive[] = [];
  const open: Open[] = [];
  const unread: Unread[] = [];
  let words: Word[] = [];
  let count = 0;
  let skipped = 0;
  let at = 0;
  const note = (index: number, shown: string, why: string): void => {
    if (unread.length < 20) unread.push({ ...locate(index), text: shown, why });
  };
  const add = (block: readonly Directive[] | undefined, from: Pick<Open, 'name' | 'args' | 'at'>): void => {
    if (++count > MAX_DIRECTIVES) return;
    (open.at(-1)?.inside ?? top).push({ name: from.name, args: from.args, at: from.at, block });
  };
  const close = (): void => {
    const last = open.pop();
    if (last !== undefined) add(last.inside, last);
  };

  while (at < text.length) {
    const character = text[at] as string;
    if (/\s/.test(character)) at++;
    else if (character === '#') {
      const end = text.indexOf('\n', at);
      at = end === -1 ? text.length : end;
    } else if (character === ';') {
      const [first, ...args] = words;
      if (first !== undefined && skipped === 0) add(undefined, { name: first.text, args, at: first.at });
      words = [];
      at++;
    } else if (character === '{') {
      const [first, ...args] = words;
      words = [];
      at++;
      if (first !== undefined && FOREIGN_BLOCK.test(first.text)) {
        const end = foreignEnd(text, at);
        note(at - 1, first.text, 'code in another language is not followed');
        at = end;
      } else if (open.length >= MAX_DEPTH || skipped > 0) {
        if (skipped++ === 0)
          note(at - 1, first?.text ?? '{', `blocks are nested more than ${MAX_DEPTH} deep`);
      } else {
        open.push({ name: first?.text ?? '', args, at: first?.at ?? locate(at - 1), inside: [] });
      }
    } else if (character === '}') {
      if (words.length > 0) note(at, words[0]?.text ?? '', 'the directive does not end with a semicolon');
      words = [];
      if (skipped > 0) skipped--;
      else if (open.length === 0) note(at, '}', 'it closes no block');
      else close();
      at++;
    } else {
      const read = readWord(text, at);
      if (words.length < 10_000) words.push({ text: read.text, quoted: read.quoted, at: locate(at) });
      if (!read.closed) note(at, text.slice(at, at + 40), 'the quotes are not closed');
      at = read.end;
    }
  }
  if (words.length > 0)
    note(text.length, words[0]?.text ?? '', 'the directive does not end with a semicolon');
  if (open.length > 0) note(text.length, open.at(-1)?.name ?? '', 'the block is not closed');
  while (open.length > 0) close();
  if (count > MAX_DIRECTIVES) note(text.length, '…', `only ${MAX_DIRECTIVES} directives are looked at`);
  return { directives: top, unread };
}

/** A word in quotes, or up to white space, a semicolon or a brace that is not of a variable. */
function readWord(
  text: string,
  start: number,
): { readonly text: string; readonly quoted: boolean; readonly end: number; readonly closed: boolean } {
  const quote = text[start] === '"' || text[start] === "'" ? text[start] : undefined;
  let at = quote === undefined ? start : start + 1;
  let word = '';
  while (at < text.length) {
    const character = text[at] as string;
    if (character === '\\') {
      const meant = ESCAPES[text[at + 1] ?? ''];
      word += meant ?? text.slice(at, at + 2);
      at += 2;
    } else if (quote !== undefined) {
      at++;
      if (character === quote) return { text: word, quoted: true, end: at, closed: true };
      word += character;
    } else if (character === '$' && text[at + 1] === '{') {
      word += '${';
      at += 2;
    } else if (/[\s;{]/.test(character)) {
      break;
    } else {
      word += character;
      at++;
    }
  }
  return {
    text: word,
    quoted: quote !== undefined,
    end: Math.min(at, text.length),
    closed: quote === undefined,
  };
}

/** Where braces that are balanced end. */
function foreignEnd(text: string, start: number): number {
  let depth = 1;
  for (let at = start; at < text.length; at++) {
    if (text[at] === '{') depth++;
    else if (text[at] === '}' && --depth === 0) return at + 1;
  }
  return text.length;
}

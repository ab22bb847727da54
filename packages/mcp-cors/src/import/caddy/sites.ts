import type { Unread } from '../reader.js';
import type { Position } from '../survey/position.js';
import type { Line, Word } from './syntax.js';

/** A site of a Caddyfile. */
export interface Site {
  readonly at: Position;
  readonly addresses: readonly Address[];
  readonly lines: readonly Line[];
}

/** Where a site is reached; a host that is undefined is any. */
export interface Address {
  readonly text: string;
  readonly host: string | undefined;
  readonly port: string;
}

/** Most lines that imports are written out to, and how deep they may lead. */
const MAX_LINES = 20_000;
const MAX_IMPORTS = 10;

/** The sites of a file, with the snippets that they import written out. */
export function sitesOf(lines: readonly Line[], unread: Unread[]): readonly Site[] {
  const snippets = new Map<string, readonly Line[]>();
  for (const { words, block } of lines) {
    const name = /^\((.+)\)$/.exec(words[0].text)?.[1];
    if (name !== undefined && block !== undefined) snippets.set(name, block);
  }
  const budget = { left: MAX_LINES };
  const others = lines.filter(
    ({ words, block }) =>
      words[0].text !== '' &&
      !/^&?\(.+\)$/.test(words[0].text) &&
      !(block === undefined && words[0].text === 'import'),
  );
  for (const { words, block } of lines) {
    if (block === undefined && words[0].text === 'import') noteFile(words, unread);
  }
  const [first] = others;
  if (first !== undefined && first.block === undefined) {
    // One site, without braces around it.
    return [siteOf(first.words, writeOut(others.slice(1), snippets, unread, budget, 0))];
  }
  return others.flatMap(({ words, block }) =>
    block === undefined ? [] : [siteOf(words, writeOut(block, snippets, unread, budget, 0))],
  );
}

function noteFile(words: readonly Word[], unread: Unread[]): void {
  const [, name] = words;
  if (name === undefined || unread.length >= 50) return;
  unread.push({
    ...name.at,
    text: `import ${name.text}`.slice(0, 80),
    why: 'what stands in another file is not read: give that file too',
  });
}

function writeOut(
  lines: readonly Line[],
  snippets: ReadonlyMap<string, readonly Line[]>,
  unread: Unread[],
  budget: { left: number },
  depth: number,
): readonly Line[] {
  const result: Line[] = [];
  for (const line of lines) {
    if (--budget.left < 0) {
      if (budget.left === -1)
        unread.push({
          ...line.words[0].at,
          text: line.words[0].text,
          why: `only ${MAX_LINES} lines of sites are looked at`,
        });
      return result;
    }
    const [first, name, ...args] = line.words;
    if (first.text === 'import' && name !== undefined) {
      const snippet = snippets.get(name.text);
      if (snippet === undefined || depth >= MAX_IMPORTS) noteFile(line.words, unread);
      else
        result.push(
          ...writeOut(
            snippet.map((one) => filled(one, args)),
            snippets,
            unread,
            budget,
            depth + 1,
          ),
        );
    } else {
      result.push({
        words: line.words,
        block: line.block === undefined ? undefined : writeOut(line.block, snippets, unread, budget, depth),
      });
    }
  }
  return result;
}

/** A line of a snippet with its arguments in it. */
function filled({ words, block }: Line, args: readonly Word[]): Line {
  if (args.length === 0) return { words, block };
  const fill = (word: Word): Word => ({
    ...word,
    at: /^\{args(?:\.\d|\[\d\])\}$/.test(word.text)
      ? (args[Number(/\d/.exec(word.text)?.[0])]?.at ?? word.at)
      : word.at,
    text: word.text
      .replaceAll(
        /\{args(?:\.(\d)|\[(\d)\])\}/g,
        (whole, dotted?: string, indexed?: string) => args[Number(dotted ?? indexed)]?.text ?? whole,
      )
      .slice(0, 20_000),
  });
  const [first, ...rest] = words;
  return { words: [fill(first), ...rest.map(fill)], block: block?.map((one) => filled(one, args)) };
}

function siteOf(words: readonly [Word, ...Word[]], lines: readonly Line[]): Site {
  const texts = words.flatMap(({ text }) => text.split(',')).filter((text) => text !== '');
  return { at: words[0].at, addresses: texts.map(addressOf), lines };
}

function addressOf(text: string): Address {
  const match = /^(?:(https?):\/\/)?([^/:]*|\[[^\]]*\])(?::(\d+))?(?:\/.*)?$/.exec(text);
  const [, scheme, host = text, port] = match ?? [];
  return {
    text,
    host: host === '' || host === '*' ? undefined : host.toLowerCase(),
    port: port ?? (scheme === 'http' ? '80' : '443'),
  };
}

/** Whether an address takes a Host, without its port. */
export function takesHost({ host }: Address, name: string): boolean {
  if (host === undefined || host === name) return true;
  if (!host.includes('*')) return false;
  const [labels, others] = [host.split('.'), name.split('.')];
  return labels.length === others.length && labels.every((label, i) => label === '*' || label === others[i]);
}

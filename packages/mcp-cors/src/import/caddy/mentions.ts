import { compileMatcher, type Steps } from '../expression/match.js';
import { parseTree } from '../expression/tree.js';
import type { Mention } from '../survey/model.js';
import type { Position } from '../survey/position.js';
import type { Line, Word } from './syntax.js';

/** What a site compares origins and hosts with. */
export interface Mentions {
  readonly origins: readonly Mention[];
  readonly hosts: readonly Mention[];
  readonly mixed: readonly Position[];
  readonly words: readonly string[];
  readonly paths: readonly string[];
}

const MOST_WORDS = 200;
const ORIGIN = /^\{(?:http\.request\.)?header\.origin\}$/i;
const HOST = /^\{(?:http\.request\.)?(?:host|hostport|header\.host)\}$/i;

/** Looks the lines of a site through once. */
export function mentionsOf(lines: readonly Line[], steps: Steps): Mentions {
  const origins: Mention[] = [];
  const hosts: Mention[] = [];
  const mixed: Position[] = [];
  const words = new Set<string>();
  const paths = new Set<string>(['/mcp']);
  const text = (list: Mention[], { text: value, at }: Word): void => {
    if (!value.includes('*')) list.push({ type: 'text', text: value, at });
    // A star at an end is any text there.
    else if (value !== '*')
      list.push(
        regexp(
          `${value.startsWith('*') ? '' : '^'}${escaped(value.replace(/^\*|\*$/g, ''))}${value.endsWith('*') ? '' : '$'}`,
          at,
          steps,
        ),
      );
  };
  const visit = (some: readonly Line[], list: Mention[] | undefined): void => {
    for (const { words: given, block } of some) {
      // A matcher on one line stands behind its name.
      const [first, ...args] = given[0].text.startsWith('@') && given.length > 1 ? given.slice(1) : given;
      const kind = given[0].text === 'not' && args[0] !== undefined ? args : [first as Word, ...args];
      const name = kind[0]?.text ?? '';
      const rest = kind.slice(1);
      const field = rest[0]?.text.toLowerCase();
      let inside: Mention[] | undefined;
      if (list !== undefined) {
        // The lines of a map.
        const input = given[0];
        if (input.text.startsWith('~')) list.push(regexp(input.text.slice(1), input.at, steps));
        else if (input.text !== 'default') text(list, input);
      } else if (name === 'header' && field === 'origin') for (const one of rest.slice(1)) text(origins, one);
      else if (name === 'header' && field === 'host') for (const one of rest.slice(1)) text(hosts, one);
      else if (name === 'host') for (const one of rest) text(hosts, one);
      else if (name === 'header_regexp' || name === 'vars_regexp') {
        const subject = rest.at(-2)?.text ?? '';
        const source = rest.at(-1);
        const target =
          /^origin$/i.test(subject) || ORIGIN.test(subject)
            ? origins
            : /^host$/i.test(subject) || HOST.test(subject)
              ? hosts
              : undefined;
        if (source !== undefined) target?.push(regexp(source.text, source.at, steps));
      } else if (name === 'vars' && ORIGIN.test(rest[0]?.text ?? ''))
        for (const one of rest.slice(1)) text(origins, one);
      else if (name === 'map') {
        const source = rest.find(({ text: one }) => one.includes('{'))?.text ?? '';
        inside = ORIGIN.test(source) ? origins : HOST.test(source) ? hosts : undefined;
        if (inside === undefined && /header\.origin/i.test(source)) mixed.push(given[0].at);
      } else if (name === 'expression' || given[0].text.startsWith('@')) {
        for (const one of rest.length > 0 ? rest : args)
          if (/header\.origin/i.test(one.text)) mixed.push(given[0].at);
      }
      for (const [i, word] of given.entries()) {
        if (/^[+?>]?access-control-allow-origin:?$/i.test(word.text) && given[i + 1] !== undefined)
          text(origins, given[i + 1] as Word);
        if (/^\/[\w./-]*\*?$/.test(word.text))
          paths.add(word.text.replace(/\*$/, '')).add(word.text.replace(/\/?\*$/, '') || '/');
        for (const [found] of word.text
          .slice(0, 4000)
          .matchAll(/\b[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)+\b/g)) {
          if (words.size < MOST_WORDS && found.length <= 64) words.add(found);
        }
      }
      if (block !== undefined) visit(block, inside);
    }
  };
  visit(lines, undefined);
  return { origins, hosts, mixed, words: [...words], paths: [...paths].slice(0, 20) };
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.|?*+()[\]{}]/g, '\\$&');
}

function regexp(source: string, at: Position, steps: Steps): Mention {
  const folded = source.startsWith('(?i)');
  const plain = folded ? source.slice('(?i)'.length) : source;
  const expression = parseTree(plain, folded);
  const matcher = expression === undefined ? undefined : compileMatcher(expression);
  return {
    type: 'regexp',
    source: plain,
    flags: folded ? 'i' : '',
    at,
    tree: expression?.tree,
    matches: (text) => Array.isArray(matcher?.match(text, steps)),
  };
}

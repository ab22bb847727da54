import { compileMatcher, type Steps } from '../expression/match.js';
import { parseTree } from '../expression/tree.js';
import type { Mention } from '../survey/model.js';
import type { Position } from '../survey/position.js';
import type { Directive } from './syntax.js';

/** What a file compares origins and hosts with, however many variables stand between. */
export interface Mentions {
  readonly origins: readonly Mention[];
  readonly hosts: readonly Mention[];
  readonly mixed: readonly Position[];
  readonly words: readonly string[];
}

/** Most words that are tried as names of headers. */
const MOST_WORDS = 200;
const REGEXP = /^~(\*?)(.*)$/s;

/** Looks a file through once. */
export function mentionsOf(directives: readonly Directive[], steps: Steps): Mentions {
  const all = flat(directives);
  const origins: Mention[] = [];
  const hosts: Mention[] = [];
  const mixed: Position[] = [];
  const words = new Set<string>();
  const originVariables = derivedFrom(all, ['http_origin']);
  const hostVariables = derivedFrom(all, ['http_host', 'host']);
  const listOf = (variable: string): Mention[] | undefined => {
    if (originVariables.has(variable)) return origins;
    return hostVariables.has(variable) ? hosts : undefined;
  };
  const add = (list: Mention[] | undefined, text: string, at: Position): void => {
    const regexp = REGEXP.exec(text);
    if (list === undefined) return;
    list.push(
      regexp === null
        ? { type: 'text', text, at }
        : regexpMention(regexp[2] ?? '', regexp[1] === '*' ? 'i' : '', at, steps),
    );
  };
  for (const { name, args, at, block } of all) {
    const [first, second, third] = args.map(({ text }) => text);
    if (name === 'map' && first !== undefined) {
      const source = nameOf(first);
      if (source !== undefined) for (const entry of block ?? []) add(listOf(source), entry.name, entry.at);
      else if (namesIn(first).some((one) => originVariables.has(one))) mixed.push(at);
    } else if (name === 'set') {
      const value = second ?? '';
      if (nameOf(value) === undefined && namesIn(value).some((one) => originVariables.has(one)))
        mixed.push(at);
    } else if (name === 'if') {
      const source = nameOf((first === '(' ? second : first?.slice(1)) ?? '');
      const [operator, value] = first === '(' ? [third, args[3]?.text] : [second, third];
      if (source !== undefined && value !== undefined && operator !== undefined) {
        const text =
          args.at(-1)?.text === ')' || args.at(-1)?.quoted === true ? value : value.replace(/\)$/, '');
        if (/^!?=/.test(operator)) add(listOf(source), text, at);
        else if (/^!?~/.test(operator)) add(listOf(source), `${operator.replace('!', '')}${text}`, at);
      }
    } else if (name === 'add_header' && /^access-control-allow-origin$/i.test(first ?? '')) {
      add(origins, second ?? '', at);
    } else if (name === 'more_set_headers') {
      for (const { text } of args) {
        const value = /^access-control-allow-origin\s*:\s*(.*)$/i.exec(text)?.[1];
        if (value !== undefined) add(origins, value, at);
      }
    }
    const entries = name === 'map' ? (block ?? []).map((entry) => entry.name) : [];
    for (const text of [name, ...args.map((arg) => arg.text), ...entries]) {
      if (words.size >= MOST_WORDS) break;
      for (const [word] of text.slice(0, 4000).matchAll(/\b[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)+\b/g)) {
        if (words.size < MOST_WORDS && word.length <= 64) words.add(word);
      }
    }
  }
  return { origins, hosts, mixed, words: [...words] };
}

function regexpMention(source: string, flags: '' | 'i', at: Position, steps: Steps): Mention {
  const expression = parseTree(source, flags === 'i');
  const matcher = expression === undefined ? undefined : compileMatcher(expression);
  return {
    type: 'regexp',
    source,
    flags,
    at,
    tree: expression?.tree,
    matches: (text) => Array.isArray(matcher?.match(text, steps)),
  };
}

function flat(directives: readonly Directive[]): readonly Directive[] {
  const all: Directive[] = [];
  const visit = (some: readonly Directive[]): void => {
    for (const directive of some) {
      all.push(directive);
      if (directive.name !== 'map' && directive.block !== undefined) visit(directive.block);
    }
  };
  visit(directives);
  return all;
}

/** The name of the one variable that a text is. */
function nameOf(text: string): string | undefined {
  return /^\$\{?(\w+)\}?$/.exec(text)?.[1];
}

function namesIn(text: string): readonly string[] {
  return [...text.matchAll(/\$\{?(\w+)/g)].map(([, name]) => name as string);
}

/** Variables that stand for others by `set` or `map`, to any depth. */
function derivedFrom(all: readonly Directive[], roots: readonly string[]): ReadonlySet<string> {
  const targets = new Map<string, string[]>();
  for (const { name, args } of all) {
    const [first = '', second = ''] = args.map(({ text }) => text);
    const [source, target] =
      name === 'map'
        ? [nameOf(first), nameOf(second)]
        : name === 'set'
          ? [nameOf(second), nameOf(first)]
          : [];
    if (source === undefined || target === undefined) continue;
    const known = targets.get(source);
    if (known === undefined) targets.set(source, [target]);
    else known.push(target);
  }
  const found = new Set(roots);
  // A set grows while it is gone through.
  for (const one of found) for (const target of targets.get(one) ?? []) found.add(target);
  return found;
}

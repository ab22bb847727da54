import { Unfollowed } from '../survey/model.js';
import type { Position } from '../survey/position.js';
import { expand, placeholder, type Scope, search, spend } from './placeholders.js';
import type { Line, Word } from './syntax.js';

/** What decides whether a directive runs: sets of lines of which all must hold, of different kinds. */
export interface Matcher {
  readonly at: Position;
  readonly lines: readonly Line[];
}

/** The matchers that a site names. */
export function matchersOf(lines: readonly Line[]): ReadonlyMap<string, Matcher> {
  const named = new Map<string, Matcher>();
  for (const { words, block } of lines) {
    const [first, second, ...rest] = words;
    if (!first.text.startsWith('@')) continue;
    const inside =
      block ?? (second === undefined ? [] : [{ words: [second, ...rest], block: undefined } as Line]);
    // Directly behind the name an expression may stand.
    const expression = second?.quoted === true && rest.length === 0 && block === undefined;
    named.set(first.text, {
      at: first.at,
      lines: expression ? [{ words: [{ ...first, text: 'expression' }, second], block: undefined }] : inside,
    });
  }
  return named;
}

/** A matcher that stands in a directive: a path, or `*`. */
export function pathMatcher(word: Word): Matcher {
  return word.text === '*'
    ? { at: word.at, lines: [] }
    : { at: word.at, lines: [{ words: [{ ...word, text: 'path' }, word], block: undefined }] };
}

/** Matchers of one kind are alternatives, but for these. */
const EACH = new Set(['not', 'expression', 'header_regexp', 'vars', 'vars_regexp']);

/** Whether a request is meant. */
export function isMatched({ at, lines }: Matcher, scope: Scope): boolean {
  spend(scope, lines.length, at);
  const kinds = new Map<string, Line[]>();
  for (const line of lines) {
    const kind = line.words[0].text;
    const field = kind === 'header' ? `:${(line.words[1]?.text ?? '').toLowerCase()}` : '';
    const key = EACH.has(kind) ? `${kind}:${kinds.size}` : `${kind}${field}`;
    const same = kinds.get(key);
    if (same === undefined) kinds.set(key, [line]);
    else same.push(line);
  }
  return [...kinds.values()].every((same) => same.some((line) => holds(line, scope)));
}

function holds(line: Line, scope: Scope): boolean {
  const [kind, ...args] = line.words;
  const { request } = scope;
  const texts = args.map(({ text }) => text);
  switch (kind.text) {
    case 'method':
      return texts.some((text) => text.toUpperCase() === request.method);
    case 'path':
      return texts.some((text) => wildcard(text.toLowerCase(), request.path.toLowerCase()));
    case 'host':
      return texts.some((text) =>
        wildcard(text.toLowerCase(), placeholder('host', scope, kind.at).toLowerCase()),
      );
    case 'header':
      return headerHolds(args, scope, kind.at);
    case 'header_regexp':
    case 'path_regexp':
    case 'vars_regexp':
      return regexpHolds(kind, args, scope);
    case 'vars': {
      const [name = '', ...values] = texts;
      const value = name.startsWith('{') ? expand(name, scope, kind.at) : (scope.variables.get(name) ?? '');
      return values.some((one) => expand(one, scope, kind.at) === value);
    }
    case 'protocol':
      return texts.some((text) => text === (scope.https ? 'https' : 'http') || /^http\/1/.test(text));
    case 'not': {
      const [first, ...rest] = args;
      const inside =
        line.block ?? (first === undefined ? [] : [{ words: [first, ...rest], block: undefined } as Line]);
      return !isMatched({ at: kind.at, lines: inside }, scope);
    }
    case 'expression':
      return expressionHolds(texts.join(' '), scope, kind.at);
    default:
      throw new Unfollowed(kind.at, kind.text, 'the matcher is not followed');
  }
}

/** A text with `*` at its ends, as Caddy compares. */
function wildcard(pattern: string, text: string): boolean {
  const inner = pattern.replace(/^\*/, '').replace(/\*$/, '');
  if (pattern === '*') return true;
  if (inner.includes('*')) {
    const [head = '', ...tails] = pattern.split('*');
    let at = head.length;
    if (!text.startsWith(head)) return false;
    for (const tail of tails.slice(0, -1)) {
      const found = text.indexOf(tail, at);
      if (found === -1) return false;
      at = found + tail.length;
    }
    return text.length - at >= (tails.at(-1) ?? '').length && text.endsWith(tails.at(-1) ?? '');
  }
  if (pattern.startsWith('*') && pattern.endsWith('*')) return text.includes(inner);
  if (pattern.startsWith('*')) return text.endsWith(inner);
  return pattern.endsWith('*') ? text.startsWith(inner) : text === pattern;
}

function headerHolds(args: readonly Word[], scope: Scope, at: Position): boolean {
  const [field = '', ...values] = args.map(({ text }) => text);
  if (field.startsWith('!')) return scope.request.headers[field.slice(1).toLowerCase()] === undefined;
  const value = scope.request.headers[field.toLowerCase()];
  if (value === undefined) return false;
  if (values.length === 0) return true;
  return values.some((given) => {
    const pattern = expand(given, scope, at);
    if (pattern === '*') return true;
    const [front, end] = [pattern.startsWith('*'), pattern.endsWith('*')];
    if (front && end) return value.includes(pattern.slice(1, -1));
    if (front) return value.endsWith(pattern.slice(1));
    return end ? value.startsWith(pattern.slice(0, -1)) : value === pattern;
  });
}

function regexpHolds(kind: Word, args: readonly Word[], scope: Scope): boolean {
  const source = args.at(-1)?.text ?? '';
  const given = args.slice(0, -1).map(({ text }) => text);
  const subject =
    kind.text === 'path_regexp' ? scope.request.path : subjectOf(kind, given.at(-1) ?? '', scope);
  const name = kind.text === 'path_regexp' ? given[0] : given.length > 1 ? given[0] : undefined;
  if (subject === undefined) return false;
  const groups = search(source, subject, scope, kind.at);
  if (groups === undefined) return false;
  for (const [i, group] of groups.entries()) {
    scope.groups.set(String(i), group ?? '');
    if (name !== undefined) scope.groups.set(`${name}.${i}`, group ?? '');
  }
  return true;
}

function subjectOf(kind: Word, field: string, scope: Scope): string | undefined {
  if (kind.text === 'header_regexp') return scope.request.headers[field.toLowerCase()];
  return field.startsWith('{') ? expand(field, scope, kind.at) : scope.variables.get(field);
}

/** Two shapes of expressions: the length of a placeholder, and what a placeholder is. */
function expressionHolds(text: string, scope: Scope, at: Position): boolean {
  const size = /^size\(\{([^{}\s]+)\}\)\s*>\s*(\d{1,9})$/.exec(text.trim());
  if (size !== null) return placeholder(size[1] as string, scope, at).length > Number(size[2]);
  const equal = /^\{([^{}\s]+)\}\s*(==|!=)\s*(["'])([^"'\\]*)\3$/.exec(text.trim());
  if (equal === null) throw new Unfollowed(at, text.slice(0, 80), 'the expression is not followed');
  return (placeholder(equal[1] as string, scope, at) === equal[4]) === (equal[2] === '==');
}

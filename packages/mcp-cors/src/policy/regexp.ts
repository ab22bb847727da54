import {
  ALPHABET_SIZE,
  type Automaton,
  accepts,
  type CharacterSet,
  compileAutomaton,
  type Expression,
  isContained,
  MAX_POSITIONS,
} from './automaton.js';
import type { PolicyIssueCode } from './errors.js';
import { isDomain } from './origin.js';

/**
 * A regular expression over origins. It is not run by the engine's backtracking matcher: a conservative grammar
 * (characters, classes, groups, choices and repetitions; no references, no look-around) is compiled to a deterministic
 * automaton, so that matching is linear by construction.
 */
export interface OriginRegExp {
  /** As it is written in a configuration: `/source/`, with `i` if it ignores case. */
  readonly text: string;
  /** Whether a serialised origin matches. Linear in its length. */
  readonly test: (origin: string) => boolean;
  /** Whether it can match a plain-http origin other than localhost and loopback addresses. */
  readonly admitsInsecure: boolean;
  /**
   * The domains that hold every host that it matches, such as `example.com`; undefined when no such domains can be
   * told from its end.
   */
  readonly domains: readonly string[] | undefined;
  /** Whether those are the hosts themselves, all spelled out. */
  readonly spelledOut: boolean;
}

/** Why a regular expression is not accepted. */
export interface RegExpFault {
  readonly fault: PolicyIssueCode;
  readonly detail?: string;
}

/** Longest source that is read. */
export const MAX_REGEXP_LENGTH = 512;

/** Takes `/source/flags` apart, as a configuration file writes an expression. */
export function parseRegExpText(
  text: string,
): { readonly source: string; readonly flags: string } | undefined {
  const end = text.lastIndexOf('/');
  if (!text.startsWith('/') || end < 1 || !/^[a-z]*$/.test(text.slice(end + 1))) return undefined;
  return { source: text.slice(1, end), flags: text.slice(end + 1) };
}

/** Parses and compiles a regular expression over origins. Never throws. */
export function parseOriginRegExp(source: string, flags: string): OriginRegExp | RegExpFault {
  if (/[gy]/.test(flags)) return { fault: 'regexp-stateful' };
  if (!/^[iu]*$/.test(flags)) return { fault: 'regexp-flag' };
  if (source.length > MAX_REGEXP_LENGTH) return { fault: 'regexp-too-complex' };
  try {
    new RegExp(source, flags);
  } catch {
    return { fault: 'regexp-syntax' };
  }
  const tree = parseExpression(source, flags);
  if ('fault' in tree) return tree;
  const automaton = compileAutomaton(tree);
  if (automaton === undefined) return { fault: 'regexp-too-complex' };
  return {
    text: `/${source}/${flags.includes('i') ? 'i' : ''}`,
    test: (origin) => accepts(automaton, origin),
    admitsInsecure: !isContained(automaton, secureOrLoopback()),
    ...domainsOf(tree),
  };
}

type Tree = Expression | RegExpFault;

/** The tree of an expression whose syntax JavaScript accepts. */
export function parseExpression(source: string, flags: string): Tree {
  return createParser(source, flags.includes('i')).parse();
}

/** A recursive-descent parser of the accepted grammar. */
function createParser(source: string, ignoreCase: boolean): { parse(): Tree } {
  let at = 0;
  let depth = 0;
  const peek = (): string => source.charAt(at);
  const eat = (text: string): boolean => {
    if (!source.startsWith(text, at)) return false;
    at += text.length;
    return true;
  };
  const withCase = (set: CharacterSet): CharacterSet => (ignoreCase ? foldCase(set) : set);

  /** The whole: one anchored expression, or a choice of anchored ones. */
  function parse(): Tree {
    const items: Expression[] = [];
    do {
      if (!eat('^')) return { fault: 'regexp-not-anchored' };
      const item = sequence(true);
      if ('fault' in item) return item;
      if (!eat('$')) return { fault: 'regexp-not-anchored' };
      items.push(item);
    } while (eat('|'));
    return at === source.length ? { type: 'choice', items } : { fault: 'regexp-not-anchored' };
  }

  function choice(): Tree {
    const items: Expression[] = [];
    do {
      const item = sequence(false);
      if ('fault' in item) return item;
      items.push(item);
    } while (eat('|'));
    return { type: 'choice', items };
  }

  function sequence(top: boolean): Tree {
    const items: Expression[] = [];
    while (at < source.length && peek() !== '|' && peek() !== ')' && !(top && peek() === '$')) {
      const item = repetition();
      if ('fault' in item) return item;
      items.push(item);
    }
    return { type: 'sequence', items };
  }

  function repetition(): Tree {
    const anything = peek() === '.';
    const item = atom();
    if ('fault' in item) return item;
    const bounds = quantifier();
    if (bounds === undefined) return anything ? { fault: 'regexp-unescaped-dot' } : item;
    const [least, most] = bounds;
    // In a matcher without backtracking greedy and lazy are the same.
    eat('?');
    return repeat(item, least, most) ?? { fault: 'regexp-too-complex' };
  }

  function quantifier(): readonly [least: number, most: number] | undefined {
    if (eat('*')) return [0, Number.POSITIVE_INFINITY];
    if (eat('+')) return [1, Number.POSITIVE_INFINITY];
    if (eat('?')) return [0, 1];
    const match = /^\{([0-9]+)(,?)([0-9]*)\}/.exec(source.slice(at));
    if (match === null) return undefined;
    at += match[0].length;
    const least = Number(match[1]);
    const open = match[2] === ',' && match[3] === '';
    return [least, open ? Number.POSITIVE_INFINITY : match[2] === '' ? least : Number(match[3])];
  }

  function atom(): Tree {
    if (peek() === '(') return group();
    if (peek() === '[') return characterClass();
    if (eat('.')) return { type: 'character', set: ANY };
    if (eat('\\')) return escaped();
    const character = peek();
    if ('^$*+?{}'.includes(character)) {
      return character === '^' || character === '$'
        ? { fault: 'regexp-not-anchored' }
        : { fault: 'regexp-syntax' };
    }
    const code = character.charCodeAt(0);
    if (code >= ALPHABET_SIZE) return { fault: 'origin-not-ascii' };
    at++;
    return { type: 'character', set: withCase(single(code)) };
  }

  function group(): Tree {
    at++;
    if (peek() === '?' && !eat('?:')) {
      return { fault: 'regexp-grammar', detail: 'look-around and named groups are not accepted' };
    }
    if (++depth > MAX_DEPTH) return { fault: 'regexp-too-complex' };
    const inner = choice();
    depth--;
    at++; // the closing one: JavaScript has seen that there is one
    return inner;
  }

  function escaped(): Tree {
    const set = escapedSet();
    return typeof set === 'bigint' ? { type: 'character', set } : set;
  }

  /** What a backslash makes of the next character. */
  function escapedSet(): CharacterSet | RegExpFault {
    const character = peek();
    const code = character.charCodeAt(0);
    at++;
    if (code >= ALPHABET_SIZE) return { fault: 'origin-not-ascii' };
    const named = NAMED_SETS[character];
    if (named !== undefined) return named;
    return /[A-Za-z0-9]/.test(character)
      ? { fault: 'regexp-grammar', detail: `\\${character} is not accepted` }
      : single(code);
  }

  function characterClass(): Tree {
    at++;
    const negated = eat('^');
    let set = 0n;
    while (peek() !== ']') {
      const low = classMember();
      if (typeof low !== 'bigint') return low;
      set |= low;
      if (peek() !== '-' || source.charAt(at + 1) === ']') continue;
      at++;
      const high = classMember();
      if (typeof high !== 'bigint') return high;
      // ECMAScript B.1.2.8.1, CharacterRangeOrUnion: a hyphen beside \d or \w is one itself.
      set |= isSingle(low) && isSingle(high) ? range(low, high) : HYPHEN | high;
    }
    at++;
    const folded = withCase(set);
    return { type: 'character', set: negated ? ANY & ~folded : folded };
  }

  function classMember(): CharacterSet | RegExpFault {
    if (eat('\\')) return escapedSet();
    const code = source.charCodeAt(at);
    at++;
    return code >= ALPHABET_SIZE ? { fault: 'origin-not-ascii' } : single(code);
  }

  return { parse };
}

/** Deepest nesting of groups. */
const MAX_DEPTH = 16;
/** Most copies that a bounded repetition is written out to. */
const MAX_COPIES = 256;

function repeat(item: Expression, least: number, most: number): Expression | undefined {
  const copies = most === Number.POSITIVE_INFINITY ? least : most;
  if (copies > MAX_COPIES) return undefined;
  const positions = countPositions(item);
  if (positions === 0) return { type: 'empty' }; // however often, and repetitions of it must not multiply
  if (positions * copies > MAX_POSITIONS) return undefined;
  const items = new Array<Expression>(least).fill(item);
  if (most === Number.POSITIVE_INFINITY)
    return { type: 'sequence', items: [...items, { type: 'star', item }] };
  // x{0,3} is (x(x(x)?)?)?
  let optional: Expression = { type: 'empty' };
  for (let i = least; i < most; i++) {
    optional = { type: 'choice', items: [{ type: 'empty' }, { type: 'sequence', items: [item, optional] }] };
  }
  return { type: 'sequence', items: [...items, optional] };
}

/** How many characters an expression has, repetitions written out. */
function countPositions(expression: Expression): number {
  if (expression.type === 'empty') return 0;
  if (expression.type === 'character') return 1;
  if (expression.type === 'star') return countPositions(expression.item);
  return expression.items.reduce((sum, item) => sum + countPositions(item), 0);
}

function single(code: number): CharacterSet {
  return 1n << BigInt(code);
}

function isSingle(set: CharacterSet): boolean {
  return set !== 0n && (set & (set - 1n)) === 0n;
}

/** Every character from one to another. */
function range(first: CharacterSet, last: CharacterSet): CharacterSet {
  return (last << 1n) - first;
}

function between(first: string, last: string): CharacterSet {
  return range(single(first.charCodeAt(0)), single(last.charCodeAt(0)));
}

const ANY: CharacterSet = (1n << BigInt(ALPHABET_SIZE)) - 1n;
const HYPHEN = single('-'.charCodeAt(0));
const DIGITS = between('0', '9');
const NAMED_SETS: Readonly<Record<string, CharacterSet>> = {
  d: DIGITS,
  w: DIGITS | between('a', 'z') | between('A', 'Z') | single('_'.charCodeAt(0)),
};

function foldCase(set: CharacterSet): CharacterSet {
  const lower = (set & between('a', 'z')) >> 32n;
  const upper = (set & between('A', 'Z')) << 32n;
  return set | lower | upper;
}

/** The domains that an expression is bound to: what its alternatives end with, where their language proves it. */
function domainsOf(tree: Expression): Pick<OriginRegExp, 'domains' | 'spelledOut'> {
  const domains = new Set<string>();
  let spelledOut = true;
  for (const items of alternativesOf(tree)) {
    const { text, whole } = trailingLiteral(withoutPort(items));
    // `([a-z]+\.)*example\.com` is bound to example.com, `[a-z]+example\.com` to com alone.
    const candidates = [text, text.slice(text.indexOf('.') + 1)];
    const automaton = compileAutomaton({ type: 'sequence', items });
    const bound = candidates.find((domain) => automaton !== undefined && isBoundTo(automaton, domain));
    if (bound === undefined) return { domains: undefined, spelledOut: false };
    domains.add(bound);
    spelledOut &&= whole;
  }
  return { domains: [...domains], spelledOut };
}

/** Whether every host that an automaton accepts is a domain or lies below it. */
function isBoundTo(automaton: Automaton, domain: string): boolean {
  if (!isDomain(domain)) return false;
  const escaped = domain.replaceAll('.', '\\.');
  const below = compileAnchored(`^[a-z][a-z0-9+.-]*:\\/\\/(?:.*\\.)?${escaped}(?::[0-9]*)?$`);
  return isContained(automaton, below);
}

function compileAnchored(source: string): Automaton {
  return compileAutomaton(createParser(source, true).parse() as Expression) as Automaton;
}

/** The top-level alternatives, each as a flat list of what stands in sequence. */
function alternativesOf(tree: Expression): (readonly Expression[])[] {
  if (tree.type === 'choice') return tree.items.flatMap(alternativesOf);
  if (tree.type === 'empty') return [[]];
  if (tree.type !== 'sequence') return [[tree]];
  let lists: (readonly Expression[])[] = [[]];
  for (const item of tree.items) {
    // Choices between a few alternatives are multiplied out; anything else stays as it is and counts as variable.
    const parts = alternativesOf(item);
    if (lists.length * parts.length > MAX_ALTERNATIVES) return [tree.items];
    lists = lists.flatMap((list) => parts.map((part) => [...list, ...part]));
  }
  return lists;
}

const MAX_ALTERNATIVES = 16;

/** Cuts a port off the end: everything from the last colon that stands behind the host. */
function withoutPort(items: readonly Expression[]): readonly Expression[] {
  const colon = items.findLastIndex((item) => literalOf(item) === ':');
  const slash = items.findLastIndex((item) => literalOf(item) === '/');
  return colon > slash ? items.slice(0, colon) : items;
}

function trailingLiteral(items: readonly Expression[]): { readonly text: string; readonly whole: boolean } {
  let text = '';
  for (let i = items.length - 1; i >= 0; i--) {
    const character = literalOf(items[i] as Expression);
    if (character === '/') return { text, whole: true };
    if (character === undefined) return { text, whole: false };
    text = character + text;
  }
  return { text, whole: false };
}

/** The one character of an expression, case aside; undefined when it can be several or none. */
function literalOf(item: Expression): string | undefined {
  if (item.type !== 'character') return undefined;
  const lower = item.set & between('A', 'Z') ? item.set & ~between('A', 'Z') : item.set;
  const set = lower === 0n ? item.set : lower;
  if (!isSingle(set)) return undefined;
  return String.fromCharCode(set.toString(2).length - 1);
}

/** What a page's origin may be although credentials are on: anything but plain http beyond this machine. */
function secureOrLoopback(): Automaton {
  const loopback = String.raw`(?:localhost|(?:[a-z0-9_-]+\.)+localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]*)?`;
  const notHttp = '(?:[^h]|h[^t]|ht[^t]|htt[^p]|http[^:]).*';
  return compileAnchored(`^http:\\/\\/${loopback}$|^${notHttp}$`);
}

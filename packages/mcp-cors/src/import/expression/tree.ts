/** Ranges of character codes, both ends included. */
export type Ranges = readonly (readonly [first: number, last: number])[];

/** A regular expression of PCRE or RE2 as a tree; what neither origins nor headers are written with is left out. */
export type Tree =
  | { readonly type: 'empty' }
  | { readonly type: 'set'; readonly ranges: Ranges; readonly negated: boolean }
  | { readonly type: 'sequence' | 'choice'; readonly items: readonly Tree[] }
  | {
      readonly type: 'repeat';
      readonly item: Tree;
      readonly least: number;
      readonly most: number;
      readonly greedy: boolean;
    }
  | { readonly type: 'capture'; readonly group: number; readonly item: Tree }
  | { readonly type: 'reference'; readonly group: number | string }
  | { readonly type: 'assertion'; readonly kind: 'start' | 'end' | 'word' | 'no-word' };

/** A tree with the names of its groups. */
export interface Expression {
  readonly tree: Tree;
  readonly groups: number;
  readonly names: ReadonlyMap<string, number>;
}

/** Longest expression that is read, and the deepest groups in it. */
const MAX_LENGTH = 20_000;
const MAX_DEPTH = 40;

const DIGITS: Ranges = [[48, 57]];
const WORD: Ranges = [
  [48, 57],
  [65, 90],
  [95, 95],
  [97, 122],
];
const SPACE: Ranges = [
  [9, 13],
  [32, 32],
];
const CLASSES: Readonly<Record<string, Ranges>> = { d: DIGITS, w: WORD, s: SPACE };
const POSIX: Readonly<Record<string, Ranges>> = {
  alpha: [
    [65, 90],
    [97, 122],
  ],
  alnum: [
    [48, 57],
    [65, 90],
    [97, 122],
  ],
  digit: DIGITS,
  lower: [[97, 122]],
  upper: [[65, 90]],
  space: SPACE,
  xdigit: [
    [48, 57],
    [65, 70],
    [97, 102],
  ],
};
const CONTROLS: Readonly<Record<string, number>> = { t: 9, n: 10, r: 13, f: 12, v: 11, a: 7, e: 27 };
const LAST_CODE = 0xffff;

/** Reads an expression; undefined when it is none, or says what is not followed here (look-around, recursion, …). */
export function parseTree(source: string, ignoreCase: boolean): Expression | undefined {
  if (source.length > MAX_LENGTH) return undefined;
  let at = 0;
  let depth = 0;
  let groups = 0;
  let folded = ignoreCase;
  let fault = false;
  const names = new Map<string, number>();

  const fail = (): Tree => {
    fault = true;
    at = source.length;
    return { type: 'empty' };
  };
  const eat = (text: string): boolean => {
    if (!source.startsWith(text, at)) return false;
    at += text.length;
    return true;
  };
  const single = (code: number): Tree => ({ type: 'set', ranges: fold([[code, code]]), negated: false });
  const fold = (ranges: Ranges): Ranges => (folded ? [...ranges, ...ranges.flatMap(otherCase)] : ranges);

  function choice(): Tree {
    if (++depth > MAX_DEPTH) return fail();
    const before = folded;
    const items: Tree[] = [];
    do {
      items.push(sequence());
    } while (eat('|'));
    folded = before;
    depth--;
    return items.length === 1 ? (items[0] as Tree) : { type: 'choice', items };
  }

  function sequence(): Tree {
    const items: Tree[] = [];
    while (at < source.length && source[at] !== '|' && source[at] !== ')') items.push(repetition());
    return items.length === 1 ? (items[0] as Tree) : { type: 'sequence', items };
  }

  function repetition(): Tree {
    let item = atom();
    for (let i = 0; ; i++) {
      const bounds = quantifier();
      if (bounds === undefined) return item;
      if (i > 3 || eat('+')) return fail(); // possessive, or a pile of quantifiers
      item = { type: 'repeat', item, least: bounds[0], most: bounds[1], greedy: !eat('?') };
    }
  }

  function quantifier(): readonly [least: number, most: number] | undefined {
    if (eat('*')) return [0, Number.POSITIVE_INFINITY];
    if (eat('+')) return [1, Number.POSITIVE_INFINITY];
    if (eat('?')) return [0, 1];
    const match = /^\{(\d{1,5})(?:(,)(\d{0,5}))?\}/.exec(source.slice(at, at + 16));
    if (match === null) return undefined;
    at += match[0].length;
    const least = Number(match[1]);
    if (match[2] === undefined) return [least, least];
    return [least, match[3] === '' ? Number.POSITIVE_INFINITY : Number(match[3])];
  }

  function atom(): Tree {
    const character = source.charAt(at);
    if (character === '(') return group();
    if (character === '[') return bracket();
    at++;
    if (character === '^') return { type: 'assertion', kind: 'start' };
    if (character === '$') return { type: 'assertion', kind: 'end' };
    if (character === '.') return { type: 'set', ranges: [[10, 10]], negated: true };
    if (character === '\\') return escaped();
    if ('*+?'.includes(character)) return fail();
    return single(character.charCodeAt(0));
  }

  function group(): Tree {
    at++;
    let number: number | undefined;
    if (eat('?')) {
      const name = /^P?<([A-Za-z_]\w{0,63})>/.exec(source.slice(at, at + 70));
      const flags = /^([a-z]*)(?:-([a-z]*))?([:)])/.exec(source.slice(at, at + 20));
      if (name !== null) {
        at += name[0].length;
        number = ++groups;
        names.set(name[1] as string, number);
      } else if (flags !== null && /^[ismU]*$/.test(`${flags[1]}${flags[2] ?? ''}`)) {
        at += flags[0].length;
        const before = folded;
        if (flags[1]?.includes('i')) folded = true;
        if (flags[2]?.includes('i')) folded = false;
        // Without a body it holds to the end of the group around it.
        if (flags[3] === ')') return { type: 'empty' };
        const item = choice();
        folded = before;
        return eat(')') ? item : fail();
      } else return fail();
    } else if (eat('*')) {
      return fail();
    } else number = ++groups;
    const item = choice();
    if (!eat(')')) return fail();
    return { type: 'capture', group: number, item };
  }

  function escaped(): Tree {
    const character = source.charAt(at);
    at++;
    const lower = character.toLowerCase();
    const named = CLASSES[lower];
    if (named !== undefined) return { type: 'set', ranges: named, negated: character !== lower };
    if (character === 'b' || character === 'B')
      return { type: 'assertion', kind: character === 'b' ? 'word' : 'no-word' };
    if (character === 'A') return { type: 'assertion', kind: 'start' };
    if (lower === 'z') return { type: 'assertion', kind: 'end' };
    if (/[1-9]/.test(character)) return { type: 'reference', group: Number(character) };
    const name =
      character === 'k' ? /^(?:<(\w{1,64})>|\{(\w{1,64})\})/.exec(source.slice(at, at + 70)) : null;
    if (name !== null) {
      at += name[0].length;
      return { type: 'reference', group: (name[1] ?? name[2]) as string };
    }
    const code = codeOf(character);
    return code === undefined ? fail() : single(code);
  }

  /** The character that an escape stands for. */
  function codeOf(character: string): number | undefined {
    if (character === '') return undefined;
    if (character === 'x') {
      const hex = /^(?:([0-9a-fA-F]{2})|\{([0-9a-fA-F]{1,4})\})/.exec(source.slice(at, at + 6));
      if (hex === null) return undefined;
      at += hex[0].length;
      return Number.parseInt((hex[1] ?? hex[2]) as string, 16);
    }
    if (/[A-Za-z0-9]/.test(character)) return CONTROLS[character];
    return character.charCodeAt(0);
  }

  function bracket(): Tree {
    at++;
    const negated = eat('^');
    const ranges: (readonly [number, number])[] = [];
    for (let first = true; ; first = false) {
      if (at >= source.length) return fail();
      if (!first && eat(']')) break;
      const posix = /^\[:([a-z]+):\]/.exec(source.slice(at, at + 12));
      if (posix !== null) {
        at += posix[0].length;
        const set = POSIX[posix[1] as string];
        if (set === undefined) return fail();
        ranges.push(...set);
        continue;
      }
      const low = member(ranges);
      if (low === undefined) continue;
      if (source[at] !== '-' || source[at + 1] === ']' || at + 1 >= source.length) {
        ranges.push([low, low]);
        continue;
      }
      at++;
      const high = member(ranges);
      if (high === undefined) ranges.push([low, low], [45, 45]);
      else if (high < low) return fail();
      else ranges.push([low, high]);
    }
    return { type: 'set', ranges: fold(ranges), negated };
  }

  /** The next character in brackets; a class such as `\d` goes into the ranges by itself. */
  function member(ranges: (readonly [number, number])[]): number | undefined {
    const character = source.charAt(at);
    at++;
    if (character !== '\\') return character.charCodeAt(0);
    const next = source.charAt(at);
    at++;
    const named = CLASSES[next.toLowerCase()];
    if (named !== undefined) {
      ranges.push(...(next === next.toLowerCase() ? named : complement(named)));
      return undefined;
    }
    const code = next === 'b' ? 8 : codeOf(next);
    if (code === undefined) fail();
    return code;
  }

  const tree = choice();
  if (fault || at < source.length) return undefined;
  return { tree, groups, names };
}

function otherCase([first, last]: readonly [number, number]): Ranges {
  const lower = [Math.max(first, 97), Math.min(last, 122)] as const;
  const upper = [Math.max(first, 65), Math.min(last, 90)] as const;
  return [
    ...(lower[0] <= lower[1] ? [[lower[0] - 32, lower[1] - 32] as const] : []),
    ...(upper[0] <= upper[1] ? [[upper[0] + 32, upper[1] + 32] as const] : []),
  ];
}

function complement(ranges: Ranges): Ranges {
  const result: (readonly [number, number])[] = [];
  let next = 0;
  for (const [first, last] of ranges) {
    if (next < first) result.push([next, first - 1]);
    next = last + 1;
  }
  return [...result, [next, LAST_CODE]];
}

/** Whether a character is in a set. */
export function isInSet({ ranges, negated }: Tree & { readonly type: 'set' }, code: number): boolean {
  return ranges.some(([first, last]) => first <= code && code <= last) !== negated;
}

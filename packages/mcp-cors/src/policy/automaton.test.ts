import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  type Automaton,
  accepts,
  type CharacterSet,
  compileAutomaton,
  type Expression,
  isContained,
  MAX_POSITIONS,
  MAX_STATES,
} from './automaton.js';

const set = (characters: string): CharacterSet =>
  [...characters].reduce((bits, one) => bits | (1n << BigInt(one.charCodeAt(0))), 0n);
const one = (characters: string): Expression => ({ type: 'character', set: set(characters) });
const sequence = (...items: Expression[]): Expression => ({ type: 'sequence', items });
const choice = (...items: Expression[]): Expression => ({ type: 'choice', items });
const star = (item: Expression): Expression => ({ type: 'star', item });
const EMPTY: Expression = { type: 'empty' };
const A = one('a');
const B = one('b');

function compile(expression: Expression): Automaton {
  const automaton = compileAutomaton(expression);
  if (automaton === undefined) throw new Error('too large');
  return automaton;
}

/** Every text over a and b of at most so many characters. */
function textsUpTo(length: number): string[] {
  if (length === 0) return [''];
  const shorter = textsUpTo(length - 1);
  const longest = shorter.filter((text) => text.length === length - 1);
  return [...shorter, ...longest.flatMap((text) => [`${text}a`, `${text}b`])];
}
const TEXTS = textsUpTo(7);

/** What an expression means, said in the plainest way: the ends of every match that begins at a place. */
function endsOf(expression: Expression, text: string, from: number): Set<number> {
  switch (expression.type) {
    case 'empty':
      return new Set([from]);
    case 'character': {
      const has = from < text.length && (expression.set & set(text.charAt(from))) !== 0n;
      return new Set(has ? [from + 1] : []);
    }
    case 'choice':
      return new Set(expression.items.flatMap((item) => [...endsOf(item, text, from)]));
    case 'sequence': {
      let ends = new Set([from]);
      for (const item of expression.items) {
        ends = new Set([...ends].flatMap((end) => [...endsOf(item, text, end)]));
      }
      return ends;
    }
    case 'star': {
      const ends = new Set([from]);
      for (const end of ends) for (const next of endsOf(expression.item, text, end)) ends.add(next);
      return ends;
    }
  }
}

const matches = (expression: Expression, text: string): boolean =>
  endsOf(expression, text, 0).has(text.length);

const { any: anyExpression, finite: finiteExpression } = fc.letrec<{
  any: Expression;
  finite: Expression;
}>((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<Expression>(A, B, one('ab'), one(''), EMPTY),
    fc.array(tie('any'), { maxLength: 3 }).map((items): Expression => ({ type: 'sequence', items })),
    // A choice between nothing never comes from the parser.
    fc
      .array(tie('any'), { minLength: 1, maxLength: 3 })
      .map((items): Expression => ({ type: 'choice', items })),
    tie('any').map(star),
  ),
  finite: fc.oneof(
    { maxDepth: 2 },
    fc.constantFrom<Expression>(A, B, one('ab'), one(''), EMPTY),
    fc.array(tie('finite'), { maxLength: 2 }).map((items): Expression => ({ type: 'sequence', items })),
    fc
      .array(tie('finite'), { minLength: 1, maxLength: 2 })
      .map((items): Expression => ({ type: 'choice', items })),
  ),
}));

describe('compileAutomaton', () => {
  test.each<[string, Expression, string[], string[]]>([
    ['nothing', EMPTY, [''], ['a']],
    ['a character', A, ['a'], ['', 'b', 'aa']],
    ['a set', one('ab'), ['a', 'b'], ['', 'c', 'ab']],
    ['a set without characters', one(''), [], ['', 'a']],
    ['a sequence', sequence(A, B), ['ab'], ['', 'a', 'b', 'ba', 'aba']],
    ['a sequence of nothing', sequence(), [''], ['a']],
    ['a choice', choice(A, sequence(B, B)), ['a', 'bb'], ['', 'b', 'abb']],
    ['a star', star(sequence(A, B)), ['', 'ab', 'abab'], ['a', 'aba']],
    ['what comes again', sequence(one('\0a'), star(one('\0a'))), ['a', '\0a\0'], ['\x80', '\u0100', 'a\x80']],
    ['a star of a star', star(star(A)), ['', 'a', 'aaa'], ['b', 'ab']],
    ['what may be left out in between', sequence(A, star(B), A), ['aa', 'aba', 'abba'], ['a', 'ab', 'bb']],
    ['the first and the last character of all', one('\0\x7f'), ['\0', '\x7f'], ['', 'a', '\x80', '\u0100']],
  ])('%s', (_, expression, good, bad) => {
    const automaton = compile(expression);
    for (const text of good) expect([text, accepts(automaton, text)]).toEqual([text, true]);
    for (const text of bad) expect([text, accepts(automaton, text)]).toEqual([text, false]);
  });

  it('means what the expression means', () => {
    fc.assert(
      fc.property(anyExpression, (expression) => {
        const automaton = compileAutomaton(expression);
        if (automaton === undefined) return;
        for (const text of TEXTS) expect(accepts(automaton, text)).toBe(matches(expression, text));
      }),
      { numRuns: 300 },
    );
  });

  it('takes so many positions and not one more', () => {
    const long = (length: number): Expression => sequence(...new Array<Expression>(length).fill(A));
    expect(accepts(compile(long(MAX_POSITIONS)), 'a'.repeat(MAX_POSITIONS))).toBe(true);
    expect(compileAutomaton(long(MAX_POSITIONS + 1))).toBeUndefined();
    expect(compileAutomaton(choice(star(long(MAX_POSITIONS)), A))).toBeUndefined();
    expect(compileAutomaton(star(long(MAX_POSITIONS + 1)))).toBeUndefined();
  });

  it('tells states apart by what can follow, in whatever order that was found', () => {
    // The dead state, and one: after an a as after a b any of both may follow.
    expect(compile(star(sequence(star(A), star(B)))).accepting.length).toBe(2);
  });

  it('takes so many states and no more', () => {
    // An a so many characters before the end: every combination of the last characters is a state of its own.
    const nthFromEnd = (n: number): Expression =>
      sequence(star(one('ab')), A, ...new Array<Expression>(n).fill(one('ab')));
    expect(compile(nthFromEnd(8)).accepting.length).toBeLessThanOrEqual(MAX_STATES + 1);
    expect(compileAutomaton(nthFromEnd(10))).toBeUndefined();
    expect(compileAutomaton(nthFromEnd(400))).toBeUndefined();
  });
});

describe('accepts', () => {
  /** A text that counts how often it is looked at. */
  function counting(text: string): { readonly text: string; readonly count: () => number } {
    let count = 0;
    const fake = {
      length: text.length,
      charCodeAt(i: number) {
        count++;
        return text.charCodeAt(i);
      },
    };
    return { text: fake as unknown as string, count: () => count };
  }

  test.each([
    ['(a+)+b', sequence(star(sequence(A, star(A))), B)],
    ['(a|a)*b', sequence(star(choice(A, A)), B)],
    ['(a*)*b', sequence(star(star(A)), B)],
    ['a*a*a*a*b', sequence(star(A), star(A), star(A), star(A), B)],
  ])('looks at each character once, whatever a backtracking matcher would do with %s', (_, expression) => {
    const automaton = compile(expression);
    for (const length of [64, 65_536]) {
      const { text, count } = counting(`${'a'.repeat(length)}c`);
      expect(accepts(automaton, text)).toBe(false);
      expect(count()).toBe(length + 1);
    }
  });

  it('stops where nothing can follow', () => {
    const { text, count } = counting(`b${'a'.repeat(65_536)}`);
    expect(accepts(compile(star(A)), text)).toBe(false);
    expect(count()).toBe(1);
  });
});

describe('isContained', () => {
  test.each<[string, Expression, Expression, boolean]>([
    ['a in a or b', A, one('ab'), true],
    ['a or b in a', one('ab'), A, false],
    ['a in itself', A, A, true],
    ['nothing at all in anything', one(''), A, true],
    ['the empty text in a', EMPTY, A, false],
    ['a star in a longer one', star(sequence(A, A)), star(A), true],
    ['a star in a shorter one', star(A), star(sequence(A, A)), false],
    ['what differs after a while only', sequence(A, A, A, star(B)), sequence(A, A, A, B, star(B)), false],
    ['what dies in the outer one', sequence(A, B), A, false],
  ])('%s', (_, inner, outer, expected) => {
    expect(isContained(compile(inner), compile(outer))).toBe(expected);
  });

  it('is true exactly when every text of the one is a text of the other', () => {
    // Without stars no text is longer than those that are tried.
    fc.assert(
      fc.property(finiteExpression, finiteExpression, (inner, outer) => {
        const every = TEXTS.every((text) => !matches(inner, text) || matches(outer, text));
        expect(isContained(compile(inner), compile(outer))).toBe(every);
      }),
      { numRuns: 500 },
    );
  });

  it('never says so when a text shows otherwise', () => {
    fc.assert(
      fc.property(anyExpression, anyExpression, (inner, outer) => {
        const one = compileAutomaton(inner);
        const other = compileAutomaton(outer);
        if (one === undefined || other === undefined || !isContained(one, other)) return;
        for (const text of TEXTS) expect(!accepts(one, text) || accepts(other, text)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

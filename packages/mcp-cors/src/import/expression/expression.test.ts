import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileMatcher, type Steps } from './match.js';
import { samplesOf } from './samples.js';
import { parseTree } from './tree.js';

const STEPS = 1_000_000;

function match(source: string, text: string, ignoreCase = false, steps: Steps = { left: STEPS }) {
  const expression = parseTree(source, ignoreCase);
  if (expression === undefined) throw new Error(`${source} is not followed`);
  return compileMatcher(expression).match(text, steps);
}

describe('an expression', () => {
  test.each([
    ['^https://app\\.example\\.com$', 'https://app.example.com', true],
    ['^https://app\\.example\\.com$', 'https://appxexample.com', false],
    ['example.com', 'https://evilexample-com', true],
    ['^(?:a|b)+c{2,3}?$', 'abacc', true],
    ['^(?<name>[^ ]+) \\k<name>$', 'x x', true],
    ['^(?<name>[^ ]+) \\k<name>$', 'x y', false],
    ['^(a)\\1$', 'aa', true],
    ['^[ \\t]*(?i:application/json)$', '\tApplication/JSON', true],
    ['(?i)^HTTPS', 'https://', true],
    ['^a(?i)b$', 'aB', true],
    ['^a(?i)b$', 'AB', false],
    ['^[[:alnum:]-]+$', 'a-1', true],
    ['^[]a]+$', ']a', true],
    ['^[^\\d]$', '1', false],
    ['^[\\w.-]+$', 'a.b-c', true],
    ['\\bapp\\b', 'my app!', true],
    ['^\\x41\\x{42}\\t$', 'AB\t', true],
    ['^(?:a*)*$', 'aaaa', true],
    ['^(?:|a)+$', 'aaa', true],
    ['^a{2}$', 'aaa', false],
    ['^a{,2}$', 'a{,2}', true],
  ])('%s on %j: %s', (source, text, expected) => {
    expect(Array.isArray(match(source, text))).toBe(expected);
  });

  test('gives its groups, those without a part in the match as undefined', () => {
    expect(match('^(\\w+)://([^:]+)(:\\d+)?', 'http://localhost')).toEqual([
      'http://localhost',
      'http',
      'localhost',
      undefined,
    ]);
  });

  test.each([
    'a(?=b)',
    '(?<!a)b',
    'a++',
    '(?>a)',
    '(?R)',
    '(*FAIL)',
    '(',
    ')',
    '[',
    '[z-a]',
    '*',
    '\\p{L}',
    'a\\',
    '\\k',
  ])('%s is not followed', (source) => {
    expect(parseTree(source, false)).toBeUndefined();
  });

  test.each([
    ['^(a+)+$', `${'a'.repeat(60)}!`],
    ['^(?:a|a)*$', `${'a'.repeat(200)}!`],
    [`${'(?:'.repeat(30)}a*${')*'.repeat(30)}$`, `${'a'.repeat(100)}!`],
    ['(?:.*,)*x', ','.repeat(2000)],
  ])('%s takes no more steps than are left, and is then not known', (source, text) => {
    const steps = { left: STEPS };
    expect(match(source, text, false, steps)).toBe('unknown');
    expect(steps.left).toBeLessThan(0);
  });

  test('what is too long or too deep is not followed', () => {
    expect(parseTree('a'.repeat(20_001), false)).toBeUndefined();
    expect(parseTree('('.repeat(5000) + ')'.repeat(5000), false)).toBeUndefined();
  });
});

const atom = fc.constantFrom('a', 'b', '.', '\\.', '[ab]', '[^a]', '\\d', '-', '^', '$', '\\w', '\\b');
const source: fc.Arbitrary<string> = fc.letrec((tie) => ({
  all: fc
    .array(fc.oneof({ depthSize: 'small' }, atom, tie('repeated'), tie('group')), { maxLength: 5 })
    .map((parts) => parts.join('')),
  repeated: fc
    .tuple(
      fc.constantFrom('a', 'b', '[ab]', '\\w', '.'),
      fc.constantFrom('*', '+', '?', '{2}', '{1,2}', '{1,}', '*?', '+?', '??'),
    )
    .map((parts) => parts.join('')),
  group: fc
    .tuple(
      fc.constantFrom('(', '(?:'),
      fc.array(tie('all') as fc.Arbitrary<string>, { minLength: 1, maxLength: 3 }),
      fc.constantFrom('', '*', '?', '+', '{0,2}'),
    )
    .map(([open, parts, quantifier]) => `${open}${parts.join('|')})${quantifier}`),
})).all as fc.Arbitrary<string>;

describe('any expression', () => {
  test('matches what JavaScript matches', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '1', '.', '-'), maxLength: 8 });
    fc.assert(
      fc.property(source, text, fc.boolean(), (given, subject, ignoreCase) => {
        const found = match(given, subject, ignoreCase);
        // PCRE ends a loop at a round that matches nothing, and JavaScript tries on: where they end may differ.
        if (found !== 'unknown')
          expect(found !== undefined).toBe(new RegExp(given, ignoreCase ? 'i' : '').test(subject));
      }),
      { numRuns: 3000 },
    );
  });

  test('has samples that are short and few', () => {
    fc.assert(
      fc.property(source, (given) => {
        const samples = samplesOf(parseTree(given, false)?.tree ?? { type: 'empty' }, 24);
        expect(samples.length).toBeLessThanOrEqual(24);
        expect(samples.every((sample) => sample.length < 2000)).toBe(true);
      }),
    );
  });

  test('is followed or not, and nothing else', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'(?:<>=!P|)[]^-$*+{},\\abk1.i'), maxLength: 40 }),
        fc.string({ maxLength: 20 }),
        (given, text) => {
          const expression = parseTree(given, false);
          if (expression === undefined) return;
          compileMatcher(expression).match(text, { left: 10_000 });
          samplesOf(expression.tree, 24);
        },
      ),
      { numRuns: 3000 },
    );
  });
});

describe('samples', () => {
  test.each([
    ['^https://(app|admin)\\.example\\.com$', ['https://app.example.com', 'https://admin.example.com']],
    ['^https://.+\\.example.com', ['https://a.example.com']],
    ['https?://localhost(:[0-9]+)?', ['http://localhost', 'https://localhost', 'https://localhost:1']],
  ])('of %s', (given, expected) => {
    expect(samplesOf(parseTree(given, false)?.tree ?? { type: 'empty' }, 24)).toEqual(
      expect.arrayContaining(expected),
    );
  });
});

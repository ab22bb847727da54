import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Language, tokensOf } from './tokens.js';
import { createSource, parseArguments, parseValue, type Value } from './values.js';

/** The value of `X` in source, without its lines. */
function valueIn(text: string, language: Language): unknown {
  const source = createSource(text, language, tokensOf(text, language));
  return plain(parseValue(source, source.assigned.get('X') ?? 0).value);
}

function plain(value: Value): unknown {
  switch (value.type) {
    case 'string':
      return value.text;
    case 'number':
      return value.number;
    case 'boolean':
      return value.truth;
    case 'none':
      return null;
    case 'regexp':
      return `/${value.source}/${value.flags}`;
    case 'list':
      return value.items.map(plain);
    case 'object':
      return Object.fromEntries(value.entries.map(({ key, value: inner }) => [key ?? '...', plain(inner)]));
    case 'unknown':
      return { unknown: value.text };
  }
}

describe('Python', () => {
  test.each([
    ['X = "a"', 'a'],
    ["X = 'a\\'b\\\\'", "a'b\\"],
    ['X = r"a\\.b"', 'a\\.b'],
    ['X = "a\\.b"', 'a\\.b'],
    ['X = """a\n"b"""', 'a\n"b'],
    ['X = ("a" "b"\n  "c")', 'abc'],
    ['X = ("a",)', ['a']],
    ['X = ("a", "b")', ['a', 'b']],
    ['X = ["a", # one\n "b", ]', ['a', 'b']],
    ['X = {"a", "b"}', ['a', 'b']],
    ['X = {"a": 1, "b": [True, None]}', { a: 1, b: [true, null] }],
    ['X: list[str] = ["a"]', ['a']],
    ['Y = ["a"]\nX = Y', ['a']],
    ['Y = ["a"]\nX = [*Y, "b"]', ['a', 'b']],
    ['Y = {"a": 1}\nX = {**Y, "b": 2}', { a: 1, b: 2 }],
    ['X = list(["a"])', ['a']],
    ['X = ["*"]', ['*']],
    ['X = [",", ")", "]", "}", "("]', [',', ')', ']', '}', '(']],
    ['X = 600\nfoo()', 600],
    ['X = -1', -1],
    ['X = []', []],
    ['X = "a" + "b"', { unknown: '"a" + "b"' }],
    ['X = "a,b".split(",")', { unknown: '"a,b".split(",")' }],
    ['X = f"https://{host}"', { unknown: 'f"https://{host}"' }],
    ['X = f"https://a"', 'https://a'],
    ['X = os.environ["A"]', { unknown: 'os.environ["A"]' }],
    ['X = ["a"] if y else ["b"]', { unknown: '["a"] if y else ["b"]' }],
    ['X = [a for a in b]', [{ unknown: 'a for a in b' }]],
    ['X = ["a", b]', ['a', { unknown: 'b' }]],
    ['Y = 1\nY = 2\nX = Y', { unknown: 'Y' }],
    ['Y = Z\nZ = Y\nX = Y', { unknown: 'Y' }],
    ['X = (', { unknown: '(' }],
    ['X = "never ends', 'never ends'],
  ])('%s', (text, expected) => {
    expect(valueIn(text, 'python')).toEqual(expected);
  });
});

describe('JavaScript', () => {
  test.each([
    ["const X = 'a';", 'a'],
    ['const X = `a`', 'a'],
    ['const X: string[] = ["a"];', ['a']],
    ['const X = ["a"] as const;', ['a']],
    ['const X = /a\\/[/]b$/i;', '/a\\/[/]b$/i'],
    ['const X = [/a/, "b" /* c */, // d\n /e/g]', ['/a/', 'b', '/e/g']],
    ['const X = { a: 1, "b-c": true, }', { a: 1, 'b-c': true }],
    ["const a = 'b'; const X = { a };", { a: 'b' }],
    ['const a = { b: 1 }; const X = { ...a, c: 2 };', { b: 1, c: 2 }],
    ['const X = null', null],
    ['const X = a / b / c;', { unknown: 'a / b / c' }],
    ['const X = `a${b}`;', { unknown: '`a${b}`' }],
    ["const X = process.env.A ?? 'b';", { unknown: "process.env.A ?? 'b'" }],
    [
      'const X = { origin: (o, cb) => cb(null, true), a: 1 }',
      { origin: { unknown: '(o, cb) => cb(null, true)' }, a: 1 },
    ],
    [
      'const X = { origin(o, cb) { cb(null, [1, 2]); }, a: 1 }',
      { origin: { unknown: 'origin(o, cb) { cb(null, [1, 2]); }' }, a: 1 },
    ],
    ["const X = 'a'\nfoo()", 'a'],
  ])('%s', (text, expected) => {
    expect(valueIn(text, 'javascript')).toEqual(expected);
  });
});

describe('whatever the text is', () => {
  const pieces = [
    'cors(',
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    ',',
    ':',
    '=',
    '"',
    "'",
    '`',
    '${',
    '"""',
    '#',
    '//',
    '/*',
    '/',
    '\\',
    '\n',
  ];
  const words = [
    'a',
    'b',
    'const ',
    'X = ',
    'True',
    '...',
    '**',
    '*',
    '=>',
    'import cors from "cors"',
    '1',
    '.',
    'é',
    '\ud800',
  ];
  const source = fc
    .array(fc.constantFrom(...pieces, ...words), { maxLength: 60 })
    .map((parts) => parts.join(''));

  test.each(['python', 'javascript'] as const)('%s is read to its end', (language) => {
    fc.assert(
      fc.property(source, (text) => {
        const tokens = tokensOf(text, language);
        expect(tokens.at(-1)).toMatchObject({ type: 'end', end: text.length });
        const read = createSource(text, language, tokens);
        for (const [i, token] of tokens.entries()) {
          expect(parseValue(read, i).next).toBeGreaterThanOrEqual(Math.min(i + 1, tokens.length - 1));
          if (token.text === '(') parseArguments(read, i);
        }
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    '['.repeat(200_000),
    '{a:'.repeat(100_000),
    `${'a = [b, b]\nb = [c, c]\nc = [d, d]\n'.replaceAll(/[a-d]/g, (l) => l)}X = a`,
    `${Array.from({ length: 30 }, (_, i) => `n${i} = [*n${i + 1}, *n${i + 1}]\n`).join('')}n30 = ["x"]\nX = n0`,
    `X = ${'"a" '.repeat(100_000)}`,
  ])('hostile source ends: %#', (text) => {
    expect(valueIn(text.includes('X =') ? text : `X = ${text}`, 'python')).toBeDefined();
  });
});

import { describe, expect, test } from 'vitest';
import type { PolicyIssue } from './errors.js';
import { readTexts } from './texts.js';

describe('readTexts', () => {
  test.each<[name: string, value: unknown, split: boolean, texts: [path: string, text: string][]]>([
    ['nothing', undefined, true, []],
    ['a text', 'a', false, [['key', 'a']]],
    ['a text with commas, which are its own', 'a, b', false, [['key', 'a, b']]],
    ['white space around a text, which is its own', ' a ', false, [['key', ' a ']]],
    ['an empty text', '', false, [['key', '']]],
    ['an empty comma list', '', true, [['key', '']]],
    [
      'a comma list',
      'a, b ,c',
      true,
      [
        ['key', 'a'],
        ['key', 'b'],
        ['key', 'c'],
      ],
    ],
    ['an empty list', [], true, []],
    [
      'a list, in which commas separate nothing',
      ['a, b', ' c'],
      true,
      [
        ['key[0]', 'a, b'],
        ['key[1]', ' c'],
      ],
    ],
  ])('reads %s', (_, value, split, texts) => {
    const issues: PolicyIssue[] = [];
    const read = readTexts(value, 'key', issues, { split });
    expect(read.map(({ path, text }) => [path, text])).toEqual(texts);
    expect(issues).toEqual([]);
  });

  test('separates nothing unless it is told to', () => {
    expect(readTexts('a, b', 'key', [])).toEqual([{ path: 'key', text: 'a, b' }]);
  });

  test.each([null, 1, true, {}, /a/, () => 'a', new Set(['a'])])(
    'takes %o for no text and no list',
    (value) => {
      const issues: PolicyIssue[] = [];
      expect(readTexts(value, 'key', issues)).toEqual([]);
      expect(issues).toMatchObject([{ code: 'wrong-type', path: 'key', value }]);
      expect(issues[0]?.message).toMatch(/: a text or a list of texts is expected$/);
    },
  );

  test('names each part of a list that is no text, and reads the others', () => {
    const issues: PolicyIssue[] = [];
    expect(readTexts(['a', 1, 'b', ['c']], 'key', issues)).toEqual([
      { path: 'key[0]', text: 'a' },
      { path: 'key[2]', text: 'b' },
    ]);
    expect(issues).toMatchObject([
      { code: 'wrong-type', path: 'key[1]', value: 1 },
      { code: 'wrong-type', path: 'key[3]', value: ['c'] },
    ]);
    for (const { message } of issues) expect(message).toMatch(/: a text is expected$/);
  });
});

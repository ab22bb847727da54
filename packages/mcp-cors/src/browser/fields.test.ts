import { describe, expect, test } from 'vitest';
import { combineFields, getField, isByteString, normaliseValue, parseTokens, trimOws } from './fields.js';

describe('getField', () => {
  test('joins the lines of a name in order, in any case of it, without the white space around them', () => {
    const fields = [
      ['X-A', ' 1\t'],
      ['y', '0'],
      ['x-a', ''],
      ['x-A', '2'],
    ] as const;
    expect(getField(fields, 'x-a')).toBe('1, , 2');
    expect(getField(fields, 'z')).toBeUndefined();
  });
});

test('combineFields sorts names and joins their lines', () => {
  const fields = [
    ['b', '1'],
    ['A', '2'],
    ['B', ' 3'],
  ] as const;
  expect(combineFields(fields)).toEqual([
    ['a', '2'],
    ['b', '1, 3'],
  ]);
});

test('what counts as white space', () => {
  expect(trimOws(' \t a b\t')).toBe('a b');
  expect(trimOws('\na\r')).toBe('\na\r');
  expect(normaliseValue('\r\n\t a\nb \n')).toBe('a\nb');
  expect(normaliseValue('\u000ba\u00a0')).toBe('\u000ba\u00a0');
  expect(trimOws(' \t')).toBe('');
});

describe('parseTokens', () => {
  test.each<[value: string, tokens: string[] | undefined]>([
    ['', []],
    [' , ,', []],
    ['a', ['a']],
    ['a,B', ['a', 'B']],
    [' a\t,, b ', ['a', 'b']],
    ['*', ['*']],
    ['a b', undefined],
    ['a,"b"', undefined],
    ['a;q=1', undefined],
    ['é', undefined],
    ['a\n', undefined],
  ])('%j', (value, tokens) => {
    expect(parseTokens(value)).toEqual(tokens);
  });
});

test('isByteString', () => {
  expect(isByteString('a\u00ff\0')).toBe(true);
  expect(isByteString('a\u0100')).toBe(false);
});

import { describe, expect, test } from 'vitest';
import { basicHeaders, corsHeaders } from './exposure.js';

const SECRET = [
  ['BB-8', 'hey'],
  ['Content-Language', 'mkay'],
  ['Set-Cookie', 'a=b'],
  ['*', 'whoa'],
] as const;
const read = (credentials: 'omit' | 'include', ...exposed: readonly string[]) => [
  ...corsHeaders(
    [...SECRET, ...exposed.map((value) => ['Access-Control-Expose-Headers', value] as const)],
    credentials,
  ).keys(),
];

// The values of web-platform-tests: cors/access-control-expose-headers-parsing and fetch/api/cors/cors-expose-star.
describe('Access-Control-Expose-Headers', () => {
  test.each([
    [['BB-8']],
    [['bb-8']],
    [['bb-8,']],
    [[',bb-8']],
    [['bb-8,,x']],
    [['\t bb-8\t ,x']],
    [['x', 'bb-8']],
    [['', 'bb-8']],
  ])('%j exposes', (exposed) => {
    expect(read('include', ...exposed)).toEqual(['bb-8', 'content-language']);
  });

  test.each([
    [['bb-8 bb-8']],
    [['bb-8,no no']],
    [['bb-8;']],
    [['"bb-8"']],
    [['@#$#%%&^&^*()()11!,bb-8']],
    [['bb-8', 'no no']],
    [['bb-8,é']],
    [['bb-8\u000b']],
    [['']],
    [[]],
  ])('%j exposes nothing', (exposed) => {
    expect(read('include', ...exposed)).toEqual(['content-language']);
  });

  test('* exposes all but cookies, alone or among others', () => {
    const all = ['*', 'access-control-expose-headers', 'bb-8', 'content-language'];
    expect(read('omit', '*')).toEqual(all);
    expect(read('omit', '*', 'set-cookie')).toEqual(all);
  });

  test('* is a name like any other with credentials', () => {
    expect(read('include', '*')).toEqual(['*', 'content-language']);
  });

  test('never exposes cookies', () => {
    expect(read('omit', 'set-cookie, set-cookie2')).toEqual(['content-language']);
  });
});

test('the safelist is always readable', () => {
  const names = [
    'cache-control',
    'content-language',
    'content-length',
    'content-type',
    'expires',
    'last-modified',
    'pragma',
  ];
  const headers = corsHeaders(
    [...names.toReversed(), 'etag', 'vary'].map((name) => [name, '1']),
    'omit',
  );
  expect([...headers.keys()]).toEqual(names);
});

test('a page reads all of its own origin but cookies: sorted, lines joined, without the white space around', () => {
  const headers = basicHeaders([
    ['X-B', ' 1 '],
    ['Set-Cookie', 'a=b'],
    ['x-a', ''],
    ['x-b', '\t2'],
  ]);
  expect([...headers]).toEqual([
    ['x-a', ''],
    ['x-b', '1, 2'],
  ]);
});

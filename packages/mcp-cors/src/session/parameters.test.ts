import { parse as parseForm } from 'node:querystring';
import express from 'express';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { changeSessionParameter } from './parameters.js';

const upper = (id: string): string => `<${id}>`;
const change = (target: string): string | undefined => changeSessionParameter(target, upper);
/** How ids stand in the query after the change. */
const changed = (id: string): string => encodeURIComponent(`<${id}>`);

describe('a session in the query', () => {
  test.each([
    [
      'of the SDKs for TypeScript, Java, C# and Rust',
      '/messages?sessionId=abc',
      `/messages?sessionId=${changed('abc')}`,
    ],
    ['of Python', '/messages/?session_id=abc', `/messages/?session_id=${changed('abc')}`],
    ['of Go', '/sse?sessionid=abc', `/sse?sessionid=${changed('abc')}`],
    ['first of several', '/m?sessionId=abc&a=1&b', `/m?sessionId=${changed('abc')}&a=1&b`],
    ['last of several', '/m?a=%41&b=x+y&sessionId=abc', `/m?a=%41&b=x+y&sessionId=${changed('abc')}`],
    ['behind a semicolon', '/m?a=1;sessionId=abc&b=2', `/m?a=1;sessionId=${changed('abc')}&b=2`],
    ['under an encoded name', '/m?%73ession%49d=abc', `/m?%73ession%49d=${changed('abc')}`],
    ['with an encoded value', '/m?sessionId=%61b%C3%A9', `/m?sessionId=${changed('abé')}`],
    ['with a plus', '/m?sessionId=a+b', `/m?sessionId=${changed('a b')}`],
    ['with an encoded plus', '/m?sessionId=a%2Bb', `/m?sessionId=${changed('a+b')}`],
    ['with an equals sign', '/m?sessionId=YWI=', `/m?sessionId=${changed('YWI=')}`],
    ['without a value', '/m?sessionId=', `/m?sessionId=${changed('')}`],
    [
      'of a whole URL',
      'https://a.example/m?sessionId=abc',
      `https://a.example/m?sessionId=${changed('abc')}`,
    ],
    ['of a query alone', '?sessionId=abc', `?sessionId=${changed('abc')}`],
    ['behind a second question mark', '/m??sessionId=abc', `/m??sessionId=${changed('abc')}`],
    ['behind a question mark in a value', '/m?a=1?sessionId=abc', `/m?a=1?sessionId=${changed('abc')}`],
    ['behind a hash', '/m?a#&sessionId=abc', `/m?a#&sessionId=${changed('abc')}`],
    ['behind a hash before the query', '/m#?sessionId=abc', `/m#?sessionId=${changed('abc')}`],
    [
      'behind an escaped ampersand of HTML',
      '/m?a=1&amp;sessionId=abc',
      `/m?a=1&amp;sessionId=${changed('abc')}`,
    ],
  ])('%s is changed, and nothing else', (_, target, expected) => {
    expect(change(target)).toBe(expected);
  });

  test.each([
    ['no query', '/messages'],
    ['an empty query', '/messages?'],
    ['other parameters', '/m?a=1&b=%zz&c=+&&=&id=7&%E9=1&%'],
    ['the id of another kind of session', '/m?chatSessionId=5&oauth_session=6'],
    ['a value that looks like it', '/m?a=sessionId&b=sessionId%3Dabc'],
    ['a path that looks like it', '/sessionId=abc?a=1'],
    ['a fragment without a query', '/m#sessionId=abc'],
  ])('%s stays as it is', (_, target) => {
    expect(change(target)).toBe(target);
  });

  const READERS_DIFFER = [
    'sessionId[]',
    'sessionId[0]',
    'sessionId[a]',
    '[sessionId]',
    'sessionId.x',
    'session.id',
    'session-id',
    'session id',
    'session+id',
    'session[id',
    ' sessionId',
    'sessionId ',
    'SessionId',
    'SESSION_ID',
    'Session_id',
    'session__id',
    '_sessionId',
    'sessionId\0',
    'ſessionId',
    'seſſionId',
    'sessıonıd',
    'SESSİONİD',
    'ｓｅｓｓｉｏｎＩｄ',
    '\u200bsessionId',
    '\ufeffsessionId',
    "'sessionId'",
    '$sessionId',
  ];
  test.each(READERS_DIFFER)('a name such as %j is refused, plain and encoded', (name) => {
    for (const written of [encodeURIComponent(name), encodeAll(name)]) {
      expect(change(`/m?${written}=abc`)).toBeUndefined();
      expect(change(`/m?${written}`)).toBeUndefined();
      expect(change(`/m?a=1&${written}=abc&sessionId=good`)).toBeUndefined();
    }
  });

  test.each([
    ['a session that ends at a semicolon for some', '/m?sessionId=a;b=2'],
    ['a session that ends at a hash for some', '/m?sessionId=a#b'],
    ['a session that ends at a question mark for some', '/m?sessionId=a?b'],
    ['two sessions', '/m?sessionId=a&sessionId=a'],
    ['two names', '/m?sessionId=a&session_id=a'],
    ['two sessions, one in what some take for a fragment', '/m?sessionId=a#&sessionId=b'],
    ['two sessions, one behind a second question mark', '/m?sessionId=a&b?sessionId=b'],
    ['two sessions, one behind a semicolon', '/m?sessionId=a;sessionId=b'],
    ['a name without a value', '/m?sessionId'],
    ['a name without a value among others', '/m?a&sessionId&b'],
    ['a value that is not UTF-8', '/m?sessionId=%E9'],
    ['a value with a broken escape', '/m?sessionId=abc%2'],
    ['a value with an escape of another kind', '/m?sessionId=%u0061'],
    ['a name that is not UTF-8', '/m?%E9sessionId=1'],
    ['a name with a broken escape', '/m?session%49%=abc'],
    ['a name with an escape of another kind', '/m?%u0073essionId=abc'],
  ])('%s: refused', (_, target) => {
    expect(change(target)).toBeUndefined();
  });

  it('that cannot be changed is refused', () => {
    expect(changeSessionParameter('/m?sessionId=abc', () => undefined)).toBeUndefined();
  });

  it('that would become half a surrogate pair is refused', () => {
    expect(changeSessionParameter('/m?sessionId=abc', () => '\ud83d')).toBeUndefined();
  });
});

describe('laws of the query', () => {
  /** What Express 4, and Express 5 when it is told to, reads a query with. */
  const parseExtended = express().set('query parser', 'extended').get('query parser fn') as (
    query: string,
  ) => Record<string, unknown>;

  const name = fc.oneof(
    fc.constantFrom(
      'sessionId',
      'session_id',
      'sessionid',
      'sessionId[]',
      '%73essionId',
      'a',
      '',
      'id',
      'SESSIONID',
    ),
    fc.string({ unit: 'binary-ascii', maxLength: 12 }),
  );
  const value = fc.oneof(
    fc.constantFrom('abc', '', '%41', '%', 'a+b', '?sessionId=x', '#sessionId=x'),
    fc.string({ unit: 'binary-ascii', maxLength: 12 }),
  );
  const separator = fc.constantFrom('&', ';', '?', '#', '&&', '=');
  const queries = fc
    .array(fc.tuple(name, fc.constantFrom('=', ''), value, separator), { maxLength: 6 })
    .map((parts) => parts.map((part) => part.join('')).join(''));

  /** What readers of many kinds would take for the session in a target. */
  function readings(target: string): string[] {
    const queriesOfTarget = [
      target.slice(target.indexOf('?') + 1), // Python, h11: no fragment in a target
      target.slice(target.lastIndexOf('?') + 1),
      target.split('?')[1] ?? '',
      target.split('#')[0]?.split('?').slice(1).join('?') ?? '',
    ];
    const named = (found: string, id: string): string[] => (/^session_?id$/i.test(found) ? [id] : []);
    return queriesOfTarget.flatMap((query) => [
      ...[...new URLSearchParams(query)].flatMap(([key, id]) => named(key, id)),
      ...[...new URLSearchParams(query.replaceAll(';', '&'))].flatMap(([key, id]) => named(key, id)),
      ...Object.entries(parseExtended(query)).flatMap(([key, id]) =>
        [id].flat().flatMap((one) => (typeof one === 'string' ? named(key, one) : [])),
      ),
      ...Object.entries(parseForm(query)).flatMap(([key, id]) =>
        [id ?? ''].flat().flatMap((one) => named(key, one)),
      ),
    ]);
  }

  it('no reader finds a session that was not opened', () => {
    fc.assert(
      fc.property(queries, (query) => {
        const asked: string[] = [];
        const opened = changeSessionParameter(`/m?${query}`, (id) => {
          asked.push(id);
          return `opened ${id}`;
        });
        if (opened === undefined) return;
        for (const id of readings(opened)) expect(asked.map((one) => `opened ${one}`)).toContain(id);
      }),
      { numRuns: 5_000 },
    );
  });

  it('a change there and back again gives what any reader would read', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 50 }), (id) => {
        const target = `/m?a=1&sessionId=${encodeURIComponent(id)}&b=2`;
        const there = changeSessionParameter(target, upper);
        const back = changeSessionParameter(there ?? '', (sealed) => sealed.slice(1, -1));
        expect(back).toBe(target);
      }),
    );
  });

  it('it never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (query) => {
        expect(['string', 'undefined']).toContain(typeof change(`/m?${query}`));
      }),
    );
  });
});

describe('a megabyte', () => {
  const MEGABYTE = 1_048_576;
  test.each([
    ['of separators', '&'.repeat(MEGABYTE)],
    ['of question marks', '?'.repeat(MEGABYTE)],
    ['of hashes', '#'.repeat(MEGABYTE)],
    ['of a name', 'a'.repeat(MEGABYTE)],
    ['of a name that begins as the session does', `sessioni${'sessioni'.repeat(MEGABYTE / 8)}`],
    ['of what is no letter', '['.repeat(MEGABYTE)],
    ['of combining marks', 'a\u0301'.repeat(MEGABYTE / 2)],
    ['of escapes', '%41'.repeat(MEGABYTE / 3)],
    ['of broken escapes', '%'.repeat(MEGABYTE)],
    ['of plus signs', '+'.repeat(MEGABYTE)],
    ['of a value', `a=${'='.repeat(MEGABYTE)}`],
    ['of parameters', 'a=b&'.repeat(MEGABYTE / 4)],
    ['of names that are alike', 'sessionId[]=a&'.repeat(MEGABYTE / 14)],
    ['of an id', `sessionId=${'a'.repeat(MEGABYTE)}`],
  ])('%s costs in proportion to its length', (_, query) => {
    // Work that grew with the square would take hours: the run's own time-out is the bound.
    const result = change(`/m?${query}`);
    expect(['string', 'undefined']).toContain(typeof result);
  });
});

/** Every byte of the UTF-8 in percent-encoding. */
function encodeAll(text: string): string {
  return [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
}

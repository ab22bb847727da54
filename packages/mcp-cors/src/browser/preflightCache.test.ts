import { describe, expect, test } from 'vitest';
import { type Allowance, createPreflightCache, type Need } from './preflightCache.js';
import { PROFILES } from './profile.js';

const { standard, chromium } = PROFILES;
const KEY = { partition: 'site', origin: 'https://page.example', url: 'https://api.example/' };
const allowance = (
  over: Partial<Record<'methods' | 'headers', string[]>> & { credentials?: boolean },
): Allowance => ({
  credentials: over.credentials ?? false,
  methods: new Set(over.methods),
  headers: new Set(over.headers),
});
const need = (over: Partial<Need>): Need => ({
  credentials: 'omit',
  method: undefined,
  headers: [],
  ...over,
});

describe.each([standard, chromium])('kept as $name keeps it', (profile) => {
  const keep = (kept: Allowance, seconds = 5) => {
    const cache = createPreflightCache();
    cache.store(KEY, kept, seconds * 1000, profile);
    return cache;
  };

  test.each<[what: string, kept: Allowance, need: Need, covered: boolean]>([
    ['a method', allowance({ methods: ['PUT'] }), need({ method: 'PUT' }), true],
    ['another method', allowance({ methods: ['PUT'] }), need({ method: 'DELETE' }), false],
    ['a method in another case', allowance({ methods: ['patch'] }), need({ method: 'PATCH' }), false],
    ['any method', allowance({ methods: ['*'] }), need({ method: 'PUT' }), true],
    ['a header', allowance({ headers: ['x-a', 'x-b'] }), need({ headers: ['x-b'] }), true],
    ['a header too many', allowance({ headers: ['x-a'] }), need({ headers: ['x-a', 'x-b'] }), false],
    ['any header', allowance({ headers: ['*'] }), need({ headers: ['x-a'] }), true],
    ['authorization under *', allowance({ headers: ['*'] }), need({ headers: ['authorization'] }), false],
    ['a method that is a header', allowance({ headers: ['PUT'] }), need({ method: 'PUT' }), false],
    ['nothing by name', allowance({}), need({}), true],
    [
      'credentials without',
      allowance({ headers: ['x-a'] }),
      need({ headers: ['x-a'], credentials: 'include' }),
      false,
    ],
    [
      'credentials by *',
      allowance({ methods: ['*'] }),
      need({ method: 'PUT', credentials: 'include' }),
      false,
    ],
    ['nothing, with credentials', allowance({}), need({ credentials: 'include' }), false],
    [
      'credentials with',
      allowance({ headers: ['x-a'], credentials: true }),
      need({ headers: ['x-a'], credentials: 'include' }),
      true,
    ],
    [
      'no credentials with',
      allowance({ headers: ['x-a'], credentials: true }),
      need({ headers: ['x-a'] }),
      true,
    ],
    [
      '* with credentials',
      allowance({ headers: ['*'], credentials: true }),
      need({ headers: ['x-a'] }),
      false,
    ],
    ['* by its name', allowance({ headers: ['*'], credentials: true }), need({ headers: ['*'] }), true],
  ])('%s', (_, kept, needed, covered) => {
    expect(keep(kept).covers(KEY, needed, 0, profile)).toBe(covered);
  });

  test('until its time', () => {
    const cache = keep(allowance({ methods: ['PUT'] }), 5);
    expect(cache.covers(KEY, need({ method: 'PUT' }), 4999, profile)).toBe(true);
    expect(cache.covers(KEY, need({ method: 'PUT' }), 5000, profile)).toBe(false);
  });

  test.each([{ url: 'https://api.example/other' }, { origin: 'null' }, { partition: 'other' }])(
    'not for %o',
    (over) => {
      const cache = keep(allowance({ methods: ['PUT'] }));
      expect(cache.covers({ ...KEY, ...over }, need({ method: 'PUT' }), 0, profile)).toBe(false);
    },
  );

  test('until it is cleared', () => {
    const cache = keep(allowance({ methods: ['PUT'] }));
    cache.clear(KEY);
    expect(cache.covers(KEY, need({ method: 'PUT' }), 0, profile)).toBe(false);
  });
});

test('two preflights add up in the standard, and in Chromium the last one counts', () => {
  const both = (profile: typeof standard) => {
    const cache = createPreflightCache();
    cache.store(KEY, allowance({ methods: ['PUT'] }), 1000, profile);
    cache.store(KEY, allowance({ headers: ['x-a'] }), 2000, profile);
    return cache.covers(KEY, need({ method: 'PUT', headers: ['x-a'] }), 0, profile);
  };
  expect(both(standard)).toBe(true);
  expect(both(chromium)).toBe(false);
});

test('a look-up that finds too little makes Chromium forget', () => {
  const again = (profile: typeof standard) => {
    const cache = createPreflightCache();
    cache.store(KEY, allowance({ methods: ['PUT'] }), 1000, profile);
    cache.covers(KEY, need({ method: 'DELETE' }), 0, profile);
    return cache.covers(KEY, need({ method: 'PUT' }), 0, profile);
  };
  expect(again(standard)).toBe(true);
  expect(again(chromium)).toBe(false);
});

test('Chromium keeps nothing for a URL of 1024 characters', () => {
  const kept = (length: number) => {
    const key = { ...KEY, url: KEY.url.padEnd(length, 'x') };
    const cache = createPreflightCache();
    cache.store(key, allowance({ methods: ['PUT'] }), 1000, chromium);
    return cache.covers(key, need({ method: 'PUT' }), 0, chromium);
  };
  expect(kept(1023)).toBe(true);
  expect(kept(1024)).toBe(false);
});

import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { POLICY_KEYS } from './config.js';
import { nearestName } from './spelling.js';

describe('nearestName', () => {
  test.each([
    ['origin', 'origins'],
    ['ORIGINS', 'origins'],
    ['allowHeaders', 'allowedHeaders'],
    ['exposeHeaders', 'exposedHeaders'],
    ['max_age', 'maxAge'],
    ['maxage', 'maxAge'],
    ['debugg', 'debug'],
    ['', undefined],
    ['x', undefined],
    ['colour', undefined],
    ['credentialsssss', undefined],
  ])('%j most probably means %s', (name, near) => {
    expect(nearestName(name, POLICY_KEYS)).toBe(near);
  });

  it('prefers the nearer of two, and the first of two that are as near', () => {
    expect(nearestName('abcx', ['abyy', 'abc'])).toBe('abc');
    expect(nearestName('abc', ['abd', 'abc'])).toBe('abc');
    expect(nearestName('abc', ['abd', 'abe'])).toBe('abd');
  });

  it('takes what is three edits away for something else', () => {
    expect(nearestName('abxyzc', ['abc'])).toBeUndefined();
    expect(nearestName('xyzdef', ['abcdef'])).toBeUndefined();
  });

  it('takes what shares no letter for something else', () => {
    expect(nearestName('x', ['go'])).toBeUndefined();
    expect(nearestName('xy', ['go'])).toBeUndefined();
    expect(nearestName('', ['go'])).toBeUndefined();
    expect(nearestName('g', ['go'])).toBe('go');
    expect(nearestName('', [''])).toBe('');
  });

  it('measures names of at most 64 characters', () => {
    expect(nearestName('a'.repeat(64), [`${'a'.repeat(63)}b`])).toBe(`${'a'.repeat(63)}b`);
    expect(nearestName('a'.repeat(65), [`${'a'.repeat(64)}b`])).toBeUndefined();
    expect(nearestName('origins'.repeat(100_000), POLICY_KEYS)).toBeUndefined();
  });

  it('finds a name within two edits', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('credentials', 'allowedHeaders'),
        fc.nat(9),
        fc.string({ maxLength: 1 }),
        (name, at, text) => {
          expect(nearestName(name.slice(0, at) + text + name.slice(at + 1), [name])).toBe(name);
        },
      ),
    );
  });
});

import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { altered, boundSeverity, isGuessable } from './sessionAttack.js';

describe('isGuessable', () => {
  it.each([
    ['counted', ['17', '18']],
    ['counted with a prefix', ['session-00000000017', 'session-00000000018']],
    ['short', ['k3j', 'x9q']],
    ['short, the second only', ['f3b1c2d4e5a6b7c8', 'abc']],
    ['a time in milliseconds', ['1795400000123', '1795400000160']],
    ['a fixed text with few characters that differ', ['server-one-session-a1b2', 'server-one-session-c3d4']],
  ])('finds ids that are %s', (_, ids) => {
    expect(isGuessable(ids)).toBe(true);
  });

  it.each([
    [
      'random letters with one digit',
      () =>
        `${randomBytes(12).toString('base64url').replaceAll(/\d/g, 'x')}${randomBytes(1).readUInt8() % 10}`,
    ],
    ['random UUIDs', () => randomUUID()],
    ['UUIDs without hyphens', () => randomUUID().replaceAll('-', '')],
    ['16 random bytes in base64', () => randomBytes(16).toString('base64url')],
    ['UUIDs behind a prefix', () => `session-${randomUUID()}`],
    ['20 random digits', () => String(randomBytes(8).readBigUInt64BE()).padStart(20, '1')],
  ])('lets %s pass', (_, make) => {
    for (let i = 0; i < 500; i++) {
      const ids = [make(), make()];
      expect(isGuessable(ids), ids.join(' ')).toBe(false);
    }
  });
});

describe('altered', () => {
  it.each(['a', 'aaaa', randomUUID(), `${'a'.repeat(40)}`, 'b'])('differs from %s in one character', (id) => {
    const other = altered(id);
    expect(other).toHaveLength(id.length);
    expect([...other].filter((character, i) => character !== id[i])).toHaveLength(1);
  });
});

describe('boundSeverity', () => {
  it.each([
    ['foreign', true, 'warning'],
    // Without the token the id is worth nothing.
    ['foreign', false, 'info'],
    ['trusted', true, 'info'],
  ] as const)('of a %s page, open %s, is %s', (by, open, expected) => {
    expect(boundSeverity(by, open)).toBe(expected);
  });
});

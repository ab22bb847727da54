import { describe, expect, it } from 'vitest';
import { PROFILES } from '../../browser/index.js';
import { isSafelistedRequestHeader } from '../../browser/safelist.js';
import { WRITE_PROBES, writeSeverity } from './writeAttack.js';

describe('WRITE_PROBES', () => {
  const sendable = WRITE_PROBES.filter(
    ({ id, types }) => types.length === 1 && id !== 'content-type-ambiguous',
  );

  it.each(sendable)('$name is what a page may send without a preflight', ({ types: [type = ''] }) => {
    expect(isSafelistedRequestHeader('content-type', type, PROFILES.chromium)).toBe(true);
  });

  it('holds every media type that needs none, with JSON in it', () => {
    const essences = sendable.map(({ types: [type = ''] }) => type.split(';', 1)[0]);

    expect(new Set(essences)).toEqual(
      new Set(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']),
    );
    // A Blob without a type.
    expect(WRITE_PROBES).toContainEqual(expect.objectContaining({ id: 'simple-post-accepted', types: [] }));
  });

  it.each(['', 'application/json'])('holds no other type: %o needs a preflight', (type) => {
    expect(isSafelistedRequestHeader('content-type', type, PROFILES.chromium)).toBe(false);
  });
});

describe('writeSeverity', () => {
  const server = { isPrivate: true, ambient: [] };

  it.each([
    ['a tool within reach of a private server', 'simple-post-accepted', true, server, 'error'],
    ['no tool within reach', 'simple-post-accepted', false, server, 'warning'],
    [
      'a public server without cookies',
      'content-type-substring',
      true,
      { isPrivate: false, ambient: [] },
      'warning',
    ],
    [
      'a public server with cookies',
      'content-type-substring',
      true,
      { isPrivate: false, ambient: [['cookie', 'a=1']] as const },
      'error',
    ],
    ['two Content-Type lines, which no browser sends', 'content-type-ambiguous', true, server, 'info'],
  ] as const)('of %s', (_, id, reaches, where, expected) => {
    expect(writeSeverity({ id }, reaches, where)).toBe(expected);
  });
});

import { describe, expect, test } from 'vitest';
import { createDirectory } from '../policy/index.js';
import { commentLines, oneLine } from './comment.js';
import { limitsOf, RenderError, type RenderOptions, render, targets } from './index.js';
import { TARGETS } from './registry.js';

const POLICY = { origins: 'https://app.example.com' };
const SEALED = { ...POLICY, sessions: { secret: 'a secret of more than thirty-two characters' } };

function refusalOf(options: RenderOptions, target = 'nginx', policy: object = POLICY): RenderError {
  try {
    render(target, policy as typeof POLICY, options);
  } catch (error) {
    if (error instanceof RenderError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('render refuses', () => {
  test.each([
    [{ upstream: 'ftp://x' }, 'upstream-invalid'],
    [{ upstream: 'http://u:p@x' }, 'upstream-invalid'],
    [{ upstream: 'http://x:0' }, 'upstream-invalid'],
    [{ upstream: 'http://x/a?b' }, 'upstream-invalid'],
    [{ upstream: 'http://x/a"b' }, 'upstream-invalid'],
    [{ upstream: 'http://x y' }, 'upstream-invalid'],
    // Some would send %2520.
    [{ upstream: 'http://x/a%20b' }, 'upstream-invalid'],
    [{ upstream: 'http://x/é' }, 'upstream-invalid'],
    [{ upstream: 'http://x/a\x01b' }, 'upstream-invalid'],
    [{ upstream: 'http://[::1' }, 'upstream-invalid'],
    [{ listen: '8808' }, 'listen-invalid'],
    [{ listen: '127.0.0.1:0' }, 'listen-invalid'],
    [{ listen: 'a;b:1' }, 'listen-invalid'],
    [{ name: 'A' }, 'name-invalid'],
    [{ name: 'a b' }, 'name-invalid'],
    [{ name: '' }, 'name-invalid'],
    [{ name: 'a'.repeat(17) }, 'name-invalid'],
    [{ log: 'report.log' }, 'log-invalid'],
    [{ log: '/var/log/a;b' }, 'log-invalid'],
    [{ routes: [] }, 'route-invalid'],
    [{ routes: [{ path: 'mcp', upstream: 'http://x' }] }, 'route-invalid'],
    [{ routes: [{ path: '/é', upstream: 'http://x' }] }, 'route-invalid'],
    [{ routes: [{ path: '/a\x7f', upstream: 'http://x' }] }, 'route-invalid'],
    ...[...'`|<>^'].map(
      (sign) => [{ routes: [{ path: `/a${sign}`, upstream: 'http://x' }] }, 'route-invalid'] as const,
    ),
    [{ upstream: 'http://x/a|b' }, 'upstream-invalid'],
    [{ routes: [{ path: '/a"b', upstream: 'http://x' }] }, 'route-invalid'],
    [{ routes: [{ path: '/a/../b', upstream: 'http://x' }] }, 'route-invalid'],
    [
      {
        routes: [
          { path: '/a', upstream: 'http://x' },
          { path: '/a/', upstream: 'http://y' },
        ],
      },
      'route-invalid',
    ],
    [{ routes: [{ path: '/a', upstream: 'x' }] }, 'upstream-invalid'],
  ] satisfies (readonly [RenderOptions, string])[])('%j as %s', (options, code) => {
    const { code: given, message, remedy } = refusalOf(options);
    expect(given).toBe(code);
    expect(message).not.toBe('');
    expect(remedy).toMatch(/\.$/);
  });

  test('a URL with a password, which it does not repeat', () => {
    expect(refusalOf({ upstream: 'http://user:S3CRET@x' }).message).not.toContain('S3CRET');
  });

  test('an unknown target, with the nearest', () => {
    expect(refusalOf({}, 'ngnix')).toMatchObject({ code: 'target-unknown', remedy: 'Did you mean nginx?' });
    expect(refusalOf({}, 'x').remedy).toContain('nginx');
  });

  test('what a target would weaken, each weakening listed, and renders it when that is accepted', () => {
    const { code, weakenings } = refusalOf({}, 'nginx', SEALED);
    expect([code, weakenings.map(({ id }) => id)]).toEqual(['target-weaker', ['sealed-sessions']]);
    expect(render('nginx', SEALED, { allowWeaker: true })).toContain('WEAKER THAN THE POLICY');
    expect(render('nginx', POLICY)).not.toContain('WEAKER');
  });

  test('a weakening in the policy of any route', () => {
    const routes = [
      { path: '/a', upstream: 'http://x' },
      { path: '/b', upstream: 'http://x', policy: SEALED },
    ];
    expect(refusalOf({ routes }).code).toBe('target-weaker');
    expect(limitsOf('nginx', POLICY, { routes }).map(({ id }) => id)).toContain('sealed-sessions');
  });
});

describe('every target', () => {
  test.each(TARGETS.map((target) => [target.name, target] as const))(
    '%s has what its users are shown',
    (name, target) => {
      expect(name).toMatch(/^[a-z][a-z-]*$/);
      expect(target.title).not.toBe('');
      expect(target.file).toMatch(/^[\w./-]+$/);
      const ids = target.limits.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      for (const { id, what, why, instead } of target.limits) {
        expect(id).toMatch(/^[a-z][a-z-]*$/);
        for (const sentence of [what, why, instead]) expect(sentence).toMatch(/^\S.*\.$/);
      }
    },
  );

  test.each(TARGETS.map(({ name }) => name))(
    '%s says at its top what it is, and each limit that concerns the policy',
    (name) => {
      const tenants = createDirectory({ lookup: () => false });
      for (const policy of [
        POLICY,
        SEALED,
        { origins: [tenants] },
        { ...POLICY, debug: true, reportOnly: true },
      ]) {
        const text = render(name, policy, { allowWeaker: true });
        const { comment } = TARGETS.find((target) => target.name === name) ?? { comment: '' };
        const [head = ''] = text.split('\n\n');
        expect(head.split('\n').filter((line) => !line.startsWith(comment))).toEqual([]);
        for (const { id } of limitsOf(name, policy)) expect(head).toContain(`- ${id}: `);
        const others = targets()
          .find((target) => target.name === name)
          ?.limits.filter((limit) => !limitsOf(name, policy).includes(limit));
        for (const { id } of others ?? []) expect(head).not.toContain(`- ${id}: `);
        expect(text.endsWith('\n')).toBe(true);
        expect(render(name, policy, { allowWeaker: true })).toBe(text);
      }
    },
  );
});

describe('comments', () => {
  test('hold whatever an owner writes on their own lines', () => {
    expect(oneLine('a\nb\r\u2028c */ \u0000é')).toBe('a?b??c * / ??');
    expect(commentLines('#', ['', 'a'])).toBe('#\n# a\n');
  });

  test('are broken at spaces, and go on under their text', () => {
    const lines = commentLines('//', [`- ${'word '.repeat(40).trim()}`])
      .trimEnd()
      .split('\n');
    expect(lines.length).toBe(2);
    expect(lines[1]).toMatch(/^\/\/ {3}word/);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(110);
  });
});

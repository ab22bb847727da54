import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { anyText } from '../../../../test/fixtures/texts.js';
import { createOriginMatcher, type OriginPattern, parseOriginPattern } from './pattern.js';

function patterns(...texts: string[]): OriginPattern[] {
  return texts.map((text) => {
    const pattern = parseOriginPattern(text);
    if ('fault' in pattern) throw new Error(`${text}: ${pattern.fault}`);
    return pattern;
  });
}

function matcher(...texts: string[]) {
  return createOriginMatcher(patterns(...texts));
}

describe('parseOriginPattern', () => {
  test.each<[string, object]>([
    ['*', { type: 'any' }],
    ['https://app.example.com', { type: 'exact', scheme: 'https', host: 'app.example.com' }],
    ['https://app.example.com:8443', { type: 'exact', scheme: 'https', host: 'app.example.com' }],
    [
      'http://localhost:*',
      { type: 'wildcard', scheme: 'http', host: 'localhost', subdomains: 'none', port: '*' },
    ],
    ['http://[::1]:*', { type: 'wildcard', scheme: 'http', host: '[::1]', subdomains: 'none', port: '*' }],
    [
      'https://*.example.com',
      { type: 'wildcard', scheme: 'https', host: 'example.com', subdomains: 'labels', port: '' },
    ],
    [
      'https://*.example.com:8443',
      { type: 'wildcard', scheme: 'https', host: 'example.com', subdomains: 'labels', port: '8443' },
    ],
    [
      'https://*.example.com:*',
      { type: 'wildcard', scheme: 'https', host: 'example.com', subdomains: 'labels', port: '*' },
    ],
    [
      'moz-extension://*',
      { type: 'wildcard', scheme: 'moz-extension', host: '', subdomains: 'all', port: '' },
    ],
    ['app://*:*', { type: 'wildcard', scheme: 'app', host: '', subdomains: 'all', port: '*' }],
    ['app://*.1.2', { type: 'wildcard', scheme: 'app', host: '1.2', subdomains: 'labels', port: '' }],
    ['tauri://localhost', { type: 'exact', scheme: 'tauri', host: 'localhost' }],
    ['http://127.0.0.1', { type: 'exact', scheme: 'http', host: '127.0.0.1' }],
  ])('reads %s', (text, parsed) => {
    expect(parseOriginPattern(text)).toMatchObject({ text, ...parsed });
  });

  test.each([
    ['null', 'origin-null'],
    ['', 'origin-syntax'],
    ['app.example.com', 'origin-syntax'],
    ['localhost:3000', 'origin-syntax'],
    ['//app.example.com', 'origin-syntax'],
    ['://app.example.com', 'origin-syntax'],
    ['https://', 'origin-syntax'],
    ['https:///mcp', 'origin-syntax'],
    ['https://:443', 'origin-syntax'],
    ['https://[::1', 'origin-syntax'],
    ['https://[::12', 'origin-syntax'],
    ['https://[::1]x', 'origin-syntax'],
    ['https://[::1]x8080', 'origin-syntax'],
    ['https:///*', 'origin-syntax'],
    ['https://[::g]', 'origin-syntax'],
    ['https://[]', 'origin-syntax'],
    ['https://app..example.com', 'origin-syntax'],
    ['https://app.example.com.', 'origin-syntax'],
    ['https://*.', 'origin-syntax'],
    ['https://app example.com', 'origin-syntax'],
    ['https://app.example.com\n', 'origin-syntax'],
    ['https://a.example, https://b.example', 'origin-has-path'],
    ['data:text/html,x', 'origin-syntax'],
    ['1http://x', 'origin-syntax'],
    [`https://${'a.'.repeat(300)}com`, 'origin-too-long'],
    [`https://${'a.'.repeat(127)}com`, 'origin-too-long'],
    ['https://bücher.example', 'origin-not-ascii'],
    ['https://app.example.com ', 'origin-syntax'],
    ['https://app.example.com\x7f', 'origin-syntax'],
    ['https://app.example.com\u00a0', 'origin-not-ascii'],
    ['https://App.example.com', 'origin-not-lower-case'],
    ['HTTPS://app.example.com', 'origin-not-lower-case'],
    ['https://[2001:DB8::1]', 'origin-not-lower-case'],
    ['file:///', 'origin-scheme-unusable'],
    ['file://host', 'origin-scheme-unusable'],
    ['https://user@app.example.com', 'origin-has-userinfo'],
    ['https://user:secret@app.example.com', 'origin-has-userinfo'],
    ['https://app.example.com/', 'origin-has-path'],
    ['https://app.example.com?x', 'origin-has-path'],
    ['https://app.example.com#x', 'origin-has-path'],
    ['https://app.example.com\\x', 'origin-has-path'],
    ['https://app.example.com:', 'origin-port-invalid'],
    ['https://app.example.com:0', 'origin-port-invalid'],
    ['https://app.example.com:65536', 'origin-port-invalid'],
    ['https://app.example.com:0443', 'origin-port-invalid'],
    ['https://app.example.com:80*', 'origin-port-invalid'],
    ['https://app.example.com:443', 'origin-default-port'],
    ['http://localhost:80', 'origin-default-port'],
    ['https://*.example.com:443', 'origin-default-port'],
    ['*://app.example.com', 'origin-wildcard-misplaced'],
    ['http*://app.example.com', 'origin-wildcard-misplaced'],
    ['https://*', 'origin-wildcard-misplaced'],
    ['http://*:*', 'origin-wildcard-misplaced'],
    ['https://*example.com', 'origin-wildcard-misplaced'],
    ['https://app.*.com', 'origin-wildcard-misplaced'],
    ['https://app.*', 'origin-wildcard-misplaced'],
    ['https://*.*.example.com', 'origin-wildcard-misplaced'],
    ['http://*.127.0.0.1', 'origin-wildcard-misplaced'],
    ['http://127.1', 'origin-ip-not-canonical'],
    ['http://0x7f000001', 'origin-ip-not-canonical'],
    ['http://127.0.0.01', 'origin-ip-not-canonical'],
    ['http://[0:0:0:0:0:0:0:1]', 'origin-ip-not-canonical'],
    ['http://[::ffff:127.0.0.1]:*', 'origin-ip-not-canonical'],
  ])('refuses %j as %s', (text, fault) => {
    expect(parseOriginPattern(text)).toMatchObject({ fault });
  });

  test.each([
    ['https://App.Example.com', 'https://app.example.com'],
    ['https://app.example.com/mcp?x#y', 'https://app.example.com'],
    ['https://app.example.com:443', 'https://app.example.com'],
    ['app.example.com', 'https://app.example.com'],
  ])('says how to write %s', (text, right) => {
    const pattern = parseOriginPattern(text);
    expect('remedy' in pattern && pattern.remedy).toContain(`${right}.`);
    expect(parseOriginPattern(right)).not.toHaveProperty('fault');
  });

  it('takes the longest that an origin can be, and nothing longer', () => {
    const scheme = `x${'y'.repeat(63)}`;
    const host = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}`;
    expect(parseOriginPattern(`${scheme}://${host}:65535`)).toMatchObject({ type: 'exact', scheme, host });
    expect(parseOriginPattern(`https://${host}d`)).toEqual({ fault: 'origin-too-long' });
    expect(parseOriginPattern(`${scheme}y://${host}`)).toEqual({ fault: 'origin-syntax' });
    expect(parseOriginPattern(`${scheme}://${host}:655350`)).toEqual({ fault: 'origin-too-long' });
  });

  it('reads nothing of what is longer', () => {
    expect(parseOriginPattern(`${'x'.repeat(400)}ü`)).toEqual({ fault: 'origin-too-long' });
  });

  it('says how to write an IPv6 address', () => {
    expect(parseOriginPattern('http://[0:0::1]')).toMatchObject({ remedy: 'Write [::1].' });
  });

  it('says that an IP address has no subdomains', () => {
    expect(parseOriginPattern('http://*.127.0.0.1')).toMatchObject({
      remedy: expect.stringContaining('no subdomains'),
    });
  });

  it('says of a regular expression what is wrong with it, and no more', () => {
    expect(parseOriginPattern('/example/')).toEqual({ fault: 'regexp-not-anchored' });
  });

  it('has no remedy for what it cannot guess', () => {
    expect(parseOriginPattern('not an origin')).toEqual({ fault: 'origin-syntax' });
    expect(parseOriginPattern('1.2')).toEqual({ fault: 'origin-syntax' });
  });

  it('never throws', () => {
    fc.assert(fc.property(anyText(400), (text) => void parseOriginPattern(text)));
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'htps://*.ab1[]:@#é\0 A'), maxLength: 40 }),
        (text) => {
          expect(parseOriginPattern(text)).toSatisfy((it: object) => 'fault' in it || 'type' in it);
        },
      ),
      { numRuns: 5000 },
    );
    expect(parseOriginPattern(`https://${'*.'.repeat(500_000)}`)).toEqual({ fault: 'origin-too-long' });
  });
});

describe('createOriginMatcher', () => {
  test.each<[patterns: string[], origin: string, rule: string | undefined]>([
    [['https://app.example.com'], 'https://app.example.com', 'https://app.example.com'],
    [['https://app.example.com'], 'http://app.example.com', undefined],
    [['https://app.example.com'], 'https://app.example.com:8443', undefined],
    [['https://app.example.com'], 'https://app.example.com:443', undefined],
    [['https://app.example.com'], 'https://app.example.com/', undefined],
    [['https://app.example.com'], 'https://APP.example.com', undefined],
    [['https://app.example.com'], 'https://x.app.example.com', undefined],
    [['https://app.example.com'], 'https://evilapp.example.com', undefined],
    [['https://app.example.com'], 'https://app.example.com.evil.example', undefined],
    [['https://app.example.com'], 'https://app.example.comevil.example', undefined],
    [['https://app.example.com'], 'https://appxexample.com', undefined],
    [['https://app.example.com'], 'https://pp.example.com', undefined],
    // jub0bs/cors GHSA-vhxv-fg4m-p2w8: two patterns together must not admit a third origin.
    [['https://foo.com', 'https://bar.com'], 'https://barfoo.com', undefined],
    [['https://*.foo.com', 'https://*.bar.com'], 'https://a.barfoo.com', undefined],
    [['https://*.foo.com', 'https://bar.com'], 'https://bar.foo.com', 'https://*.foo.com'],
    [['https://*.example.com'], 'https://a.example.com', 'https://*.example.com'],
    [['https://*.example.com'], 'https://a.b.c.example.com', 'https://*.example.com'],
    [['https://*.example.com'], 'https://example.com', undefined],
    [['https://*.example.com'], 'https://.example.com', undefined],
    [['https://*.example.com'], 'https://evilexample.com', undefined],
    [['https://*.example.com'], 'https://a.example.com.evil.example', undefined],
    [['https://*.example.com'], 'https://a.example.com:8443', undefined],
    [['https://*.example.com'], 'http://a.example.com', undefined],
    [['https://*.example.com'], 'https://*.example.com', undefined],
    [['https://*.example.com'], 'https://evil.example\u0000.example.com', undefined],
    [['https://*.example.com'], 'https://evil.example/.example.com', undefined],
    [['https://*.example.com'], 'https://evil.example?.example.com', undefined],
    [['https://*.example.com'], 'https://evil.example@a.example.com', undefined],
    [['https://*.example.com:8443'], 'https://a.example.com:8443', 'https://*.example.com:8443'],
    [['https://*.example.com:8443'], 'https://a.example.com', undefined],
    [['https://*.example.com:8443'], 'https://a.example.com:84433', undefined],
    [['https://*.example.com:*'], 'https://a.example.com', 'https://*.example.com:*'],
    [['https://*.example.com:*'], 'https://a.example.com:1', 'https://*.example.com:*'],
    [['https://*.example.com:*'], 'https://a.example.com:0', undefined],
    [['https://*.example.com:*'], 'https://a.example.com:443', undefined],
    [['http://localhost:*'], 'http://localhost:3000', 'http://localhost:*'],
    [['http://localhost:*'], 'http://localhost', 'http://localhost:*'],
    [['http://localhost:*'], 'https://localhost:3000', undefined],
    [['http://localhost:*'], 'http://localhost.evil.example:3000', undefined],
    [['http://localhost:*'], 'http://localhost:80@evil.example', undefined],
    [['http://localhost:*'], 'http://a.localhost:3000', undefined],
    [['http://[::1]:*'], 'http://[::1]:3000', 'http://[::1]:*'],
    [['http://[::1]:*'], 'http://[::2]:3000', undefined],
    [['moz-extension://*'], 'moz-extension://2f1d3c1c-6a3e-4b5f-9d0e-0a1b2c3d4e5f', 'moz-extension://*'],
    [['moz-extension://*'], 'chrome-extension://abcdefghijklmnop', undefined],
    [['moz-extension://*'], 'moz-extension://', undefined],
    [['moz-extension://*'], 'moz-extension://a:1', undefined],
    [['app://*:*'], 'app://a:1', 'app://*:*'],
    // The most telling rule wins: the exact origin, then its host, then the nearest parent.
    [['http://a.example:*', 'http://a.example:81'], 'http://a.example:81', 'http://a.example:81'],
    [
      ['https://*.example.com', 'https://*.b.example.com'],
      'https://a.b.example.com',
      'https://*.b.example.com',
    ],
    [
      ['https://*.example.com:*', 'https://*.example.com:81'],
      'https://a.example.com:81',
      'https://*.example.com:81',
    ],
    [['*'], 'https://anything.example', '*'],
    [['*'], 'null', undefined],
    [['*'], '*', undefined],
    [['*'], '', undefined],
    [['*'], 'https://a.example, https://b.example', undefined],
    [[], 'https://app.example.com', undefined],
  ])('%j and %j give %j', (texts, origin, rule) => {
    expect(matcher(...texts).match(origin)).toBe(rule);
  });

  it('says whether any origin is admitted', () => {
    expect(matcher('*').any).toBe(true);
    expect(matcher('https://a.example', 'https://*.b.example').any).toBe(false);
  });

  it('is not fooled by names of object properties', () => {
    const { match } = matcher('https://app.example.com', 'https://*.example.com');
    for (const text of ['__proto__', 'constructor', 'toString', 'hasOwnProperty'])
      expect(match(text)).toBeUndefined();
  });
});

const label = fc.string({ unit: fc.constantFrom(...'abc01-'), minLength: 1, maxLength: 4 });
const host = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => `${labels.join('.')}.com`);
const port = fc.constantFrom('', ':1', ':8443', ':81');
const origin = fc
  .tuple(fc.constantFrom('https', 'http', 'tauri'), host, port)
  .map(([scheme, name, suffix]) => `${scheme}://${name}${suffix}`);

/** Texts that differ from an origin by an edit that an attacker would try. */
const lookAlike = (text: string): fc.Arbitrary<string> =>
  fc.oneof(
    fc
      .tuple(fc.nat(text.length), anyText(2), fc.nat(2))
      .map(([at, insert, cut]) => text.slice(0, at) + insert + text.slice(at + cut)),
    fc.constantFrom(
      text.toUpperCase(),
      `${text}.`,
      `${text}/`,
      ` ${text}`,
      text.replace('.', 'x'),
      `${text}:443`,
    ),
    host.map((name) => `${text}.${name}`),
    host.map((name) => text.replace('://', `://${name}.`)),
    host.map((name) => text.replace('://', `://${name}`)),
    host.map((name) => `${text}@${name}`),
  );

describe('laws of patterns', () => {
  test('a pattern without a wildcard admits the one origin that it names', () => {
    fc.assert(
      fc.property(
        origin.chain((text) => fc.tuple(fc.constant(text), lookAlike(text))),
        ([text, other]) => {
          const { match } = matcher(text);
          expect(match(text)).toBe(text);
          if (other !== text) expect(match(other)).toBeUndefined();
        },
      ),
      { numRuns: 5000 },
    );
  });

  test('several patterns without a wildcard admit the origins that they name, and no other', () => {
    fc.assert(
      fc.property(
        fc.array(origin, { minLength: 1, maxLength: 8 }),
        fc.array(origin, { maxLength: 8 }),
        (named, tried) => {
          const { match } = matcher(...named);
          for (const text of [...named, ...tried])
            expect(match(text) !== undefined).toBe(named.includes(text));
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('a pattern with *. admits its scheme and port with at least one more label, and no other', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('https', 'http'),
        host,
        fc.constantFrom('', ':8443', ':*'),
        fc.oneof(
          origin,
          fc.tuple(
            fc.constantFrom('https', 'http'),
            fc.constantFrom('', 'x', 'x.', 'x.y.', '.', 'x..'),
            port,
          ),
        ),
        (scheme, base, suffix, tried) => {
          const text = typeof tried === 'string' ? tried : `${tried[0]}://${tried[1]}${base}${tried[2]}`;
          const url = URL.canParse(text) ? new URL(text) : undefined;
          const labels = url?.hostname.split('.') ?? [];
          const expected =
            url !== undefined &&
            url.protocol === `${scheme}:` &&
            labels.every((one) => one !== '') &&
            url.hostname !== base &&
            url.hostname.endsWith(`.${base}`) &&
            (suffix === ':*' || `:${url.port}` === (suffix || ':'));
          const pattern = `${scheme}://*.${base}${suffix}`;
          expect(matcher(pattern).match(text)).toBe(expected ? pattern : undefined);
        },
      ),
      { numRuns: 5000 },
    );
  });

  test('the order of patterns does not change who is admitted', () => {
    const written = fc.oneof(
      origin,
      host.map((name) => `https://*.${name}`),
      host.map((name) => `https://*.${name}:*`),
      host.map((name) => `http://${name}:*`),
      fc.constant('tauri://*'),
    );
    fc.assert(
      fc.property(fc.uniqueArray(written, { minLength: 2, maxLength: 6 }), origin, (texts, tried) => {
        expect(matcher(...texts).match(tried)).toBe(matcher(...texts.toReversed()).match(tried));
      }),
      { numRuns: 2000 },
    );
  });
});

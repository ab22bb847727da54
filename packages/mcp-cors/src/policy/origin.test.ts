import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { anyText } from '../../../../test/fixtures/texts.js';
import {
  endOfHost,
  endsInNumber,
  isCanonicalIpv4,
  isCanonicalIpv6,
  isDomain,
  isHost,
  isPort,
  isScheme,
  MAX_HOST_LENGTH,
  MAX_ORIGIN_LENGTH,
  parseOrigin,
  serialiseIpv6,
} from './origin.js';

/** A host of exactly 253 characters, the most that RFC 1035 allows. */
const LONGEST_HOST = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}`;
const LONGEST_SCHEME = `x${'y'.repeat(63)}`;

describe('parseOrigin', () => {
  test.each([
    ['https://app.example.com', 'https', 'app.example.com', ''],
    ['http://localhost', 'http', 'localhost', ''],
    ['http://localhost:3000', 'http', 'localhost', '3000'],
    ['https://app.example.com:8443', 'https', 'app.example.com', '8443'],
    ['http://app.example.com:443', 'http', 'app.example.com', '443'],
    ['https://app.example.com:80', 'https', 'app.example.com', '80'],
    ['https://a:1', 'https', 'a', '1'],
    ['https://a:65535', 'https', 'a', '65535'],
    ['a://b', 'a', 'b', ''],
    ['http://127.0.0.1:8080', 'http', '127.0.0.1', '8080'],
    ['http://0.0.0.0', 'http', '0.0.0.0', ''],
    ['http://255.255.255.255', 'http', '255.255.255.255', ''],
    ['http://[::1]', 'http', '[::1]', ''],
    ['http://[::1]:3000', 'http', '[::1]', '3000'],
    ['https://[2001:db8::1]', 'https', '[2001:db8::1]', ''],
    ['https://xn--bcher-kva.example', 'https', 'xn--bcher-kva.example', ''],
    ['https://my_host.example.com', 'https', 'my_host.example.com', ''],
    ['https://1password.com', 'https', '1password.com', ''],
    [
      'chrome-extension://abcdefghijklmnopabcdefghijklmnop',
      'chrome-extension',
      'abcdefghijklmnopabcdefghijklmnop',
      '',
    ],
    [
      'moz-extension://2f1d3c1c-6a3e-4b5f-9d0e-0a1b2c3d4e5f',
      'moz-extension',
      '2f1d3c1c-6a3e-4b5f-9d0e-0a1b2c3d4e5f',
      '',
    ],
    ['vscode-webview://1abc', 'vscode-webview', '1abc', ''],
    ['tauri://localhost', 'tauri', 'localhost', ''],
    ['capacitor://localhost', 'capacitor', 'localhost', ''],
    ['app://127.1', 'app', '127.1', ''], // no IPv4 reading outside special schemes
    ['app://obsidian.md:80', 'app', 'obsidian.md', '80'],
    [`https://${LONGEST_HOST}`, 'https', LONGEST_HOST, ''],
    [`${LONGEST_SCHEME}://${LONGEST_HOST}:65535`, LONGEST_SCHEME, LONGEST_HOST, '65535'],
  ])('takes %s apart', (origin, scheme, host, port) => {
    expect(parseOrigin(origin)).toEqual({ scheme, host, port });
  });

  test.each([
    ['nothing', ''],
    ['the opaque origin', 'null'],
    ['no scheme', 'app.example.com'],
    ['an empty scheme', '://app.example.com'],
    ['a scheme alone', 'https:'],
    ['one slash', 'https:/app.example.com'],
    ['three slashes', 'https:///app.example.com'],
    ['no host', 'https://'],
    ['a port without a host', 'https://:8443'],
    ['a scheme in upper case', 'HTTPS://app.example.com'],
    ['a host in upper case', 'https://App.example.com'],
    ['a scheme that begins with a digit', '1http://app.example.com'],
    ['a scheme with an underscore', 'my_app://host'],
    ['a scheme of 65 characters', `${LONGEST_SCHEME}y://host`],
    ['a trailing slash', 'https://app.example.com/'],
    ['a path', 'https://app.example.com/mcp'],
    ['a query', 'https://app.example.com?x'],
    ['a fragment', 'https://app.example.com#x'],
    ['a backslash', 'https://app.example.com\\'],
    ['something else in place of the first slash', 'https:x/app.example.com'],
    ['something else in place of the second slash', 'https:/xapp.example.com'],
    ['user information', 'https://user@app.example.com'],
    ['user information that looks like the origin', 'https://app.example.com@evil.example'],
    ['user information with a port', 'http://localhost:80@evil.example'],
    ['two origins', 'https://evil.example, https://app.example.com'],
    ['two origins without a comma', 'https://evil.example https://app.example.com'],
    ['leading white space', ' https://app.example.com'],
    ['trailing white space', 'https://app.example.com '],
    ['a line feed at the end', 'https://app.example.com\n'],
    ['a NUL at the end', 'https://app.example.com\0'],
    ['a carriage return inside', 'https://app.example.com\r\nX: y'],
    ['a trailing dot', 'https://app.example.com.'],
    ['a leading dot', 'https://.example.com'],
    ['an empty label', 'https://app..example.com'],
    ['a dot alone', 'https://.'],
    ['a label of 64 characters', `https://${'a'.repeat(64)}.com`],
    ['a host of 254 characters', `https://${LONGEST_HOST}d`],
    ['a wildcard', 'https://*.example.com'],
    ['a Unicode host', 'https://bücher.example'],
    ['a percent-encoded host', 'https://app%2eexample.com'],
    ['port 0', 'https://app.example.com:0'],
    ['port 65536', 'https://app.example.com:65536'],
    ['a port of six digits', 'https://app.example.com:100000'],
    ['a port with a leading zero', 'https://app.example.com:08443'],
    ['an empty port', 'https://app.example.com:'],
    ['a port in words', 'https://app.example.com:https'],
    ['a port with a sign', 'https://app.example.com:+443'],
    ['any port', 'https://app.example.com:*'],
    ['two ports', 'https://app.example.com:1:2'],
    ['the default port of https spelled out', 'https://app.example.com:443'],
    ['the default port of http spelled out', 'http://app.example.com:80'],
    ['IPv4 in one number', 'http://2130706433'],
    ['IPv4 in hexadecimal', 'http://0x7f000001'],
    ['IPv4 in hexadecimal numbers', 'http://0x7f.0.0.0x1'],
    ['IPv4 in octal', 'http://0177.0.0.1'],
    ['IPv4 in short form', 'http://127.1'],
    ['IPv4 with a number over 255', 'http://127.0.0.256'],
    ['IPv4 with five numbers', 'http://1.2.3.4.5'],
    ['IPv4 with a leading zero', 'http://127.0.0.01'],
    ['a domain that ends in a number', 'http://example.123'],
    ['a domain that ends in 0x', 'http://example.0x'],
    ['IPv6 without brackets', 'http://::1'],
    ['IPv6 uncompressed', 'http://[0:0:0:0:0:0:0:1]'],
    ['IPv6 with leading zeros', 'http://[::0001]'],
    ['IPv6 in upper case', 'http://[2001:DB8::1]'],
    ['IPv6 with an embedded IPv4 address', 'http://[::ffff:127.0.0.1]'],
    ['IPv6 with a zone', 'http://[fe80::1%25eth0]'],
    ['IPv6 that is not closed', 'http://[::1'],
    ['IPv6 that is not opened', 'http://::1]'],
    ['IPv6 followed by a name', 'http://[::1]example.com'],
    ['IPv6 followed by a port without a colon', 'http://[::1]x8080'],
    ['empty brackets', 'http://[]'],
    ['64 kB', `https://${'a'.repeat(65_536)}`],
    ['64 kB of scheme', 'h'.repeat(65_536)],
  ])('refuses %s', (_, origin) => {
    expect(parseOrigin(origin)).toBeUndefined();
  });

  // OWASP and PortSwigger's URL validation bypasses: what some browsers let into a host.
  test.each([...'_-"{}+^`!~;|&\'()*,$=\u000b%'].map((character) => [character]))(
    'never reads %j before another domain as the end of the host',
    (character) => {
      const parts = parseOrigin(`https://app.example.com${character}.evil.example`);
      if (parts !== undefined) expect(parts.host).toBe(`app.example.com${character}.evil.example`);
      else expect(['_', '-']).not.toContain(character);
    },
  );

  it('accepts nothing longer than the longest scheme, host and port together', () => {
    const longest = `${LONGEST_SCHEME}://${LONGEST_HOST}:65535`;
    expect(longest).toHaveLength(MAX_ORIGIN_LENGTH);
    expect(parseOrigin(longest)).toBeDefined();
    expect(parseOrigin(`${longest}0`)).toBeUndefined();
  });

  it('does not take a property of every object for a special scheme', () => {
    // Only http and https read hosts that end in a number as IPv4 addresses.
    expect(parseOrigin('constructor://1.2')).toEqual({ scheme: 'constructor', host: '1.2', port: '' });
  });
});

/** Characters that a host of an accepted origin may have, and some that it may not. */
const hostText = fc.string({ unit: fc.constantFrom(...'aaabz019-_.xA%[]:@/ *é\0'), maxLength: 24 });
const label = fc
  .string({ unit: fc.constantFrom(...'abcxyz0189-_'), minLength: 1, maxLength: 12 })
  .filter((text) => !text.startsWith('xn--')); // whether punycode decodes is not for a parser without tables
const domain = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'));
const ipv4 = fc.oneof(
  fc.ipV4(),
  fc.nat(0xffffffff).map(String),
  fc.nat(0xffffffff).map((n) => `0x${n.toString(16)}`),
  fc.tuple(fc.nat(300), fc.nat(70_000)).map((numbers) => numbers.join('.')),
  fc
    .array(
      fc.oneof(
        fc.nat(260).map(String),
        fc.nat(255).map((n) => `0${n.toString(8)}`),
      ),
      {
        minLength: 3,
        maxLength: 5,
      },
    )
    .map((numbers) => numbers.join('.')),
);
const pieces = fc.array(fc.oneof(fc.constant(0), fc.nat(0xffff)), { minLength: 8, maxLength: 8 });
const ipv6 = fc.oneof(
  fc.ipV6(),
  pieces.map((numbers) => numbers.map((n) => n.toString(16)).join(':')),
  pieces.map((numbers) => numbers.map((n) => n.toString(16).padStart(4, '0').toUpperCase()).join(':')),
  // Any run of pieces cut out and replaced by "::".
  fc.tuple(pieces, fc.nat(8), fc.nat(8)).map(([numbers, a, b]) => {
    const hex = numbers.map((n) => n.toString(16));
    return `${hex.slice(0, Math.min(a, b)).join(':')}::${hex.slice(Math.max(a, b)).join(':')}`;
  }),
  fc
    .tuple(fc.ipV4(), fc.constantFrom('::', '::ffff:', '1:2:3:4:5:6:', '1:2::', '1:2:3:4:5:6:7:'))
    .map(([v4, head]) => head + v4),
  fc.string({ unit: fc.constantFrom(...'01aF:::..2'), maxLength: 20 }),
);
const port = fc.oneof(
  fc.constant(''),
  fc.nat(70_000).map((n) => `:${n}`),
  fc.constantFrom(':80', ':443', ':', ':0', ':00080', ':*'),
);
const anyHost = fc.oneof(
  domain,
  ipv4,
  ipv6.map((address) => `[${address}]`),
  hostText,
);

/** The origin that a browser would send for a URL, or undefined. */
function originOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).origin : undefined;
}

describe('laws of parseOrigin', () => {
  test('an accepted http or https origin is one that the URL standard serialises to the same text', () => {
    fc.assert(
      fc.property(fc.constantFrom('http', 'https'), anyHost, port, (scheme, host, suffix) => {
        const origin = `${scheme}://${host}${suffix}`;
        if (parseOrigin(origin) !== undefined) expect(originOf(origin)).toBe(origin);
      }),
      { numRuns: 5000 },
    );
  });

  test('an origin that a browser sends is accepted when its host is made of letters, digits, - _ . or is an address', () => {
    let accepted = 0;
    fc.assert(
      fc.property(
        fc.constantFrom('http', 'https', 'HTTP', 'Https'),
        fc.oneof(fc.constant(''), fc.constant('user:secret@')),
        fc.oneof(
          anyHost,
          domain.map((text) => text.toUpperCase()),
        ),
        port,
        fc.constantFrom('', '/', '/mcp', '?x=1', '#y', '\\z'),
        (scheme, user, host, suffix, rest) => {
          const origin = originOf(`${scheme}://${user}${host}${suffix}${rest}`);
          if (
            origin === undefined ||
            !/^https?:\/\/(?:\[[0-9a-f:]+\]|[a-z0-9._-]+)(?::[1-9][0-9]*)?$/.test(origin)
          )
            return;
          // The URL standard lets through what the DNS does not: empty labels and a trailing dot.
          if (/\/\.|\.\.|\.(?::|$)/.test(origin)) return;
          accepted++;
          expect(parseOrigin(origin)).toBeDefined();
        },
      ),
      { numRuns: 5000 },
    );
    expect(accepted).toBeGreaterThan(1000);
  });

  test('scheme, host and port put together give the origin back', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('http', 'https', 'tauri', 'moz-extension'),
        anyHost,
        port,
        (scheme, host, suffix) => {
          const origin = `${scheme}://${host}${suffix}`;
          const parts = parseOrigin(origin);
          if (parts === undefined) return;
          expect(`${parts.scheme}://${parts.host}${parts.port === '' ? '' : `:${parts.port}`}`).toBe(origin);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('no text makes it throw', () => {
    fc.assert(fc.property(anyText(400), (text) => void parseOrigin(text)));
  });
});

describe('serialiseIpv6', () => {
  test.each([
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'], // the first of two equal runs
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'], // the longer run
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'], // a single zero piece stays
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
    ['1:2:3:4:5:6:0:0', '1:2:3:4:5:6::'],
    ['2001:DB8::ABCD', '2001:db8::abcd'],
    ['::ffff:192.0.2.1', '::ffff:c000:201'],
    ['1:2:3:4:5:6:192.0.2.1', '1:2:3:4:5:6:c000:201'],
    ['0000:0000:0000:0000:0000:ffff:255.255.255.255', '::ffff:ffff:ffff'],
  ])('writes %s as %s', (address, canonical) => {
    expect(serialiseIpv6(address)).toBe(canonical);
    expect(new URL(`http://[${address}]`).host).toBe(`[${canonical}]`);
  });

  test.each([
    '',
    ':',
    ':::',
    '1',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '::1:2:3:4:5:6:7:8',
    '1::2::3',
    '1:2:3:4:5:6:7:8::1::2',
    '1:::2',
    ':1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:',
    '12345::',
    '::g',
    '::1%eth0',
    '::1.2.3',
    '::1.2.3.256',
    '::1.2.3.04',
    '1.2.3.4::',
    '::1.2.3.4:5',
    '1:2:3:4:5:6:7:1.2.3.4',
    '1.2.3.4',
    ' ::1',
    '0'.repeat(46),
  ])('refuses %s', (address) => {
    expect(serialiseIpv6(address)).toBeUndefined();
    expect(originOf(`http://[${address}]`)).toBeUndefined();
  });

  it('refuses an address of 64 kB', () => {
    expect(serialiseIpv6(`::${'0'.repeat(65_536)}1`)).toBeUndefined();
  });

  test('agrees with the URL standard', () => {
    fc.assert(
      fc.property(ipv6, (address) => {
        const origin = originOf(`http://[${address}]`);
        const canonical = serialiseIpv6(address);
        expect(canonical === undefined ? undefined : `http://[${canonical}]`).toBe(origin);
      }),
      { numRuns: 5000 },
    );
  });

  test('writes its own answer as it is', () => {
    fc.assert(
      fc.property(pieces, (numbers) => {
        const canonical = serialiseIpv6(numbers.map((n) => n.toString(16)).join(':')) as string;
        expect(serialiseIpv6(canonical)).toBe(canonical);
        expect(isCanonicalIpv6(`[${canonical}]`)).toBe(true);
      }),
    );
  });
});

describe('the parts of an origin', () => {
  test.each([
    ['example.com', 11],
    ['example.com:80', 11],
    ['[::1]', 5],
    ['[::1]:80', 5],
    ['[::1', -1],
    [':80', 0],
    ['', 0],
  ])('the host of %j ends at %i', (text, end) => {
    expect(endOfHost(text)).toBe(end);
  });

  test.each([
    ['http', true],
    ['moz-extension', true],
    ['a+b.c-1', true],
    [LONGEST_SCHEME, true],
    [`${LONGEST_SCHEME}y`, false],
    ['', false],
    ['1a', false],
    ['Http', false],
    ['http\n', false],
    ['ht tp', false],
  ])('isScheme(%j) is %s', (text, expected) => {
    expect(isScheme(text)).toBe(expected);
  });

  test.each([
    ['1', true],
    ['65535', true],
    ['0', false],
    ['65536', false],
    ['01', false],
    ['', false],
    ['-1', false],
    ['1.5', false],
    ['1e3', false],
    ['٣', false],
    ['80\n', false],
  ])('isPort(%j) is %s', (text, expected) => {
    expect(isPort(text)).toBe(expected);
  });

  test.each([
    ['a', true],
    ['a-b.c_d', true],
    ['a'.repeat(63), true],
    ['a'.repeat(64), false],
    ['', false],
    ['a.', false],
    ['.a', false],
    ['a b', false],
    ['A', false],
    ['a/b', false],
    ['a:b', false],
    ['a`b', false],
    ['a{b', false],
  ])('isDomain(%j) is %s', (text, expected) => {
    expect(isDomain(text)).toBe(expected);
  });

  test.each([
    ['1', true],
    ['a.1', true],
    ['a.0x', true],
    ['a.0x1f', true],
    ['a.08', true],
    ['a.0xg', false],
    ['a.1a', false],
    ['1.a', false],
    ['a', false],
  ])('endsInNumber(%j) is %s', (text, expected) => {
    expect(endsInNumber(text)).toBe(expected);
  });

  test.each([
    ['0.0.0.0', true],
    ['255.255.255.255', true],
    ['1.2.3', false],
    ['1.2.3.4.5', false],
    ['1.2.3.256', false],
    ['1.2.3.04', false],
    ['1.2.3.', false],
    ['1.2.3.a', false],
    ['1.2.3.1000', false],
  ])('isCanonicalIpv4(%j) is %s', (text, expected) => {
    expect(isCanonicalIpv4(text)).toBe(expected);
  });

  test.each([
    ['example.com', 'https', true],
    ['1.2', 'https', false],
    ['1.2', 'app', true],
    ['[::1]', 'https', true],
    ['[::1', 'https', false],
    [LONGEST_HOST, 'https', true],
    [`${LONGEST_HOST}d`, 'https', false],
    [`[${'0'.repeat(MAX_HOST_LENGTH)}]`, 'https', false],
  ])('isHost(%j, %s) is %s', (host, scheme, expected) => {
    expect(isHost(host, scheme)).toBe(expected);
  });
});

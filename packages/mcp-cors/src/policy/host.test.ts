import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { anyText } from '../../../../test/fixtures/texts.js';
import { createHostMatcher, type HostPattern, LOOPBACK_HOSTS, parseHostPattern } from './host.js';

function matcher(...texts: string[]) {
  return createHostMatcher(
    texts.map((text) => {
      const pattern = parseHostPattern(text);
      if (pattern === undefined) throw new Error(`${text} is no host pattern`);
      return pattern;
    }),
  );
}

describe('parseHostPattern', () => {
  test.each<[string, Pick<HostPattern, 'host' | 'subdomains' | 'port'>]>([
    ['mcp.example.com', { host: 'mcp.example.com', subdomains: false, port: undefined }],
    ['MCP.Example.com', { host: 'mcp.example.com', subdomains: false, port: undefined }],
    ['mcp.example.com:8443', { host: 'mcp.example.com', subdomains: false, port: '8443' }],
    ['mcp.example.com:*', { host: 'mcp.example.com', subdomains: false, port: undefined }],
    ['*.example.com', { host: 'example.com', subdomains: true, port: undefined }],
    ['*.example.com:8443', { host: 'example.com', subdomains: true, port: '8443' }],
    ['localhost', { host: 'localhost', subdomains: false, port: undefined }],
    ['127.0.0.1:3000', { host: '127.0.0.1', subdomains: false, port: '3000' }],
    ['[::1]', { host: '[::1]', subdomains: false, port: undefined }],
    ['[::1]:3000', { host: '[::1]', subdomains: false, port: '3000' }],
    ['[2001:DB8::1]', { host: '[2001:db8::1]', subdomains: false, port: undefined }],
    ['my_service.default.svc', { host: 'my_service.default.svc', subdomains: false, port: undefined }],
  ])('reads %s', (text, pattern) => {
    expect(parseHostPattern(text)).toMatchObject(pattern);
  });

  test.each([
    '',
    '*',
    '*.',
    '*:8443',
    '*example.com',
    'mcp.*.com',
    '*.*.example.com',
    'https://mcp.example.com',
    'mcp.example.com/',
    'mcp.example.com/mcp',
    'mcp.example.com.',
    '.example.com',
    'mcp..example.com',
    'user@mcp.example.com',
    'mcp.example.com:',
    'mcp.example.com:0',
    'mcp.example.com:65536',
    'mcp.example.com:0443',
    'mcp.example.com:http',
    ':8443',
    '::1',
    '[::1',
    '[::1]x',
    '[::1]8443',
    '[::1]x8443',
    '[0:0:0:0:0:0:0:1]',
    '[::g]',
    '*.[::1]',
    '*.127.0.0.1',
    '127.1',
    '0x7f.0.0.1',
    '2130706433',
    'bücher.example',
    'mcp.example.com, evil.example',
    'mcp.example.com evil.example',
    'mcp.example.com\n',
    'a'.repeat(64),
    `${'a.'.repeat(127)}com`,
  ])('refuses %j', (text) => {
    expect(parseHostPattern(text)).toBeUndefined();
  });

  it('takes the longest host with the longest port, and refuses 64 kB', () => {
    const host = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}`;
    expect(parseHostPattern(`${host}:65535`)).toMatchObject({ host, port: '65535' });
    expect(parseHostPattern('a'.repeat(65_536))).toBeUndefined();
  });

  it('never throws', () => {
    fc.assert(fc.property(anyText(300), (text) => void parseHostPattern(text)));
  });
});

describe('createHostMatcher', () => {
  test.each<[patterns: string[], host: string, admitted: boolean]>([
    [['mcp.example.com'], 'mcp.example.com', true],
    [['mcp.example.com'], 'MCP.EXAMPLE.COM', true],
    [['mcp.example.com'], 'mcp.example.com:80', true],
    [['mcp.example.com'], 'mcp.example.com:1', true],
    [['mcp.example.com'], 'mcp.example.com:0', false],
    [['mcp.example.com'], 'mcp.example.com:65536', false],
    [['mcp.example.com'], 'mcp.example.com:', false],
    [['mcp.example.com'], 'mcp.example.com:*', false],
    [['mcp.example.com'], 'mcp.example.com:80:80', false],
    [['mcp.example.com'], 'mcp.example.com:80@evil.example', false],
    [['mcp.example.com'], 'mcp.example.com@evil.example', false],
    [['mcp.example.com'], 'evil.example@mcp.example.com', false],
    [['mcp.example.com'], 'mcp.example.com.', false],
    [['mcp.example.com'], 'mcp.example.com.evil.example', false],
    [['mcp.example.com'], 'evilmcp.example.com', false],
    [['mcp.example.com'], 'x.mcp.example.com', false],
    [['mcp.example.com'], 'mcpxexample.com', false],
    [['mcp.example.com'], 'mcp.example.com, evil.example', false],
    [['mcp.example.com'], 'evil.example, mcp.example.com', false],
    [['mcp.example.com'], 'mcp.example.com, mcp.example.com', false],
    [['mcp.example.com'], 'http://mcp.example.com', false],
    [['mcp.example.com'], 'mcp.example.com/', false],
    [['mcp.example.com'], ' mcp.example.com', false],
    [['mcp.example.com'], '', false],
    [['mcp.example.com:8443'], 'mcp.example.com:8443', true],
    [['mcp.example.com:8443'], 'MCP.example.com:8443', true],
    [['mcp.example.com:8443'], 'mcp.example.com', false],
    [['mcp.example.com:8443'], 'mcp.example.com:8444', false],
    [['mcp.example.com:443'], 'mcp.example.com', true],
    [['mcp.example.com:443'], 'mcp.example.com:443', true],
    [['mcp.example.com:443'], 'mcp.example.com:8443', false],
    [['mcp.example.com:80'], 'mcp.example.com', true],
    [['mcp.example.com:8443', 'mcp.example.com:9443'], 'mcp.example.com:9443', true],
    [['mcp.example.com:8443', 'mcp.example.com:9443'], 'mcp.example.com:9444', false],
    [['mcp.example.com:8443', 'mcp.example.com'], 'mcp.example.com:9444', true],
    [['mcp.example.com', 'mcp.example.com:8443'], 'mcp.example.com:9444', true],
    [['mcp.example.com', 'mcp.example.com:443'], 'mcp.example.com:9444', true],
    [['*.example.com'], 'a.example.com', true],
    [['*.example.com'], 'A.B.Example.com:8080', true],
    [['*.example.com'], 'example.com', false],
    [['*.example.com'], '.example.com', false],
    [['*.example.com'], 'a..example.com', false],
    [['*.example.com'], '*.example.com', false],
    [['*.example.com'], 'evilexample.com', false],
    [['*.example.com'], 'xexample.com', false],
    [['*.example.com'], 'a.example.com.evil.example', false],
    [['*.example.com'], 'evil.example/.example.com', false],
    [['*.example.com'], 'evil.example\0.example.com', false],
    [['*.example.com:8443'], 'a.example.com:8443', true],
    [['*.example.com:8443'], 'a.example.com', false],
    [['*.example.com:443'], 'a.example.com', true],
    [['*.example.com:443', '*.b.example.com:8443'], 'a.b.example.com', true],
    [['127.0.0.1'], '127.0.0.1:3000', true],
    [['127.0.0.1'], '127.1', false],
    [['127.0.0.1'], '2130706433', false],
    [['127.0.0.1'], '127.0.0.1.evil.example', false],
    [['[::1]'], '[::1]', true],
    [['[::1]'], '[::1]:3000', true],
    [['[::1]'], '[::1', false],
    [['[::1]'], '::1', false],
    [['[::1]'], '[::1]x', false],
    [['[::1]'], '[::1]x80', false],
    [['a'], 'a', true],
    [['a'], 'a:80', true],
    [['a'], ':80', false],
    [['[::1]'], '[::2]', false],
    [['[::1]'], '[0:0:0:0:0:0:0:1]', false],
    [['[2001:db8::a]'], '[2001:DB8::A]', true],
    [[], 'localhost', false],
  ])('%j and %j give %s', (texts, host, admitted) => {
    expect(matcher(...texts)(host)).toBe(admitted);
  });

  test.each(['__proto__', 'constructor', 'toString'])('does not know the host %s', (host) => {
    expect(matcher('mcp.example.com', '*.example.com')(host)).toBe(false);
  });

  test.each(['a'.repeat(100_000), `${'a.'.repeat(50_000)}example.com`, `example.com:${'1'.repeat(100_000)}`])(
    'refuses a host of 100 kB',
    (host) => {
      expect(matcher('*.example.com', 'example.com')(host)).toBe(false);
    },
  );

  it('admits the longest host with the longest port', () => {
    const host = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}`;
    expect(matcher(host)(`${host}:65535`)).toBe(true);
  });

  it('names loopback by name and by both addresses', () => {
    const admits = matcher(...LOOPBACK_HOSTS);
    for (const host of ['localhost', 'localhost:3000', '127.0.0.1:80', '[::1]:3000'])
      expect(admits(host)).toBe(true);
    for (const host of [
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.nip.io',
      '0.0.0.0',
      'localhost.',
    ]) {
      expect(admits(host)).toBe(false);
    }
    expect(Object.isFrozen(LOOPBACK_HOSTS)).toBe(true);
  });
});

describe('laws of the host matcher', () => {
  const label = fc.string({ unit: fc.constantFrom(...'abc01-'), minLength: 1, maxLength: 4 });
  const host = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => `${labels.join('.')}.com`);

  test('an entry without a wildcard admits its own name in any case, and no other', () => {
    fc.assert(
      fc.property(host, fc.oneof(host, anyText(20)), (name, tried) => {
        const admits = matcher(name);
        expect(admits(name.toUpperCase())).toBe(true);
        expect(admits(tried)).toBe(tried.toLowerCase().replace(/:[1-9][0-9]{0,3}$/, '') === name);
        expect(admits(`${tried}.${name}`)).toBe(false);
        expect(admits(`${name}.${tried}`)).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });

  test('the order of entries does not matter', () => {
    const entry = fc
      .tuple(fc.constantFrom('', '*.'), host, fc.constantFrom('', ':8443', ':443', ':*'))
      .map((t) => t.join(''));
    fc.assert(
      fc.property(
        fc.array(entry, { minLength: 1, maxLength: 5 }),
        host,
        fc.constantFrom('', ':8443', ':9'),
        (entries, name, port) => {
          expect(matcher(...entries)(name + port)).toBe(matcher(...entries.toReversed())(name + port));
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('no header makes it throw', () => {
    const admits = matcher('mcp.example.com', '*.example.com', '[::1]:3000');
    fc.assert(fc.property(anyText(300), (text) => void admits(text)));
  });
});

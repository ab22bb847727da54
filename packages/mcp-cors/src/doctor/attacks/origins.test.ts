import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ATTACKER, isLoopback, ORIGIN_PROBE_LIMIT, type OriginProbe, originProbes } from './origins.js';

const APP = 'https://app.example.com';
const OWN = 'https://mcp.example.net';

/** Probes of a class, as a list of origins. */
function linesOf(probes: readonly OriginProbe[], ...classes: readonly string[]): readonly string[] {
  return probes.filter((one) => classes.includes(one.class)).map(({ lines }) => lines.join(' + '));
}

describe('originProbes for https://app.example.com at https://mcp.example.net', () => {
  const probes = originProbes(APP, [APP], OWN);

  it.each<readonly [string, readonly string[]]>([
    ['reflection', ['https://mcp-cors-check.example', 'https://mcp-cors-check.com']],
    ['null', ['null']],
    [
      'prefix',
      [
        'https://app.example.com.mcp-cors-check.example',
        'https://app.example.commcp-cors-check.example',
        'https://mcp.example.net.mcp-cors-check.example',
        'https://mcp.example.netmcp-cors-check.example',
      ],
    ],
    ['suffix', ['https://evilapp.example.com', 'https://evilexample.com', 'https://evilmcp.example.net']],
    ['substring', ['https://pp.example.com', 'https://xample.com']],
    ['unescaped-dot', ['https://appxexample.com', 'https://app.examplexcom', 'https://appxexamplexcom']],
    ['look-alike', ['https://app.xn--xample-2of.com']],
    [
      'downgrade',
      [
        'http://app.example.com',
        'http://evil.app.example.com',
        'http://mcp-cors-check.example.com',
        'http://mcp.example.net',
      ],
    ],
    ['port', ['https://app.example.com:8443', 'https://app.example.com:444', 'https://mcp.example.net:8443']],
    [
      'subdomain',
      ['https://evil.app.example.com', 'https://mcp-cors-check.example.com', 'https://evil.mcp.example.net'],
    ],
    [
      'localhost-prefix',
      ['http://localhost.mcp-cors-check.example', 'http://127.0.0.1.mcp-cors-check.example'],
    ],
    ['loopback', ['http://localhost', 'http://127.0.0.1', 'http://[::1]']],
    [
      'third-party',
      [
        'https://mcp-cors-check.github.io',
        'https://jsbin.com',
        'https://codepen.io',
        'https://jsfiddle.net',
        'https://mcp-cors-check.repl.co',
      ],
    ],
    ['other-extension', []],
    [
      'loose-syntax',
      [
        'https://app.example.com:0',
        'https://app.example.com:65536',
        'https://app.example.com:443',
        'http://localhost:80@mcp-cors-check.example',
        'https://app.example.com@mcp-cors-check.example',
        'https://app.example.com/',
        'https://APP.EXAMPLE.COM',
        'https://mcp-cors-check.example, https://app.example.com',
        'https://mcp-cors-check.example + https://app.example.com',
        'https://app.example.com.',
        'http://2130706433',
        'http://0x7f000001',
        'http://[0:0:0:0:0:0:0:1]',
        'https://app.example.com\0.mcp-cors-check.example',
        'https://app.example.com\r.mcp-cors-check.example',
        `https://app.example.com.${'a'.repeat(65_536)}`,
      ],
    ],
  ])('tries %s', (className, expected) => {
    expect(linesOf(probes, className)).toEqual(expected);
  });

  it('tries every special character inside a host and as a label', () => {
    const inside = [
      '_',
      '-',
      '"',
      '{',
      '}',
      '+',
      '^',
      '%60',
      '!',
      '~',
      '`',
      ';',
      '|',
      '&',
      "'",
      '(',
      ')',
      '*',
    ]
      .concat([',', '$', '=', '%0b'])
      .map((character) => `https://app.example.com${character}.mcp-cors-check.example`);
    const labels = ['$', '~', '=', '+', '&', '*', ')', '(', "'", '!', ';', ',', '-', '_'].map(
      (label) => `https://app.example.com.${label}.mcp-cors-check.example`,
    );

    expect(linesOf(probes, 'special-character')).toEqual([...inside, ...labels]);
  });
});

describe('originProbes', () => {
  it('keeps the port where it is part of the origin, and grows it by a digit', () => {
    const probes = originProbes('http://localhost:3000', ['http://localhost:3000'], 'http://127.0.0.1:4000');

    expect(linesOf(probes, 'reflection')).toContain('http://mcp-cors-check.example:3000');
    expect(linesOf(probes, 'prefix')).toContain('http://localhost:30001');
    expect(linesOf(probes, 'suffix')).toEqual(['http://evillocalhost:3000', 'http://evil127.0.0.1:4000']);
    expect(linesOf(probes, 'port')).toEqual([
      'http://localhost:8443',
      'http://localhost:444',
      'http://localhost',
      'http://127.0.0.1:8443',
    ]);
    // There is nothing to downgrade, and loopback is what was named.
    expect(linesOf(probes, 'downgrade', 'loopback')).toEqual([]);
  });

  it('makes no names of numbers', () => {
    const probes = originProbes('https://192.0.2.7', ['https://192.0.2.7'], OWN);

    expect(linesOf(probes, 'unescaped-dot', 'substring', 'look-alike')).toEqual([]);
    expect(linesOf(probes, 'subdomain')).toEqual(['https://evil.mcp.example.net']);
  });

  it.each([
    ['chrome-extension://abcdefghijklmnop', 'chrome-extension://aaaaaaaaaaaaaaaa'],
    ['moz-extension://0b1c', 'moz-extension://0a0a'],
    ['moz-extension://0a0a', 'moz-extension://bbbb'],
  ])('tries another id for %s', (origin, other) => {
    const probes = originProbes(origin, [origin], OWN);

    expect(linesOf(probes, 'other-extension')).toEqual([other]);
    expect(linesOf(probes, 'suffix', 'special-character')).toEqual(['https://evilmcp.example.net']);
  });

  it('tries no more than the foreign origins for a page without an origin', () => {
    const probes = originProbes('null', ['null'], OWN);

    expect(linesOf(probes, 'null')).toEqual([]);
    expect(linesOf(probes, 'reflection')).toHaveLength(2);
  });

  it('leaves out what another page of the check is allowed', () => {
    const allowed = [APP, 'https://evil.app.example.com', 'https://jsbin.com'];
    const probes = originProbes(APP, allowed, OWN);

    expect(linesOf(probes, 'subdomain')).not.toContain('https://evil.app.example.com');
    expect(linesOf(probes, 'third-party')).not.toContain('https://jsbin.com');
  });

  it('makes each probe once, none of an allowed origin, and no more than its bound', () => {
    const label = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
    const host = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
    const origin = fc
      .tuple(fc.constantFrom('http', 'https'), host, fc.option(fc.integer({ min: 1024, max: 65_535 })))
      .map(([scheme, name, port]) => `${scheme}://${name}${port === null ? '' : `:${port}`}`);
    fc.assert(
      fc.property(origin, fc.array(origin, { maxLength: 3 }), origin, (one, others, own) => {
        const allowed = [one, ...others];
        const keys = originProbes(one, allowed, own).map(({ lines }) => lines.join('\n'));

        expect(new Set(keys).size).toBe(keys.length);
        expect(keys.filter((key) => allowed.includes(key) || key === own)).toEqual([]);
        expect(keys.length).toBeLessThanOrEqual(ORIGIN_PROBE_LIMIT);
        expect(keys.some((key) => key.includes(ATTACKER))).toBe(true);
      }),
    );
  });
});

describe('isLoopback', () => {
  it.each([
    ['localhost', true],
    ['app.localhost', true],
    ['127.0.0.1', true],
    ['127.1.2.3', true],
    ['[::1]', true],
    ['localhost.example.com', false],
    ['127.0.0.1.example.com', false],
    ['10.0.0.1', false],
  ])('takes %s for %s', (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
  });
});

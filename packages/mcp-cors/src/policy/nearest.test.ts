import { describe, expect, it, test } from 'vitest';
import { findNearMiss } from './nearest.js';
import { type OriginPattern, parseOriginPattern } from './pattern.js';
import { createPolicy } from './policy.js';

const APP = 'https://app.example.com';

function patternsOf(...texts: string[]): OriginPattern[] {
  return texts.map((text) => {
    const pattern = parseOriginPattern(text);
    if ('fault' in pattern) throw new Error(`${text}: ${pattern.fault}`);
    return pattern;
  });
}

const CASES: readonly (readonly [kind: string, origin: string, pattern: string, difference: string])[] = [
  ['trailing slash', `${APP}/`, APP, `a browser would send ${APP}`],
  [
    'trailing slash',
    'https://a.example.com/',
    'https://*.example.com',
    'a browser would send https://a.example.com',
  ],
  ['case', 'https://App.Example.COM', APP, `a browser would send ${APP}`],
  ['case', 'HTTPS://app.example.com', APP, `a browser would send ${APP}`],
  ['default port', `${APP}:443`, APP, `a browser would send ${APP}`],
  ['default port', 'http://localhost:80', 'http://localhost', 'a browser would send http://localhost'],
  ['default port', 'http://[::1]:80', 'http://[::1]', 'a browser would send http://[::1]'],
  ['default port', `${APP}:443/`, APP, `a browser would send ${APP}`],
  ['white space', ` ${APP} `, APP, `a browser would send ${APP}`],
  ['any origin', `${APP}/`, '*', `a browser would send ${APP}`],
  ['expression', `${APP}/`, String.raw`/^https:\/\/app\.example\.com$/`, `a browser would send ${APP}`],
  ['port', `${APP}:8443`, APP, 'the port differs'],
  ['port', `${APP}`, `${APP}:8443`, 'the port differs'],
  ['port', 'https://a.example.com:8443', 'https://*.example.com', 'the port differs'],
  ['port', 'http://localhost:3001', 'http://localhost:3000', 'the port differs'],
  ['port', 'https://app.example.com:80', APP, 'the port differs'], // not the default port of https
  ['scheme', 'http://app.example.com', APP, 'the scheme differs'],
  ['scheme', 'https://localhost:3000', 'http://localhost:*', 'the scheme differs'],
  ['scheme', 'http://a.example.com', 'https://*.example.com', 'the scheme differs'],
  ['missing subdomain', 'https://example.com', 'https://*.example.com', 'the pattern asks for a subdomain'],
  ['missing wildcard', 'https://x.app.example.com', APP, 'the pattern has no wildcard for subdomains'],
  [
    'missing wildcard',
    'http://a.localhost:3000',
    'http://localhost:*',
    'the pattern has no wildcard for subdomains',
  ],
  ['spelling', 'https://ap.example.com', APP, 'the host is spelled differently'],
  ['spelling', 'https://xapp.example.com', APP, 'the host is spelled differently'],
  ['spelling', 'https://app.exampel.com', APP, 'the host is spelled differently'],
  ['spelling and case', 'https://App.exampl.com/', APP, 'the host is spelled differently'],
];

describe('findNearMiss', () => {
  test.each(CASES)('%s: %s, with %s', (_, origin, pattern, difference) => {
    expect(findNearMiss(origin, patternsOf(pattern))).toEqual({ pattern, difference });
  });

  test.each(['', 'null', 'x', 'https://', `${APP}//`, `${APP}/mcp`, `${APP}@evil.example`, `${APP}:0`, '*'])(
    'finds nothing near %j',
    (origin) => {
      expect(findNearMiss(origin, patternsOf(APP))).toBeUndefined();
    },
  );

  test.each([
    ['https://evil.example', APP],
    ['https://evilapp-example.com', APP],
    ['https://app.example.com.evil.example', APP],
    ['https://evilexample.com', 'https://*.example.org'],
    ['https://evilexample.com', 'https://*.example.com'],
    ['moz-extension://a', 'chrome-extension://abcdefgh'],
    ['chrome-extension://a', 'moz-extension://*'],
    [APP, String.raw`/^https:\/\/b\.example\.com$/`],
  ])('finds nothing near %s among %s', (origin, pattern) => {
    expect(findNearMiss(origin, patternsOf(pattern))).toBeUndefined();
  });

  it('names what is off by the least', () => {
    const patterns = patternsOf(
      'https://apq.example.com',
      'https://example.com',
      'http://app.example.com',
      `${APP}:1`,
    );
    expect(findNearMiss(APP, patterns)).toEqual({ pattern: `${APP}:1`, difference: 'the port differs' });
    expect(findNearMiss(APP, patterns.slice(0, 3))?.difference).toBe('the scheme differs');
    expect(findNearMiss(APP, patterns.slice(0, 2))?.difference).toBe(
      'the pattern has no wildcard for subdomains',
    );
    expect(findNearMiss(APP, patterns.slice(0, 1))?.difference).toBe('the host is spelled differently');
    expect(findNearMiss(APP, [])).toBeUndefined();
  });

  it('costs no more than the length of a hostile origin', () => {
    for (const hostile of [
      ' '.repeat(1e6),
      ':1'.repeat(5e5),
      `http://${'a:'.repeat(5e5)}80`,
      `${APP}${'/'.repeat(1e6)}`,
    ]) {
      expect(findNearMiss(hostile, patternsOf(APP))).toBeUndefined();
    }
  });
});

describe('the remedy', () => {
  const HEAD = { method: 'GET', path: '/mcp', host: 'mcp.example.com' } as const;

  test.each(CASES.filter(([, , pattern]) => pattern !== '*' && !pattern.startsWith('/')))(
    '%s: %s, with %s, is told with the line that would allow it',
    (_, origin, pattern, difference) => {
      const config = { origins: [pattern], hosts: 'mcp.example.com' };
      const { remedy = '' } = createPolicy(config).explain({ ...HEAD, origin });
      expect(remedy).toContain(`The nearest pattern is '${pattern}', but ${difference}.`);
      const line = /add it to origins: origins: \['(.*)'\]\.$/.exec(remedy)?.[1];
      if (difference.startsWith('a browser') || origin !== origin.toLowerCase()) {
        // Nothing is to be added: no browser sends this.
        expect(line).toBeUndefined();
        expect(remedy).toContain('scheme://host[:port]');
      } else {
        expect(line).toBe(origin);
        const mended = createPolicy({ ...config, origins: [pattern, origin] });
        expect(mended.explain({ ...HEAD, origin }).verdict).toBe('allowed');
      }
    },
  );

  it('hints at nothing where nothing is near', () => {
    const { remedy } = createPolicy({ origins: APP, hosts: 'mcp.example.com' }).explain({
      ...HEAD,
      origin: 'https://evil.test',
    });
    expect(remedy).toBe("If this page is yours, add it to origins: origins: ['https://evil.test'].");
  });

  test.each([
    ['https://web.team', 'the scheme differs'],
    ['http://web.team.svc:8080', 'the port differs'],
    ['http://web.team/', 'a browser would send http://web.team'],
  ])('knows the aliases of a host: %s', (origin, difference) => {
    const named = 'http://web.team.svc.cluster.local';
    const config = { origins: named, hosts: 'mcp.example.com', aliases: '.svc.cluster.local' };
    const { remedy } = createPolicy(config).explain({ ...HEAD, origin });
    expect(remedy).toContain(`The nearest pattern is '${named}', but ${difference}.`);
  });

  it('says why no line would do', () => {
    const config = { origins: APP, hosts: 'mcp.example.com', credentials: true };
    const { remedy } = createPolicy(config).explain({ ...HEAD, origin: 'http://app.example.com' });
    expect(remedy).toContain("The nearest pattern is 'https://app.example.com', but the scheme differs.");
    expect(remedy).toContain('No policy like this one can allow it');
    expect(remedy).not.toContain("origins: ['http:");
    const overridden = createPolicy({ ...config, dangerouslyAllowInsecureOrigins: true });
    expect(overridden.explain({ ...HEAD, origin: 'http://app.example.com' }).remedy).toContain(
      "origins: ['http://app.example.com']",
    );
  });

  it('shows a pattern without control characters', () => {
    const origins = '/^https:\\/\\/(a|\u001b)\\.example\\.com$/';
    const { remedy } = createPolicy({
      origins,
      hosts: 'mcp.example.com',
      dangerouslyAllowPublicSuffixes: true,
    }).explain({
      ...HEAD,
      origin: 'https://a.example.com/',
    });
    expect(remedy).toContain('The nearest pattern is');
    expect(remedy).not.toMatch(/\p{Cc}/u);
  });
});

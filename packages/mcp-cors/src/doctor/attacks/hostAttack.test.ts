import { describe, expect, it } from 'vitest';
import { hostProbes, hostSeverity } from './hostAttack.js';

const PAGE = 'https://app.example.com';

describe('hostProbes', () => {
  const probes = hostProbes('http://127.0.0.1:3001/mcp?a=1', PAGE);

  it('begins with DNS rebinding: Host and Origin of one foreign domain', () => {
    expect(probes[0]).toMatchObject({
      id: 'host-not-checked',
      byBrowser: true,
      headers: [
        ['host', 'mcp-cors-check.example:3001'],
        ['origin', 'http://mcp-cors-check.example:3001'],
      ],
    });
  });

  it('varies each of Host, Origin, the forwarded ones and the request target', () => {
    expect(probes.map(({ headers, rawTarget }) => [...headers, ...(rawTarget ? [rawTarget] : [])])).toEqual([
      [
        ['host', 'mcp-cors-check.example:3001'],
        ['origin', 'http://mcp-cors-check.example:3001'],
      ],
      [['host', 'mcp-cors-check.example:3001']],
      [
        ['host', 'mcp-cors-check.example:3001'],
        ['origin', PAGE],
      ],
      [['host', '127.0.0.1:1']],
      [
        ['host', '127.0.0.1.mcp-cors-check.example:3001'],
        ['origin', 'http://127.0.0.1.mcp-cors-check.example:3001'],
      ],
      [
        ['host', 'localhost.mcp-cors-check.example:3001'],
        ['origin', 'http://localhost.mcp-cors-check.example:3001'],
      ],
      [
        ['host', 'mcp-cors-check.example:3001'],
        ['origin', 'http://mcp-cors-check.example:3001'],
        ['x-forwarded-host', '127.0.0.1:3001'],
      ],
      [
        ['host', 'mcp-cors-check.example:3001'],
        ['origin', 'http://mcp-cors-check.example:3001'],
        ['forwarded', 'host="127.0.0.1:3001"'],
      ],
      [
        ['origin', 'http://mcp-cors-check.example:3001'],
        ['x-forwarded-host', 'mcp-cors-check.example:3001'],
      ],
      [
        ['host', '127.0.0.1:3001'],
        ['host', 'mcp-cors-check.example:3001'],
      ],
      [['host', '127.0.0.1:3001'], 'http://mcp-cors-check.example:3001/mcp?a=1'],
    ]);
  });

  it('makes no domain of an IPv6 address', () => {
    const hosts = hostProbes('http://[::1]:3001/mcp', PAGE).flatMap(({ headers }) =>
      headers.map(([, value]) => value),
    );

    expect(hosts).not.toContainEqual(expect.stringContaining('::1.'));
  });

  it('leaves the port out where the URL does', () => {
    expect(hostProbes('https://mcp.example.com/mcp', PAGE)[0]?.headers).toEqual([
      ['host', 'mcp-cors-check.example'],
      ['origin', 'https://mcp-cors-check.example'],
    ]);
  });
});

describe('hostSeverity', () => {
  const rebinding = { id: 'host-not-checked', byBrowser: true } as const;

  it.each([
    ['DNS rebinding to a private address', rebinding, { isPrivate: true, secure: false }, 'error'],
    ['DNS rebinding to a public address', rebinding, { isPrivate: false, secure: false }, 'warning'],
    [
      'DNS rebinding over TLS, where no certificate fits',
      rebinding,
      { isPrivate: true, secure: true },
      'info',
    ],
    ['what no browser sends', { ...rebinding, byBrowser: false }, { isPrivate: true, secure: false }, 'info'],
    [
      'an ambiguous host',
      { id: 'host-ambiguous', byBrowser: false },
      { isPrivate: true, secure: false },
      'info',
    ],
    [
      'a forwarded host that a page may set',
      { id: 'forwarded-host-trusted', byBrowser: true },
      { isPrivate: true, secure: false },
      'error',
    ],
  ] as const)('of %s', (_, probe, server, expected) => {
    expect(hostSeverity(probe, server)).toBe(expected);
  });
});

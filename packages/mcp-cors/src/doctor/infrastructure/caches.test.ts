import { describe, expect, it } from 'vitest';
import { isFromCache, isStorable, variesByOrigin } from './caches.js';

describe('isStorable', () => {
  it.each([
    ['GET', 200, [], true],
    ['GET', 404, [], true],
    ['GET', 405, [], true],
    ['GET', 400, [], false],
    ['GET', 400, [['Cache-Control', 'max-age=60']], true],
    ['GET', 200, [['Cache-Control', 'no-store']], false],
    ['GET', 200, [['cache-control', 'No-Cache, no-transform']], false],
    ['GET', 200, [['Cache-Control', 'private']], true],
    ['GET', 400, [['Cache-Control', 'max-age=0']], false],
    ['GET', 200, [['Content-Type', 'text/event-stream']], false],
    ['POST', 200, [], false],
    ['POST', 200, [['Cache-Control', 'max-age=60']], false],
    [
      'POST',
      200,
      [
        ['Cache-Control', 'max-age=60'],
        ['Content-Location', '/mcp'],
      ],
      true,
    ],
  ] as const)('of %s %i %j is %s', (method, status, headers, expected) => {
    expect(isStorable(method, { status, headers })).toBe(expected);
  });
});

describe('variesByOrigin', () => {
  it.each([
    [[['Vary', 'Origin']], true],
    [[['vary', 'Accept-Encoding, origin']], true],
    [
      [
        ['Vary', 'Accept-Encoding'],
        ['Vary', 'ORIGIN'],
      ],
      true,
    ],
    [[['Vary', '*']], true],
    [[['Vary', 'X-Origin']], false],
    [[], false],
  ] as const)('of %j is %s', (headers, expected) => {
    expect(variesByOrigin({ headers })).toBe(expected);
  });
});

describe('isFromCache', () => {
  it.each([
    [[['Age', '3']], true],
    [[['X-Cache', 'Hit from cloudfront']], true],
    [[['Cache-Status', 'edge; hit; ttl=30']], true],
    [[['CF-Cache-Status', 'HIT']], true],
    [[['CF-Cache-Status', 'DYNAMIC']], false],
    [[['X-Cache', 'MISS']], false],
    [[], false],
  ] as const)('of %j is %s', (headers, expected) => {
    expect(isFromCache({ headers })).toBe(expected);
  });
});

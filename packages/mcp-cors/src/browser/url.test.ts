import { expect, test } from 'vitest';
import { BAD_PORTS, hasBadPort, hasUserinfo, isHttp, parseUrl, withoutFragment } from './url.js';

test('parseUrl', () => {
  expect(parseUrl('/x', 'https://a.example/y')?.href).toBe('https://a.example/x');
  expect(parseUrl('/x')).toBeUndefined();
  expect(parseUrl('http://[')).toBeUndefined();
});

test.each([
  ['https://a.example/x?y#z#', 'https://a.example/x?y'],
  ['https://a.example/#', 'https://a.example/'],
  ['https://a.example/', 'https://a.example/'],
])('%s without its fragment', (text, expected) => {
  const url = parseUrl(text);
  expect(url && withoutFragment(url)).toBe(expected);
});

test.each([
  ['http://a/', true],
  ['https://a/', true],
  ['ftp://a/', false],
  ['data:,', false],
])('%s is HTTP: %s', (text, http) => {
  const url = parseUrl(text);
  expect(url && isHttp(url)).toBe(http);
});

test.each([
  ['http://u:p@a/', true],
  ['http://u@a/', true],
  ['http://:p@a/', true],
  ['http://@a/', false],
  ['http://a/', false],
])('%s holds a user name or a password: %s', (text, holds) => {
  const url = parseUrl(text);
  expect(url && hasUserinfo(url)).toBe(holds);
});

test('bad ports', () => {
  const bad = (text: string) => {
    const url = parseUrl(text);
    return url && hasBadPort(url);
  };
  expect(bad('http://a:6000/')).toBe(true);
  expect(bad('http://a:0/')).toBe(true);
  expect(bad('http://a:3000/')).toBe(false);
  expect(bad('http://a/')).toBe(false);
  for (const port of [80, 443, 3000, 8000, 8080, 8443]) expect(BAD_PORTS.has(port)).toBe(false);
});

import { describe, expect, test } from 'vitest';
import { PROFILES } from './profile.js';
import {
  isNoCorsSafelistedRequestHeader,
  isSafelistedRequestHeader,
  MAX_SAFELISTED_TOTAL_LENGTH,
  MAX_SAFELISTED_VALUE_LENGTH,
  unsafeRequestHeaderNames,
} from './safelist.js';

const { standard, chromium } = PROFILES;
const long = (length: number): string => 'a'.repeat(length);

// The values of web-platform-tests: cors/cors-safelisted-request-header, fetch/api/cors/resources/not-cors-safelisted
// and fetch/api/cors/cors-no-preflight.
describe.each([standard, chromium])('safelisted request headers of $name', (rules) => {
  test.each<[name: string, value: string, safelisted: boolean]>([
    ['content-type', 'text /plain', false],
    ['content-type', 'text\t/\tplain', false],
    ['content-type', 'text/plain;', true],
    ['content-type', 'text/plain;garbage', true],
    ['content-type', 'text/plain;garbage\u0001\u0002', false],
    ['content-type', 'text/plain,', false],
    ['content-type', ',text/plain', false],
    ['content-type', 'text/plain,text/plain', false],
    ['content-type', 'text/plain,x/x', false],
    ['content-type', 'text/plain\u000b', false],
    ['content-type', 'text/plain\u000c', false],
    ['content-type', 'application/www-form-urlencoded', false],
    ['content-type', 'application/x-www-form-urlencoded;\u007f', false],
    ['content-type', 'multipart/form-data', true],
    ['content-type', 'multipart/form-data;"', false],
    ['content-type', 'text/html', false],
    ['content-type', 'application/json', false],
    ['content-type', `text/plain; long=${long(129 - 17)}`, false],
    ['content-type', 'text/plain', true],
    ['content-type', 'Text/Plain;charset=utf-8', true],
    ['content-type', 'application/x-www-form-urlencoded', true],
    ['content-type', '', false],
    ['content-type', 'text', false],
    ['range', '100-200', false],
    ['range', 'MB=100-200', false],
    ['range', 'bytes=100-200', true],
    ['range', 'bytes =100-200', false],
    ['range', 'bytes\t=100-200', false],
    ['range', 'bytes=  100-200', false],
    ['range', 'bytes=\t\t100-200', false],
    ['range', 'bytes=100 -200', false],
    ['range', 'bytes=100-\t200', false],
    ['range', 'bytes=100-200hello', false],
    ['range', 'bytes=abc-def', false],
    ['range', 'bytes=100-200,300-400', false],
    ['range', 'bytes=-200', false],
    ['range', 'bytes=200-', true],
    ['range', 'bytes=200-100', false],
    ['range', 'bytes=200-200', true],
    ['range', `bytes=1${'0'.repeat(60)}-2${'0'.repeat(60)}`, false],
    ['range', 'bytes 100-200', false],
    ['range', ',bytes=100-200', false],
    ['range', 'bytes=,100-200', false],
    ['accept', '*/*', true],
    ['accept', '"', false],
    ['accept', 'a\tb', true],
    ['accept', long(128), true],
    ['accept', long(129), false],
    ['accept-language', 'fr', true],
    ['accept-language', 'en-GB;q=0.5, *', true],
    ['accept-language', '\u0001', false],
    ['accept-language', '@', false],
    ['content-language', 'fr', true],
    ['content-language', '@', false],
    ['content-language', long(129), false],
    ['authorization', 'basics', false],
    ['last-event-id', 'abc123', false],
    ['mcp-protocol-version', '2025-11-25', false],
    ['test', 'hi', false],
    ['', '', false],
  ])('%s: %j is safelisted: %s', (name, value, safelisted) => {
    expect(isSafelistedRequestHeader(name, value, rules)).toBe(safelisted);
  });

  test('every byte of Accept and Content-Type, as the standard lists the unsafe ones', () => {
    const unsafe = new Set([...'"():<>?@[\\]{}\u007f'].map((character) => character.charCodeAt(0)));
    for (let code = 0; code < 256; code++) {
      const safe = !(code < 0x20 && code !== 0x09) && !unsafe.has(code);
      const character = String.fromCharCode(code);
      expect([code, isSafelistedRequestHeader('accept', character, rules)]).toEqual([code, safe]);
      expect([code, isSafelistedRequestHeader('content-type', `text/plain;${character}`, rules)]).toEqual([
        code,
        safe,
      ]);
      const language = /[0-9A-Za-z *,\-.;=]/.test(character);
      expect([code, isSafelistedRequestHeader('accept-language', character, rules)]).toEqual([
        code,
        language,
      ]);
    }
  });
});

describe('what Chromium adds', () => {
  test.each<[name: string, safe: readonly string[], unsafe: readonly string[]]>([
    ['device-memory', ['1', '0.25'], ['', '1.', '.5', '-1', '1e1']],
    ['downlink', ['1', '1.5'], ['x', '+1', '1,2']],
    ['dpr', ['1', '1.5'], ['1..5', '']],
    ['ect', ['slow-2g', '2g', '3g', '4g'], ['5g', '4G', 'offline', '']],
    ['intervention', ['x', '"', ''], [long(129)]],
    ['rtt', ['100'], ['1.5', 'x', '']],
    ['save-data', ['on', 'ON'], ['off', '']],
    ['viewport-width', ['100'], ['1.5']],
    ['width', ['100'], ['-1', '']],
  ])('%s', (name, safe, unsafe) => {
    for (const value of safe) {
      expect(isSafelistedRequestHeader(name, value, chromium)).toBe(true);
      expect(isSafelistedRequestHeader(name, value, standard)).toBe(false);
    }
    for (const value of unsafe) expect(isSafelistedRequestHeader(name, value, chromium)).toBe(false);
  });

  test('ranges that no 64-bit number holds', () => {
    for (const value of ['bytes=9223372036854775807-', 'bytes=0-99999999999999999999']) {
      expect(isSafelistedRequestHeader('range', value, standard)).toBe(true);
      expect(isSafelistedRequestHeader('range', value, chromium)).toBe(false);
    }
  });
});

describe('the names that a preflight asks for', () => {
  test('are in lower case, each once, sorted', () => {
    const names = unsafeRequestHeaderNames(
      [
        ['x-b', '1'],
        ['authorization', '1'],
        ['x-b', '2'],
        ['accept', '*/*'],
        ['x-a', '1'],
      ],
      standard,
    );
    expect(names).toEqual(['authorization', 'x-a', 'x-b']);
  });

  test('are all of them when safelisted values are longer than 1024 bytes together', () => {
    const accept = (lines: number) =>
      Array.from({ length: lines }, () => ['accept', long(MAX_SAFELISTED_VALUE_LENGTH)] as const);
    const lines = MAX_SAFELISTED_TOTAL_LENGTH / MAX_SAFELISTED_VALUE_LENGTH;
    expect(unsafeRequestHeaderNames(accept(lines), standard)).toEqual([]);
    const more = [...accept(lines), ['content-language', 'a'], ['range', 'bytes=0-1,2-3']] as const;
    expect(unsafeRequestHeaderNames(more, standard)).toEqual(['accept', 'content-language', 'range']);
  });
});

test.each([
  ['accept', 'a', true],
  ['content-type', 'application/json', false],
  ['range', 'bytes=0-', false],
  ['dpr', '1', false],
])('%s: %s may be set in mode no-cors: %s', (name, value, safelisted) => {
  expect(isNoCorsSafelistedRequestHeader(name, value, chromium)).toBe(safelisted);
});

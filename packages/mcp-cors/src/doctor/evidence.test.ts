import { describe, expect, it } from 'vitest';
import { printable, redactHeader, redactSentence, redactUrl, showExchange } from './evidence.js';
import { scrub, secretsOf } from './scrub.js';

describe('redactHeader', () => {
  it.each([
    ['Origin', 'https://a.example', 'https://a.example'],
    ['access-control-allow-origin', '*', '*'],
    ['Authorization', 'Bearer abcdef', 'Bearer …'],
    ['Proxy-Authorization', 'Basic abcdef', '…'],
    ['Cookie', 'sid=1', '…'],
    ['Set-Cookie', 'sid=1; HttpOnly', '…'],
    ['DPoP', 'eyJ', '…'],
    ['X-Api-Key', 'k', '…'],
    ['Mcp-Session-Id', '0d0c2ea3-f34e-4a9d', '0d0c…'],
    ['Mcp-Session-Id', 'short', '…'],
    ['Location', 'https://u:p@a.example/x?code=1&b', 'https://…@a.example/x?code=…&b'],
  ])('%s: %s is shown as %s', (name, value, shown) => {
    expect(redactHeader(name, value)).toBe(shown);
  });
});

it.each([
  ['http://127.0.0.1/messages?sessionId=1234&x', 'http://127.0.0.1/messages?sessionId=…&x'],
  ['/a?b=c#d', '/a?b=…#d'],
  ['//u:p@h/a', '//…@h/a'],
])('redactUrl(%s)', (url, shown) => {
  expect(redactUrl(url)).toBe(shown);
});

it('redactSentence hides what is secret in its URLs', () => {
  expect(redactSentence("Access to fetch at 'http://h/a?key=1' from origin 'http://p'")).toBe(
    "Access to fetch at 'http://h/a?key=…' from origin 'http://p'",
  );
});

it('printable leaves nothing that moves a cursor', () => {
  expect(printable('a\u001b[2Jb\r\n\u202ec', 99)).toBe('a\ufffd[2Jb\ufffd\ufffd\ufffdc');
  expect(printable('abcdef', 3)).toBe('abc…');
});

it('showExchange tells sent from received, and what is beside the point from what is not', () => {
  const shown = showExchange({
    request: {
      method: 'POST',
      url: 'http://h/mcp?token=1',
      headers: [
        ['authorization', 'Bearer x'],
        ['sec-fetch-mode', 'cors'],
      ],
    },
    response: {
      status: 401,
      headers: [
        ['Date', 'now'],
        ['WWW-Authenticate', 'Bearer'],
      ],
    },
  });
  expect(shown).toBe('> POST /mcp?token=…\n> authorization: Bearer …\n< 401\n< WWW-Authenticate: Bearer');
});

describe('scrub', () => {
  it('replaces every secret in every text, however deep', () => {
    const secrets = secretsOf(
      'http://h/mcp?key=query-secret',
      [
        ['Authorization', 'Bearer header-secret'],
        ['Accept', 'application/json'],
      ],
      [
        {
          request: { method: 'POST', url: 'http://h/', headers: [] },
          response: {
            status: 200,
            headers: [['Mcp-Session-Id', 'session-secret']],
            headMs: 1,
            body: {
              soFar: '',
              ended: true,
              complete: true,
              text: async () => '',
              nextEvent: async () => undefined,
              close() {},
            },
          },
        },
      ],
    );
    const scrubbed = scrub(
      { a: ['query-secret', { b: 'x header-secret y' }], c: 'session-secret', d: 1, e: 'application/json' },
      secrets,
    );
    expect(scrubbed).toEqual({ a: ['…', { b: 'x … y' }], c: '…', d: 1, e: 'application/json' });
  });
});

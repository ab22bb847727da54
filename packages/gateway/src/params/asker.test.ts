import { describe, expect, it } from 'vitest';
import { askerKey, canSpeakFor, listHeaders } from './asker.js';

const ASKER = {
  upstream: 'http://127.0.0.1:3001/mcp',
  path: '/mcp',
  origin: 'https://app.example.com',
  headers: ['Host', '127.0.0.1:3001', 'Authorization', 'Bearer SECRET', 'X-Forwarded-For', '192.0.2.1'],
};
const withHeaders = (...headers: string[]) => ({ ...ASKER, headers: [...ASKER.headers, ...headers] });

describe('askerKey', () => {
  const key = askerKey(ASKER);

  it('tells no secret', () => {
    expect(key).toMatch(/^[\w+/]{43}=$/);
  });

  it.each([
    ['another upstream', { ...ASKER, upstream: 'http://127.0.0.1:3002/mcp' }],
    ['another path', { ...ASKER, path: '/mcp?a' }],
    ['another page', { ...ASKER, origin: 'https://b.example' }],
    ['another user', { ...ASKER, headers: ASKER.headers.with(3, 'Bearer OTHER') }],
    ['another address', { ...ASKER, headers: ASKER.headers.with(5, '192.0.2.2') }],
    ['a cookie', withHeaders('Cookie', 'a=b')],
    ['a key of its own', withHeaders('X-Api-Key', 'a')],
    ['a header that runs into the next', { ...ASKER, headers: ['a', 'b","c', 'd', 'e'] }],
  ])('differs for %s', (_, asker) => {
    expect(askerKey(asker)).not.toBe(key);
  });

  it('is the same for all messages of a client', () => {
    const headers = [
      'Mcp-Method',
      'tools/call',
      'Mcp-Name',
      'a',
      'Content-Length',
      '7',
      'traceparent',
      '00-1',
    ];
    expect(askerKey(withHeaders(...headers, 'DPoP', 'proof', 'Accept', 'a'))).toBe(key);
  });
});

it('speaks for a client unless it proves each message', () => {
  expect(canSpeakFor(ASKER.headers)).toBe(true);
  expect(canSpeakFor(['DPoP', 'proof'])).toBe(false);
  expect(canSpeakFor(['signature-input', 'a'])).toBe(false);
});

it('asks with what says who asks, and nothing of the message or the page', () => {
  expect(
    listHeaders([
      ...[
        'Host',
        'h',
        'Authorization',
        'a',
        'Accept',
        'x',
        'Content-Length',
        '7',
        'Mcp-Method',
        'tools/call',
      ],
      ...['Mcp-Name', 'n', 'Origin', 'o', 'Sec-Fetch-Mode', 'cors', 'Idempotency-Key', '1', 'X-Tenant', 't'],
    ]),
  ).toEqual(['host', 'h', 'authorization', 'a', 'accept', 'x', 'x-tenant', 't', 'Mcp-Method', 'tools/list']);
});

import { describe, expect, test } from 'vitest';
import { requestIdOf } from './requestId.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('the id of a request', () => {
  test('is made where there is none, a new one each time', () => {
    expect(requestIdOf(undefined)).toMatch(UUID);
    expect(requestIdOf(undefined)).not.toBe(requestIdOf(undefined));
  });

  test.each([
    'a',
    'a'.repeat(128),
    '0d9f4e0e-6a3b-4b6e-9a55-6f1f3f0c2a11',
    'Root=1-67891233-abcdef012345678912345678', // AWS load balancers
    '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', // W3C Trace Context
    'req_123.456:789/a+b=c@d',
  ])('is taken over when it is well formed: %s', (given) => {
    expect(requestIdOf(given)).toBe(given);
  });

  test.each([
    '',
    'a'.repeat(129),
    'a b',
    ' a',
    'a, b', // two lines
    'a\r\nSet-Cookie: x=1',
    'a\n',
    'a\0',
    'a\x1b[31m',
    'a\x7f',
    'ä',
    '"a"',
    '{a}',
    'a;b',
    '<script>',
    "a'b",
  ])('is replaced when it is not: %j', (given) => {
    expect(requestIdOf(given)).toMatch(UUID);
  });
});

import { describe, expect, it } from 'vitest';
import { parseResponse } from './rawExchange.js';
import { isSplit } from './splittingAttack.js';

const split = (text: string): boolean => {
  const parsed = parseResponse(text);
  if (parsed === undefined) throw new Error('this is no response');
  return isSplit(parsed);
};

describe('isSplit', () => {
  it.each([
    ['a header of its own', 'HTTP/1.1 204 No Content\r\nA: b\r\nX-MCP-CORS-Planted: 1\r\n\r\n', true],
    ['a header after a lone LF', 'HTTP/1.1 204 No Content\r\nA: b\nx-mcp-cors-planted: 1\r\n\r\n', true],
    ['a value that repeats it', 'HTTP/1.1 204 No Content\r\nA: b%0d%0ax-mcp-cors-planted: 1\r\n\r\n', false],
    ['a name in a list', 'HTTP/1.1 204 No Content\r\nAllow: x-a,x-mcp-cors-planted\r\n\r\n', false],
    ['the body', 'HTTP/1.1 200 OK\r\nA: b\r\n\r\nx-mcp-cors-planted: 1\r\n\r\n', false],
  ])('looks at %s', (_, text, expected) => {
    expect(split(text)).toBe(expected);
  });
});

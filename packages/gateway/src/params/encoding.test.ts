import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeParamValue, paramHeaders } from './encoding.js';

const one = [{ path: ['a'], header: 'Mcp-Param-A' }];

describe('encodeParamValue', () => {
  it.each([
    ['us-west1', 'us-west1'],
    ['two words', 'two words'],
    ['a\tb', 'a\tb'],
    ['', '=?base64??='],
    [' a', '=?base64?IGE=?='],
    ['a ', '=?base64?YSA=?='],
    ['Zürich', '=?base64?WsO8cmljaA==?='],
    ['a\r\nX-Evil: 1', '=?base64?YQ0KWC1FdmlsOiAx?='],
    ['\0', '=?base64?AA==?='],
    ['=?base64?YQ==?=', '=?base64?PT9iYXNlNjQ/WVE9PT89?='],
    ['=?base64?', '=?base64?'],
  ])('writes %j as %j', (text, expected) => {
    expect(encodeParamValue(text)).toBe(expected);
  });

  it('writes nothing that could end a header', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(0xffff)), (codes) => {
        const text = String.fromCharCode(...codes);
        expect(encodeParamValue(text)).toMatch(/^[\t -~]+$/);
      }),
      { numRuns: 500 },
    );
  });
});

describe('paramHeaders', () => {
  it.each<[string, unknown, readonly string[]]>([
    ['a text', { a: 'x' }, ['Mcp-Param-A', 'x']],
    ['an integer', { a: 42 }, ['Mcp-Param-A', '42']],
    ['a fraction', { a: 0.5 }, ['Mcp-Param-A', '0.5']],
    ['a boolean', { a: false }, ['Mcp-Param-A', 'false']],
    ['an integer that lost digits', { a: 2 ** 53 }, []],
    ['null', { a: null }, []],
    ['an object', { a: { b: 1 } }, []],
    ['a list', { a: [1] }, []],
    ['nothing', {}, []],
    ['arguments that are none', undefined, []],
    ['arguments that are a text', 'a', []],
  ])('has for %s', (_, args, expected) => {
    expect(paramHeaders(one, args)).toEqual(expected);
  });

  it('follows a path, and only through objects', () => {
    const nested = [{ path: ['a', 'b', 'length'], header: 'Mcp-Param-A' }];
    expect(paramHeaders(nested, { a: { b: { length: 'x' } } })).toEqual(['Mcp-Param-A', 'x']);
    expect(paramHeaders(nested, { a: { b: 'text' } })).toEqual([]);
    expect(paramHeaders(nested, { a: null })).toEqual([]);
  });

  it('gives up all headers when they are larger than 16 KiB together', () => {
    const two = [...one, { path: ['b'], header: 'Mcp-Param-B' }];
    const half = 'x'.repeat(8_192 - 'Mcp-Param-A'.length);
    expect(paramHeaders(two, { a: half, b: half })).toHaveLength(4);
    expect(paramHeaders(two, { a: half, b: `${half}x` })).toEqual([]);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEventReader } from './eventData.js';

function dataIn(...parts: readonly (string | Buffer)[]): string[] {
  const found: string[] = [];
  const reader = createEventReader((data) => found.push(data));
  for (const part of parts) reader.take(Buffer.from(part as string));
  return found;
}

describe('createEventReader', () => {
  it.each<[string, string, string[]]>([
    ['nothing', '', []],
    ['an unfinished event', 'data: 1\n', []],
    ['an event', 'id: 1\nevent: message\ndata: 1\n\n', ['1']],
    ['an event without a space', 'data:1\n\n', ['1']],
    ['an event of several lines', 'data: 1\ndata\ndata:  2\n\n', ['1\n\n 2']],
    ['events with CR LF and CR', 'data: 1\r\n\r\ndata: 2\r\r', ['1', '2']],
    ['comments and other fields', ': c\n\nretry: 1\n\ndatum: 1\n\n data: 1\n\n', []],
    ['a byte order mark', '\ufeffdata: 1\n\n', ['1']],
  ])('reads %s', (_, text, expected) => {
    expect(dataIn(text)).toEqual(expected);
  });

  it('reads the same however the stream is cut', () => {
    const lines = fc.constantFrom('data: é1', 'data', 'id: 1', ': c', '', '');
    const stream = fc
      .array(fc.tuple(lines, fc.constantFrom('\n', '\r\n', '\r')))
      .map((all) => Buffer.from(all.flat().join('')));
    fc.assert(
      fc.property(stream, fc.array(fc.nat(200), { maxLength: 8 }), (bytes, cuts) => {
        const at = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
        const parts = at.slice(1).map((end, i) => bytes.subarray(at[i], end));
        expect(dataIn(...parts)).toEqual(dataIn(bytes));
      }),
      { numRuns: 500 },
    );
  });

  it('reads a long line that comes byte by byte', () => {
    const bytes = Buffer.from(`data: ${'x'.repeat(200_000)}\n\n`);
    let length = 0;
    const reader = createEventReader((data) => {
      length = data.length;
    });
    for (let i = 0; i < bytes.length; i++) reader.take(bytes.subarray(i, i + 1));
    expect(length).toBe(200_000);
  });
});

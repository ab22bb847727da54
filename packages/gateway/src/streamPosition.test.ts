import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  endOfFirstEvent,
  isBetweenEvents,
  positionAfter,
  STREAM_START,
  type StreamPosition,
} from './streamPosition.js';

const after = (text: string, position: StreamPosition = STREAM_START): StreamPosition =>
  positionAfter(position, Buffer.from(text));

/** Streams that consist of little but line ends, where anything can go wrong. */
const streams = fc
  .array(fc.constantFrom('\n', '\r', '\r\n', '\n\n', 'x', 'data: 1', ':'), { maxLength: 12 })
  .map((parts) => parts.join(''));

describe('between events', () => {
  test.each([
    ['where nothing was said', '', true],
    ['behind an event', 'data: 1\n\n', true],
    ['behind an event with CR LF', 'data: 1\r\n\r\n', true],
    ['behind an event with CR', 'data: 1\r\r', true],
    ['behind mixed ends', 'data: 1\r\n\r', true],
    ['behind a comment', ': hello\n\n', true],
    ['inside a line', 'data: 1', false],
    ['behind a line', 'data: 1\n', false],
    ['behind a line with CR LF, which is no empty one', 'data: 1\r\n', false],
    ['inside a second event', 'data: 1\n\nid: 2\n', false],
  ])('%s: %j is %s', (_, text, expected) => {
    expect(isBetweenEvents(after(text))).toBe(expected);
    let bytewise = STREAM_START;
    for (const character of text) bytewise = after(character, bytewise);
    expect(isBetweenEvents(bytewise)).toBe(expected);
  });

  it('is where the last line is empty, for any stream, however it is cut', () => {
    fc.assert(
      fc.property(streams, fc.array(fc.nat(30), { maxLength: 4 }), (text, cuts) => {
        const at = [0, ...cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b), text.length];
        let position = STREAM_START;
        at.slice(1).forEach((end, i) => {
          position = after(text.slice(at[i], end), position);
        });
        expect(isBetweenEvents(position)).toBe(/(?:^|\n|\r)(?:\r\n|\n|\r)$|^$/.test(withoutCrLf(text)));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the end of the first event', () => {
  it('is the first place between events, wherever the bytes begin', () => {
    fc.assert(
      fc.property(streams, streams, (before, text) => {
        const start = after(before);
        const ends = Array.from({ length: text.length }, (_, i) => i + 1);
        const expected = ends.find((end) => isBetweenEvents(after(text.slice(0, end), start)));
        expect(endOfFirstEvent(start, Buffer.from(text))).toBe(expected);
      }),
      { numRuns: 2_000 },
    );
  });
});

/** The same lines with a single character at their ends. */
function withoutCrLf(text: string): string {
  return text.replaceAll('\r\n', '\n');
}

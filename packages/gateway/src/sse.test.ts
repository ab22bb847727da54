import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEventCounter } from './sse.js';

function eventsIn(...parts: string[]): number {
  const counter = createEventCounter();
  return parts.map((part) => counter.count(Buffer.from(part))).at(-1) ?? 0;
}

describe('createEventCounter', () => {
  it.each([
    ['nothing', '', 0],
    ['an unfinished event', 'data: 1\n', 0],
    ['an event', 'data: 1\n\n', 1],
    ['an event without a value', 'data\n\n', 1],
    ['an event with CR LF', 'data: 1\r\n\r\n', 1],
    ['an event with CR', 'data: 1\r\r', 1],
    ['two events', 'id: 1\nevent: a\ndata: 1\n\ndata: 2\n\n', 2],
    ['two events with CR LF', 'data: 1\r\n\r\ndata: 2\r\n\r\n', 2],
    ['an event of several lines', 'data: 1\ndata: 2\n\n', 1],
    ['more empty lines than needed', '\n\ndata: 1\n\n\n\n', 1],
    ['a keep-alive', ': keep-alive\n\n', 0],
    ['a retry time', 'retry: 100\n\n', 0],
    ['an id alone', 'id: 7\n\n', 0],
    ['other fields', 'datum: 1\n\ndatax\n\n data: 1\n\ndat\n\nxdata: 1\n\n', 0],
    ['an event behind a comment', ': hi\ndata: 1\n\n', 1],
  ])('counts %s', (_, text, expected) => {
    expect(eventsIn(text)).toBe(expected);
  });

  it('counts the same however the stream is cut', () => {
    const lines = fc.constantFrom('data: 1', 'data', 'id: 1', ': c', '', '');
    const ends = fc.constantFrom('\n', '\r\n', '\r');
    const stream = fc.array(fc.tuple(lines, ends)).map((all) => all.flat().join(''));
    fc.assert(
      fc.property(stream, fc.array(fc.nat(200), { maxLength: 5 }), (text, cuts) => {
        const at = [0, ...cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b), text.length];
        const parts = at.slice(1).map((end, i) => text.slice(at[i], end));
        expect(eventsIn(...parts)).toBe(eventsIn(text));
      }),
    );
  });
});

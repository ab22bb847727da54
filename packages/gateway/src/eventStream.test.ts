import type { ServerResponse } from 'node:http';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseEventStream } from '../../../test/fixtures/eventSource.js';
import { createEventStream, type EventStream } from './eventStream.js';

const COMMENT = ': keep-alive\n\n';

/** A stream, and what it has written: what came from the upstream, and what did not. */
function start({
  isEnding = () => false,
  unread = () => 0,
}: {
  isEnding?: () => boolean;
  unread?: () => number;
} = {}): {
  readonly stream: EventStream;
  readonly parts: readonly { readonly bytes: Buffer; readonly ours: boolean }[];
  readonly ended: () => boolean;
  speak(): void;
} {
  const parts: { bytes: Buffer; ours: boolean }[] = [];
  let speaking = false;
  const response = {
    writableEnded: false,
    get writableLength() {
      return unread();
    },
    write(bytes: Uint8Array) {
      expect(response.writableEnded).toBe(false);
      parts.push({ bytes: Buffer.from(bytes), ours: speaking });
      return true;
    },
    end(bytes?: Uint8Array) {
      if (bytes !== undefined) response.write(bytes);
      response.writableEnded = true;
    },
  };
  const stream = createEventStream(response as unknown as ServerResponse, undefined, isEnding);
  return {
    stream,
    parts,
    ended: () => response.writableEnded,
    speak() {
      speaking = true;
      stream.speak();
      speaking = false;
    },
  };
}

const text = (parts: readonly { readonly bytes: Buffer }[]): string =>
  Buffer.concat(parts.map(({ bytes }) => bytes)).toString();

describe('a keep-alive comment', () => {
  it.each([
    ['at the beginning', '', true],
    ['behind an event', 'data: 1\n\n', true],
    ['behind an event with CR LF', 'data: 1\r\n\r\n', true],
    ['not behind half a line', 'data', false],
    ['not behind a line', 'data: 1\n', false],
    ['not inside a CR LF', 'data: 1\r', false],
  ])('%s', (_, before, expected) => {
    const { stream, parts, speak } = start();
    stream.write(Buffer.from(before));
    speak();
    expect(text(parts)).toBe(`${before}${expected ? COMMENT : ''}`);
  });

  it('is not put behind what the client has not read yet', () => {
    let unread = 1;
    const { stream, parts, speak } = start({ unread: () => unread });
    stream.write(Buffer.from('data: 1\n\n'));
    speak();
    expect(text(parts)).toBe('data: 1\n\n');
    unread = 0;
    speak();
    expect(text(parts)).toBe(`data: 1\n\n${COMMENT}`);
  });

  it('is not put behind the end', () => {
    const { stream, parts, speak } = start();
    stream.end();
    speak();
    expect(parts).toEqual([]);
  });

  const lines = fc.constantFrom(
    'data: 1',
    'data',
    'data: \ufeffé',
    'id: 7',
    'event: a',
    ': c',
    'retry: 5',
    '',
    '',
  );
  const ends = fc.constantFrom('\n', '\r\n', '\r');
  const bodies = fc
    .tuple(
      fc.constantFrom('', '\ufeff'),
      fc.array(fc.tuple(lines, ends)),
      fc.constantFrom('', '', 'data: unfinished', '\ufeff'),
    )
    .map(([mark, all, rest]) => Buffer.from(`${mark}${all.flat().join('')}${rest}`));

  it('changes no event, wherever the stream is cut; and without comments the bytes are the upstream’s', () => {
    fc.assert(
      fc.property(bodies, fc.array(fc.nat(60), { maxLength: 8 }), (body, cuts) => {
        const { stream, parts, speak } = start();
        const at = [...cuts.map((cut) => Math.min(cut, body.length)).sort((a, b) => a - b), body.length];
        let from = 0;
        for (const to of at) {
          stream.write(body.subarray(from, to));
          speak();
          from = to;
        }
        stream.end();
        expect(parseEventStream(Buffer.concat(parts.map(({ bytes }) => bytes)))).toEqual(
          parseEventStream(body),
        );
        const theirs = Buffer.concat(parts.filter(({ ours }) => !ours).map(({ bytes }) => bytes));
        // A byte order mark means nothing, and would mean something behind a comment.
        const marked = body.subarray(0, 3).equals(Buffer.from('\ufeff')) && theirs.length < body.length;
        expect(theirs.toString('latin1')).toBe(body.subarray(marked ? 3 : 0).toString('latin1'));
        if (marked) expect(parts[0]?.ours).toBe(true);
        for (const { bytes, ours } of parts) if (ours) expect(bytes.toString()).toBe(COMMENT);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('a stream that is to end', () => {
  it('ends at once between two events, and else behind the one that is under way', () => {
    let ending = false;
    const { stream, parts, ended } = start({ isEnding: () => ending });
    stream.write(Buffer.from('data: 1\n\ndata: 2'));
    ending = true;
    stream.endBetweenEvents();
    expect(ended()).toBe(false);
    stream.write(Buffer.from('2\nid: 5'));
    expect(ended()).toBe(false);
    stream.write(Buffer.from('5\n\ndata: 3\n\ndata: 4'));
    expect(ended()).toBe(true);
    expect(text(parts)).toBe('data: 1\n\ndata: 22\nid: 55\n\n');
  });
});

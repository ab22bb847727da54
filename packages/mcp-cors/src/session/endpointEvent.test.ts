import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { createEndpointEventRewriter, MAX_ENDPOINT_EVENT_BYTES } from './endpointEvent.js';

const seal = (id: string): string => `sealed.${id}`;

/** What comes out of a stream whose bytes come in these parts. */
function rewrite(
  parts: readonly (string | Uint8Array)[],
  change: (id: string) => string | undefined = seal,
): string {
  const rewriter = createEndpointEventRewriter(change);
  const out = parts.map((part) =>
    rewriter.push(typeof part === 'string' ? Buffer.from(part, 'latin1') : part),
  );
  return Buffer.concat([...out, rewriter.flush()]).toString('latin1');
}

/** A text as the bytes of its UTF-8, a character each. */
const utf8 = (text: string): string => Buffer.from(text).toString('latin1');

const EVENT = 'event: endpoint\ndata: /messages?sessionId=abc\n\n';
const SEALED = 'event: endpoint\ndata: /messages?sessionId=sealed.abc\n\n';
const MESSAGE = 'event: message\ndata: {"a":"?sessionId=abc"}\n\n';

describe('the endpoint event', () => {
  test.each([
    ['as servers send it', EVENT, SEALED],
    ['with CR LF', EVENT.replaceAll('\n', '\r\n'), SEALED.replaceAll('\n', '\r\n')],
    ['with CR', EVENT.replaceAll('\n', '\r'), SEALED.replaceAll('\n', '\r')],
    [
      'with mixed ends of lines',
      'event: endpoint\r\ndata: /m?sessionId=abc\n\r',
      'event: endpoint\r\ndata: /m?sessionId=sealed.abc\n\r',
    ],
    [
      'without spaces',
      'event:endpoint\ndata:/m?sessionId=abc\n\n',
      'event:endpoint\ndata:/m?sessionId=sealed.abc\n\n',
    ],
    [
      'with data first',
      'data: /m?sessionId=abc\nevent: endpoint\n\n',
      'data: /m?sessionId=sealed.abc\nevent: endpoint\n\n',
    ],
    ['with an id and a retry', `id: 1\nretry: 5\n${EVENT}`, `id: 1\nretry: 5\n${SEALED}`],
    ['with a comment in it', `: hello\n${EVENT}`, `: hello\n${SEALED}`],
    ['behind a byte order mark', utf8(`\ufeff${EVENT}`), utf8(`\ufeff${SEALED}`)],
    ['behind a byte order mark and an empty line', utf8(`\ufeff\n${EVENT}`), utf8(`\ufeff\n${SEALED}`)],
    ['behind comments', `: a\n\n:\n\n${EVENT}`, `: a\n\n:\n\n${SEALED}`],
    ['behind a retry', `retry: 1000\r\n\r\n${EVENT}`, `retry: 1000\r\n\r\n${SEALED}`],
    ['behind empty lines', `\n\r\n\r\r${EVENT}`, `\n\r\n\r\r${SEALED}`],
    ['behind an event name without data', `event: ping\n\n${EVENT}`, `event: ping\n\n${SEALED}`],
    ['behind bytes that are no UTF-8', `: \xff\n\n${EVENT}`, `: \xff\n\n${SEALED}`],
    [
      'with an absolute URL',
      'event: endpoint\ndata: http://a.example/m?a=b&session_id=abc\n\n',
      'event: endpoint\ndata: http://a.example/m?a=b&session_id=sealed.abc\n\n',
    ],
    [
      'with an id in UTF-8',
      utf8('event: endpoint\ndata: /m?sessionId=é\n\n'),
      'event: endpoint\ndata: /m?sessionId=sealed.%C3%A9\n\n',
    ],
    [
      'with the name that counts last',
      'event: ping\nevent: endpoint\ndata: ?sessionId=abc\n\n',
      'event: ping\nevent: endpoint\ndata: ?sessionId=sealed.abc\n\n',
    ],
    ['and what follows', `${EVENT}${EVENT}${MESSAGE}`, `${SEALED}${EVENT}${MESSAGE}`],
  ])('%s', (_, stream, expected) => {
    expect(rewrite([stream])).toBe(expected);
  });

  test.each([
    ['an empty stream', ''],
    ['a message', MESSAGE],
    ['an endpoint behind a message', `${MESSAGE}${EVENT}`],
    ['a message without a name', 'data: /m?sessionId=abc\n\n'],
    ['a name that counts no more', 'event: endpoint\nevent: message\ndata: ?sessionId=abc\n\n'],
    ['a name with a space behind it', 'event: endpoint \ndata: /m?sessionId=abc\n\n'],
    ['a name with two spaces before it', 'event:  endpoint\ndata: /m?sessionId=abc\n\n'],
    ['a name in upper case', 'event: Endpoint\ndata: /m?sessionId=abc\n\n'],
    ['a field in upper case', 'EVENT: endpoint\ndata: /m?sessionId=abc\n\n'],
    [
      'a byte order mark that is not the first',
      utf8(':\n\n\ufeffevent: endpoint\ndata: /m?sessionId=abc\n\n'),
    ],
    ['two byte order marks', utf8('\ufeff\ufeffevent: endpoint\ndata: /m?sessionId=abc\n\n')],
    ['an endpoint without a session', 'event: endpoint\ndata: /messages\n\n'],
    ['an endpoint with data without a value', 'event: endpoint\ndata\n\n'],
    ['an endpoint with two sessions', 'event: endpoint\ndata: /m?sessionId=abc&sessionId=d\n\n'],
    ['an endpoint that is not UTF-8', 'event: endpoint\ndata: /\xff?sessionId=abc\n\n'],
    ['an endpoint that does not end', 'event: endpoint\ndata: /messages?sessionId=abc\n'],
    ['a percent sign', ': 100%\n\n: %zz\n\nevent: endpoint\ndata: /100%\n\n'],
  ])('%s: all stays as it is', (_, stream) => {
    expect(rewrite([stream])).toBe(stream);
    expect(rewrite([...stream])).toBe(stream);
  });

  it('stays as it is when the id cannot be changed', () => {
    expect(rewrite([EVENT], () => undefined)).toBe(EVENT);
  });
});

describe('the bytes of a stream', () => {
  it('go on as soon as their block is over, and at once after the first event', () => {
    const rewriter = createEndpointEventRewriter(seal);
    const push = (text: string): string => Buffer.from(rewriter.push(Buffer.from(text))).toString();
    expect(push(': hello\n\nev')).toBe(': hello\n\n');
    expect(push('ent: endpoint\ndata: /m?sess')).toBe('');
    expect(rewriter.done).toBe(false);
    expect(push('ionId=abc\n')).toBe('');
    expect(push('\ndata: x')).toBe('event: endpoint\ndata: /m?sessionId=sealed.abc\n\ndata: x');
    expect(rewriter.done).toBe(true);
    const bytes = Buffer.from('event');
    expect(rewriter.push(bytes)).toBe(bytes);
    expect(rewriter.flush()).toHaveLength(0);
  });

  it('may change in the hands of the caller afterwards', () => {
    const rewriter = createEndpointEventRewriter(seal);
    const buffer = Buffer.from('event: endpoint\ndata: /m?sessionId=');
    rewriter.push(buffer);
    buffer.fill(0);
    expect(Buffer.from(rewriter.push(Buffer.from('abc\n\n'))).toString()).toBe(
      'event: endpoint\ndata: /m?sessionId=sealed.abc\n\n',
    );
  });

  it('may come in parts without any', () => {
    expect(rewrite(['', EVENT.slice(0, 20), '', EVENT.slice(20), ''])).toBe(SEALED);
  });

  it.each(['\n', '\r', '\r\n'])('come out the same wherever they are cut once, with %j', (newline) => {
    const ends = (text: string): string => text.replaceAll('\n', newline);
    const stream = ends(`: hello\n\n${EVENT}${MESSAGE}`);
    const expected = ends(`: hello\n\n${SEALED}${MESSAGE}`);
    for (let cut = 0; cut <= stream.length; cut++) {
      expect(rewrite([stream.slice(0, cut), stream.slice(cut)])).toBe(expected);
    }
    expect(rewrite([...stream])).toBe(expected);
  });

  const line = fc.oneof(
    fc.constantFrom(
      'event: endpoint',
      'data: /m?sessionId=abc',
      'data',
      ': comment',
      'retry: 5',
      '',
      '',
      '\xef\xbb\xbf',
    ),
    fc.constantFrom('event: message', 'data: {}', 'event', '%', 'data: \xe9', 'data: /m?session_id=%C3%A9&x'),
    fc.string({ unit: 'binary-ascii', maxLength: 8 }),
  );
  const streams = fc
    .array(fc.tuple(line, fc.constantFrom('\n', '\r', '\r\n')), { maxLength: 14 })
    .map((lines) => lines.map(([text, end]) => text + end).join(''));

  it('come out the same however they are cut', () => {
    fc.assert(
      fc.property(streams, fc.array(fc.nat({ max: 30 }), { maxLength: 20 }), (stream, lengths) => {
        const parts: string[] = [];
        let at = 0;
        for (const length of lengths) {
          parts.push(stream.slice(at, at + length));
          at += length;
        }
        parts.push(stream.slice(at));
        const whole = rewrite([stream]);
        expect(rewrite(parts)).toBe(whole);
        expect(rewrite([...stream])).toBe(whole);
      }),
      { numRuns: 2_000 },
    );
  });

  it('are all kept but for the id', () => {
    fc.assert(
      fc.property(streams, (stream) => {
        const out = rewrite([stream], (id) => `${id}<>`);
        const back = out.replaceAll('%3C%3E', '');
        expect(back).toBe(stream);
      }),
      { numRuns: 2_000 },
    );
  });

  it('without a change are all kept', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), streams, (bytes, stream) => {
        expect(rewrite([bytes, stream], () => undefined)).toBe(
          Buffer.from(bytes).toString('latin1') + stream,
        );
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the bound', () => {
  const blockOf = (bytes: number): string => {
    const start = 'event: endpoint\ndata: /m?sessionId=abc&a=';
    return `${start}${'x'.repeat(bytes - start.length - 2)}\n\n`;
  };
  const isSealed = (stream: string): boolean => stream.includes('sealed.abc');

  it.each([1, 7, 4096, Number.POSITIVE_INFINITY])('is the same for parts of %d bytes', (size) => {
    const cut = (text: string): string[] =>
      size === Number.POSITIVE_INFINITY ? [text] : (text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []);
    const longest = blockOf(MAX_ENDPOINT_EVENT_BYTES);
    expect(isSealed(rewrite(cut(longest)))).toBe(true);
    expect(isSealed(rewrite(cut(longest.replaceAll('\n', '\r'))))).toBe(true);
    const tooLong = blockOf(MAX_ENDPOINT_EVENT_BYTES + 1);
    expect(rewrite(cut(tooLong))).toBe(tooLong);
    const comments = `: ${'x'.repeat(1_000)}\n\n`.repeat(50);
    expect(rewrite(cut(comments + EVENT))).toBe(comments + SEALED);
    const endless = `: ${'x'.repeat(MAX_ENDPOINT_EVENT_BYTES)}\n\n`;
    expect(rewrite(cut(endless + EVENT))).toBe(endless + EVENT);
  });

  it('is all that is held of a stream without empty lines', () => {
    const rewriter = createEndpointEventRewriter(seal);
    const part = Buffer.alloc(1_000, 'x');
    let out = 0;
    for (let sent = part.length; sent <= 100_000; sent += part.length) {
      out += rewriter.push(part).length;
      expect(sent - out).toBeLessThanOrEqual(MAX_ENDPOINT_EVENT_BYTES);
    }
    expect(rewriter.done).toBe(true);
  });
});

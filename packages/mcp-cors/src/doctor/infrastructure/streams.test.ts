import { describe, expect, it } from 'vitest';
import { judgeStream } from './streams.js';
import { heapsOf, type Watched } from './streamWatch.js';

const witness = { request: { method: 'GET', url: 'http://127.0.0.1:1/mcp', headers: [] } };
const silent: Watched = {
  witness,
  headMs: 5,
  status: 200,
  isStream: true,
  encoding: undefined,
  arrivals: [],
};
const speaking: Watched = { ...silent, arrivals: [{ atMs: 3, events: 1 }] };
const absent: Watched = { ...silent, headMs: undefined, status: undefined, isStream: false };
const refused: Watched = { ...silent, status: 405, isStream: false };
const zipped = (one: Watched): Watched => ({
  ...one,
  encoding: 'gzip',
  arrivals: one.arrivals.map(({ atMs }) => ({ atMs, events: undefined })),
});

describe('judgeStream', () => {
  it.each([
    ['a stream that stays silent and need not speak', silent, silent, false],
    ['a stream that speaks at once', speaking, speaking, true],
    ['a server without a stream', refused, refused, false],
    ['a stream that came late to one of two clients alone', absent, silent, false],
  ])('finds nothing wrong with %s', (_, plain, compressible, mustSpeak) => {
    expect(judgeStream({ plain, compressible, mustSpeak })).toBeUndefined();
  });

  it.each([
    ['no head', absent, absent, false, 'stream-buffered', 'error'],
    ['no first event where one is due', silent, silent, true, 'stream-buffered', 'error'],
    [
      'events that come when nothing is compressed',
      speaking,
      zipped(silent),
      true,
      'stream-compressed',
      'warning',
    ],
    ['a head that comes when nothing is compressed', speaking, absent, true, 'stream-compressed', 'warning'],
    ['compression that is flushed', speaking, zipped(speaking), true, 'stream-compressed', 'info'],
    ['compression of a stream that is silent', silent, zipped(silent), false, 'stream-compressed', 'info'],
    [
      'events in a heap',
      { ...silent, arrivals: [{ atMs: 1_000, events: 9 }] },
      silent,
      false,
      'stream-buffered',
      'warning',
    ],
  ] as const)('tells of %s', (_, plain, compressible, mustSpeak, id, severity) => {
    expect(judgeStream({ plain, compressible, mustSpeak })).toMatchObject({ id, severity });
  });
});

describe('heapsOf', () => {
  it.each([
    ['events one by one', [100, 200, 300].map((atMs) => ({ atMs, events: 1 })), 0],
    ['several at the beginning', [{ atMs: 4, events: 12 }], 0],
    ['one after a silence', [{ atMs: 900, events: 1 }], 0],
    ['many after a silence', [{ atMs: 900, events: 6 }], 1],
    [
      'many, twice',
      [
        { atMs: 900, events: 6 },
        { atMs: 1_900, events: 10 },
      ],
      2,
    ],
    [
      'many without a silence',
      [
        { atMs: 100, events: 6 },
        { atMs: 200, events: 6 },
      ],
      0,
    ],
    ['what is compressed', [{ atMs: 900, events: undefined }], 0],
  ])('%s', (_, arrivals, count) => {
    expect(heapsOf(arrivals)).toHaveLength(count);
  });
});

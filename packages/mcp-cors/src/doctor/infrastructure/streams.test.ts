import { describe, expect, it } from 'vitest';
import { isHeldBack } from './delay.js';
import { judgeIdle } from './idle.js';
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
  endedMs: undefined,
  complete: false,
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

describe('judgeIdle', () => {
  const cut: Watched = { ...silent, endedMs: 5_000 };
  const lastSaid = (atMs: number): Watched => ({ ...cut, arrivals: [{ atMs, events: 0 }] });

  it.each([
    ['a stream that is still open', silent],
    ['a server without a stream', { ...refused, endedMs: 5_000 }],
    ['a stream that ends right after it said something', lastSaid(4_500)],
    ['a stream that ends at once', { ...cut, endedMs: 200 }],
  ])('finds nothing wrong with %s', (_, seen) => {
    expect(judgeIdle(seen, false)).toBeUndefined();
  });

  it.each([
    ['cut off', cut, false, 'warning', 'cut off after 5.0 s of silence'],
    ['cut off after a comment', lastSaid(2_000), false, 'warning', 'cut off after 3.0 s of silence'],
    ['ended by the server', { ...cut, complete: true }, false, 'info', 'ended after 5.0 s of silence'],
    ['cut off, and the session with it', cut, true, 'error', 'cut off after 5.0 s of silence'],
  ])('tells of a stream that is %s', (_, seen, holdsSession, severity, detail) => {
    expect(judgeIdle(seen, holdsSession)).toMatchObject({ id: 'stream-cut-idle', severity, detail });
  });
});

describe('isHeldBack', () => {
  it.each([
    [[5, 4, 6], [203, 205, 208], true],
    [[5, 4, 90], [203, 205, 420], true], // a machine that is busy
    [[5, 4, 6], [600, 650, 700], false], // a server that is slow
    [[5, 4, 6], [3, 4, 2], false],
    [[150, 160, 170], [203, 205, 208], false], // a server that is far away
    [[], [], false],
  ])('messages taken in %j, answered after %j ms: %s', (taken, arrived, held) => {
    expect(isHeldBack(taken, arrived)).toBe(held);
  });
});

import { setTimeout as wait } from 'node:timers/promises';
import type { Send } from '../attacks/prober.js';
import { readEvents } from '../eventStream.js';
import type { Witness } from '../evidence.js';
import { isEventStream } from '../messages.js';
import { fieldOf } from '../page.js';
import type { WireRequest } from '../transport.js';

/** Something of a stream that arrived together. */
export interface Arrival {
  /** Milliseconds since the head was there. */
  readonly atMs: number;
  /** Whole events in it; undefined when the stream is compressed. */
  readonly events: number | undefined;
}

/** What came of a request for a stream within a time. */
export interface Watched {
  readonly witness: Witness;
  /** Milliseconds until the head was there; undefined when it did not come. */
  readonly headMs: number | undefined;
  readonly status: number | undefined;
  readonly isStream: boolean;
  readonly encoding: string | undefined;
  readonly arrivals: readonly Arrival[];
  /** Milliseconds from the head to the end of the stream; undefined when it was still open. */
  readonly endedMs: number | undefined;
  /** Whether it ended where HTTP says that it ends, and was not cut off. */
  readonly complete: boolean;
}

/** A gzip header and an empty block that is flushed: as much comes before any event (RFC 1952 section 2.3, RFC 1951 section 3.2.4). */
const GZIP_PREFACE = 15;

/** How often a stream is looked at, which is also the least spacing that is told apart. */
const LOOK_EVERY_MS = 15;

/**
 * Opens a stream and notes when something of it arrives. Leaves it after that time, or as soon as the condition holds.
 * @param headMs Milliseconds for the head. @param watchMs Milliseconds for what follows.
 */
export async function watchStream(
  send: Send,
  request: WireRequest,
  {
    headMs,
    watchMs,
    until = () => false,
  }: {
    readonly headMs: number;
    readonly watchMs: number;
    readonly until?: (arrivals: readonly Arrival[]) => boolean;
  },
): Promise<Watched> {
  const sending = send(request, headMs);
  const timer = new AbortController();
  const began = performance.now();
  const response = await Promise.race([
    sending.catch(() => undefined),
    wait(headMs, undefined, { signal: timer.signal }).catch(() => undefined),
  ]);
  const took = performance.now() - began;
  timer.abort();
  if (response === undefined) {
    sending.then(({ body }) => body.close()).catch(() => {});
    const nothing = {
      headMs: undefined,
      status: undefined,
      isStream: false,
      encoding: undefined,
      arrivals: [],
      endedMs: undefined,
      complete: false,
    };
    return { witness: { request }, ...nothing };
  }
  const { status, headers, body } = response;
  const encoding = fieldOf(response, 'content-encoding');
  const compressed = encoding !== undefined && encoding !== 'identity';
  const isStream = status === 200 && isEventStream(fieldOf(response, 'content-type'));
  const arrivals: Arrival[] = [];
  const head = performance.now();
  let seen = 0;
  let rest = '';
  const look = (): void => {
    const text = body.soFar.slice(seen);
    // A decoder that finds no UTF-8 puts one character in place of each byte, so that bytes can be counted.
    if (text === '' || (compressed && body.soFar.length <= GZIP_PREFACE)) return;
    seen += text.length;
    const read = readEvents(rest + text);
    rest = read.rest;
    arrivals.push({ atMs: performance.now() - head, events: compressed ? undefined : read.events.length });
  };
  while (isStream && !body.ended && performance.now() - head < watchMs) {
    look();
    if (until(arrivals)) break;
    await wait(LOOK_EVERY_MS);
  }
  look();
  const { ended, complete } = body;
  const endedMs = ended ? performance.now() - head : undefined;
  body.close();
  return {
    witness: { request, response: { status, headers } },
    headMs: took,
    status,
    isStream,
    encoding,
    arrivals,
    endedMs,
    complete,
  };
}

/** Milliseconds of silence before events that then come all at once, and how many of them make a heap. */
const SILENCE_MS = 600;
const HEAP = 4;

/** Events that arrived together after a silence: written one by one, and passed on in heaps. */
export function heapsOf(arrivals: readonly Arrival[]): readonly Arrival[] {
  return arrivals.filter(({ atMs, events = 0 }, i) => {
    const before = arrivals[i - 1]?.atMs ?? 0;
    return events >= HEAP && atMs - before > SILENCE_MS;
  });
}

import type { ServerResponse } from 'node:http';
import type { EndpointMending } from './endpoint.js';
import type { Quiet } from './keepAlive.js';
import {
  endOfFirstEvent,
  isBetweenEvents,
  positionAfter,
  STREAM_START,
  type StreamPosition,
} from './streamPosition.js';

/** An event stream on its way to a client. */
export interface EventStream extends Quiet {
  /** Writes what may go on of the upstream's bytes; false when the client should be waited for. */
  write(bytes: Uint8Array): boolean;
  /** Ends it, since the upstream has. */
  end(): void;
  /** Ends it now if it is between two events. */
  endBetweenEvents(): void;
}

/** What keeps a silent stream alive: clients ignore it, and proxies on the way see that something comes. */
const KEEP_ALIVE = Buffer.from(': keep-alive\n\n');
const BYTE_ORDER_MARK = Buffer.from('\ufeff');

/**
 * Makes a stream that passes everything on at once and as it is, but for the address in an `endpoint` event and for a byte
 * order mark, which must stand first or not at all, behind a comment. `isEnding` says whether it is to end after the event
 * that is under way.
 */
export function createEventStream(
  response: ServerResponse,
  endpoint: (() => EndpointMending) | undefined,
  isEnding: () => boolean,
): EventStream {
  let untold = endpoint;
  let mending: EndpointMending | undefined;
  let position: StreamPosition = STREAM_START;
  let begun = false;
  let refused = false;
  /** Bytes of a byte order mark that came and were not passed on; undefined where a mark may stand, or none is looked for. */
  let markBytes: number | undefined;

  function withoutMark(bytes: Uint8Array): Uint8Array {
    const before = markBytes ?? 0;
    let matched = before;
    let i = 0;
    while (matched < BYTE_ORDER_MARK.length && i < bytes.length && bytes[i] === BYTE_ORDER_MARK[matched]) {
      matched++;
      i++;
    }
    if (matched === BYTE_ORDER_MARK.length) {
      markBytes = undefined;
      return bytes.subarray(i);
    }
    if (i === bytes.length) {
      markBytes = matched;
      return bytes.subarray(i); // the rest decides
    }
    markBytes = undefined;
    return before === 0 ? bytes : Buffer.concat([BYTE_ORDER_MARK.subarray(0, before), bytes]);
  }

  function mended(bytes: Uint8Array): Uint8Array {
    mending ??= untold?.(); // made when something is said: most streams are silent for long
    untold = undefined;
    if (mending === undefined) return bytes;
    const ready = mending.push(bytes);
    refused = mending.refused;
    if (mending.done) mending = undefined;
    return ready;
  }

  function pass(bytes: Uint8Array): boolean {
    if (bytes.length === 0) return true;
    begun = true;
    if (isEnding()) {
      const end = endOfFirstEvent(position, bytes);
      if (end !== undefined) {
        response.end(bytes.subarray(0, end));
        return true;
      }
    }
    position = positionAfter(position, bytes);
    return response.write(bytes);
  }

  const stream: EventStream = {
    quietRounds: 0,
    speak() {
      if (!isBetweenEvents(position) || (markBytes ?? 0) > 0) return;
      // What a client has not read yet will keep the stream alive, or is of no use to it.
      if (response.writableEnded || response.writableLength > 0) return;
      if (!begun) markBytes = 0;
      begun = true;
      response.write(KEEP_ALIVE);
    },
    write(bytes) {
      stream.quietRounds = 0;
      const ready = mended(bytes);
      const flows = pass(markBytes === undefined ? ready : withoutMark(ready));
      if (refused) response.end();
      return flows;
    },
    end() {
      if (mending !== undefined) pass(mending.flush());
      if (markBytes !== undefined && markBytes > 0) pass(BYTE_ORDER_MARK.subarray(0, markBytes));
      if (!response.writableEnded) response.end();
    },
    endBetweenEvents() {
      if (isBetweenEvents(position)) response.end();
    },
  };
  return stream;
}

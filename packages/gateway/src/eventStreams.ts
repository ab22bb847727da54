import type { ServerResponse } from 'node:http';
import type { EndpointMending } from './endpoint.js';
import { createEventStream, type EventStream } from './eventStream.js';
import { createKeepAlives, type KeepAlives } from './keepAlive.js';

/** What a stream is opened with. */
export interface Opening {
  /** How long it may be silent until it gets a comment; 0 for as long as it likes. */
  readonly keepAliveCommentMs: number;
  /** Whether comments may be put between its events: not where bytes are counted or coded. */
  readonly commented: boolean;
  /** Whether it answers a request and ends of itself, and does not go on until somebody leaves. */
  readonly finite: boolean;
  /** Makes what mends its `endpoint` event, if it can have one. */
  readonly endpoint: (() => EndpointMending) | undefined;
}

/** Which streams are to end: none, those that would never end of themselves, or all. */
type Ending = 'none' | 'lasting' | 'all';

/** All event streams that are under way. */
export interface EventStreams {
  open(response: ServerResponse, opening: Opening): EventStream;
  count(): number;
  /** Ends streams where they are between two events, from now on. */
  end(which: Exclude<Ending, 'none'>): void;
  /** Ends all, wherever they are. */
  cut(): void;
}

/** Follows event streams, and keeps them alive. */
export function createEventStreams(): EventStreams {
  const keepAlives = new Map<number, KeepAlives>(); // each configuration that was loaded may have a time of its own
  const open = new Map<ServerResponse, { readonly stream: EventStream; readonly isEnding: () => boolean }>();
  let ending: Ending = 'none';
  const isEnding = { lasting: () => ending !== 'none', finite: () => ending === 'all' };

  function keepAlivesAfter(silenceMs: number): KeepAlives {
    const known = keepAlives.get(silenceMs) ?? createKeepAlives(silenceMs);
    keepAlives.set(silenceMs, known);
    return known;
  }

  return {
    open(response, { keepAliveCommentMs, commented, finite, endpoint }) {
      const isOver = finite ? isEnding.finite : isEnding.lasting;
      const stream = createEventStream(response, endpoint, isOver);
      open.set(response, { stream, isEnding: isOver });
      const alive = commented && keepAliveCommentMs > 0 ? keepAlivesAfter(keepAliveCommentMs) : undefined;
      alive?.add(stream);
      response.once('close', () => {
        open.delete(response);
        alive?.delete(stream);
      });
      if (isOver()) stream.endBetweenEvents();
      return stream;
    },
    count: () => open.size,
    end(which) {
      ending = which;
      for (const { stream, isEnding: isOver } of open.values()) if (isOver()) stream.endBetweenEvents();
    },
    cut() {
      ending = 'all';
      for (const response of open.keys()) response.end();
    },
  };
}

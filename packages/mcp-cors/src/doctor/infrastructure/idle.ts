import { mustSpeakFirst, openStream, type StreamFault, type StreamPlace } from './streams.js';
import type { Watched } from './streamWatch.js';

/** Silence before its end from which on a stream counts as idle, in milliseconds. */
const SILENCE_MS = 1_000;

/**
 * Judges a stream that was listened to: undefined while it stays open, and when it ended right after it had said something.
 * @param holdsSession Whether the session ends with it, as in HTTP+SSE.
 */
export function judgeIdle(seen: Watched, holdsSession: boolean): StreamFault | undefined {
  const { isStream, endedMs, arrivals, complete } = seen;
  if (!isStream || endedMs === undefined) return undefined;
  const silentMs = endedMs - (arrivals.at(-1)?.atMs ?? 0);
  if (silentMs < SILENCE_MS) return undefined;
  const by = complete ? 'ended' : 'cut off';
  return {
    id: 'stream-cut-idle',
    // A server of 2025-11-25 may end its stream and have clients come back; nobody cuts one off on purpose.
    severity: holdsSession ? 'error' : complete ? 'info' : 'warning',
    detail: `${by} after ${(silentMs / 1000).toFixed(1)} s of silence`,
    witness: seen.witness,
  };
}

/** Opens the server's own stream and listens for so long, or until it ends. */
export async function watchIdle(place: StreamPlace, idleMs: number): Promise<StreamFault | undefined> {
  const seen = await openStream(place, 'identity', { headMs: idleMs, watchMs: idleMs });
  return seen && judgeIdle(seen, mustSpeakFirst(place));
}

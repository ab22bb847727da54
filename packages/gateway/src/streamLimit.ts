import type { ServerResponse } from 'node:http';
import type { Decision } from 'mcp-cors';
import { clientKey } from 'mcp-cors/carrier';

/** Counts the event streams that clients have open. */
export interface StreamLimit {
  /** Whether a client has as many as it may. Costs nothing while nobody has. */
  isReached(address: string | undefined, decision: Decision, most: number): boolean;
  /** Counts a stream until its response closes. */
  add(address: string | undefined, decision: Decision, most: number, response: ServerResponse): void;
}

/** Makes a counter of streams. */
export function createStreamLimit(): StreamLimit {
  const counts = new Map<string, number>();
  /** The clients that had as many as they may when they opened their last stream. */
  const full = new Set<string>();
  return {
    isReached(address, decision, most) {
      if (full.size === 0 || most === 0) return false;
      return (counts.get(keyOf(address, decision)) ?? 0) >= most;
    },
    add(address, decision, most, response) {
      const key = keyOf(address, decision);
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      if (most > 0 && count >= most) full.add(key);
      response.once('close', () => {
        const left = (counts.get(key) ?? 1) - 1;
        if (left === 0) counts.delete(key);
        else counts.set(key, left);
        full.delete(key);
      });
    },
  };
}

/** An address, and the pattern that admitted the page: of what its sender made up, there could be any number. */
function keyOf(address: string | undefined, { rule }: Decision): string {
  return `${clientKey(address)} ${rule ?? '-'}`;
}

import type { ServerResponse } from 'node:http';
import type { Decision } from 'mcp-cors';
import { clientKey } from 'mcp-cors/carrier';

/** Counts the event streams that clients have open. */
export interface StreamLimit {
  /** Whether a client has as many as it may. Costs nothing until somebody has. */
  isReached(address: string | undefined, decision: Decision, most: number): boolean;
  /** Counts a stream until its response closes. */
  add(address: string | undefined, decision: Decision, response: ServerResponse): void;
}

/** Makes a counter of streams. */
export function createStreamLimit(): StreamLimit {
  const counts = new Map<string, number>();
  /** No client has more, whatever the limit was when its streams were opened: a reload may bring a lower one. */
  let peak = 0;
  return {
    isReached(address, decision, most) {
      if (most === 0 || peak < most) return false;
      return (counts.get(keyOf(address, decision)) ?? 0) >= most;
    },
    add(address, decision, response) {
      const key = keyOf(address, decision);
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      peak = Math.max(peak, count);
      response.once('close', () => {
        const left = (counts.get(key) ?? 1) - 1;
        if (left === 0) counts.delete(key);
        else counts.set(key, left);
        if (counts.size === 0) peak = 0;
      });
    },
  };
}

/** An address, and the pattern that admitted the page: of what its sender made up, there could be any number. */
function keyOf(address: string | undefined, { rule }: Decision): string {
  return `${clientKey(address)} ${rule ?? '-'}`;
}

/** A count of what each client causes. */
export interface Budget {
  /** Counts one more for a client; false when it has had its share. */
  take(client: string): boolean;
}

/** Clients that are counted apart; further ones wait until the time is over. */
const MAX_CLIENTS = 10_000;

/** Makes a budget of so many for each client in each period of so many milliseconds. */
export function createBudget(
  points: number,
  periodMs: number,
  now: () => number = () => performance.now(),
): Budget {
  const counts = new Map<string, number>();
  let endsAt = 0;
  return {
    take(client) {
      if (now() >= endsAt) {
        counts.clear();
        endsAt = now() + periodMs;
      }
      const count = counts.get(client) ?? 0;
      if (count >= points || (count === 0 && counts.size >= MAX_CLIENTS)) return false;
      counts.set(client, count + 1);
      return true;
    },
  };
}

import type { Replica } from './config/routes.js';

/** Takes the upstreams of a route in turns. */
export interface Balance {
  /**
   * The next in turn that was not tried yet. One that was passed over comes when its time is up, for one request, or
   * when no other is left.
   */
  next(tried?: ReadonlySet<Replica>): Replica | undefined;
  /** Says that a connection could not be made: others are taken for a while. */
  passOver(replica: Replica): void;
  /** Says that a connection was made. */
  admit(replica: Replica): void;
}

/** For how long an upstream that could not be connected to is passed over. */
export const PASS_OVER_MS = 5_000;

/** Makes a balance. `now` gives milliseconds that never go back. */
export function createBalance(
  replicas: readonly Replica[],
  now: () => number = () => performance.now(),
): Balance {
  const passedUntil = new Map<Replica, number>();
  let turn = 0;
  return {
    next(tried) {
      let last: Replica | undefined;
      for (let i = 0; i < replicas.length; i++) {
        const replica = replicas[(turn + i) % replicas.length] as Replica;
        if (tried?.has(replica)) continue;
        const until = passedUntil.get(replica);
        if (until !== undefined && now() < until) {
          last ??= replica;
          continue;
        }
        // Whether it is back, one request finds out; the others wait for that.
        if (until !== undefined) passedUntil.set(replica, now() + PASS_OVER_MS);
        turn = (turn + i + 1) % replicas.length;
        return replica;
      }
      if (last !== undefined) turn = (replicas.indexOf(last) + 1) % replicas.length;
      return last;
    },
    passOver: (replica) => void passedUntil.set(replica, now() + PASS_OVER_MS),
    admit: (replica) => void (passedUntil.size > 0 && passedUntil.delete(replica)),
  };
}

/** A stream that is to be kept alive. */
export interface Quiet {
  /** Rounds since it said something; whoever writes to it sets this to 0. */
  quietRounds: number;
  /** Called when it was quiet for long, and again after as long; says something, if it may. */
  speak(): void;
}

/** Sees to it that no stream is silent for long, at the cost of one timer for all. */
export interface KeepAlives {
  add(stream: Quiet): void;
  delete(stream: Quiet): void;
}

/** A silence is noticed at most a quarter late. */
const ROUNDS_PER_SILENCE = 4;
/** Streams are looked at in groups, so that thousands that were opened at once do not all speak at once. */
const MOST_GROUPS = 64;
const LEAST_TICK_MS = 50;

/** Watches streams for silences of `silenceMs`. */
export function createKeepAlives(silenceMs: number): KeepAlives {
  const roundMs = silenceMs / ROUNDS_PER_SILENCE;
  const groupCount = Math.min(MOST_GROUPS, Math.max(1, Math.floor(roundMs / LEAST_TICK_MS)));
  const tickMs = Math.ceil(roundMs / groupCount); // timers count whole milliseconds
  const groups: readonly Set<Quiet>[] = Array.from({ length: groupCount }, () => new Set());
  const groupOf = new Map<Quiet, Set<Quiet>>();
  let timer: NodeJS.Timeout | undefined;
  let turn = 0;
  let added = 0;

  function tick(): void {
    turn = (turn + 1) % groupCount;
    for (const stream of groups[turn] as Set<Quiet>) {
      // The round in which it fell silent had begun before, so one more makes the silence whole.
      if (++stream.quietRounds <= ROUNDS_PER_SILENCE) continue;
      stream.quietRounds = 1;
      stream.speak();
    }
  }

  return {
    add(stream) {
      const group = groups[added++ % groupCount] as Set<Quiet>;
      group.add(stream);
      groupOf.set(stream, group);
      timer ??= setInterval(tick, tickMs).unref();
    },
    delete(stream) {
      groupOf.get(stream)?.delete(stream);
      groupOf.delete(stream);
      if (groupOf.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    },
  };
}

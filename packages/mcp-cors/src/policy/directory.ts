import { parseOrigin } from './origin.js';

/** Where a policy looks an origin up that no pattern admits. The answer is immediate, or a promise on a miss. */
export interface OriginDirectory {
  /** Whether the directory names a serialised origin. Never rejects: what cannot be found out is false. */
  readonly has: (origin: string) => boolean | Promise<boolean>;
}

/** How a directory asks and remembers. Times in milliseconds. */
export interface DirectoryOptions {
  /** Asks the source, such as a database. May throw or reject. */
  readonly lookup: (origin: string) => boolean | Promise<boolean>;
  /** How long a yes is good. Default 60,000. */
  readonly ttlMs?: number | undefined;
  /** How long a no is good. Default 5,000. */
  readonly negativeTtlMs?: number | undefined;
  /** How long the last yes still counts, after it has aged, while the source fails. Default 300,000; 0 for never. */
  readonly lastGoodMs?: number | undefined;
  /** How long the source may take. Default 2,000. */
  readonly timeoutMs?: number | undefined;
  /** Most origins that are remembered; the one that was not asked for the longest goes first. Default 10,000. */
  readonly maxEntries?: number | undefined;
  /** Most look-ups under way at once; further origins are refused without asking. Default 100. */
  readonly maxPending?: number | undefined;
  /** Hears why the source failed. What it throws, or rejects with, is nobody's concern. */
  readonly onError?: ((error: unknown, origin: string) => void | Promise<void>) | undefined;
  /** The clock, in milliseconds. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/** Why a look-up was given up. */
export class DirectoryTimeoutError extends Error {
  override readonly name = 'DirectoryTimeoutError';
  readonly code = 'ERR_DIRECTORY_TIMEOUT';

  constructor(timeoutMs: number) {
    super(`the directory did not answer within ${timeoutMs} ms`);
  }
}

interface Entry {
  readonly named: boolean;
  readonly freshUntil: number;
  /** Until when a yes may stand in for a source that fails. */
  readonly lastGoodUntil: number;
}

// Every runtime has timers, and no library of types that this folder compiles with names them.
declare const setTimeout: (callback: () => void, ms: number) => unknown;
declare const clearTimeout: (timer: unknown) => void;

/**
 * A directory in front of a slow source: remembers answers in a bounded cache, asks once for any number of requests
 * that wait for the same origin, and fails closed. Only what a browser could send is ever looked up.
 *
 * @throws {RangeError} when an option is out of its range.
 */
export function createDirectory(options: DirectoryOptions): OriginDirectory {
  const { lookup, onError, now = Date.now } = options;
  const ttlMs = bounded('ttlMs', options.ttlMs, 60_000, 0);
  const negativeTtlMs = bounded('negativeTtlMs', options.negativeTtlMs, 5_000, 0);
  const lastGoodMs = bounded('lastGoodMs', options.lastGoodMs, 300_000, 0);
  const timeoutMs = bounded('timeoutMs', options.timeoutMs, 2_000, 1, LONGEST_TIMER_MS);
  const maxEntries = bounded('maxEntries', options.maxEntries, 10_000, 1);
  const maxPending = bounded('maxPending', options.maxPending, 100, 1);

  const entries = new Map<string, Entry>(); // in the order of their last use
  const pending = new Map<string, Promise<boolean>>();

  function remember(origin: string, entry: Entry): void {
    entries.delete(origin);
    entries.set(origin, entry);
    if (entries.size <= maxEntries) return;
    for (const oldest of entries.keys()) {
      entries.delete(oldest);
      return;
    }
  }

  async function report(error: unknown, origin: string): Promise<void> {
    try {
      await onError?.(error, origin);
    } catch {
      // A listener that fails must not decide about a page.
    }
  }

  async function ask(origin: string, before: Entry | undefined): Promise<boolean> {
    let named: boolean;
    try {
      named = (await withTimeout(lookup, origin, timeoutMs)) === true;
    } catch (error) {
      void report(error, origin);
      // Fail closed, except for what was good a short while ago.
      return before?.named === true && now() < before.lastGoodUntil;
    } finally {
      pending.delete(origin);
    }
    const freshUntil = now() + (named ? ttlMs : negativeTtlMs);
    remember(origin, { named, freshUntil, lastGoodUntil: freshUntil + lastGoodMs });
    return named;
  }

  return Object.freeze({
    has(origin: string): boolean | Promise<boolean> {
      const entry = entries.get(origin);
      if (entry !== undefined && now() < entry.freshUntil) {
        remember(origin, entry);
        return entry.named;
      }
      const waiting = pending.get(origin);
      if (waiting !== undefined) return waiting;
      if (parseOrigin(origin) === undefined) return false;
      if (pending.size >= maxPending) return entry?.named === true && now() < entry.lastGoodUntil;
      const asked = ask(origin, entry);
      pending.set(origin, asked);
      return asked;
    },
  });
}

/** Timers of a longer time run out at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

function bounded(
  name: string,
  value: number | undefined,
  standard: number,
  least: number,
  most = Number.MAX_SAFE_INTEGER,
): number {
  const chosen = value ?? standard;
  if (Number.isFinite(chosen) && chosen >= least && chosen <= most) return chosen;
  throw new RangeError(`${name} must be a number from ${least} to ${most}`);
}

/** Asks. A source that throws at once makes a promise that rejects, like any other. */
async function withTimeout(
  lookup: DirectoryOptions['lookup'],
  origin: string,
  timeoutMs: number,
): Promise<boolean> {
  let timer: unknown;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DirectoryTimeoutError(timeoutMs)), timeoutMs);
  });
  try {
    return await Promise.race([lookup(origin), timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** A list of exact origins that is pushed as a whole. */
export interface OriginSnapshot extends OriginDirectory {
  readonly has: (origin: string) => boolean;
  /**
   * Puts another list in place of this one, at once and whole. What no browser would send is left out; gives those
   * texts, so that a bad list is noticed.
   */
  readonly replace: (origins: Iterable<string>) => readonly string[];
  readonly size: () => number;
}

/** A directory held in memory, for lists that are pushed: one look-up in a set, whatever its size. */
export function createSnapshot(origins: Iterable<string> = []): OriginSnapshot {
  let current: ReadonlySet<string> = new Set();
  const snapshot: OriginSnapshot = Object.freeze({
    has: (origin: string) => current.has(origin),
    size: () => current.size,
    replace(list: Iterable<string>) {
      const next = new Set<string>();
      const refused: string[] = [];
      for (const origin of list) {
        if (parseOrigin(origin) === undefined) refused.push(origin);
        else next.add(origin);
      }
      current = next;
      return refused;
    },
  });
  snapshot.replace(origins);
  return snapshot;
}

import type { Declaration } from './declarations.js';
import type { DeclaredTools, ToolPage } from './toolPage.js';

/** What is known of tools, apart for everyone who asked. */
export interface ToolMemory {
  /** What a tool declares, nothing included; undefined when that is not known. */
  find(key: string, tool: string): readonly Declaration[] | undefined;
  /** Whether it is known that no tool declares anything. */
  isPlain(key: string): boolean;
  /** Takes a page that passed; `cursor` is what it was asked for with, null for the first. */
  learnPage(key: string, page: ToolPage, cursor: string | null): void;
  /** Takes a whole list; without one, what is known is all there is for a while. */
  settle(key: string, tools: DeclaredTools | undefined): void;
  forget(key: string): void;
}

/** How long a list holds, and how long it is not asked for again after that failed. */
const LIST_TTL_MS = 300_000;
const FAILURE_TTL_MS = 30_000;

/** Bounds in characters, roughly: of one list, and of all. */
const MAX_LIST_WEIGHT = 262_144;
const MAX_TOTAL_WEIGHT = 16_777_216;

/** What the bookkeeping of an entry, and of a declaration, is taken to weigh. */
const ENTRY_WEIGHT = 512;
const DECLARATION_WEIGHT = 128;

interface Entry {
  readonly tools: Map<string, readonly Declaration[]>;
  /** The cursor of the page that continues those seen. */
  awaited: string | undefined;
  /** Whether what is not among the tools declares nothing. */
  settled: boolean;
  expiresAt: number;
  weight: number;
}

/** Makes a memory; what has not been used for longest goes first. */
export function createToolMemory(now: () => number = () => performance.now()): ToolMemory {
  const entries = new Map<string, Entry>();
  let total = 0;

  /** Takes an entry out, if it still holds. */
  function take(key: string): Entry | undefined {
    const entry = entries.get(key);
    if (entry === undefined) return undefined;
    entries.delete(key);
    total -= entry.weight;
    return entry.expiresAt > now() ? entry : undefined;
  }

  /** Puts an entry behind all others. */
  function put(key: string, entry: Entry): void {
    entries.set(key, entry);
    total += entry.weight;
    for (const oldest of entries.keys()) {
      if (total <= MAX_TOTAL_WEIGHT) break;
      take(oldest);
    }
  }

  function used(key: string): Entry | undefined {
    const entry = take(key);
    if (entry !== undefined) put(key, entry);
    return entry;
  }

  const expiry = (ttlMs: number): number => now() + ttlMs;

  return {
    find(key, tool) {
      const entry = used(key);
      return entry?.tools.get(tool) ?? (entry?.settled ? [] : undefined);
    },
    isPlain(key) {
      const entry = used(key);
      return entry?.settled === true && entry.tools.size === 0;
    },
    learnPage(key, { tools, nextCursor }, cursor) {
      if (cursor !== null && used(key)?.awaited !== cursor) return; // not the page after those seen
      const known = take(key);
      const entry = (cursor === null ? undefined : known) ?? createEntry();
      addTools(entry, tools);
      entry.awaited = nextCursor;
      entry.settled = nextCursor === undefined;
      entry.expiresAt = expiry(LIST_TTL_MS);
      put(key, entry);
    },
    settle(key, tools) {
      const known = take(key);
      const entry = (tools === undefined ? known : undefined) ?? createEntry();
      if (tools !== undefined) addTools(entry, tools);
      entry.settled = true;
      entry.expiresAt = expiry(tools === undefined ? FAILURE_TTL_MS : LIST_TTL_MS);
      put(key, entry);
    },
    forget: (key) => void take(key),
  };
}

function createEntry(): Entry {
  return { tools: new Map(), awaited: undefined, settled: false, expiresAt: 0, weight: ENTRY_WEIGHT };
}

/** Adds tools as far as the bound on a list allows; the rest count as tools that declare nothing. */
function addTools(entry: Entry, tools: DeclaredTools): void {
  for (const [name, declarations] of tools) {
    const weight = weightOf(name, declarations);
    if (entry.weight + weight > MAX_LIST_WEIGHT) return;
    entry.weight += weight;
    entry.tools.set(name, declarations);
  }
}

function weightOf(name: string, declarations: readonly Declaration[]): number {
  return declarations.reduce(
    (sum, { path, header }) =>
      sum + header.length + path.reduce((length, key) => length + key.length, 0) + DECLARATION_WEIGHT,
    name.length,
  );
}

import { setTimeout as delay } from 'node:timers/promises';
import { createSnapshot } from 'mcp-cors';
import sqlite from 'node-sqlite3-wasm';

/** The allowlist, in a file that several processes may open. */
export interface OriginStore {
  /** Whether an origin is on the list. Rejects when the database cannot be read. */
  has(origin: string): Promise<boolean>;
  /** Adds an origin; gives false when it was there. @throws {TypeError} when no browser would send it. */
  add(origin: string): Promise<boolean>;
  /** Takes an origin away; gives false when it was not there. */
  remove(origin: string): Promise<boolean>;
  all(): Promise<readonly string[]>;
  close(): void;
}

/** How often a file that another process writes to is tried again, and after how many milliseconds. */
const ATTEMPTS = 20;
const PAUSE_MS = 25;

/** Opens an allowlist; makes the file when there is none. */
export async function openOriginStore(file: string): Promise<OriginStore> {
  const database = new sqlite.Database(file);

  async function whenFree<T>(action: () => T): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return action();
      } catch (error) {
        if (attempt === ATTEMPTS || !/locked/.test(String(error))) throw error;
        await delay(PAUSE_MS);
      }
    }
  }

  await whenFree(() =>
    database.exec('CREATE TABLE IF NOT EXISTS origins (origin TEXT PRIMARY KEY, added TEXT NOT NULL) STRICT'),
  );

  return {
    has: (origin) =>
      whenFree(() => database.get('SELECT 1 FROM origins WHERE origin = ?', [origin]) !== null),
    async add(origin) {
      if (createSnapshot().replace([origin]).length > 0) {
        throw new TypeError(
          `'${origin}' is no origin. Write scheme://host[:port] as browsers do, without a path.`,
        );
      }
      const { changes } = await whenFree(() =>
        database.run('INSERT OR IGNORE INTO origins VALUES (?, ?)', [origin, new Date().toISOString()]),
      );
      return changes > 0;
    },
    async remove(origin) {
      const { changes } = await whenFree(() =>
        database.run('DELETE FROM origins WHERE origin = ?', [origin]),
      );
      return changes > 0;
    },
    all: () =>
      whenFree(() =>
        database.all('SELECT origin FROM origins ORDER BY origin').map(({ origin }) => String(origin)),
      ),
    close: () => database.close(),
  };
}

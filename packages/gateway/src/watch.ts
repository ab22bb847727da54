import { type BigIntStats, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';

/**
 * How often files are looked at. Looking is what works everywhere: for editors that put a new file in place of the old,
 * for Kubernetes that turns a symbolic link to another folder, and on file systems that tell of nothing.
 */
const POLL_MS = 250;
/** How long a file has to stay as it is: whoever writes it may not be done. */
const QUIET_MS = 300;

/**
 * Calls `onChange` when one of the files is another than it was at the time of this call, or at the last call of
 * `onChange`, or is there again, or is gone; and then was left alone for a moment. Gives a function that ends this.
 * Watching does not keep the process alive.
 */
export function watchFiles(files: readonly string[], onChange: () => void): () => void {
  const seen = new Map(files.map((file) => [file, stateNow(file)]));
  let quiet: NodeJS.Timeout | undefined;
  let looking = false;

  async function look(): Promise<void> {
    if (looking) return; // a file system may take its time
    looking = true;
    for (const file of files) {
      const state = await stat(file, { bigint: true }).then(stateOf, () => ABSENT);
      if (state === seen.get(file)) continue;
      seen.set(file, state);
      clearTimeout(quiet);
      quiet = setTimeout(onChange, QUIET_MS).unref();
    }
    looking = false;
  }

  const timer = setInterval(look, POLL_MS).unref();
  return () => {
    clearInterval(timer);
    clearTimeout(quiet);
  };
}

const ABSENT = 'absent';

function stateNow(file: string): string {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? ABSENT : stateOf(found);
}

/** What differs whenever a file does, links followed. */
function stateOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}

import { unwatchFile, watchFile } from 'node:fs';

/**
 * How often files are looked at. Looking is what works everywhere: for editors that put a new file in place of the old,
 * for Kubernetes that turns a symbolic link to another folder, and on file systems that tell of nothing.
 */
const POLL_MS = 250;
/** How long a file has to stay as it is: whoever writes it may not be done. */
const QUIET_MS = 300;

/**
 * Calls `onChange` when one of the files has changed, or is there again, or is gone, and then was left alone for a moment.
 * Gives a function that ends this. Watching does not keep the process alive.
 */
export function watchFiles(files: readonly string[], onChange: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const notice = (): void => {
    clearTimeout(timer);
    timer = setTimeout(onChange, QUIET_MS).unref();
  };
  for (const file of files) watchFile(file, { interval: POLL_MS, persistent: false, bigint: true }, notice);
  return () => {
    clearTimeout(timer);
    for (const file of files) unwatchFile(file, notice);
  };
}

import type { Terminal } from './terminal.js';

/** Waits for Ctrl-C or a termination signal, then closes. A second Ctrl-C ends the process at once. */
export async function serveUntilSignal(close: () => Promise<void>, terminal: Terminal): Promise<void> {
  await new Promise<void>((resolve) => {
    const stop = (): void => {
      for (const signal of SIGNALS) process.off(signal, stop);
      process.once('SIGINT', () => process.exit(130));
      resolve();
    };
    for (const signal of SIGNALS) process.on(signal, stop);
  });
  terminal.err('closing');
  await close();
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

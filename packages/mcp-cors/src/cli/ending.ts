import type { Terminal } from './terminal.js';

/**
 * From this call on, Ctrl-C and a termination signal wait for {@link closeOn} instead of ending the process. To be called
 * before anybody is told that something runs: whoever was told may end it at once. A second Ctrl-C ends the process.
 */
export function awaitSignal(): Promise<void> {
  return new Promise<void>((resolve) => {
    const stop = (): void => {
      for (const signal of SIGNALS) process.off(signal, stop);
      process.once('SIGINT', () => process.exit(130));
      resolve();
    };
    for (const signal of SIGNALS) process.on(signal, stop);
  });
}

/** Closes on the signal, and says so. */
export async function closeOn(
  signalled: Promise<void>,
  close: () => Promise<void>,
  terminal: Terminal,
): Promise<void> {
  await signalled;
  terminal.err('closing');
  await close();
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

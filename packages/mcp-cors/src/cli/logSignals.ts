/** What tools that rotate logs send: SIGHUP by custom, SIGUSR2 where that has another meaning. */
const REOPEN_SIGNALS = ['SIGHUP', 'SIGUSR2'] as const;

/** Calls a function on each signal to open logs anew, until the function that it gives is called. */
export function onReopenSignal(reopen: () => void): () => void {
  for (const signal of REOPEN_SIGNALS) process.on(signal, reopen);
  return () => {
    for (const signal of REOPEN_SIGNALS) process.off(signal, reopen);
  };
}

/** Says something to whoever runs the gateway. */
export type Tell = (message: string) => void;

/** How often the same is said. */
const REPORT_INTERVAL_MS = 60_000;

/** Makes a report of something that may happen with every request: it is told once a minute at most, with its number. */
export function createReport(tell: Tell): (message: string) => void {
  let next = 0;
  let untold = 0;
  return (message) => {
    const now = performance.now();
    if (now < next) {
      untold++;
      return;
    }
    next = now + REPORT_INTERVAL_MS;
    tell(untold === 0 ? message : `${message} (and ${untold} times before)`);
    untold = 0;
  };
}

/**
 * Calls a listener of the gateway's user so that what it throws, or rejects with, ends neither the request nor the process:
 * it is told instead.
 */
export function guardListener<Event>(
  name: string,
  listener: (event: Event) => unknown,
  tell: Tell,
): (event: Event) => void {
  const report = createReport(tell);
  const fail = (error: unknown): void => report(`${name} failed: ${messageOf(error)}`);
  return (event) => {
    try {
      const result = listener(event);
      if (result instanceof Promise) result.catch(fail);
    } catch (error) {
      fail(error);
    }
  };
}

function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    return 'it threw something that cannot be shown';
  }
}

/** Milliseconds since the epoch, finer than Date.now() and on the same scale as the server's clock. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

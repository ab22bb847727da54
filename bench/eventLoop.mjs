// Loaded into a process that is measured: tells how long its event loop was held up since it was last asked. On a busy machine
// that is mostly other processes, so the thread's own CPU time between two turns is told as well, where Linux counts it.
import { closeSync, openSync, readSync } from 'node:fs';

/** Nanoseconds for which this thread has run. */
function createThreadClock() {
  try {
    const file = openSync('/proc/thread-self/schedstat', 'r');
    process.once('exit', () => closeSync(file));
    const buffer = Buffer.alloc(64);
    return () => Number(buffer.toString('latin1', 0, readSync(file, buffer, 0, 64, 0)).split(' ', 1)[0]);
  } catch {
    return () => Number.NaN;
  }
}

const TURN_MS = 1;
const cpuNs = createThreadClock();
let longestMs = 0;
let longestCpuMs = 0;
let seen = performance.now();
let seenCpu = cpuNs();

setInterval(() => {
  const [now, cpu] = [performance.now(), cpuNs()];
  longestMs = Math.max(longestMs, now - seen - TURN_MS);
  longestCpuMs = Math.max(longestCpuMs, (cpu - seenCpu) / 1e6);
  [seen, seenCpu] = [now, cpu];
}, TURN_MS).unref();

process.on('message', () => {
  process.send({ longestMs, longestCpuMs });
  longestMs = 0;
  longestCpuMs = 0;
});
process.channel?.unref();

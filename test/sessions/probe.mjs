// Loaded into a server under test with `--import`: tells, when it is asked, what the process holds.
import process from 'node:process';

const warnings = [];
process.on('warning', ({ name }) => warnings.push(name));

process.on('message', async () => {
  // Twice, so that what finalizers let go of is collected too.
  for (let round = 0; round < 2; round++) {
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc();
  }
  process.send({
    heapBytes: process.memoryUsage().heapUsed,
    resources: process.getActiveResourcesInfo().sort(),
    listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
    warnings,
  });
});

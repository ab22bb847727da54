import fc from 'fast-check';
import { beforeEach } from 'vitest';

// For the mutation run alone. A property that does not say otherwise is tried 20 times, always with the same values, so
// that two runs agree; and a failure is not made smaller, since that there is one is all that counts.
fc.configureGlobal({ numRuns: 20, seed: 1, endOnFailure: true });

/** A million of anything takes longer in instrumented code than Stryker waits. */
const TOO_SLOW: readonly string[] = ['holds a million origins'];

beforeEach(({ task, skip }) => {
  if (TOO_SLOW.includes(task.name)) skip('too slow in instrumented code');
});

import fc from 'fast-check';
import { beforeEach } from 'vitest';

// For the mutation run alone. A property that does not say otherwise is tried 20 times, always with the same values, so
// that two runs agree; and a failure is not made smaller, since that there is one is all that counts.
fc.configureGlobal({ numRuns: 20, seed: 1, endOnFailure: true });

/**
 * Tests that take seconds in instrumented code, a million origins longer than Stryker waits. What runs away in one of
 * many mutants would be waited for in proportion.
 */
const TOO_SLOW: readonly string[] = [
  'holds a million origins',
  'on every expression of the grammar',
  'on origins',
  'binds every origin that it admits to one of its domains',
];

beforeEach(({ task, skip }) => {
  if (TOO_SLOW.includes(task.name)) skip('too slow in instrumented code');
});

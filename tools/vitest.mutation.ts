import { defineConfig } from 'vitest/config';

// The tests that mutants of the policy are shown to: those beside it, but for the laws, which take megabytes and a
// whole policy for each and would make every mutant slow. What is left out can only let more mutants live.
export default defineConfig({
  test: {
    include: ['packages/mcp-cors/src/policy/**/*.test.ts'],
    exclude: ['**/laws.test.ts'],
    setupFiles: ['tools/fewerRuns.ts'],
    testTimeout: 30_000,
  },
});

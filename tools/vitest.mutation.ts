import { defineConfig } from 'vitest/config';

// The tests that mutants of the policy are shown to: those beside it. Properties are tried fewer times than usual, so
// that thousands of mutants are done within the hour; that can only let more of them live.
export default defineConfig({
  test: {
    include: ['packages/mcp-cors/src/policy/**/*.test.ts'],
    setupFiles: ['tools/fewerRuns.ts'],
    testTimeout: 20_000,
  },
});

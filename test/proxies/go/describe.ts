import { describe, test } from 'vitest';
import { missingGo, runGo } from './toolchain.js';

/**
 * Tests that need a toolchain. Where there is none they are left out, as one test that says so; tools/test.mjs expects it
 * by its name and prints why.
 */
export function describeGo(title: string, tests: () => void): void {
  const missing = missingGo();
  if (missing !== undefined) {
    test.skip(`${title}: left out where there is no Go 1.22 or later`);
    process.stdout.write(`${title}: left out, since ${missing}\n`);
    return;
  }
  // On a fresh machine this takes longer than a test may.
  runGo('/', ['go', 'build', 'net/http/httputil', 'encoding/json']);
  describe(title, tests);
}

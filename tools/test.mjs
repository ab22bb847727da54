// npm test: everything. Provisions what is missing, builds, checks, and runs every test; says at the end what was run.
// A test that was skipped without being expected to is a failure, and so is a project in which no test ran.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { provision } from './provision.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Tests that may be skipped, by full name, and why. */
const EXPECTED_SKIPS = new Map(
  ['go', "Go's decisions", "Go's source", 'a Go application'].map((title) => [
    `${title}: left out where there is no Go 1.22 or later`,
    'there is none on this machine, and Debian has no package of it',
  ]),
);

const PUBLISHED = ['packages/mcp-cors', 'packages/gateway', 'packages/demo'];

const outcomes = [];

function step(title, action) {
  console.log(`\n== ${title}`);
  const started = Date.now();
  const fault = action();
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  outcomes.push({ title, fault, seconds });
  if (fault !== undefined) console.error(`FAILED: ${title}: ${fault}`);
  return fault === undefined;
}

function run(command, args, cwd = ROOT) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: 'inherit' });
  if (error !== undefined) return error.message;
  return status === 0 ? undefined : `${command} ${args.join(' ')} ended with ${status}`;
}

/** The newest Node with long-term support; the others run on the one that npm runs on. */
const LATER_NODE = 24;

/** Vitest on another Node, which comes as a package. */
function nodeCommand(version) {
  return ['npx', '--yes', '-p', `node@${version}`, 'node', join(ROOT, 'node_modules/vitest/vitest.mjs')];
}

const counts = { passed: 0, failed: 0, skipped: 0 };

/** Runs Vitest, with a Node of its own where one is named, and adds what it ran to the counts. */
function runTests(command = ['npx', 'vitest'], options = []) {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-cors-test-'));
  const report = join(folder, 'report.json');
  try {
    const [program, ...args] = command;
    const fault = run(program, [
      ...args,
      'run',
      ...options,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ]);
    const { testResults } = JSON.parse(readFileSync(report, 'utf8'));
    const tests = testResults.flatMap((file) => file.assertionResults);
    counts.passed += tests.filter(({ status }) => status === 'passed').length;
    counts.failed += tests.filter(({ status }) => status === 'failed').length;
    const skipped = tests.filter(({ status }) => status !== 'passed' && status !== 'failed');
    counts.skipped += skipped.length;
    const unexpected = skipped.filter(({ fullName }) => !EXPECTED_SKIPS.has(fullName));
    for (const { fullName } of skipped)
      console.log(`skipped: ${fullName}: ${EXPECTED_SKIPS.get(fullName) ?? 'NOT EXPECTED'}`);
    if (fault !== undefined) return fault;
    if (tests.length === 0) return 'no test ran';
    return unexpected.length > 0 ? `${unexpected.length} tests were skipped unexpectedly` : undefined;
  } catch (error) {
    return `the tests left no report: ${error.message}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const ready = step('provision', () => provision().join('; ') || undefined);
const built = step('build', () => run('npm', ['run', '--silent', 'build']));
step('lint', () => run('npx', ['biome', 'check', '.']));
step('types of the tests', () => run('npx', ['tsc', '-b', 'test']));
if (built) {
  for (const folder of PUBLISHED) {
    step(
      `package ${folder}`,
      () =>
        run('npx', ['publint', '--strict', folder]) ??
        run('npx', ['attw', '--pack', folder, '--profile', 'esm-only']),
    );
  }
}
if (built) {
  step('targets, and the vectors that each passes on its real server', () =>
    run('node', ['tools/proxiesTable.mjs', '--check']),
  );
}
if (ready && built) {
  step('tests', () => runTests());
  step(`the adapters on Node ${LATER_NODE}`, () =>
    runTests(nodeCommand(LATER_NODE), ['--project', 'carriers']),
  );
}

console.log('\n== what was run');
for (const { title, fault, seconds } of outcomes) {
  console.log(`${fault === undefined ? 'ok    ' : 'FAILED'} ${title} (${seconds} s)`);
}
const failedSteps = outcomes.filter(({ fault }) => fault !== undefined).length;
const failed = counts.failed + (counts.failed === 0 ? failedSteps : 0);
console.log(`${counts.passed} passed, ${failed} failed, ${counts.skipped} skipped`);
process.exitCode = failedSteps === 0 ? 0 : 1;

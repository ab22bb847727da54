// Fuzzes the policy for longer than the tests do: node tools/fuzz.mjs [SECONDS] [SEED]
import { spawnSync } from 'node:child_process';
import process from 'node:process';

const [seconds = '600', seed] = process.argv.slice(2);
if (!/^[0-9]+$/.test(seconds) || (seed !== undefined && !/^-?[0-9]+$/.test(seed))) {
  console.error('error: SECONDS and SEED are whole numbers\nhint: npm run fuzz -- 600 42');
  process.exit(2);
}
const environment = {
  ...process.env,
  FUZZ_SECONDS: seconds,
  ...(seed === undefined ? {} : { FUZZ_SEED: seed }),
};
const { status } = spawnSync('npx', ['vitest', 'run', '--project', 'fuzz'], {
  env: environment,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;

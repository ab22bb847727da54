// Compares the browser model with a real Chromium on generated cases:
// node tools/differential.mjs [--seed N] [--cases N] [--first N]
import { mkdirSync, rmSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

function readOptions() {
  const text = { type: 'string' };
  try {
    const { values } = parseArgs({ options: { seed: text, cases: text, first: text } });
    const { seed = '1', cases = '1000', first = '0' } = values;
    if (![seed, cases, first].every((value) => /^[0-9]{1,9}$/.test(value)) || cases === '0') {
      throw new Error('--seed, --cases and --first are whole numbers');
    }
    return { seed: Number(seed), cases: Number(cases), first: Number(first) };
  } catch (error) {
    console.error(`error: ${error.message}`);
    console.error('hint: node tools/differential.mjs --seed 42 --cases 2000');
    process.exit(2);
  }
}

const options = readOptions();
// The model's source, not the build, so that what was changed last is what is compared.
const folder = fileURLToPath(new URL('../node_modules/.cache/differential', import.meta.url));
const outfile = `${folder}/${process.pid}.mjs`;
mkdirSync(folder, { recursive: true });
await build({
  entryPoints: [`${ROOT}test/browser/model/main.ts`],
  bundle: true,
  platform: 'node',
  format: 'esm',
  external: ['playwright-core', 'tldts'],
  alias: { 'mcp-cors/browser': `${ROOT}packages/mcp-cors/src/browser/index.ts` },
  outfile,
  logLevel: 'warning',
});
try {
  const { runFromCommandLine } = await import(pathToFileURL(outfile).href);
  const agreed = await runFromCommandLine({
    ...options,
    print: (line) => console.log(line),
    onProgress: ({ cases, unknown }) =>
      console.error(`${cases} of ${options.cases}, ${unknown.length} unexplained`),
  });
  process.exitCode = agreed ? 0 : 1;
} finally {
  rmSync(outfile, { force: true });
}

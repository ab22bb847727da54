import { startJudge } from './judge.js';
import { describeDisagreement, generateCases, runDifferential, summarise, type Tally } from './run.js';

export interface DifferentialOptions {
  readonly seed: number;
  readonly cases: number;
  readonly first: number;
  readonly print: (line: string) => void;
  readonly onProgress: (tally: Tally) => void;
}

/** Runs the differential test and prints what it found; whether nothing is unexplained. */
export async function runFromCommandLine(options: DifferentialOptions): Promise<boolean> {
  const { seed, cases, first, print, onProgress } = options;
  const judge = await startJudge();
  try {
    print(`Chromium ${judge.version}, seed ${seed}, cases ${first} to ${first + cases - 1}`);
    const tally = await runDifferential(judge, generateCases(seed, cases, first), onProgress);
    for (const found of tally.unknown) {
      print(describeDisagreement(found));
      print(`  again:    node tools/differential.mjs --seed ${seed} --first ${found.case.id} --cases 1\n`);
    }
    for (const line of summarise(tally)) print(line);
    return tally.unknown.length === 0;
  } finally {
    await judge.close();
  }
}

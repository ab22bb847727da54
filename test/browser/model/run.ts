import type { Case } from './case.js';
import { explainDifference } from './differences.js';
import { generateCase } from './generate.js';
import type { Judge } from './judge.js';
import { ASPECTS, type Aspect, compare, type Disagreement, errorOf } from './referee.js';

/** What a run found. */
export interface Tally {
  readonly cases: number;
  readonly calls: number;
  /** Calls whose page got no response. */
  readonly blocked: number;
  /** How often Chromium gave each reason. */
  readonly errors: ReadonlyMap<string, number>;
  /** What nothing explains. */
  readonly unknown: readonly Disagreement[];
  /** How often each known difference was met, by its id. */
  readonly known: ReadonlyMap<string, number>;
}

/** Cases that are played in one page. */
const BATCH = 100;

/** Plays cases in both, and tells after each batch how far it is. */
export async function runDifferential(
  judge: Judge,
  cases: readonly Case[],
  onProgress: (tally: Tally) => void = () => {},
): Promise<Tally> {
  const known = new Map<string, number>();
  const errors = new Map<string, number>();
  const unknown: Disagreement[] = [];
  const counts = { cases: 0, calls: 0, blocked: 0 };
  for (let start = 0; start < cases.length; start += BATCH) {
    const batch = cases.slice(start, start + BATCH);
    const judged = await judge.judge(batch);
    for (const [index, one] of batch.entries()) {
      for (const found of await compare(one, judge.origins, judged[index] ?? [])) {
        const { id } = explainDifference(found) ?? {};
        if (id === undefined) unknown.push(found);
        else known.set(id, (known.get(id) ?? 0) + 1);
      }
    }
    const calls = judged.flat();
    counts.cases += batch.length;
    counts.calls += calls.length;
    for (const judgement of calls.filter(({ response }) => response === undefined)) {
      counts.blocked++;
      const error = errorOf(judgement);
      errors.set(error, (errors.get(error) ?? 0) + 1);
    }
    onProgress({ ...counts, errors, unknown, known });
  }
  return { ...counts, errors, unknown, known };
}

/** The cases of a seed, from one on. */
export function generateCases(seed: number, count: number, first = 0): Case[] {
  return Array.from({ length: count }, (_, index) => generateCase(seed, first + index));
}

/** How many calls disagree in an aspect, known differences aside. */
export function countUnknown({ unknown }: Tally, aspect: Aspect): number {
  return new Set(
    unknown.filter((found) => found.aspect === aspect).map(({ case: { id }, call }) => `${id}/${call}`),
  ).size;
}

/** A disagreement with all that it takes to understand it. */
export function describeDisagreement({
  case: one,
  call,
  aspect,
  chromium,
  model,
  judgement,
}: Disagreement): string {
  return [
    `case ${one.id}, call ${call}: ${aspect}`,
    `  chromium: ${JSON.stringify(chromium)}`,
    `  model:    ${JSON.stringify(model)}`,
    `  page:     ${one.page}`,
    ...one.calls.slice(0, call + 1).map((each) => `  call:     ${JSON.stringify(each)}`),
    ...one.hops.map((hop, index) => `  hop ${index}:    ${JSON.stringify(hop)}`),
    `  reported: ${JSON.stringify({ ...judgement, seen: judgement.seen.length })}`,
  ].join('\n');
}

/** Lines that say how well both agree. */
export function summarise(tally: Tally): string[] {
  const share = (aspect: Aspect): string => {
    const of =
      aspect === 'response' ? tally.calls - tally.blocked : aspect === 'error' ? tally.blocked : tally.calls;
    const wrong = countUnknown(tally, aspect);
    return `${aspect.padEnd(9)} ${(of === 0 ? 100 : 100 * (1 - wrong / of)).toFixed(3)} %  (${wrong} of ${of})`;
  };
  return [
    `${tally.cases} cases, ${tally.calls} fetches, ${tally.blocked} of them blocked; agreement, known differences aside:`,
    ...ASPECTS.map((aspect) => `  ${share(aspect)}`),
    `  reasons met: ${[...tally.errors]
      .map(([error, count]) => `${error} ${count}`)
      .sort()
      .join(', ')}`,
    ...[...tally.known].map(([id, count]) => `  known difference ${id}: ${count}`),
  ];
}

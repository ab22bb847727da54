import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, type Case, hopPath } from './model/case.js';
import { KNOWN_DIFFERENCES } from './model/differences.js';
import { type Judge, startJudge } from './model/judge.js';
import { ASPECTS } from './model/referee.js';
import { describeDisagreement, generateCases, runDifferential, type Tally } from './model/run.js';

/** Another seed finds other cases: tools/differential.mjs runs any number of them. */
const SEED = 20_261_123;
const CASES = 400;

let judge: Judge;
beforeAll(async () => {
  judge = await startJudge();
});
afterAll(() => judge.close());

describe(`${CASES} generated cases in Chromium and in the model`, () => {
  let tally: Tally;
  beforeAll(async () => {
    tally = await runDifferential(judge, generateCases(SEED, CASES));
  }, 300_000);

  test.each(ASPECTS)('agree in every call, known differences aside: %s', (aspect) => {
    expect(tally.unknown.filter((found) => found.aspect === aspect).map(describeDisagreement)).toEqual([]);
  });

  test('are of use: many pass, many are blocked, and many are asked more than once', () => {
    expect(tally.cases).toBe(CASES);
    expect(tally.blocked).toBeGreaterThan(CASES / 2);
    expect(tally.calls - tally.blocked).toBeGreaterThan(CASES / 5);
    expect(tally.calls).toBeGreaterThan(1.3 * CASES);
    expect(tally.errors.size).toBeGreaterThan(25);
  });
});

describe('the preflight cache on a real clock', () => {
  const PASS: Answer['headers'] = [
    ['Access-Control-Allow-Origin', '{origin}'],
    ['Access-Control-Allow-Methods', 'PUT'],
  ];
  const MAX_AGES = [
    [],
    ['0'],
    ['2'],
    ['600'],
    ['-1'],
    ['x'],
    ['+600'],
    ['060'],
    ['99999999999999999999'],
  ] as const;
  const cases = MAX_AGES.map((values, id): Case => {
    const call = { url: `{a}${hopPath(id, 0)}`, init: { method: 'PUT' } };
    const maxAge = values.map((value) => ['Access-Control-Max-Age', value] as const);
    return {
      id,
      page: 'page',
      calls: [call, call, { ...call, waitMs: 3000 }, { ...call, waitMs: 3500 }],
      hops: [
        {
          preflights: [{ status: 204, headers: [...PASS, ...maxAge] }],
          actuals: [{ status: 200, headers: PASS }],
        },
      ],
    };
  });

  test('ends when the model says', async () => {
    const { unknown } = await runDifferential(judge, cases);
    expect(unknown.map(describeDisagreement)).toEqual([]);
  }, 120_000);
});

describe('the known differences', () => {
  const page = readFileSync(new URL('../../docs/browser.md', import.meta.url), 'utf8');

  test.each(KNOWN_DIFFERENCES)('$id is explained in docs/browser.md', ({ id, why }) => {
    expect(page).toContain(`| \`${id}\` |`);
    expect(page).toContain(why);
  });

  test('are all that docs/browser.md lists', () => {
    const listed =
      page
        .split('## Known differences')[1]
        ?.split('\n## ')[0]
        ?.match(/^\| `[a-z-]+` \|/gm) ?? [];
    expect(listed).toHaveLength(KNOWN_DIFFERENCES.length);
  });
});

import { afterAll, describe, expect, test } from 'vitest';
import type { Carrier } from './carriers.js';
import { expectLaws, expectVector } from './expectations.js';
import { loadVectors, type Vector } from './vectors.js';

/** Fewer than this, and something went wrong with the vectors or with what a carrier is shown. */
const MIN_VECTORS = 150;

/** Shows every vector to a carrier, one after the other. */
export function runVectors(carrier: Carrier): void {
  const files = loadVectors();
  const all = files.flatMap(({ vectors }) => vectors);
  const shown = all.filter((vector) => isShown(vector, carrier));
  const withheld = all.filter((vector) => !isShown(vector, carrier));
  let run = 0;
  let reached = 0;

  for (const { file, title, vectors } of files) {
    describe(`${carrier.name}: ${file}: ${title}`, () => {
      for (const vector of vectors) {
        if (!isShown(vector, carrier)) continue;
        test(vector.name, async () => {
          const answer = await carrier.answer(vector.policy, vector.request);
          run++;
          reached += answer.reached;
          if (carrier.onSocket && vector.wire !== undefined) {
            expect(answer.status, 'status of the HTTP parser').toBe(vector.wire.status);
            expect(answer.reached, 'requests that reached the application').toBe(0);
            expect(answer.lines.filter(([name]) => /^access-control-/i.test(name))).toEqual([]);
          } else {
            expectVector(vector, answer, carrier.onSocket);
            expectLaws(vector, answer, carrier.onSocket);
          }
        });
      }
    });
  }

  test(`${carrier.name}: ${shown.length} of ${all.length} vectors were run`, async ({ annotate }) => {
    for (const { file, name, why, except } of withheld) {
      await annotate(`not shown: ${file}: ${name}: ${except[carrier.name] ?? why}`);
    }
    expect(run).toBe(shown.length);
    expect(run).toBeGreaterThanOrEqual(MIN_VECTORS);
    expect(carrier.reached(), 'requests that reached an application, late ones included').toBe(reached);
  });

  afterAll(() => carrier.close());
}

function isShown(vector: Vector, carrier: Carrier): boolean {
  return (carrier.shownLike ?? [carrier.name]).every((name) => vector.only.includes(name));
}

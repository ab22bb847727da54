import { createPolicy, type StaticPolicyConfig } from 'mcp-cors';
import { limitsOf, targets } from 'mcp-cors/render';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApplication } from '../carriers/application.js';
import { type Answer, listen, reasonOf, type Served } from '../carriers/carriers.js';
import { expectLaws, expectVector } from '../carriers/expectations.js';
import { loadVectors, type Vector } from '../carriers/vectors.js';
import { exchange } from '../carriers/wire.js';
import { excuseOf, loadExcuses, vectorId } from './excuses.js';
import { type ServedSites, serveSites } from './proxies.js';

/** Fewer than this, and something went wrong with the vectors. */
const MIN_VECTORS = 1_000;

/** Whether a vector can be put on a plain wire; what only the policy can be shown cannot. */
export function isOnWire({ only }: Vector): boolean {
  return only.some((carrier) => carrier !== 'policy');
}

/**
 * Shows every vector to the real server of a target, through what was rendered from the vector's policy. A vector may be
 * excused by a limit of the target alone, and then must not pass: there are no idle excuses.
 */
export function runProxyVectors(target: string): void {
  const files = loadVectors();
  const shown = files.flatMap(({ vectors }) => vectors).filter(isOnWire);
  const policies = [...new Map(shown.map(({ policy }) => [JSON.stringify(policy), policy])).entries()];
  const siteOf = new Map(policies.map(([key], i) => [key, i]));
  const excuses = loadExcuses(target);
  const application = createApplication();
  let upstream: Served;
  let served: ServedSites;
  let run = 0;

  beforeAll(async () => {
    upstream = await listen(application.listener);
    const sites = policies.map(([, policy]) => ({ policy, upstream: `http://127.0.0.1:${upstream.port}` }));
    served = await serveSites(target, sites);
  });
  afterAll(async () => {
    await served?.started.stop();
    await upstream?.close();
  });

  const answer = async ({ policy, request: { method, target: path, headers } }: Vector): Promise<Answer> => {
    const before = application.reached();
    const port = served.portOf(siteOf.get(JSON.stringify(policy)) as number);
    const response = await exchange(port, method, path, headers);
    return {
      ...response,
      reached: application.reached() - before,
      reason: reasonOf(response.body),
      wouldDeny: undefined,
    };
  };
  const hold = async (vector: Vector): Promise<void> => {
    const given = await answer(vector);
    if (vector.wire !== undefined) {
      expectUnread(given);
      return;
    }
    expectVector(vector, given, true);
    expectLaws(vector, given, true);
  };

  for (const { file, title, vectors } of files) {
    const here = vectors.filter(isOnWire);
    if (here.length === 0) continue;
    describe(`${target}: ${file}: ${title}`, () => {
      for (const vector of here) {
        const limit = excuseOf(excuses, vector);
        if (limit === undefined) {
          test(vector.name, async () => {
            await hold(vector);
            run++;
          });
        } else {
          test(`excused by ${limit}: ${vector.name}`, async () => {
            await expectExcused(target, limit, vector.policy, () => hold(vector));
            run++;
          });
        }
      }
    });
  }

  test(`${target}: ${shown.length} vectors were shown`, () => {
    expect(run).toBe(shown.length);
    expect(run).toBeGreaterThanOrEqual(MIN_VECTORS);
  });

  test(`${target}: every excuse names a limit of the target, and vectors that there are, each once`, () => {
    const limits =
      targets()
        .find(({ name }) => name === target)
        ?.limits.map(({ id }) => id) ?? [];
    expect(limits).toEqual(expect.arrayContaining(Object.keys(excuses)));
    const excused = Object.values(excuses).flat();
    expect(shown.map(vectorId)).toEqual(expect.arrayContaining(excused));
    expect(new Set(excused).size).toBe(excused.length);
  });
}

/** What an HTTP parser refuses: each has words of its own for that, and none lets it through. */
function expectUnread(answer: Answer): void {
  expect(answer.status, 'status of the HTTP parser').toBeGreaterThanOrEqual(400);
  expect(answer.status, 'status of the HTTP parser').toBeLessThan(500);
  expect(answer.reached, 'requests that reached the application').toBe(0);
  expect(answer.lines.filter(([name]) => /^access-control-/i.test(name))).toEqual([]);
}

/** An excuse holds when its limit concerns the policy and the vector indeed does not pass. */
async function expectExcused(
  target: string,
  limit: string,
  policy: StaticPolicyConfig,
  hold: () => Promise<void>,
): Promise<void> {
  const concerned = limitsOf(target, createPolicy(policy)).map(({ id }) => id);
  expect(concerned, 'limits that concern the policy').toContain(limit);
  const outcome = await hold().then(
    () => 'it passes: the excuse is idle',
    () => 'it does not pass',
  );
  expect(outcome).toBe('it does not pass');
}

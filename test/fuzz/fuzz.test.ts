import fc from 'fast-check';
import {
  createPolicy,
  type Decision,
  isCorsResponseHeader,
  type Policy,
  type PolicyConfig,
  PolicyConfigError,
  REASONS,
} from 'mcp-cors';
import { describe, expect, test } from 'vitest';
import { hostileConfig, hostileHead } from './hostile.js';

/** How long each target is fuzzed, in seconds; `npm run fuzz` makes it longer. */
const SECONDS = Number(process.env.FUZZ_SECONDS ?? 4);
const SEED = process.env.FUZZ_SEED;

const bounds: fc.Parameters<unknown> = {
  numRuns: Number.MAX_SAFE_INTEGER,
  interruptAfterTimeLimit: SECONDS * 1000,
  markInterruptAsFailure: false,
  ...(SEED === undefined ? {} : { seed: Number(SEED) }),
};

/** Checks a property until the time is over, and gives how often. */
function fuzz<T>(arbitrary: fc.Arbitrary<T>, predicate: (value: T) => void): number {
  let runs = 0;
  fc.assert(
    fc.property(arbitrary, (value) => {
      runs++;
      predicate(value);
    }),
    bounds as fc.Parameters<[T]>,
  );
  return runs;
}

function tryPolicy(config: unknown): Policy | undefined {
  try {
    return createPolicy(config as PolicyConfig);
  } catch (error) {
    expect(error).toBeInstanceOf(PolicyConfigError);
    const { issues } = error as PolicyConfigError;
    expect(issues.length).toBeGreaterThan(0);
    for (const { code, message, remedy } of issues)
      expect([code, message, remedy].every((text) => text.length > 0)).toBe(true);
    return undefined;
  }
}

/** What holds for every decision about every head under every policy. */
function expectLawful(decision: Decision, policy: Policy): void {
  expect(REASONS[decision.reason].outcome).toBe((decision.wouldDeny ?? decision).outcome);
  const headers = new Map(decision.headers.map(([name, value]) => [name.toLowerCase(), value]));
  expect(headers.size).toBe(decision.headers.length);
  for (const value of headers.values()) expect(/[\r\n\0]/.test(value)).toBe(false);
  const check = REASONS[decision.reason].check;
  if (decision.outcome === 'deny' && ['request-target', 'host', 'origin'].includes(check)) {
    expect([...headers.keys()].some(isCorsResponseHeader)).toBe(false);
  }
  if (headers.get('access-control-allow-origin') === '*') {
    expect(headers.has('access-control-allow-credentials')).toBe(false);
    expect(policy.settings.origins.some(({ type }) => type === 'any')).toBe(true);
  }
  if (decision.wouldDeny === undefined && !policy.settings.origins.some(({ type }) => type === 'any')) {
    expect(decision.vary.split(', ')).toContain('Origin');
  }
}

describe(`fuzzing for ${SECONDS} s each`, () => {
  test('any configuration is taken or refused with issues, and any head is decided about', {
    timeout: SECONDS * 1000 + 30_000,
  }, () => {
    let accepted = 0;
    const runs = fuzz(fc.tuple(hostileConfig, hostileHead), ([config, head]) => {
      const policy = tryPolicy(config);
      if (policy === undefined) return;
      accepted++;
      const decision = policy.decide(head);
      expect(decision).not.toBeInstanceOf(Promise);
      expectLawful(decision as Decision, policy);
      const explanation = policy.explain(head);
      expect(explanation).toMatchObject({ decision: { reason: (decision as Decision).reason } });
    });
    expect(runs).toBeGreaterThan(100);
    expect(accepted).toBeGreaterThan(10);
  });

  test('a policy in use decides about any head, and the same each time', {
    timeout: SECONDS * 1000 + 30_000,
  }, () => {
    const policies = [
      {
        origins: ['https://app.example.com', 'https://*.example.org', 'http://localhost:*'],
        hosts: ['mcp.example.com', 'localhost'],
      },
      { origins: '*' },
      { origins: 'https://app.example.com', credentials: true, debug: true, allowedHeaders: 'X-Api-Key' },
      {
        origins: '/^https:\\/\\/([a-z0-9-]+\\.)*example\\.net$/',
        reportOnly: true,
        aliases: '.svc.cluster.local',
      },
    ].map((config) => createPolicy(config));
    const runs = fuzz(hostileHead, (head) => {
      for (const policy of policies) {
        const decision = policy.decide(head);
        expectLawful(decision, policy);
        expect(policy.decide({ ...head })).toEqual(decision);
      }
    });
    expect(runs).toBeGreaterThan(100);
  });
});

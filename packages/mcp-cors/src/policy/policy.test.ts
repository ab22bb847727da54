import { describe, expect, it, test } from 'vitest';
import type { PolicyConfig } from './config.js';
import * as entry from './index.js';
import {
  createPolicy,
  type Policy,
  PolicyConfigError,
  type RequestHead,
  type StaticPolicyConfig,
  toPolicy,
} from './index.js';

const APP = 'https://app.example.com';
const FULL: StaticPolicyConfig = {
  origins: [APP, 'https://*.example.com:*', 'moz-extension://*'],
  hosts: ['mcp.example.com', '*.example.net:8443'],
  credentials: true,
  methods: ['PUT'],
  allowedHeaders: ['X-A'],
  exposedHeaders: ['X-B'],
  maxAge: 60,
  revisions: ['2025-06-18', '2026-07-28'],
  endpoints: { '/api': 'mcp', '/files/*': 'other' },
};
const HEAD: RequestHead = {
  method: 'POST',
  path: '/mcp',
  host: 'mcp.example.com',
  origin: APP,
  contentType: 'application/json',
};

/** The names of everything within a value that is not frozen; functions are left alone. */
function thawed(value: unknown, path: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = Object.isFrozen(value) ? [] : [path];
  return [...own, ...Object.entries(value).flatMap(([key, part]) => thawed(part, `${path}.${key}`))];
}

describe('createPolicy', () => {
  it('gives a policy that decides and explains', () => {
    const policy = createPolicy(FULL);
    expect(policy.decide(HEAD)).toMatchObject({ outcome: 'pass', reason: 'origin-allowed', rule: APP });
    expect(policy.explain(HEAD)).toMatchObject({ verdict: 'allowed', reason: 'origin-allowed' });
    expect(policy.settings).toMatchObject({ credentials: true, methods: ['PUT'], maxAgeSeconds: 60 });
  });

  it('throws every issue at once', () => {
    const config = { origins: ['null', `${APP}/`], maxAge: -5, colour: 'red' } as unknown as PolicyConfig;
    let error: unknown;
    try {
      createPolicy(config);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(PolicyConfigError);
    expect((error as PolicyConfigError).code).toBe('ERR_POLICY_CONFIG');
    expect((error as PolicyConfigError).issues.map(({ code, path }) => `${path} ${code}`).toSorted()).toEqual(
      [
        'colour unknown-key',
        'maxAge max-age-out-of-range',
        'origins[0] origin-null',
        'origins[1] origin-has-path',
      ],
    );
  });

  test.each([undefined, null, APP, [APP], 1, true, () => APP])('refuses %j as a configuration', (config) => {
    expect(() => createPolicy(config as unknown as PolicyConfig)).toThrow(PolicyConfigError);
  });

  it('is frozen to its last value', () => {
    expect(thawed(createPolicy(FULL), 'policy')).toEqual([]);
    expect(thawed(createPolicy({ origins: APP }), 'policy')).toEqual([]);
  });

  it('cannot be changed through the configuration that made it', () => {
    const config = {
      origins: [APP],
      hosts: ['mcp.example.com'],
      endpoints: { '/a': 'mcp' },
    } satisfies StaticPolicyConfig;
    const { decide } = createPolicy(config);
    config.origins.push('https://evil.example');
    config.hosts.push('evil.example');
    expect(decide({ ...HEAD, origin: 'https://evil.example' }).reason).toBe('origin-not-allowed');
    expect(decide({ ...HEAD, host: 'evil.example' }).reason).toBe('host-not-allowed');
  });

  it('works when its functions are taken from it', () => {
    const { decide, explain } = createPolicy({ ...FULL, reportOnly: true });
    expect(decide(HEAD).outcome).toBe('pass');
    expect(explain(HEAD).verdict).toBe('allowed');
  });

  it('keeps two policies apart', () => {
    const one = createPolicy({ origins: APP, hosts: 'mcp.example.com' });
    const other = createPolicy({ origins: 'https://b.example', hosts: 'mcp.example.com' });
    expect(one.decide(HEAD).reason).toBe('origin-allowed');
    expect(other.decide(HEAD).reason).toBe('origin-not-allowed');
    expect(one.decide(HEAD).reason).toBe('origin-allowed');
  });
});

describe('report-only mode', () => {
  const policy = createPolicy({ origins: APP, hosts: 'mcp.example.com', reportOnly: true });

  it('remembers the denial that it does not enforce', () => {
    const decision = policy.decide({ ...HEAD, origin: 'https://evil.example' });
    expect(decision).toMatchObject({
      outcome: 'pass',
      reason: 'origin-not-allowed',
      status: undefined,
      headers: [],
      vary: '',
      body: undefined,
    });
    expect(decision.wouldDeny).toMatchObject({ outcome: 'deny', reason: 'origin-not-allowed', status: 403 });
    expect(thawed(decision, 'decision')).toEqual([]);
  });

  it('explains the denial', () => {
    const { verdict, remedy } = policy.explain({ ...HEAD, host: 'evil.example' });
    expect(verdict).toBe('refused');
    expect(remedy).toContain('evil.example');
  });
});

describe('toPolicy', () => {
  it('takes a policy as it is', () => {
    const policy = createPolicy({ origins: APP });
    expect(toPolicy(policy)).toBe(policy);
  });

  it('makes a policy from a configuration', () => {
    expect(toPolicy({ origins: APP }).settings.origins).toHaveLength(1);
    expect(() => toPolicy({} as PolicyConfig)).toThrow(PolicyConfigError);
  });

  test.each([undefined, null, APP, 1])('says what is wrong with %j as createPolicy does', (value) => {
    expect(() => toPolicy(value as unknown as Policy)).toThrow(PolicyConfigError);
  });
});

describe('the public entry point', () => {
  test('has what the documentation names', () => {
    expect(entry.createPolicy).toBeTypeOf('function');
    expect(entry.PolicyConfigError).toBeTypeOf('function');
    expect(entry.toPolicy).toBeTypeOf('function');
  });

  test.each(
    Object.entries(entry).filter(([, value]) => typeof value === 'object' && !(value instanceof Set)),
  )('nobody can change its table %s', (name, value) => {
    expect(thawed(value, name)).toEqual([]);
  });
});

import { describe, expect, it, test } from 'vitest';
import type { PolicyConfig } from './config.js';
import * as entry from './index.js';
import {
  createDirectory,
  createLivePolicy,
  createPolicy,
  createPolicyGradually,
  createSnapshot,
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
  const reporting = () => createPolicy({ origins: APP, hosts: 'mcp.example.com', reportOnly: true });

  it('remembers the denial that it does not enforce', () => {
    const decision = reporting().decide({ ...HEAD, origin: 'https://evil.example' });
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
    const { verdict, remedy } = reporting().explain({ ...HEAD, host: 'evil.example' });
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

describe('with', () => {
  it('keeps everything but what it changes', () => {
    const policy = createPolicy(FULL);
    const other = policy.with({ maxAge: 5 });
    expect(other.settings).toEqual({ ...policy.settings, maxAgeSeconds: 5 });
    expect(other).not.toBe(policy);
    expect(Object.isFrozen(other)).toBe(true);
  });

  it('replaces what it changes whole', () => {
    const other = createPolicy(FULL).with({ origins: 'https://b.example', methods: [] });
    expect(other.decide(HEAD)).toMatchObject({ reason: 'origin-not-allowed' });
    expect(other.decide({ ...HEAD, origin: 'https://b.example' })).toMatchObject({ outcome: 'pass' });
    expect(other.settings.methods).toEqual([]);
  });

  it('leaves the policy that it was called on alone', () => {
    const policy = createPolicy(FULL);
    const before = JSON.stringify(policy.settings);
    policy.with({ origins: '*', credentials: false, hosts: 'evil.example' });
    expect(JSON.stringify(policy.settings)).toBe(before);
    expect(policy.decide(HEAD)).toMatchObject({ outcome: 'pass' });
    expect(policy.decide({ ...HEAD, origin: 'https://evil.example' }).outcome).toBe('deny');
  });

  it('goes back to a default where the change says undefined', () => {
    expect(createPolicy(FULL).with({ hosts: undefined, maxAge: undefined }).settings).toMatchObject({
      hosts: undefined,
      maxAgeSeconds: 7200,
    });
  });

  it('refuses what createPolicy refuses, the whole taken together', () => {
    expect(() => createPolicy(FULL).with({ maxAge: -5 })).toThrow(PolicyConfigError);
    expect(() => createPolicy(FULL).with({ origins: '*' })).toThrow(/credentials/);
    expect(() => createPolicy(FULL).with({ colour: 'red' } as Partial<PolicyConfig>)).toThrow(
      PolicyConfigError,
    );
  });

  it('keeps directories', async () => {
    const policy: Policy = createPolicy({
      origins: [APP, createSnapshot(['https://b.example'])],
      hosts: HEAD.host as string,
    });
    const other = policy.with({ debug: true });
    expect(await other.decide({ ...HEAD, origin: 'https://b.example' })).toMatchObject({ outcome: 'pass' });
    expect(await other.decide({ ...HEAD, origin: 'https://c.example' })).toMatchObject({ outcome: 'deny' });
  });

  it('can be chained', () => {
    const other = createPolicy({ origins: APP })
      .with({ hosts: 'a.example' })
      .with({ debug: true })
      .with({ maxAge: 1 });
    expect(other.settings).toMatchObject({ hosts: [{ host: 'a.example' }], debug: true, maxAgeSeconds: 1 });
  });
});

describe('toConfig', () => {
  it('leaves out directories, and hosts that were not named', () => {
    const written = createPolicy({ origins: [APP, createSnapshot()] }).toConfig();
    expect(written.origins).toEqual([APP]);
    expect(written).not.toHaveProperty('hosts');
  });

  it('compiles to the same settings', () => {
    const policy = createPolicy(FULL);
    expect(createPolicy(policy.toConfig()).settings).toEqual(policy.settings);
  });
});

describe('createLivePolicy', () => {
  const EVIL = 'https://evil.example';
  const other: PolicyConfig = { origins: 'https://b.example', hosts: HEAD.host as string };

  it('decides, explains and tells as the policy that it was given last', () => {
    const live = createLivePolicy(FULL);
    const { decide, explain, toConfig } = live; // as carriers keep them
    expect(decide(HEAD)).toMatchObject({ outcome: 'pass' });
    live.replace(other);
    expect(decide(HEAD)).toMatchObject({ outcome: 'deny', reason: 'origin-not-allowed' });
    expect(decide({ ...HEAD, origin: 'https://b.example' })).toMatchObject({ outcome: 'pass' });
    expect(explain(HEAD)).toMatchObject({ verdict: 'refused' });
    expect(toConfig().origins).toEqual(['https://b.example']);
    expect(live.settings).toEqual(createPolicy(other).settings);
    expect(live.with({ debug: true }).settings).toEqual({ ...createPolicy(other).settings, debug: true });
  });

  it('takes policies as they are', () => {
    const policy = createPolicy(FULL);
    const live = createLivePolicy(createPolicy(other));
    live.replace(policy);
    expect(live.settings).toBe(policy.settings);
  });

  it('keeps its policy when the next one is not valid', () => {
    const live = createLivePolicy(FULL);
    const before = live.settings;
    for (const bad of [{ origins: [] }, { ...FULL, maxAge: -7 }, undefined, { ...FULL, origins: '*' }]) {
      expect(() => live.replace(bad as unknown as PolicyConfig)).toThrow(PolicyConfigError);
      expect(live.settings).toBe(before);
      expect(live.decide(HEAD)).toMatchObject({ outcome: 'pass' });
    }
    expect(() => createLivePolicy({ origins: [] })).toThrow(PolicyConfigError);
  });

  it('is never half one policy and half another', () => {
    const live = createLivePolicy({ origins: APP, hosts: 'a.example' });
    const seen = new Set<string>();
    for (let i = 0; i < 100; i++) {
      live.replace(
        i % 2 === 0 ? { origins: EVIL, hosts: 'b.example' } : { origins: APP, hosts: 'a.example' },
      );
      const { origins, hosts } = live.settings;
      seen.add(`${origins[0]?.text} ${hosts?.[0]?.text}`);
    }
    expect([...seen].toSorted()).toEqual([`${APP} a.example`, `${EVIL} b.example`]);
  });

  it('lets a decision under way end with the policy that it began with', async () => {
    let answer: (named: boolean) => void = () => {};
    const directory = createDirectory({ lookup: () => new Promise((resolve) => (answer = resolve)) });
    const live = createLivePolicy({
      origins: directory,
      hosts: HEAD.host as string,
      exposedHeaders: 'X-First',
    });
    const waiting = live.decide({ ...HEAD, origin: EVIL });
    expect(waiting).toBeInstanceOf(Promise);
    live.replace({ ...other, exposedHeaders: 'X-Second' });
    expect(live.decide({ ...HEAD, origin: EVIL })).toMatchObject({ outcome: 'deny' });
    answer(true);
    const decision = await waiting;
    expect(decision.outcome).toBe('pass');
    expect(Object.fromEntries(decision.headers)['access-control-expose-headers']).toContain('X-First');
  });

  it('is what a carrier takes for a policy', () => {
    const live = createLivePolicy(FULL);
    expect(toPolicy(live)).toBe(live);
    expect(Object.isFrozen(live)).toBe(true);
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

test('what is changed later in the object that made a policy is in no policy made from it', () => {
  const config = { origins: ['https://app.example.com'], hosts: 'mcp.example.com' };
  const policy = createPolicy(config);
  config.origins.push('https://evil.example');
  const changed = policy.with({ debug: true });
  const head = { method: 'GET', path: '/mcp', host: 'mcp.example.com', origin: 'https://evil.example' };
  expect(changed.decide(head)).toMatchObject({ outcome: 'deny', reason: 'origin-not-allowed' });
  expect(changed.settings).toMatchObject({ debug: true, hosts: [{ host: 'mcp.example.com' }] });
});

describe('createPolicyGradually', () => {
  const origins = Array.from({ length: 1_000 }, (_, i) => `https://app${i}.example.com`);
  const turn = () => new Promise<void>((resolve) => setTimeout(resolve));

  test('gives the policy that createPolicy gives, whether there are pauses or not', async () => {
    const config = { origins: [...origins, 'https://*.example.org', /^https:\/\/a\.example\.net$/] };
    const policies = await Promise.all([
      createPolicyGradually(config, turn),
      createPolicyGradually(config, () => undefined),
    ]);
    for (const policy of policies) {
      expect(policy.toConfig()).toEqual(createPolicy(config).toConfig());
      expect(Object.isFrozen(policy.settings) && Object.isFrozen(policy.settings.origins[0])).toBe(true);
      for (const origin of ['https://app999.example.com', 'https://x.example.org', 'https://evil.example']) {
        const head = { method: 'GET', path: '/mcp', host: 'localhost', origin };
        expect(policy.decide(head)).toEqual(createPolicy(config).decide(head));
      }
    }
  });

  test('pauses more often the more origins there are', async () => {
    const pausesFor = async (count: number) => {
      let pauses = 0;
      await createPolicyGradually({ origins: origins.slice(0, count) }, () => void pauses++);
      return pauses;
    };
    expect(await pausesFor(1)).toBe(0);
    expect(await pausesFor(1_000)).toBeGreaterThanOrEqual(10);
  });

  test('rejects with every issue', async () => {
    const config = { origins: ['x', ...origins, 'y'], maxAge: -5 };
    await expect(createPolicyGradually(config, turn)).rejects.toMatchObject({
      code: 'ERR_POLICY_CONFIG',
      issues: [{ path: 'origins[0]' }, { path: 'origins[1001]' }, { path: 'maxAge' }],
    });
  });
});

import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { createCanonicaliser, type HostAlias, parseHostAlias } from './alias.js';
import { createPolicy, type StaticPolicyConfig } from './policy.js';

const CLUSTER = '.svc.cluster.local';
const NAMES = ['web.team.svc.cluster.local', 'web.team.svc', 'web.team'];

function aliasesOf(...texts: string[]): HostAlias[] {
  return texts.map((text) => {
    const alias = parseHostAlias(text);
    if (alias === undefined) throw new Error(`${text} is no alias`);
    return alias;
  });
}

describe('parseHostAlias', () => {
  test.each<[string, string[], number]>([
    ['.corp.example.com', ['.corp.example.com'], 1],
    ['.internal', ['.internal'], 1],
    [CLUSTER, [CLUSTER, '.svc'], 2],
    ['.svc.other.example', ['.svc.other.example', '.svc'], 2],
    ['.svc', ['.svc'], 1],
    ['.svcs.example', ['.svcs.example'], 1],
    [`.${'a'.repeat(63)}`, [`.${'a'.repeat(63)}`], 1],
  ])('%s', (text, endings, leastLabels) => {
    expect(parseHostAlias(text)).toEqual({ text, endings, leastLabels });
  });

  test.each([
    '',
    '.',
    '..',
    'svc.cluster.local',
    '..svc.cluster.local',
    '.svc..local',
    '.svc.cluster.local.',
    '.SVC.cluster.local',
    '*.svc.cluster.local',
    '.a b',
    '.a:80',
    '.bücher.example',
    '.[::1]',
    `.${'a'.repeat(64)}`,
    `.aaa${'.a'.repeat(125)}`,
  ])('%j is none', (text) => {
    expect(parseHostAlias(text)).toBeUndefined();
  });

  it('takes the longest that a host can have', () => {
    expect(parseHostAlias(`.aa${'.a'.repeat(125)}`)).toBeDefined();
  });
});

describe('createCanonicaliser', () => {
  test.each<[aliases: string[], host: string, form: string]>([
    [[CLUSTER], 'web.team.svc.cluster.local', 'web.team'],
    [[CLUSTER], 'web.team.svc', 'web.team'],
    [[CLUSTER], 'web.team', 'web.team'],
    [[CLUSTER], 'a.b.web.team.svc', 'a.b.web.team'],
    [[CLUSTER], 'web.svc.cluster.local', 'web.svc.cluster.local'],
    [[CLUSTER], 'web.svc', 'web.svc'],
    [[CLUSTER], 'svc.cluster.local', 'svc.cluster.local'],
    [[CLUSTER], '.svc.cluster.local', '.svc.cluster.local'],
    [[CLUSTER], 'web.team.svc.cluster.local.', 'web.team.svc.cluster.local.'],
    [[CLUSTER], 'web.teamsvc.cluster.local', 'web.teamsvc.cluster.local'],
    [[CLUSTER], 'web.team.svc.cluster.local.evil.example', 'web.team.svc.cluster.local.evil.example'],
    [[CLUSTER], 'web.team.svc.cluster.local.svc.cluster.local', 'web.team.svc.cluster.local'],
    [[CLUSTER], 'web..team.svc', 'web..team.svc'],
    [[CLUSTER], 'WEB.team.svc', 'WEB.team.svc'],
    [['.corp.example.com'], 'wiki.corp.example.com', 'wiki'],
    [['.corp.example.com'], 'corp.example.com', 'corp.example.com'],
    [['.corp.example.com'], 'wiki.example.com', 'wiki.example.com'],
    [['.a.example', '.b.a.example'], 'x.b.a.example', 'x'],
    [['.b.a.example', '.a.example'], 'x.b.a.example', 'x'],
    [['.a.example', '.b.a.example'], 'x.a.example', 'x'],
    // Addresses and localhost are complete: no search list adds anything to them.
    [['.corp.example.com', CLUSTER], '127.0.0.1.corp.example.com', '127.0.0.1.corp.example.com'],
    [['.corp.example.com', CLUSTER], '127.0.0.1.svc', '127.0.0.1.svc'],
    [['.corp.example.com'], '0x7f.corp.example.com', '0x7f.corp.example.com'],
    [['.corp.example.com'], 'localhost.corp.example.com', 'localhost.corp.example.com'],
    [['.corp.example.com'], 'a.localhost.corp.example.com', 'a.localhost.corp.example.com'],
    [['.corp.example.com'], 'notlocalhost.corp.example.com', 'notlocalhost'],
    [['.corp.example.com'], '[::1]', '[::1]'],
    [[], 'web.team.svc', 'web.team.svc'],
  ])('%j: %s is %s', (aliases, host, form) => {
    expect(createCanonicaliser(aliasesOf(...aliases))(host)).toBe(form);
  });

  it('makes no two hosts equal that differ by more than a configured ending', () => {
    const label = fc.constantFrom(
      'web',
      'team',
      'svc',
      'cluster',
      'local',
      'corp',
      'example',
      'com',
      'evil',
      '1',
    );
    const host = fc.array(label, { minLength: 1, maxLength: 6 }).map((labels) => labels.join('.'));
    const suffixes = fc.subarray(
      [CLUSTER, '.corp.example.com', '.local', '.svc', '.svc.corp.example.com', '.com'],
      {
        minLength: 1,
      },
    );
    let equal = 0;
    fc.assert(
      fc.property(suffixes, host, host, fc.nat(9), (texts, one, random, which) => {
        const aliases = aliasesOf(...texts);
        const endings = ['', ...aliases.flatMap((alias) => alias.endings)];
        // Half of the time the other is made of the first, or they would hardly ever be equal.
        const other = which < 5 ? random : one + (endings[which % endings.length] as string);
        const canonicalise = createCanonicaliser(aliases);
        if (one === other || canonicalise(one) !== canonicalise(other)) return;
        equal++;
        const bases = (name: string): string[] =>
          endings
            .filter((ending) => name.endsWith(ending))
            .map((ending) => name.slice(0, name.length - ending.length));
        const common = bases(one).filter((base) => bases(other).includes(base));
        expect(common.some((base) => /^[a-z0-9]+(?:\.[a-z0-9]+)*$/.test(base))).toBe(true);
      }),
      { numRuns: 3000 },
    );
    expect(equal).toBeGreaterThan(200);
  });
});

describe('a policy with aliases', () => {
  const reason = (config: StaticPolicyConfig, origin: string): string =>
    createPolicy({ hosts: 'mcp.example.com', ...config }).decide({
      method: 'GET',
      path: '/mcp',
      host: 'mcp.example.com',
      origin,
    }).reason;
  const admits = (config: StaticPolicyConfig, origin: string): boolean =>
    reason(config, origin) === 'origin-allowed';
  const servedAs = (config: StaticPolicyConfig, host: string): boolean =>
    createPolicy(config).decide({ method: 'GET', path: '/mcp', host }).outcome === 'pass';
  const aliases = CLUSTER;

  describe.each(NAMES)('that names %s', (named) => {
    const config: StaticPolicyConfig = { origins: `http://${named}`, aliases };
    const withPort: StaticPolicyConfig = { origins: `https://${named}:8443`, aliases };
    const anyPort: StaticPolicyConfig = { origins: `http://${named}:*`, aliases };

    test.each(NAMES)('admits %s', (name) => {
      expect(admits(config, `http://${name}`)).toBe(true);
      expect(admits(withPort, `https://${name}:8443`)).toBe(true);
      expect(admits(anyPort, `http://${name}`)).toBe(true);
      expect(admits(anyPort, `http://${name}:3000`)).toBe(true);
    });

    test.each(NAMES)('keeps schemes and ports of %s apart', (name) => {
      expect(admits(config, `https://${name}`)).toBe(false);
      expect(admits(config, `http://${name}:8080`)).toBe(false);
      expect(admits(withPort, `https://${name}`)).toBe(false);
      expect(admits(withPort, `https://${name}:8444`)).toBe(false);
      expect(admits(withPort, `http://${name}:8443`)).toBe(false);
      expect(admits(anyPort, `https://${name}`)).toBe(false);
    });

    test.each(NAMES)('admits nothing of %s without the aliases', (name) => {
      expect(admits({ origins: `http://${named}` }, `http://${name}`)).toBe(name === named);
    });

    test.each([
      'http://web.team.svc.cluster.local.evil.example',
      'http://web.team.evil.example',
      'http://web.team.svc.evil.example',
      'http://evil-web.team',
      'http://evilweb.team',
      'http://web.teamsvc.cluster.local',
      'http://web.teamsvc',
      'http://web.svc.cluster.local',
      'http://web.svc',
      'http://web',
      'http://team',
      'http://x.web.team',
      'http://x.web.team.svc.cluster.local',
      'http://web.other',
      'http://web.other.svc.cluster.local',
      'http://svc.cluster.local',
      'http://cluster.local',
      'http://web.team.cluster.local',
      'http://web.team.local',
      'http://web.team.svc.cluster',
      'http://web.team.svc.svc',
      'http://web.team.svc.svc.cluster.local',
      'http://web.team.svc.cluster.local.svc',
      'http://web.team.svc.cluster.local.svc.cluster.local',
      'http://WEB.team',
      'http://web.team.SVC.cluster.local',
      'http://web.team.',
      'http://web.team.svc.cluster.local.',
      'http://.web.team',
      'http://web..team',
      'http://web.team@evil.example',
      'http://web.team:80',
      'http://web.team.svc:0',
      'http://web.team/',
    ])('refuses %s', (origin) => {
      expect(admits(config, origin)).toBe(false);
    });
  });

  describe.each(NAMES)('that is served as %s', (named) => {
    const config: StaticPolicyConfig = { origins: '*', hosts: named, aliases };
    const withPort: StaticPolicyConfig = { origins: '*', hosts: `${named}:8080`, aliases };

    test.each(NAMES)('is served as %s', (name) => {
      expect(servedAs(config, name)).toBe(true);
      expect(servedAs(config, `${name}:8080`)).toBe(true);
      expect(servedAs(config, name.toUpperCase())).toBe(true);
      expect(servedAs(withPort, `${name}:8080`)).toBe(true);
      expect(servedAs(withPort, name)).toBe(false);
      expect(servedAs(withPort, `${name}:8081`)).toBe(false);
    });

    test.each([
      'web.team.svc.cluster.local.evil.example',
      'evil-web.team',
      'web.teamsvc.cluster.local',
      'web.svc.cluster.local',
      'x.web.team',
      'svc.cluster.local',
      'web.team.svc.cluster.local.svc.cluster.local',
      'web.team.',
      'web.team.svc.cluster.local.',
    ])('is not served as %s', (host) => {
      expect(servedAs(config, host)).toBe(false);
    });
  });

  // What a wildcard would stand for without its ending belongs to others: *.team, *.dev, *.app are anybody's.
  describe('that has wildcards', () => {
    const cluster: StaticPolicyConfig = { origins: 'http://*.team.svc.cluster.local', aliases };
    const services: StaticPolicyConfig = { origins: 'http://*.svc.cluster.local', aliases };
    const corporate: StaticPolicyConfig = {
      origins: 'https://*.dev.corp.example.com',
      aliases: '.corp.example.com',
    };

    test.each<[StaticPolicyConfig, string, boolean]>([
      [cluster, 'http://web.team.svc.cluster.local', true],
      [cluster, 'http://a.web.team.svc.cluster.local', true],
      [cluster, 'http://team.svc.cluster.local', false],
      [cluster, 'http://evil.team', false],
      [cluster, 'http://web.team', false],
      [services, 'http://web.team.svc.cluster.local', true],
      [services, 'http://web.team', false],
      [services, 'http://evil.example', false],
      [corporate, 'https://a.dev.corp.example.com', true],
      [corporate, 'https://evil.dev', false],
      [corporate, 'https://dev.corp.example.com', false],
      [
        { origins: 'http://*.web.team.svc.cluster.local', aliases },
        'http://x.web.team.svc.cluster.local',
        true,
      ],
      [{ origins: 'http://*.web.team.svc.cluster.local', aliases }, 'http://x.web.team', false],
      [{ origins: 'http://*.web.team', aliases }, 'http://x.web.team', true],
      [{ origins: 'http://*.web.team', aliases }, 'http://x.web.team.svc', false],
      [{ origins: 'moz-extension://*', aliases: '.example.com' }, 'moz-extension://a.example.com', true],
    ])('%j: %s is %s', (config, origin, expected) => {
      expect(admits(config, origin)).toBe(expected);
    });

    test.each<[string, string, boolean]>([
      ['*.team.svc.cluster.local', 'web.team.svc.cluster.local', true],
      ['*.team.svc.cluster.local', 'web.team', false],
      ['*.svc.cluster.local', 'web.team.svc.cluster.local', true],
      ['*.svc.cluster.local', 'evil.example', false],
      ['*.web.team.svc.cluster.local', 'x.web.team.svc.cluster.local', true],
      ['*.web.team.svc.cluster.local', 'x.web.team', false],
      ['*.dev.svc.cluster.local', 'evil.dev', false],
    ])('hosts %s: %s is %s', (hosts, host, expected) => {
      expect(servedAs({ origins: '*', hosts, aliases }, host)).toBe(expected);
    });
  });

  it('has regular expressions look at the origin as it was sent', () => {
    const config: StaticPolicyConfig = { origins: /^http:\/\/web\.team\.svc\.cluster\.local$/, aliases };
    expect(admits(config, 'http://web.team.svc.cluster.local')).toBe(true);
    expect(admits(config, 'http://web.team')).toBe(false);
  });

  it('answers each name with that name', () => {
    const { decide } = createPolicy({ origins: 'http://web.team', hosts: 'mcp.example.com', aliases });
    for (const name of NAMES) {
      const { headers, rule } = decide({
        method: 'GET',
        path: '/',
        host: 'mcp.example.com',
        origin: `http://${name}`,
      });
      expect(headers[0]).toEqual(['access-control-allow-origin', `http://${name}`]);
      expect(rule).toBe('http://web.team');
    }
  });

  it('admits without aliases what it admits with them, but for equal names of exact origins', () => {
    const label = fc.constantFrom('web', 'team', 'svc', 'cluster', 'local', 'evil', 'x');
    const host = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'));
    const pattern = fc
      .tuple(fc.constantFrom('http://', 'https://*.'), host, fc.constantFrom('', ':8080', ':*'))
      .map((parts) => parts.join(''));
    const canonicalise = createCanonicaliser(aliasesOf(CLUSTER));
    fc.assert(
      fc.property(
        fc.array(pattern, { minLength: 1, maxLength: 3 }),
        host,
        fc.constantFrom('http', 'https'),
        (origins, name, scheme) => {
          const open = { origins, dangerouslyAllowPublicSuffixes: true };
          const origin = `${scheme}://${name}`;
          if (!admits({ ...open, aliases }, origin) || admits(open, origin)) return;
          const named = origins
            .filter((text) => text.startsWith('http://'))
            .map((text) => text.replace(/^http:\/\/|:.*$/g, ''));
          const bare = named.map((text) => canonicalise(text.replace(/:.*$/, '')));
          expect([scheme, bare.includes(canonicalise(name))]).toEqual(['http', true]);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { anyText } from '../../../../test/fixtures/texts.js';
import type { Decision, RequestHead } from './decision.js';
import { ENDPOINT_KINDS } from './endpoints.js';
import { parseOriginPattern } from './pattern.js';
import { createPolicy, type Policy, type StaticPolicyConfig } from './policy.js';
import { REVISIONS } from './revisions.js';

const HOST = 'mcp.example.com';
const raw = String.raw;

const label = fc.constantFrom('a', 'b', 'app', 'evil', 'example', 'com', 'x-y', 'localhost');
const domain = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
const scheme = fc.constantFrom('https', 'http', 'tauri', 'chrome-extension');
const port = fc.constantFrom('', ':8443', ':3000', ':1');
const origin = fc.tuple(scheme, domain, port).map(([s, d, p]) => `${s}://${d}${p}`);
const exactPattern = fc.oneof(
  origin,
  fc.constantFrom('http://127.0.0.1:3000', 'http://[::1]:3000', 'https://xn--bcher-kva.example'),
);
const wildcardPattern = fc
  .tuple(scheme, fc.constantFrom('*.', ''), domain, fc.oneof(port, fc.constant(':*')))
  .filter(([, star, , p]) => star !== '' || p === ':*')
  .map(([s, star, d, p]) => `${s}://${star}${d}${p}`);
const regExpPattern = fc.constantFrom(
  raw`/^https:\/\/([a-z]+\.)*example\.com$/`,
  raw`/^https?:\/\/localhost(:\d+)?$/`,
  raw`/^https:\/\/(a|b)\.example\.com(:8443)?$/i`,
  raw`/^https:\/\/[a-z-]{1,4}\.app\.example\.com$/`,
);
const pattern = fc.oneof(
  { weight: 12, arbitrary: exactPattern },
  { weight: 8, arbitrary: wildcardPattern },
  { weight: 1, arbitrary: regExpPattern },
);
/** An origin that a pattern may well admit, or nearly. */
const nearOrigin = fc.oneof(
  origin,
  fc
    .tuple(
      fc.oneof(exactPattern, wildcardPattern),
      fc.constantFrom('', 'a.', 'a.b.', 'evil'),
      fc.constantFrom('', 'x', '.evil.com', ':1'),
    )
    .map(
      ([text, before, after]) =>
        text.replace('*.', '').replace(':*', '').replace('://', `://${before}`) + after,
    ),
);

/** Configurations of every shape that createPolicy takes. */
const config: fc.Arbitrary<StaticPolicyConfig> = fc
  .record(
    {
      origins: fc.oneof(
        { weight: 5, arbitrary: fc.array(pattern, { minLength: 1, maxLength: 4 }) },
        { weight: 1, arbitrary: pattern },
        { weight: 1, arbitrary: fc.constant('*') },
      ),
      hosts: fc.oneof(
        fc.constant(HOST),
        fc.constant([HOST, '*.example.net:8443', '[::1]', 'Upper.Example', 'a.example:*']),
        fc.constant(undefined),
      ),
      credentials: fc.boolean(),
      methods: fc.constantFrom<string | string[]>([], 'PUT, patch', ['PUT', 'QUERY']),
      allowedHeaders: fc.constantFrom<string | string[]>([], '*', 'X-A, x-b', ['X-Api-Key']),
      exposedHeaders: fc.constantFrom<string | string[]>([], '*', 'X-C', ['X-D', 'X-E']),
      maxAge: fc.constantFrom(-1, 0, 60, 86_400),
      revisions: fc.oneof(fc.constantFrom(...REVISIONS), fc.subarray([...REVISIONS], { minLength: 1 })),
      endpoints: fc.dictionary(
        fc.constantFrom('/a', '/b/*', '/', '/q\'"u: #o'),
        fc.constantFrom(...ENDPOINT_KINDS),
      ),
      missingOrigin: fc.constantFrom('allow' as const, 'deny' as const),
      reportOnly: fc.boolean(),
      debug: fc.boolean(),
      aliases: fc.constantFrom<string | string[]>([], '.svc.cluster.local', [
        '.corp.example.com',
        '.b.example',
      ]),
      dangerouslyAllowNullOrigin: fc.boolean(),
      dangerouslyAllowInsecureOrigins: fc.constant(true),
      dangerouslyAllowPublicSuffixes: fc.constant(true),
      dangerouslyAllowAnyHost: fc.boolean(),
    },
    { requiredKeys: ['origins', 'dangerouslyAllowInsecureOrigins', 'dangerouslyAllowPublicSuffixes'] },
  )
  .map((one) =>
    // What never goes together.
    one.credentials && [one.origins, one.allowedHeaders, one.exposedHeaders].includes('*')
      ? { ...one, credentials: false }
      : one.credentials && one.dangerouslyAllowNullOrigin
        ? { ...one, dangerouslyAllowNullOrigin: false }
        : one,
  )
  .filter(({ endpoints = {} }) => !Object.keys(endpoints).some((path) => /[ #]/.test(path)))
  .map((one) => one as StaticPolicyConfig);

const head: fc.Arbitrary<RequestHead> = fc.record(
  {
    method: fc.constantFrom('GET', 'POST', 'OPTIONS', 'DELETE', 'PUT', 'HEAD'),
    path: fc.constantFrom('/mcp', '/a', '/b/c', '/', '/sse', '/.well-known/oauth-protected-resource'),
    host: fc.constantFrom(HOST, 'localhost', 'evil.example', 'a.example.net:8443', ''),
    scheme: fc.constantFrom('http' as const, 'https' as const),
    origin: fc.oneof(nearOrigin, fc.constantFrom('null', '', '*', `http://${HOST}`, 'https://evil.example')),
    requestMethod: fc.constantFrom('GET', 'POST', 'DELETE', 'PUT', 'patch', 'TRACE'),
    requestHeaders: fc.constantFrom(
      '',
      'content-type',
      'accept,content-type',
      'x-a',
      'cookie',
      'x-evil',
      ',,',
      'a b',
    ),
    contentType: fc.constantFrom('application/json', 'text/plain', 'application/json; charset=utf-8', ''),
    loopback: fc.boolean(),
  },
  { requiredKeys: ['method', 'path'] },
);

/** A policy and a request; half of the time the request comes from an origin that the policy names. */
const situation: fc.Arbitrary<[StaticPolicyConfig, RequestHead]> = fc
  .tuple(config, head, fc.boolean())
  .map(([one, request, own]) => {
    const named = [one.origins]
      .flat()
      .find((text) => typeof text === 'string' && !/[*/]$|:\*|\*\.|^\//.test(text));
    if (!own || typeof named !== 'string') return [one, request];
    return [one, { ...request, origin: named, host: one.hosts === undefined ? 'localhost' : HOST }];
  });

const admits = (policy: Policy<Decision>, one: string): boolean =>
  policy.decide({ method: 'GET', path: '/mcp', host: HOST, origin: one }).reason === 'origin-allowed';
const open = (origins: string | string[]): StaticPolicyConfig => ({
  origins,
  hosts: HOST,
  dangerouslyAllowPublicSuffixes: true,
});
/** Settings without the functions of compiled expressions. */
const plain = (policy: Policy<Decision>): unknown => JSON.parse(JSON.stringify(policy.settings));
const corsNames = ({ headers }: Decision): string[] =>
  headers.map(([name]) => name.toLowerCase()).filter((name) => name.startsWith('access-control-'));

test('the union of two policies admits exactly the union of what they admit', () => {
  let admitted = 0;
  const lists = fc.array(pattern, { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(
      lists,
      lists,
      fc.array(nearOrigin, { minLength: 5, maxLength: 20 }),
      (one, other, origins) => {
        const [first, second, both] = [one, other, [...one, ...other]].map((list) =>
          createPolicy(open(list)),
        ) as [Policy<Decision>, Policy<Decision>, Policy<Decision>];
        for (const tried of [...origins, ...one, ...other]) {
          const expected = admits(first, tried) || admits(second, tried);
          expect([tried, admits(both, tried)]).toEqual([tried, expected]);
          if (expected) admitted++;
        }
      },
    ),
    { numRuns: 200 },
  );
  expect(admitted).toBeGreaterThan(200);
}, 60_000);

describe('a pattern without a wildcard', () => {
  it('admits one origin and no other', () => {
    fc.assert(
      fc.property(
        exactPattern,
        fc.array(fc.oneof(nearOrigin, anyText(40)), { maxLength: 20 }),
        (text, origins) => {
          const policy = createPolicy(open(text));
          const spoilt = Array.from(
            text,
            (_, i) => text.slice(0, i) + (text[i] === '.' ? 'x' : '.') + text.slice(i + 1),
          );
          const cut = Array.from(text, (_, i) => text.slice(0, i) + text.slice(i + 1));
          const longer = [
            `${text}.evil.com`,
            `${text}evil.com`,
            `${text}:1`,
            `${text}/`,
            text.replace('://', '://evil'),
            text.replace('://', '://evil.'),
            text.toUpperCase(),
          ];
          const tried = [text, ...origins, ...spoilt, ...cut, ...longer];
          expect([...new Set(tried.filter((one) => admits(policy, one)))]).toEqual([text]);
        },
      ),
      { numRuns: 300 },
    );
  });

  // jub0bs/cors GHSA-vhxv-fg4m-p2w8: foo.com and bar.com together admitted barfoo.com.
  it('admits one origin for each, however many there are', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(exactPattern, { minLength: 2, maxLength: 8 }),
        fc.array(nearOrigin),
        (texts, origins) => {
          const policy = createPolicy(open(texts));
          const glued = texts.flatMap((one) => texts.map((other) => one + other.replace(/^.*:\/\//, '')));
          const tried = [...texts, ...origins, ...glued];
          for (const one of tried) expect([one, admits(policy, one)]).toEqual([one, texts.includes(one)]);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('whatever the policy and the request', () => {
  it('a denied origin receives no Access-Control header', () => {
    let denied = 0;
    fc.assert(
      fc.property(situation, ([one, request]) => {
        const policy = createPolicy(one);
        const decision = policy.decide(request);
        const actual = decision.wouldDeny ?? decision;
        if (!['host', 'origin'].some((check) => actual.reason.startsWith(check)) || actual.outcome !== 'deny')
          return;
        denied++;
        expect(corsNames(decision)).toEqual([]);
        expect(corsNames(actual)).toEqual([]);
      }),
      { numRuns: 800 },
    );
    expect(denied).toBeGreaterThan(100);
  }, 30_000);

  it('names no origin but the one that asked, and `*` only where any is allowed', () => {
    let named = 0;
    fc.assert(
      fc.property(situation, ([one, request]) => {
        const decision = createPolicy(one).decide(request);
        const allowed = decision.headers.find(([name]) => name === 'access-control-allow-origin')?.[1];
        if (allowed === undefined) return;
        named++;
        if (allowed === '*') expect(one.origins).toBe('*');
        else expect(allowed).toBe(request.origin);
      }),
      { numRuns: 800 },
    );
    expect(named).toBeGreaterThan(100);
  }, 30_000);

  it('`*` never meets credentials', () => {
    let withCredentials = 0;
    fc.assert(
      fc.property(
        situation,
        fc.constantFrom('origins', 'allowedHeaders', 'exposedHeaders'),
        ([one, request], key) => {
          expect(() => createPolicy({ ...one, [key]: '*', credentials: true })).toThrow(/any-|credentials/);
          expect(() => createPolicy({ ...one, [key]: ['*'], credentials: true })).toThrow();
          const { headers } = createPolicy(one).decide(request);
          if (!headers.some(([name]) => name === 'access-control-allow-credentials')) return;
          withCredentials++;
          expect(
            headers.filter(([name, value]) => name.startsWith('access-control-') && value.includes('*')),
          ).toEqual([]);
        },
      ),
      { numRuns: 2_000 },
    );
    expect(withCredentials).toBeGreaterThan(10);
  }, 30_000);

  it('the order of requested headers does not matter', () => {
    const names = fc.shuffledSubarray([
      'accept',
      'authorization',
      'content-type',
      'last-event-id',
      'mcp-protocol-version',
      'mcp-session-id',
      'x-a',
      'x-evil',
    ]);
    const both = names.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    const seen = new Set<string>();
    fc.assert(
      fc.property(config, both, (one, lists) => {
        const { decide } = createPolicy({ ...one, hosts: HOST });
        const request = {
          method: 'OPTIONS',
          path: '/mcp',
          host: HOST,
          origin: `http://${HOST}`,
          requestMethod: 'POST',
        };
        const [a, b] = lists.map((list) => decide({ ...request, requestHeaders: list.join(',') })) as [
          Decision,
          Decision,
        ];
        const verdict = ({ outcome, reason, status, vary, wouldDeny }: Decision) => [
          outcome,
          reason,
          status,
          vary,
          wouldDeny?.reason,
        ];
        expect(verdict(a)).toEqual(verdict(b));
        seen.add(a.reason);
      }),
      { numRuns: 500 },
    );
    expect(seen).toContain('preflight-allowed');
    expect(seen).toContain('request-header-not-allowed');
  });

  it('the same question has the same answer, whatever was asked before', () => {
    fc.assert(
      fc.property(config, fc.array(head, { maxLength: 20 }), head, (one, before, request) => {
        const used = createPolicy(one);
        for (const other of before) used.decide(other);
        expect(used.decide(request)).toEqual(createPolicy(one).decide(request));
      }),
      { numRuns: 500 },
    );
  });
});

describe('a configuration', () => {
  it('compiles to what it decompiles to', () => {
    fc.assert(
      fc.property(config, fc.array(head, { maxLength: 5 }), (one, heads) => {
        const policy = createPolicy(one);
        const again = createPolicy(policy.toConfig() as StaticPolicyConfig);
        expect(plain(again)).toEqual(plain(policy));
        expect(again.toConfig()).toEqual(policy.toConfig());
        for (const request of heads) expect(again.decide(request)).toEqual(policy.decide(request));
      }),
      { numRuns: 500 },
    );
  }, 60_000);

  it('comes back from YAML and from JSON as it was', () => {
    fc.assert(
      fc.property(config, (one) => {
        const policy = createPolicy(one);
        const written = policy.toConfig();
        expect(plain(createPolicy(parse(stringify(written)) as StaticPolicyConfig))).toEqual(plain(policy));
        expect(plain(createPolicy(JSON.parse(JSON.stringify(written)) as StaticPolicyConfig))).toEqual(
          plain(policy),
        );
        // As its owner wrote it, too.
        expect(plain(createPolicy(parse(stringify(one)) as StaticPolicyConfig))).toEqual(plain(policy));
      }),
      { numRuns: 150 },
    );
  }, 60_000);

  it('is what it says to an owner who looks at it: text, numbers and flags', () => {
    const written = createPolicy({
      origins: [/^https:\/\/a\.example\.com$/, 'https://b.example'],
      hosts: HOST,
    }).toConfig();
    expect(written).toMatchObject({
      origins: [raw`/^https:\/\/a\.example\.com$/`, 'https://b.example'],
      hosts: [HOST],
    });
    expect(stringify(written)).toContain('hosts:\n  - mcp.example.com\n');
    expect(createPolicy({ origins: 'https://b.example' }).toConfig()).not.toHaveProperty('hosts');
  });
});

describe('an input of up to 1 MB', () => {
  const policies = [
    createPolicy({
      origins: [
        'https://app.example.com',
        'https://*.example.net',
        raw`/^https:\/\/(([a-z]+)+\.)+example\.org$/`,
      ],
      hosts: [HOST, '*.example.com'],
      aliases: '.svc.cluster.local',
    }),
    createPolicy({ origins: '*', hosts: HOST, debug: true, allowedHeaders: '*' }),
  ];
  const base: RequestHead = {
    method: 'OPTIONS',
    path: '/mcp',
    host: HOST,
    origin: 'https://app.example.com',
    requestMethod: 'POST',
    contentType: 'application/json',
  };
  const UNITS = [
    'a',
    '.',
    ',',
    ' ',
    'a.',
    ', ',
    'accept,',
    '/',
    '/.',
    ':',
    '-',
    '[',
    '%',
    'é',
    '\ud800',
    '\0',
    ';',
    'a=',
  ];
  const FIELDS = [
    'method',
    'path',
    'host',
    'origin',
    'requestMethod',
    'requestHeaders',
    'contentType',
    'sessionId',
  ] as const;
  const STARTS: Partial<Record<(typeof FIELDS)[number], string>> = {
    path: '/',
    origin: 'https://',
    contentType: 'application/json;',
  };

  it('never makes a decision or an explanation throw', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...FIELDS),
        fc.constantFrom(...UNITS),
        fc.boolean(),
        fc.nat(1_000_000),
        fc.constantFrom('OPTIONS', 'POST'),
        (field, unit, started, length, method) => {
          const value =
            (started ? (STARTS[field] ?? '') : '') + unit.repeat(Math.floor(length / unit.length));
          for (const policy of policies) {
            const request = { ...base, method, [field]: value };
            expect(policy.decide(request).reason).toBeTypeOf('string');
            expect(policy.explain(request).why.length).toBeLessThan(1000);
          }
        },
      ),
      { numRuns: 200 },
    );
  }, 60_000);

  it('of any characters never makes a decision throw', () => {
    const long = fc.tuple(anyText(50), fc.nat(2000)).map(([unit, times]) => unit.repeat(times));
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...FIELDS), long), (fields) => {
        for (const policy of policies)
          expect(policy.decide({ ...base, ...fields }).reason).toBeTypeOf('string');
      }),
      { numRuns: 300 },
    );
  });

  // What is quadratic in a million characters would take hours, and the run would not come to its end.
  test.each(FIELDS)(
    'in %s is decided about, a megabyte of it too',
    (field) => {
      for (const unit of UNITS) {
        const value = (STARTS[field] ?? '') + unit.repeat(Math.floor(1_000_000 / unit.length));
        for (const policy of policies) {
          for (const method of ['OPTIONS', 'POST']) {
            expect(policy.decide({ ...base, method, [field]: value }).reason).toBeTypeOf('string');
          }
        }
      }
    },
    60_000,
  );

  test.each(['a', '.', '*.', '/', ':', '[', '(', '\\', '^', '$', '|', '(a', '{1}', 'é'])(
    'of %j makes no configuration throw anything but its error, at a megabyte too',
    (unit) => {
      const long = unit.repeat(Math.floor(1_000_000 / unit.length));
      for (const text of [long, `https://${long}`, `/^${long}$/`]) {
        expect(parseOriginPattern(text)).toHaveProperty('fault');
        const all = {
          origins: text,
          hosts: text,
          methods: text,
          allowedHeaders: text,
          exposedHeaders: text,
          aliases: text,
          endpoints: { [text]: 'mcp' },
        };
        expect(() => createPolicy(all as StaticPolicyConfig)).toThrow(/^the policy has /);
      }
    },
    60_000,
  );
});

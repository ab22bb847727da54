import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createEndpointClassifier, ENDPOINT_KINDS, type EndpointKind } from '../policy/endpoints.js';
import { findRefusedHeader, isJsonContentType, MALFORMED_LIST, MAX_LIST_LENGTH } from '../policy/headers.js';
import { createPolicy, type StaticPolicyConfig } from '../policy/index.js';
import type { HostRules } from './hostRules.js';
import { pathRules } from './pathRules.js';
import { planPolicy } from './plan.js';

/** JavaScript before 2025 has no `(?i:…)`: such a group holds a text alone, whose letters become classes. */
function compile(source: string, flags = ''): RegExp {
  const plain = source.replaceAll(/\(\?i:((?:[^()\\]|\\.)*)\)/g, (_, text: string) =>
    text.replaceAll(/\\.|[a-zA-Z]/g, (one) =>
      one.length === 1 ? `[${one.toLowerCase()}${one.toUpperCase()}]` : one,
    ),
  );
  return new RegExp(plain, flags);
}

/** A value as a message shows it. */
const shown = (text: string): string => JSON.stringify(text.slice(0, 100));

/** What the plan of a policy says about origins, and what the policy itself says. */
function judgesOf(config: StaticPolicyConfig): {
  readonly admits: (origin: string) => boolean;
  readonly decides: (origin: string) => boolean;
} {
  const policy = createPolicy(config);
  const { origins } = planPolicy(policy);
  const exact = new Set(origins.exact);
  const tooLong = compile(origins.tooLong);
  const wellFormed = compile(origins.wellFormed);
  const patterns = origins.patterns.map(({ regexp }) => compile(regexp));
  const expressions = origins.expressions.map(({ regexp }) => compile(regexp));
  return {
    admits: (origin) => {
      if (origin === 'null') return origins.opaque;
      if (tooLong.test(origin)) return false;
      const formed = wellFormed.test(origin);
      return (
        (origins.any && formed) ||
        exact.has(origin) ||
        patterns.some((pattern) => pattern.test(origin)) ||
        (formed && expressions.some((expression) => expression.test(origin)))
      );
    },
    decides: (origin) =>
      policy.decide({ method: 'GET', path: '/x', host: 'localhost', origin }).reason === 'origin-allowed',
  };
}

const POLICIES: readonly StaticPolicyConfig[] = [
  { origins: ['https://app.example.com', 'http://[::1]:3000', 'http://127.0.0.1:6274'] },
  { origins: ['https://*.example.com', 'http://localhost:*', 'https://*.example.net:*'] },
  { origins: ['http://*.example.com:8080', 'http://127.0.0.1:*', 'http://[::1]:*'] },
  { origins: ['moz-extension://*', 'chrome-extension://abc', 'tauri://localhost', 'app://*:*'] },
  { origins: '*' },
  { origins: ['https://app.example.com'], dangerouslyAllowNullOrigin: true },
  {
    origins: ['http://web.team.svc.cluster.local', 'https://wiki.corp.example.com:*', 'http://*.team.svc'],
    aliases: ['.svc.cluster.local', '.corp.example.com'],
  },
  ...[
    '^https:\\/\\/([a-z0-9-]+\\.)*example\\.com$',
    '^https?:\\/\\/localhost(:\\d+)?$',
    '^https:\\/\\/pr-\\d{1,4}\\.preview\\.example\\.com$',
    '^https:\\/\\/(?:app|admin|)\\.?example\\.com$',
    '^https:\\/\\/a\\.example\\.net$|^https:\\/\\/b\\.example\\.net:8443$',
    '^https:\\/\\/[a-f0-9]{4,8}\\.example\\.com$',
    '^https:\\/\\/.*\\.example\\.com$',
    '^https:\\/\\/(([a-z]+)+\\.)+example\\.com$',
    '^https:\\/\\/[^/.]+\\.example\\.com(:[1-9]\\d*)?$',
    '^https:\\/\\/\\w+(-\\w+)*?\\.example\\.com$',
    '^https:\\/\\/[A-Z]?app\\.example\\.com$',
  ].map((source) => ({ origins: [`/${source}/`] })),
  { origins: ['/^HTTPS:\\/\\/App\\.Example\\.COM$/i'] },
];

/** Hosts, ports and schemes near those of the policies, and around the bounds. */
const host = fc.oneof(
  fc.constantFrom(
    ...['app.example.com', 'a.example.com', 'a.b.example.com', 'example.com', 'evilexample.com', 'localhost'],
    ...['pr-7.preview.example.com', 'pr-12345.preview.example.com', 'admin.example.com', 'abc', 'x'],
    ...['a.example.net', 'b.example.net', 'deadbeef.example.com', '127.0.0.1', '127.1', '1.2.3.256', '[::1]'],
    ...[
      'web.team',
      'web.team.svc',
      'web.team.svc.cluster.local',
      'x.team.svc',
      'wiki',
      'wiki.corp.example.com',
    ],
    ...[
      'a.example.com.',
      '.example.com',
      'a..example.com',
      'a_b.example.com',
      'a-b.example.com',
      '0x7f',
      'a.0x',
      '',
    ],
    ...['1e100', '0xg', '00x1', 'a.1b', `${'a'.repeat(63)}.example.com`, `${'a'.repeat(64)}.example.com`],
    ...[`${'a.'.repeat(120)}example.com`, `${'a.'.repeat(121)}example.com`, `${'a.'.repeat(300)}example.com`],
  ),
  fc.stringMatching(/^[a-z0-9._-]{1,12}$/),
);
const port = fc.constantFrom(
  ...['', '', '', ':1', ':80', ':443', ':8080', ':8443', ':3000', ':6274', ':0', ':01', ':65535', ':65536'],
  ...[':99999', ':79', ':81', ':90', ':442', ':444', ':453', ':543', ':4430', ':800', ':', ':a', ':8a'],
);
const scheme = fc.constantFrom(
  ...['http', 'https', 'https', 'moz-extension', 'chrome-extension', 'tauri', 'app', 'h', 'ht', 'httpx'],
  ...['httpsx', 'HTTPS', 'ws', 'file', 'a+b.c-d', 'x'.repeat(64), 'x'.repeat(65), ''],
);
const origin = fc.oneof(
  fc.tuple(scheme, host, port).map(([s, h, p]) => `${s}://${h}${p}`),
  fc.constantFrom('null', 'NULL', '', '*', 'https://', 'https:/app.example.com', 'https://app.example.com/'),
  fc.string({ maxLength: 40 }),
);

describe('the plan says what the policy says', () => {
  test.each(POLICIES.map((policy) => [JSON.stringify(policy), policy] as const))(
    'of origins: %s',
    (_, policy) => {
      const { admits, decides } = judgesOf(policy);
      fc.assert(
        fc.property(origin, (one) => {
          expect(admits(one), shown(one)).toBe(decides(one));
        }),
        { numRuns: 300 },
      );
    },
  );

  test('of every port', () => {
    const policy = { origins: ['http://a.example:*', 'https://a.example:*', 'app://a:*'] };
    const { origins } = planPolicy(createPolicy(policy));
    const patterns = origins.patterns.map(({ regexp }) => new RegExp(regexp));
    const wanted = (text: string, omitted: number): boolean => Number(text) !== omitted;
    for (let number = 1; number <= 65_535; number++) {
      for (const [i, [prefix, omitted]] of [
        ['http://a.example:', 80],
        ['https://a.example:', 443],
        ['app://a:', 0],
      ].entries() as IterableIterator<[number, [string, number]]>) {
        if (patterns[i]?.test(`${prefix}${number}`) !== wanted(String(number), omitted))
          throw new Error(`${prefix}${number}`);
      }
    }
  });

  test('of hosts', () => {
    const policies: readonly StaticPolicyConfig[] = [
      { origins: 'https://p.example' },
      { origins: 'https://p.example', hosts: ['mcp.example.com', 'b.example.com:8443', '[2001:db8::1]'] },
      { origins: 'https://p.example', hosts: ['*.example.com', '*.example.net:443', '127.0.0.1:*'] },
      {
        origins: 'https://p.example',
        hosts: ['web.team', 'api.team.svc:80'],
        aliases: ['.svc.cluster.local'],
      },
    ];
    const hosts = fc.oneof(
      fc
        .tuple(
          fc.oneof(
            host,
            fc.constantFrom(
              ...[
                'mcp.example.com',
                'MCP.Example.com',
                'b.example.com',
                '[2001:db8::1]',
                '[2001:DB8::1]',
                'api.team',
              ],
              ...['api.team.svc.cluster.local', 'x.example.net', 'example.net', 'evil.localhost', '[::]'],
            ),
          ),
          port,
        )
        .map(([name, p]) => `${name}${p}`),
      fc.string({ minLength: 1, maxLength: 40 }),
    );
    const judges = policies.map((config) => {
      const policy = createPolicy(config);
      const { regexp, tooLong } = planPolicy(policy).hosts as HostRules;
      const [admitted, long] = [compile(regexp), compile(tooLong)];
      return {
        admits: (one: string) => !long.test(one) && admitted.test(one.toLowerCase()),
        decides: (one: string) =>
          policy.decide({ method: 'GET', path: '/x', host: one }).reason === 'no-origin',
      };
    });
    fc.assert(
      fc.property(fc.constantFrom(...judges), hosts, ({ admits, decides }, one) => {
        fc.pre(one !== '');
        expect(admits(one), shown(one)).toBe(decides(one));
      }),
      { numRuns: 3_000 },
    );
  });

  test('of a content type', () => {
    const json = compile(planPolicy(createPolicy({ origins: 'https://p.example' })).jsonContentType);
    const word = fc.constantFrom(
      ...['application/json', 'Application/JSON', 'text/plain', 'json', ' ', '\t', ';', ',', 'charset=utf-8'],
      ...['"', '=', 'x', '/', 'application/json5', 'application', 'a'.repeat(200)],
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (words) => {
        const value = words.join('');
        // White space around the type and the length together are more than an expression says.
        fc.pre(value.length < 230 || value.length > 300);
        expect(json.test(value), shown(value)).toBe(isJsonContentType(value));
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('the plan says what the policy says of the kinds of paths', () => {
  const kind = fc.constantFrom<EndpointKind>(...ENDPOINT_KINDS);
  const segment = fc.constantFrom(
    'mcp',
    'Files',
    'files',
    'a',
    'A',
    'token',
    'server-card',
    '.well-known',
    'x"y',
  );
  const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => `/${segments.join('/')}`);
  const endpoints = fc.dictionary(
    fc.oneof(
      path,
      path.map((one) => `${one}/*`),
    ),
    kind,
    { maxKeys: 4 },
  );
  const asked = fc.oneof(
    path,
    path.map((one) => one.toLowerCase()),
    path.map((one) => `${one}/`),
    path.map((one) => one.toUpperCase()),
    fc.constantFrom(
      ...[
        '/',
        '/token',
        '/Token',
        '/token/',
        '/TOKEN',
        '/sse',
        '/message',
        '/mcp',
        '//token',
        '/./token',
        '/a;b',
      ],
      ...[
        '/.well-known/oauth-protected-resource',
        '/.well-known/oauth-protected-resource/mcp',
        '/x/server-card',
      ],
      ...[
        '/.well-known/oauth-protected-resources',
        '/.Well-Known/openid-configuration',
        '/files/../mcp',
        '/files/.',
      ],
      ...[
        '/files/%2e',
        '/t/.well-known/openid-configuration',
        '/files\\a',
        '/files/#',
        '/files/..a',
        '/files/a..',
      ],
    ),
  );
  const kindOf = (given: Readonly<Record<string, EndpointKind>>, one: string): EndpointKind => {
    const paths = pathRules(given);
    return (
      (Object.hasOwn(paths.exact, one) ? paths.exact[one] : undefined) ??
      paths.rules.find(({ regexp }) => compile(regexp).test(one))?.kind ??
      paths.otherwise
    );
  };

  test('exactly, with the default endpoints and with prefixes in lower case', () => {
    const lower = endpoints.map((given) =>
      Object.fromEntries(Object.entries(given).map(([key, one]) => [key.toLowerCase(), one])),
    );
    const withoutMetadata = lower.filter((given) => !Object.values(given).includes('metadata'));
    fc.assert(
      fc.property(withoutMetadata, asked, (given, one) => {
        expect(kindOf(given, one), JSON.stringify([given, one])).toBe(createEndpointClassifier(given)(one));
      }),
      { numRuns: 3_000 },
    );
  });

  test('or says mcp, the strictest, whatever the owner nests', () => {
    fc.assert(
      fc.property(endpoints, asked, (given, one) => {
        expect(['mcp', createEndpointClassifier(given)(one)]).toContain(kindOf(given, one));
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('the plan says what the policy says of requested headers', () => {
  const policies: readonly StaticPolicyConfig[] = [
    { origins: 'https://p.example' },
    { origins: 'https://p.example', allowedHeaders: ['X-Api-Key', "x.!#$%&'*+^_`|~"] },
    { origins: 'https://p.example', allowedHeaders: '*' },
    { origins: 'https://p.example', revisions: '2024-11-05' },
  ];
  const element = fc.constantFrom(
    ...[
      'content-type',
      'Content-Type',
      'accept',
      'mcp-param-x',
      'mcp-param-',
      'MCP-Param-City',
      'x-api-key',
      'x-nope',
    ],
    ...[
      '',
      '',
      ' ',
      '  ',
      '   ',
      ' accept',
      'accept ',
      ' accept ',
      '  accept',
      '  accept ',
      'accept\t\t',
      'a b',
      'cookie',
    ],
    ...[
      'sec-fetch-site',
      'proxy-x',
      'host',
      'a:b',
      'ü',
      `mcp-param-${'y'.repeat(118)}`,
      `mcp-param-${'y'.repeat(119)}`,
    ],
    ...["x.!#$%&'*+^_`|~", 'z'.repeat(128), 'z'.repeat(129)],
  );
  const judges = policies.map((config) => {
    const { kinds } = planPolicy(createPolicy(config));
    const rules = Object.fromEntries(
      Object.values(kinds).map(({ kind, listRules }) => [
        kind,
        listRules.map(({ regexp, verdict }) => ({ regexp: compile(regexp, 'i'), verdict })),
      ]),
    );
    return (list: string, kind: EndpointKind): void => {
      const refused = findRefusedHeader(list, kinds[kind].allowedHeaders);
      const wanted =
        refused === undefined
          ? 'allowed'
          : refused === MALFORMED_LIST
            ? 'request-headers-malformed'
            : 'request-header-not-allowed';
      const found = list === '' ? 'allowed' : rules[kind]?.find(({ regexp }) => regexp.test(list))?.verdict;
      expect(found ?? 'request-header-not-allowed', shown(list)).toBe(wanted);
    };
  });
  const anyJudge = fc.constantFrom(...judges);
  const anyKind = fc.constantFrom<EndpointKind>(...ENDPOINT_KINDS);

  test('of short lists', () => {
    fc.assert(
      fc.property(anyJudge, anyKind, fc.array(element, { maxLength: 6 }), (judge, kind, list) => {
        judge(list.join(','), kind);
      }),
      { numRuns: 3_000 },
    );
  });

  test.each([127, 128, 129, 130])('of %i names', (count) => {
    for (const judge of judges) {
      judge(Array(count).fill('content-type').join(','), 'mcp');
      judge(Array.from({ length: count }, (_, i) => `mcp-param-${i}`).join(', '), 'mcp');
    }
  });

  test.each([15, 16, 17, 18])('of %i empty elements', (count) => {
    for (const judge of judges) {
      judge(`accept,${','.repeat(count)}accept`, 'mcp');
      judge(','.repeat(count), 'mcp');
      judge(`${' ,'.repeat(count)}accept`, 'mcp');
    }
  });

  test.each(['a,', ',', ' ', ' ,', 'mcp-param-a', 'content-type,', 'content-type ', '\t,', 'accept,,', 'x'])(
    'of as many %j as are looked at',
    (unit) => {
      const most = Math.floor(MAX_LIST_LENGTH / unit.length) - 1;
      for (const judge of judges)
        for (const end of ['', '"', ',', 'x']) judge(`${unit.repeat(most)}${end}`, 'mcp');
    },
  );
});

import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { GatewayConfigError } from '../errors.js';
import { type GatewayConfig, readGatewayConfig } from './config.js';
import { DEFAULT_LISTEN, parseListen } from './listen.js';

const POLICY = { origins: ['https://app.example.com'] };
const ROUTE = { path: '/mcp', upstream: 'http://127.0.0.1:3001/mcp' };
const GOOD: GatewayConfig = { policy: POLICY, routes: [ROUTE] };

/** The issues of a configuration, as `code path`. */
function issuesOf(config: unknown): string[] {
  try {
    readGatewayConfig(config);
    return [];
  } catch (error) {
    if (!(error instanceof GatewayConfigError)) throw error;
    for (const { message, remedy } of error.issues) {
      expect(message).not.toBe('');
      expect(remedy).not.toMatch(/\.$|^$/);
    }
    return error.issues.map(({ code, path }) => `${code} ${path}`);
  }
}

describe('a good configuration', () => {
  it('has defaults', () => {
    const settings = readGatewayConfig(GOOD);
    expect(settings.routes[0]?.completeParams).toBe(true);
    expect(settings).toMatchObject({
      host: '127.0.0.1',
      port: 8808,
      limits: {
        connectTimeoutMs: 10_000,
        headersTimeoutMs: 120_000,
        bodyTimeoutMs: 60_000,
        shutdownTimeoutMs: 5_000,
      },
    });
    expect(Object.isFrozen(settings)).toBe(true);
    expect(DEFAULT_LISTEN).toBe('127.0.0.1:8808');
  });

  it('has its routes in the order of matching, with the policies that hold', () => {
    const { policy, routes } = readGatewayConfig({
      ...GOOD,
      routes: [ROUTE, { ...ROUTE, path: '/mcp/deep/', policy: { origins: ['https://b.example'] } }],
    });
    expect(routes.map(({ path }) => path)).toEqual(['/mcp/deep', '/mcp']);
    expect(routes[1]?.policy).toBe(policy);
    expect(routes[0]?.policy).not.toBe(policy);
  });

  it('may turn limits off, and set them up to the longest timer', () => {
    const { limits } = readGatewayConfig({
      ...GOOD,
      limits: { bodyTimeoutMs: 0, headersTimeoutMs: 2_147_483_647 },
    });
    expect(limits).toMatchObject({ bodyTimeoutMs: 0, headersTimeoutMs: 2_147_483_647 });
  });
});

describe('issues', () => {
  test.each<[string, unknown, string[]]>([
    ['no object', 'text', ['config-not-object (file)']],
    ['nothing', undefined, ['config-not-object (file)']],
    ['null', null, ['config-not-object (file)']],
    ['a list', [GOOD], ['config-not-object (file)']],
    ['an empty object', {}, ['policy-missing policy', 'routes-missing routes']],
    ['an unknown key', { ...GOOD, certificate: {} }, ['unknown-key certificate']],
    ['listen without a port', { ...GOOD, listen: '127.0.0.1' }, ['listen-syntax listen']],
    ['listen as a number', { ...GOOD, listen: 8808 }, ['listen-syntax listen']],
    ['null for listen', { ...GOOD, listen: null }, ['listen-syntax listen']],
    ['a policy that is no object', { ...GOOD, policy: 'x' }, ['config-not-object policy']],
    ['a policy without origins', { ...GOOD, policy: {} }, ['origins-missing policy.origins']],
    ['routes that are no list', { ...GOOD, routes: ROUTE }, ['routes-missing routes']],
    ['no routes', { ...GOOD, routes: [] }, ['routes-missing routes']],
    ['a route that is no object', { ...GOOD, routes: ['x'] }, ['route-not-object routes[0]']],
    [
      'an unknown key of a route',
      { ...GOOD, routes: [{ ...ROUTE, upstrem: 1 }] },
      ['unknown-key routes[0].upstrem'],
    ],
    [
      'a route without a path',
      { ...GOOD, routes: [{ upstream: ROUTE.upstream }] },
      ['route-path-syntax routes[0].path'],
    ],
    [
      'a route without an upstream',
      { ...GOOD, routes: [{ path: '/' }] },
      ['upstream-syntax routes[0].upstream'],
    ],
    [
      'a path twice',
      { ...GOOD, routes: [ROUTE, { ...ROUTE, path: '/mcp/' }] },
      ['route-twice routes[1].path'],
    ],
    [
      'a path twice, once on a faulty route',
      { ...GOOD, routes: [{ ...ROUTE, upstream: 'x' }, ROUTE] },
      ['upstream-syntax routes[0].upstream', 'route-twice routes[1].path'],
    ],
    [
      "a faulty policy of a route's",
      { ...GOOD, routes: [{ ...ROUTE, policy: { origins: ['x'] } }] },
      ['origin-scheme-missing routes[0].policy.origins'],
    ],
    [
      'completeParams that is no flag',
      { ...GOOD, routes: [{ ...ROUTE, completeParams: 'no' }] },
      ['wrong-type routes[0].completeParams'],
    ],
    ['proxies that are no number', { ...GOOD, trustProxy: -1 }, ['trust-proxy-syntax trustProxy']],
    ['proxies that are no list', { ...GOOD, trustProxy: '10.0.0.0/8' }, ['trust-proxy-syntax trustProxy']],
    ['a network that is none', { ...GOOD, trustProxy: ['10.0.0.0/99'] }, ['trust-proxy-syntax trustProxy']],
    ['tls of a wrong type', { ...GOOD, tls: true }, ['tls-syntax tls']],
    ['tls without files', { ...GOOD, tls: {} }, ['tls-file-missing tls.cert', 'tls-file-missing tls.key']],
    [
      'sizes and numbers out of range',
      {
        ...GOOD,
        limits: { maxHeaderBytes: 0, maxBodyBytes: -1, maxConnections: '5', maxStreamsPerClient: 1.5 },
      },
      [
        'limit-out-of-range limits.maxHeaderBytes',
        'limit-out-of-range limits.maxBodyBytes',
        'limit-out-of-range limits.maxConnections',
        'limit-out-of-range limits.maxStreamsPerClient',
      ],
    ],
    ['limits that are no object', { ...GOOD, limits: 5 }, ['wrong-type limits']],
    ['an unknown limit', { ...GOOD, limits: { bodyTimeout: 5 } }, ['unknown-key limits.bodyTimeout']],
    [
      'limits out of range',
      {
        ...GOOD,
        limits: {
          connectTimeoutMs: -1,
          headersTimeoutMs: 1.5,
          bodyTimeoutMs: '5',
          shutdownTimeoutMs: 2_147_483_648,
        },
      },
      [
        'limit-out-of-range limits.connectTimeoutMs',
        'limit-out-of-range limits.headersTimeoutMs',
        'limit-out-of-range limits.bodyTimeoutMs',
        'limit-out-of-range limits.shutdownTimeoutMs',
      ],
    ],
  ])('%s', (_, config, expected) => {
    const found = issuesOf(config);
    if (expected[0]?.startsWith('origin-scheme-missing')) {
      // Which fault of a pattern it is, is the policy's to say.
      expect(found).toHaveLength(1);
      expect(found[0]).toMatch(/ routes\[0\]\.policy\.origins(\[0\])?$/);
    } else expect(found).toEqual(expected);
  });

  it('are told all at once', () => {
    const config = {
      listne: 1,
      listen: 'x',
      policy: {},
      routes: [{ path: 'x', upstream: 'y' }],
      limits: { bodyTimeoutMs: -1 },
    };
    expect(issuesOf(config)).toEqual([
      'unknown-key listne',
      'listen-syntax listen',
      'origins-missing policy.origins',
      'route-path-syntax routes[0].path',
      'upstream-syntax routes[0].upstream',
      'limit-out-of-range limits.bodyTimeoutMs',
    ]);
  });

  it('suggest the name that was meant', () => {
    expect(() => readGatewayConfig({ ...GOOD, listne: 1 })).toThrow(/listne: .*Did you mean listen\?/);
  });

  it('show values bounded, and no passwords', () => {
    const upstream = 'http://user:S3CRET@127.0.0.1/mcp';
    expect(() => readGatewayConfig({ ...GOOD, routes: [{ ...ROUTE, upstream }] })).toThrow(/^(?!.*S3CRET)/s);
    const message = (() => {
      try {
        readGatewayConfig({ ...GOOD, listen: 'x'.repeat(100_000) });
      } catch (error) {
        return (error as Error).message;
      }
      return '';
    })();
    expect(message).toContain('is not HOST:PORT');
    expect(message.length).toBeLessThan(1_000);
  });
});

describe('an address other than loopback', () => {
  const hosts = ['mcp.example.com'];

  test.each(['0.0.0.0:0', '[::]:0', '10.0.0.5:80', 'mcp.example.com:80', '127.evil.example:80'])(
    '%s needs hosts',
    (listen) => {
      expect(issuesOf({ ...GOOD, listen })).toEqual(['hosts-missing policy.hosts']);
      expect(issuesOf({ ...GOOD, listen, policy: { ...POLICY, hosts } })).toEqual([]);
      expect(issuesOf({ ...GOOD, listen, policy: { ...POLICY, dangerouslyAllowAnyHost: true } })).toEqual([]);
    },
  );

  test.each(['127.0.0.1:0', '127.8.9.1:0', 'localhost:0', '[::1]:0'])('%s is none', (listen) => {
    expect(issuesOf({ ...GOOD, listen })).toEqual([]);
  });

  it('needs them in each policy, and says in which they are missing', () => {
    const routes = [
      { ...ROUTE, policy: { ...POLICY, hosts } },
      { ...ROUTE, path: '/b', policy: POLICY },
    ];
    expect(issuesOf({ listen: '0.0.0.0:0', policy: { ...POLICY, hosts }, routes })).toEqual([
      'hosts-missing routes[1].policy.hosts',
    ]);
    expect(issuesOf({ listen: '0.0.0.0:0', policy: POLICY, routes })).toEqual([
      'hosts-missing policy.hosts',
      'hosts-missing routes[1].policy.hosts',
    ]);
  });

  it('says how to name them', () => {
    expect(() => readGatewayConfig({ ...GOOD, listen: '0.0.0.0:0' })).toThrow(
      /--host mcp\.example\.com.*hosts:/,
    );
  });
});

describe('the path of a route', () => {
  test.each(['/', '/mcp', '/mcp/', '/a/b-c_d.e~f', '/.well-known/x'])('may be %s', (path) => {
    expect(issuesOf({ ...GOOD, routes: [{ ...ROUTE, path }] })).toEqual([]);
  });

  test.each([
    '',
    'mcp',
    '//',
    '/a//b',
    '/a/../b',
    '/..',
    '/a/.',
    '/a?b',
    '/a#b',
    '/a b',
    '/%61',
    '/a\\b',
    7,
    null,
  ])('may not be %j', (path) => {
    expect(issuesOf({ ...GOOD, routes: [{ ...ROUTE, path }] })).toEqual(['route-path-syntax routes[0].path']);
  });
});

describe('an upstream', () => {
  test.each(['http://127.0.0.1:3001', 'https://mcp.example.com/a/b/', 'http://[::1]:3001/mcp'])(
    'may be %s',
    (upstream) => {
      expect(issuesOf({ ...GOOD, routes: [{ ...ROUTE, upstream }] })).toEqual([]);
    },
  );

  test.each([
    '',
    '127.0.0.1:3001',
    'ftp://a.example/',
    'ws://a.example/',
    'http://',
    'http://a.example/?q',
    'http://a.example/#f',
    'http://u@a.example/',
    'http://u:p@a.example/',
    'http://a.example:99999/',
    7,
    null,
    {},
    [],
  ])('may not be %j', (upstream) => {
    expect(issuesOf({ ...GOOD, routes: [{ ...ROUTE, upstream }] })).toEqual([
      'upstream-syntax routes[0].upstream',
    ]);
  });
});

describe('several upstreams', () => {
  const A = 'http://a.example/mcp';
  const B = 'http://b.example/mcp';
  const withUpstream = (upstream: unknown) => ({ ...GOOD, routes: [{ ...ROUTE, upstream }] });

  it('become a route to each, with a mark of its own; one is as if it stood alone', () => {
    const { routes } = readGatewayConfig(withUpstream([A, B]));
    const replicas = routes[0]?.replicas ?? [];
    expect(replicas.map(({ route }) => route.upstream.href)).toEqual([A, B]);
    expect(new Set(replicas.map(({ mark }) => mark)).size).toBe(2);
    expect(routes[0]?.upstream.href).toBe(A);
    expect(readGatewayConfig(withUpstream([A])).routes[0]?.replicas).toBeUndefined();
  });

  test.each<[string, unknown, string[]]>([
    ['the same twice', [A, B, A], ['upstream-twice routes[0].upstream[2]']],
    [
      'the same twice, spelt differently',
      [A, 'http://a.example:80/mcp'],
      ['upstream-twice routes[0].upstream[1]'],
    ],
    [
      'some wrong',
      [A, 7, 'x'],
      ['upstream-syntax routes[0].upstream[1]', 'upstream-syntax routes[0].upstream[2]'],
    ],
    [
      'too many',
      Array.from({ length: 257 }, (_, i) => `http://a.example:${i + 1}`),
      ['upstreams-too-many routes[0].upstream'],
    ],
  ])('may not be %s', (_, upstream, expected) => {
    expect(issuesOf(withUpstream(upstream))).toEqual(expected);
  });
});

describe('an exact route', () => {
  it('may stand beside one that goes on below the same path, and comes first', () => {
    const { routes } = readGatewayConfig({ ...GOOD, routes: [ROUTE, { ...ROUTE, exact: true }] });
    expect(routes.map(({ path, exact }) => `${path} ${exact}`)).toEqual(['/mcp true', '/mcp false']);
  });

  test.each<[string, unknown, string[]]>([
    [
      'twice',
      [
        { ...ROUTE, exact: true },
        { ...ROUTE, exact: true },
      ],
      ['route-twice routes[1].path'],
    ],
    ['with something else than a flag', [{ ...ROUTE, exact: 'yes' }], ['wrong-type routes[0].exact']],
  ])('may not be there %s', (_, routes, expected) => {
    expect(issuesOf({ ...GOOD, routes })).toEqual(expected);
  });
});

describe('parseListen', () => {
  test.each([
    ['127.0.0.1:8808', '127.0.0.1', 8808],
    ['localhost:0', 'localhost', 0],
    ['[::1]:65535', '::1', 65_535],
    ['0.0.0.0:80', '0.0.0.0', 80],
    ['[::ffff:127.0.0.1]:80', '::ffff:127.0.0.1', 80],
  ])('%s', (text, host, port) => {
    expect(parseListen(text)).toEqual({ host, port });
  });

  test.each([
    '',
    ':80',
    '127.0.0.1',
    '127.0.0.1:',
    '::1:80',
    '[::1]',
    '[x]:80',
    'a:65536',
    'a:-1',
    'a:1e3',
    'a b:80',
    'http://a:80',
    'a:80/',
    '\n127.0.0.1:80',
    '127.0.0.1:80\n',
    '127.0.0.1:٣',
  ])('not %j', (text) => {
    expect(parseListen(text)).toBeUndefined();
  });
});

describe('whatever it is given', () => {
  const keys = fc.constantFrom(
    'listen',
    'policy',
    'routes',
    'limits',
    'path',
    'upstream',
    'origins',
    'hosts',
    '__proto__',
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.constantFrom(
        '127.0.0.1:1',
        '/mcp',
        'http://a.example',
        'https://app.example.com',
        '*',
        0,
        -1,
        5_000,
      ),
      fc.anything({ maxDepth: 1, withBigInt: true, withNullPrototype: true, withSparseArray: true }),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(keys, tie('value')),
    ),
  }));

  it('gives settings or throws a GatewayConfigError', () => {
    fc.assert(
      fc.property(value, (config) => {
        issuesOf(config); // throws what is no GatewayConfigError
      }),
      { numRuns: 2_000 },
    );
  });

  it('does so for a configuration that holds itself, as YAML aliases can make it', () => {
    const listen: unknown[] = [];
    listen.push(listen);
    expect(
      issuesOf({
        ...GOOD,
        listen,
        routes: [{ path: listen, upstream: listen }],
        limits: { bodyTimeoutMs: listen },
      }),
    ).toEqual([
      'listen-syntax listen',
      'route-path-syntax routes[0].path',
      'upstream-syntax routes[0].upstream[0]',
      'limit-out-of-range limits.bodyTimeoutMs',
    ]);
  });
});

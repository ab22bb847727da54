import { GATEWAY_SCHEMA, readGatewayConfig } from '@mcp-cors/gateway';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { readConfigDocument } from './configDocument.js';
import { issuesOf } from './issues.js';

const read = (text: string, environment: NodeJS.ProcessEnv = {}) =>
  readConfigDocument(text, GATEWAY_SCHEMA, environment);

/** The problems of a text as a command would find them, as `line:column path code`. */
function problemsOf(text: string, environment: NodeJS.ProcessEnv = {}): string[] {
  return told(text, environment).map(({ line, column, path, code }) =>
    `${line}:${column} ${path} ${code}`.replace('  ', ' '),
  );
}

function told(text: string, environment: NodeJS.ProcessEnv = {}) {
  const { value, problems, place } = read(text, environment);
  return value === undefined ? problems : [...problems, ...place(issuesOf(() => readGatewayConfig(value)))];
}

describe('the place of a problem', () => {
  test.each<[string, string, string[]]>([
    [
      'a value',
      "listen: x\npolicy: { origins: 'https://a.example' }\nroutes: [{ path: /, upstream: 'http://a' }]\n",
      ['1:9 listen listen-syntax'],
    ],
    [
      'an unknown key, at any depth',
      "listne: 1\npolicy:\n  origins: ['https://a.example']\n  hots: a\nroutes:\n  - path: /\n    upstream: http://a\n    exakt: true\n",
      ['1:1 listne unknown-key', '4:3 policy.hots unknown-key', '8:5 routes[0].exakt unknown-key'],
    ],
    [
      'a missing key: its parent',
      'policy:\n  debug: true\nroutes:\n  - path: /\n',
      ['2:3 policy.origins origins-missing', '4:5 routes[0].upstream upstream-syntax'],
    ],
    [
      'a missing section: the whole',
      'listen: 127.0.0.1:0\n',
      ['1:1 policy policy-missing', '1:1 routes routes-missing'],
    ],
    ['what is empty', 'policy:\nroutes:\n', ['1:8 policy config-not-object', '2:8 routes routes-missing']],
    ['nothing', '', ['1:1 (file) config-not-object']],
    [
      'an entry of a list',
      "policy:\n  origins:\n    - https://a.example\n    - https://b.example/\nroutes: [{ path: /, upstream: ['http://a', x] }]\n",
      ['4:7 policy.origins[1] origin-has-path', '5:44 routes[0].upstream[1] upstream-syntax'],
    ],
    [
      'a key with dots and quotes',
      "policy:\n  origins: https://a.example\n  endpoints:\n    /a.b[0]: mcp\n    '/x\"y.z': what\nroutes: [{ path: /, upstream: 'http://a' }]\n",
      ['5:15 policy.endpoints["/x\\"y.z"] endpoint-kind-unknown'],
    ],
    [
      'an alias: where it is used',
      "policy: &p { origins: 'https://a.example/' }\nroutes:\n  - { path: /, upstream: 'http://a', policy: *p }\n",
      ['1:23 policy.origins origin-has-path', '1:23 routes[0].policy.origins origin-has-path'],
    ],
    ['broken YAML', 'policy: }\n', ['1:9 yaml-syntax']],
    ['a key that is there twice', 'listen: a\nlisten: b\n', ['2:1 yaml-syntax']],
    ['an alias of nothing', 'policy: *x\n', ['1:9 yaml-alias']],
    ['lists without an end', '['.repeat(100_000), ['1:1 yaml-depth']],
    ['lists of lists on a line', `policy:\n${'- '.repeat(50_000)}`, ['1:1 yaml-depth']],
    ['mappings without an end', `policy: ${'{a: '.repeat(100_000)}`, ['1:1 yaml-depth']],
  ])('%s', (_, text, expected) => {
    expect(problemsOf(text)).toEqual(expected);
  });
});

it('says of a reference in braces that it wants quotes', () => {
  const [first] = told('policy: { origins: ${X} }\n');
  expect(first?.remedy).toContain("quotes: '${NAME}'");
});

const WITH = (policy: string, more = ''): string =>
  `policy:\n  origins: https://a.example\n  ${policy}\nroutes: [{ path: /, upstream: 'http://a' }]\n${more}`;

describe('values of the environment', () => {
  test.each<[string, string, NodeJS.ProcessEnv, unknown]>([
    ['a number where one is expected', 'maxAge: ${X}', { X: '600' }, { maxAge: 600 }],
    ['a negative one', 'maxAge: "${X}"', { X: '-1' }, { maxAge: -1 }],
    ['its default', 'maxAge: ${X:-60}', {}, { maxAge: 60 }],
    ['a flag', 'credentials: ${X}', { X: 'true' }, { credentials: true }],
    ['a choice', 'missingOrigin: ${X}', { X: 'deny' }, { missingOrigin: 'deny' }],
    ['a text of digits', 'hosts: ${X}', { X: '12345678' }, { hosts: '12345678' }],
    [
      'a secret of digits',
      'sessions: { secret: ["${X}"] }',
      { X: '9'.repeat(32) },
      { sessions: { secret: ['9'.repeat(32)] } },
    ],
    ['a part of a text, which stays a text', 'maxAge: 6${X}', { X: '0' }, { maxAge: '60' }],
    [
      'a text that would be YAML',
      'hosts: ${X}',
      { X: 'a\ncredentials: true' },
      { hosts: 'a\ncredentials: true' },
    ],
  ])('can be %s', (_, line, environment, expected) => {
    const { value, problems } = read(WITH(line), environment);
    expect(problems).toEqual([]);
    expect((value as { policy: unknown }).policy).toMatchObject(expected as object);
  });

  it('can be any number or flag of the schema, below an alias too', () => {
    const text = `policy: &p { origins: '\${O}' }\nroutes: [{ path: '\${P}', upstream: '\${U}', exact: '\${E}', policy: *p }]\nlimits: { bodyTimeoutMs: '\${N}' }`;
    const environment = { O: 'https://a.example', P: '/mcp', U: 'http://a', E: 'true', N: '5' };
    expect(read(text, environment).value).toEqual({
      policy: { origins: 'https://a.example' },
      routes: [{ path: '/mcp', upstream: 'http://a', exact: true, policy: { origins: 'https://a.example' } }],
      limits: { bodyTimeoutMs: 5 },
    });
  });

  it('that are missing, and what is no reference, are told of with their places, and nothing that follows from it', () => {
    expect(
      problemsOf(WITH('maxAge: ${X}\n  hosts: [a, "${Y}", "${"]', 'limits: { bodyTimeoutMs: x }')),
    ).toEqual([
      '3:11 variable-missing',
      '4:14 variable-missing',
      '4:22 reference-syntax',
      '6:26 limits.bodyTimeoutMs limit-out-of-range',
    ]);
  });

  it('do not change the structure, whatever they are', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        const { value: config } = read('listen: ${A}\nlimits: ["${A}", "x${A}y"]\n', { A: value });
        expect(config).toEqual({ listen: value, limits: [value, `x${value}y`] });
      }),
    );
  });

  const PLACES = [
    'listen',
    'policy.origins',
    'policy.hosts',
    'policy.maxAge',
    'policy.revisions',
    'policy.endpoints./x',
    'policy.sessions.secret',
    'policy.nothing',
    'routes.0.path',
    'routes.0.upstream',
    'routes.0.exact',
    'routes.0.nothing',
    'limits.bodyTimeoutMs',
    'limits',
    'policy',
  ];

  it('are in no message, wherever they stand', () => {
    const secrets = fc
      .tuple(
        fc.constantFrom('', 'http://', 'https://', 'http://user:', '*.', '/', '0.0.0.0:1', ' '),
        fc.string({ unit: fc.constantFrom(...'abcXYZ089'), minLength: 8, maxLength: 90 }),
        fc.constantFrom('', '.example.com', ':99', '/', '/mcp?q', '@x', ',b', '"', '\\', ' z'),
      )
      .map(([before, secret, after]) => ({ value: `${before}${secret}${after}`, secret }));
    fc.assert(
      fc.property(fc.subarray(PLACES, { minLength: 1 }), secrets, (places, { value, secret }) => {
        const config: Record<string, unknown> = {
          listen: '0.0.0.0:0',
          policy: { origins: ['https://a.example'], endpoints: {}, sessions: {} },
          routes: [{ path: '/', upstream: 'http://a' }],
          limits: {},
        };
        for (const place of places) {
          const keys = place.split('.');
          const last = keys.pop() as string;
          const parent = keys.reduce<unknown>((at, key) => (at as Record<string, unknown>)?.[key], config);
          if (typeof parent === 'object' && parent !== null)
            (parent as Record<string, unknown>)[last] = '${SECRET}';
        }
        const problems = told(JSON.stringify(config), { SECRET: value });
        expect(JSON.stringify(problems).toLowerCase()).not.toContain(secret.toLowerCase().slice(0, 8));
      }),
      { numRuns: 300 },
    );
  }, 60_000);
});

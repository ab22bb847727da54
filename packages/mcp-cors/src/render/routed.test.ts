import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { BENIGN_POLICY, hostilePolicies } from '../../../../test/fixtures/hostilePolicies.js';
import { createPolicy } from '../policy/index.js';
import { GATEWAY_API_SCHEMA } from './gatewayApi.js';
import { limitsOf, render } from './index.js';
import { kindGroups } from './kindGroups.js';
import { planPolicy } from './plan.js';
import { yaml } from './yaml.js';

const APP = 'https://app.example.com';
const WEAKER = { allowWeaker: true };

/** The names of members and the kinds of values, without the values. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shape);
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shape(member)]));
}

describe('documents in YAML', () => {
  test('are read as what they were made of', () => {
    const hostile = fc.string({
      unit: fc.constantFrom(...'{}[]"\'\\:#-&*!|>%@` \n\t,a0\u0000\u007f\u0085\u2028é'),
    });
    fc.assert(
      fc.property(
        fc.dictionary(
          hostile.filter((name) => name !== '__proto__' && name !== '<<'),
          fc.oneof(hostile, fc.integer(), fc.boolean(), fc.array(hostile)),
        ),
        (document) => {
          const text = yaml(document);
          expect(parse(text)).toEqual(document);
          // Traefik takes files as templates.
          expect(text).not.toContain('{{');
        },
      ),
    );
  });

  test.each(['envoy', 'traefik'])(
    '%s: no value breaks out of its place',
    (target) => {
      const benign = shape(parse(render(target, BENIGN_POLICY, WEAKER)));
      fc.assert(
        fc.property(hostilePolicies, ([policy, exposed]) => {
          const text = render(target, policy, WEAKER);
          expect(shape(parse(text))).toEqual(benign);
          expect(
            exposed.every((name) =>
              text.includes(
                JSON.stringify(name)
                  .slice(1, -1)
                  .replaceAll('%', target === 'envoy' ? '%%' : '%'),
              ),
            ),
          ).toBe(true);
        }),
        { numRuns: 10 },
      );
    },
    60_000,
  );
});

describe('kinds as a short list', () => {
  test('say what the ordered rules say', () => {
    const { paths } = planPolicy(
      createPolicy({ origins: APP, endpoints: { '/a/*': 'other', '/a/b': 'mcp', '/x': 'oauth' } }),
    );
    const groups = kindGroups(paths);
    const kindOf = (path: string): string =>
      paths.exact[path] ??
      paths.rules.find(({ regexp }) => new RegExp(portable(regexp)).test(path))?.kind ??
      paths.otherwise;
    const segment = fc.constantFrom(
      'a',
      'A',
      'b',
      'x',
      'X',
      'token',
      '.well-known',
      'oauth-protected-resource',
      'mcp',
      '',
      '..',
      '%61',
      ';',
    );
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 4 }), (segments) => {
        const path = `/${segments.join('/')}`;
        const group = groups.find(({ regexp }) => new RegExp(portable(regexp)).test(path));
        expect(group?.kind, path).toBe(kindOf(path));
      }),
      { numRuns: 2_000 },
    );
  });
});

/** `(?i:…)` for an engine that does not know it: letters in both cases. */
function portable(regexp: string): string {
  return regexp.replaceAll(/\(\?i:([^)]*)\)/g, (_, text: string) =>
    text.replaceAll(/[a-z]/gi, (letter) => `[${letter.toLowerCase()}${letter.toUpperCase()}]`),
  );
}

describe('gateway-api', () => {
  const many = Array.from({ length: 100 }, (_, i) => `https://a${i}.example.com`);

  test.each([
    ['one origin', { origins: APP }],
    ['more origins than there is room for', { origins: many }],
    [
      'patterns',
      { origins: ['https://*.example.com', 'http://localhost:*', '/^https:\\/\\/[a-z]+\\.example\\.net$/'] },
    ],
    ['any', { origins: '*' }],
    ['names with every sign', BENIGN_POLICY],
    ['hosts', { origins: APP, hosts: ['mcp.example.com', '*.example.net'] }],
  ])('keeps to the definition of HTTPRoute: %s', (_, policy) => {
    for (const document of parseAllDocuments(render('gateway-api', policy, WEAKER))) {
      const { spec } = document.toJS();
      expect(spec.rules.length).toBeLessThanOrEqual(GATEWAY_API_SCHEMA.maxRules);
      for (const name of spec.hostnames ?? []) expect(name).toMatch(GATEWAY_API_SCHEMA.hostname);
      for (const { matches, filters } of spec.rules) {
        expect(matches.length).toBeLessThanOrEqual(GATEWAY_API_SCHEMA.maxItems);
        const [{ type, cors }] = filters;
        expect(type).toBe('CORS');
        expect(cors.maxAge).toBeGreaterThanOrEqual(1);
        for (const method of cors.allowMethods) expect(GATEWAY_API_SCHEMA.methods).toContain(method);
        for (const origin of cors.allowOrigins) expect(origin).toMatch(GATEWAY_API_SCHEMA.origin);
        for (const list of [cors.allowOrigins, cors.allowHeaders, cors.exposeHeaders, cors.allowMethods]) {
          expect(list.length).toBeLessThanOrEqual(GATEWAY_API_SCHEMA.maxItems);
          expect(new Set(list).size).toBe(list.length);
          if (list.includes('*')) expect(list).toEqual(['*']);
        }
      }
    }
  });

  test('says what it leaves out, and adds no filter that could be taken for any origin', () => {
    const ids = (policy: Parameters<typeof limitsOf>[1]): readonly string[] =>
      limitsOf('gateway-api', policy).map(({ id }) => id);
    expect(ids({ origins: many })).toContain('other-origins');
    expect(ids({ origins: APP })).not.toContain('other-origins');
    expect(ids({ origins: APP })).toContain('hosts');
    expect(ids({ origins: APP, hosts: ['mcp.example.com'] })).not.toContain('hosts');
    const none = parse(render('gateway-api', { origins: 'http://localhost:*' }, WEAKER));
    expect(none.spec.rules[0].filters).toBeUndefined();
  });
});

describe('targets that weaken', () => {
  test('are rendered only when that is allowed', () => {
    expect(() => render('gateway-api', { origins: APP })).toThrow(/cannot hold this policy whole/);
    expect(() => render('traefik', { origins: APP })).toThrow(/cannot hold this policy whole/);
    expect(render('envoy', { origins: APP })).not.toContain('WEAKER');
  });
});

describe('paths that the server could read as those of another route', () => {
  const routes = [
    { path: '/inner', upstream: 'http://127.0.0.1:1/inner/v1', policy: { origins: 'https://b.example' } },
    { path: '/alone', exact: true, upstream: 'http://127.0.0.1:1/alone' },
    { path: '/', upstream: 'http://127.0.0.1:1' },
  ];
  const STRAY = ['/%69nner', '/Inner/x', '/ALONE', '/x/..%2finner', '/x;/y', '//inner', '/x/../y'];
  const PLAIN = ['/inner', '/inner/x', '/alone', '/alone/x', '/x/a%20b', '/innerx', '/x/Inner'];
  const matches = (regexp: string, path: string): boolean => {
    const any = regexp.includes('(?i:');
    // JavaScript of Node 20 ignores case in the whole of an expression alone; the rest of these has none.
    return new RegExp(portable(regexp.replaceAll('(?i:', '(?:')), any ? 'i' : '').test(path);
  };

  test('envoy answers 404 before any other route, whatever the query is', () => {
    interface Header {
      readonly string_match: { readonly safe_regex: { readonly regex: string } };
      readonly invert_match?: boolean;
    }
    interface Route {
      readonly match: {
        readonly safe_regex?: { readonly regex: string };
        readonly headers?: readonly Header[];
      };
      readonly direct_response?: { readonly status: number };
    }
    const document = parse(render('envoy', { origins: APP }, { routes, ...WEAKER }));
    const found: Route[] = [];
    const collect = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      if ('match' in value) found.push(value as Route);
      else for (const member of Object.values(value)) collect(member);
    };
    collect(document);
    const strays = found.slice(0, -1).filter((route) => route.direct_response?.status === 404);
    expect(found.indexOf(strays.at(-1) as Route)).toBe(strays.length - 1);
    const isStray = (path: string): boolean =>
      strays.some(
        ({ match }) =>
          matches(`^${match.safe_regex?.regex}$`, path) &&
          (match.headers ?? []).every(
            ({ string_match: { safe_regex }, invert_match }) =>
              matches(`^${safe_regex.regex}$`, `${path}?u=//x;y`) !== (invert_match === true),
          ),
      );
    expect(STRAY.filter((path) => !isStray(path))).toEqual([]);
    expect(PLAIN.filter(isStray)).toEqual([]);
  });

  test('traefik has no router for them', () => {
    const document = parse(render('traefik', { origins: APP }, { routes, ...WEAKER }));
    const rules = Object.values(document.http.routers as Record<string, { readonly rule: string }>);
    const isTaken = (path: string): boolean =>
      rules.some(({ rule }) =>
        [...rule.matchAll(/(!?)PathRegexp\(`([^`]*)`\)/g)].every(
          ([, not, regexp]) => matches(regexp as string, path) !== (not === '!'),
        ),
      );
    // Paths are matched decoded.
    expect(STRAY.filter((path) => path !== '/%69nner' && isTaken(decodeURIComponent(path)))).toEqual([]);
    expect(PLAIN.filter((path) => !isTaken(decodeURIComponent(path)))).toEqual([]);
  });
});

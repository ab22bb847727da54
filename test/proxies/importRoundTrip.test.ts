import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { createPolicy, type StaticPolicyConfig } from 'mcp-cors';
import { render } from 'mcp-cors/render';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { importPolicy } from '../../packages/mcp-cors/src/import/index.js';

const TARGETS = ['nginx', 'caddy'] as const;

const ORIGINS = [
  'https://app.example.com',
  'https://*.example.org',
  'http://localhost:*',
  'https://*.example.net:*',
  'http://127.0.0.1:6274',
  'https://wiki.example.com:8443',
  '/^https:\\/\\/pr-[0-9]+\\.example\\.dev$/',
];
const HOSTS = ['mcp.example.com', 'localhost', '*.internal.example.com', 'mcp.example.net:8443'];

const config = fc.record(
  {
    origins: fc.uniqueArray(fc.constantFrom(...ORIGINS), { minLength: 1, maxLength: 5 }),
    hosts: fc.uniqueArray(fc.constantFrom(...HOSTS), { minLength: 1 }),
    methods: fc.constantFrom(['PUT'], ['PATCH']),
    allowedHeaders: fc.uniqueArray(fc.constantFrom('X-Api-Key', 'X-Trace-Id', 'X-Tenant'), { minLength: 1 }),
    exposedHeaders: fc.uniqueArray(fc.constantFrom('X-Request-Id', 'Server-Timing'), { minLength: 1 }),
    maxAge: fc.integer({ min: 0, max: 86_400 }),
    missingOrigin: fc.constant('deny' as const),
  },
  { requiredKeys: ['origins'] },
);

const PAGES = [
  ...ORIGINS.filter((text) => !text.startsWith('/')).map((text) =>
    text.replace('*.', 'a.b.').replace(':*', ':5173'),
  ),
  'https://pr-12.example.dev',
  'https://pr-x.example.dev',
  'https://example.org',
  'http://localhost',
  'http://app.example.com',
  'https://app.example.com.evil.example',
  'https://evil.example',
  'null',
  undefined,
];
const NAMES = [
  'mcp.example.com',
  'localhost:3000',
  '127.0.0.1',
  '[::1]:80',
  'a.internal.example.com',
  'mcp.example.net:8443',
  'evil.example',
];
const ASKED = [
  'content-type',
  'mcp-param-region',
  'x-api-key',
  'x-trace-id',
  'x-tenant',
  'x-other',
  'mcp-session-id, mcp-method',
];

/** What a policy says at the MCP endpoint. */
function decisionsOf(given: StaticPolicyConfig): readonly string[] {
  const policy = createPolicy(given);
  const host = Array.isArray(given.hosts) ? String(given.hosts[0]).replace('*', 'a') : 'localhost';
  const [page] = PAGES.filter(
    (origin) => policy.decide({ method: 'GET', path: '/mcp', host, origin }).reason === 'origin-allowed',
  );
  const say = (head: Parameters<typeof policy.decide>[0]): string => {
    const { reason, headers } = policy.decide(head);
    const lists = headers.map(
      ([name, value]) => `${name}: ${value.toLowerCase().split(', ').sort().join(', ')}`,
    );
    return `${JSON.stringify(head)} ${reason} ${lists.join('; ')}`;
  };
  return [
    ...PAGES.map((origin) =>
      say({ method: 'POST', path: '/mcp', host, origin, contentType: 'application/json' }),
    ),
    ...NAMES.map((name) => say({ method: 'GET', path: '/mcp', host: name, origin: page })),
    ...['GET', 'POST', 'DELETE', 'PUT', 'PATCH', 'PURGE'].flatMap((method) =>
      ASKED.map((headers) =>
        say({
          method: 'OPTIONS',
          path: '/mcp',
          host,
          origin: page,
          requestMethod: method,
          requestHeaders: headers,
        }),
      ),
    ),
  ];
}

describe.each(TARGETS)('what mcp-cors render %s writes', (target) => {
  const readBack = (given: StaticPolicyConfig, options = {}) => {
    const imported = importPolicy(render(target, given, options), { format: target });
    expect([imported.places.length, imported.unread, imported.rendered]).toEqual([1, [], true]);
    const [place] = imported.places;
    expect(place?.holes).toEqual([]);
    return place?.policy as StaticPolicyConfig;
  };

  test('is told apart without being told', () => {
    const text = render(target, { origins: ['https://app.example.com'] });
    expect(importPolicy(text, { file: 'x' }).format).toBe(target);
  });

  test('the policy of the examples is read back as it was', () => {
    const file = new URL('../../examples/policy.yaml', import.meta.url);
    const given = parse(readFileSync(file, 'utf8')) as StaticPolicyConfig;
    expect(readBack(given)).toEqual({ ...given, allowedHeaders: ['x-api-key'] });
  });

  test('any policy is read back without holes, and decides the same at the MCP endpoint', () => {
    fc.assert(
      fc.property(config, fc.boolean(), (given, credentials) => {
        const secure = given.origins.every((origin) => !/^http:\/\/(?!localhost|127)/.test(origin));
        const policy = { ...given, ...(credentials && secure ? { credentials: true } : {}) };
        expect(decisionsOf(readBack(policy))).toEqual(decisionsOf(policy));
      }),
      { numRuns: 40 },
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { anyText } from '../../../../test/fixtures/texts.js';
import {
  createEndpointClassifier,
  ENDPOINT_KINDS,
  type EndpointKind,
  hasDotSegments,
  isJsonOnly,
  needsOfKind,
} from './endpoints.js';
import { REVISION_NEEDS, REVISIONS, type Revision, unionOfNeeds } from './revisions.js';

describe('createEndpointClassifier', () => {
  // Compiled by each test: what happens while this file is loaded shows nothing to a mutation run.
  const byDefault = (path: string): EndpointKind => createEndpointClassifier({})(path);

  test.each<[string, EndpointKind]>([
    ['/mcp', 'mcp'],
    ['/', 'mcp'],
    ['*', 'mcp'],
    ['', 'mcp'],
    ['/mcp/', 'mcp'],
    ['/MCP', 'mcp'],
    ['/some/where', 'mcp'],
    ['/sse', 'sse'],
    ['/SSE', 'mcp'],
    ['/messages', 'messages'],
    ['/message', 'messages'],
    ['/register', 'oauth'],
    ['/token', 'oauth'],
    ['/revoke', 'oauth'],
    ['/api/token', 'mcp'],
    ['/token/', 'mcp'],
    ['/Token', 'mcp'],
    ['/authorize', 'mcp'], // a navigation: needs no CORS, so it needs no looser kind
    ['/.well-known/oauth-protected-resource', 'metadata'],
    ['/.well-known/oauth-protected-resource/mcp', 'metadata'],
    ['/.well-known/oauth-authorization-server', 'metadata'],
    ['/.well-known/oauth-authorization-server/tenant', 'metadata'],
    ['/.well-known/openid-configuration', 'metadata'],
    ['/.well-known/openid-configuration/tenant', 'metadata'],
    ['/tenant/.well-known/openid-configuration', 'metadata'],
    ['/mcp/server-card', 'metadata'],
    ['/.well-known/oauth-protected-resources', 'mcp'],
    ['/.well-known/security.txt', 'mcp'],
    ['/tenant/.well-known/oauth-authorization-server', 'mcp'],
    ['/well-known/openid-configuration', 'mcp'],
    ['/server-cards', 'mcp'],
    // A path that says one thing and may reach another is guarded by the strictest rules.
    ['/.well-known/oauth-protected-resource/../mcp', 'mcp'],
    ['/.well-known/oauth-protected-resource/%2e%2e/mcp', 'mcp'],
    ['/.well-known/oauth-protected-resource/..', 'mcp'],
    ['/.well-known/oauth-protected-resource//mcp', 'mcp'],
    ['/.well-known/oauth-protected-resource\\..\\mcp', 'mcp'],
    ['/mcp/./server-card', 'mcp'],
    ['/mcp%2f..%2fserver-card', 'mcp'],
    ['/%74oken', 'mcp'],
    ['/__proto__', 'mcp'],
    ['/constructor', 'mcp'],
  ])('%s is %s by default', (path, kind) => {
    expect(byDefault(path)).toBe(kind);
  });

  const OWNED: Readonly<Record<string, EndpointKind>> = {
    '/mcp': 'other',
    '/files/*': 'other',
    '/files/tools': 'mcp',
    '/files/Admin': 'mcp',
    '/files/deep/*': 'oauth',
    '/files/deep/er/*': 'sse',
    '/.well-known/oauth-protected-resource/mine': 'other',
    '/cards/*': 'messages',
    '/upload': 'other',
    '/Cased/*': 'other',
    '/cased/tools/*': 'sse',
  };

  test.each<[string, EndpointKind]>([
    ['/mcp', 'other'],
    ['/files/a', 'other'],
    ['/files/a/b.txt', 'other'],
    ['/files/', 'other'],
    ['/files', 'mcp'],
    ['/filesystem/a', 'mcp'],
    ['/files/tools', 'mcp'],
    ['/files/tools/x', 'other'],
    ['/files/toolsmith', 'other'],
    ['/upload', 'other'],
    ['/uploads', 'mcp'],
    ['/uploa', 'mcp'],
    // A server may not tell case, nor a slash at the end: the stricter of the two kinds counts.
    ['/files/Tools', 'mcp'],
    ['/files/tools/', 'mcp'],
    ['/files/TOOLS/', 'mcp'],
    ['/files/admin', 'mcp'],
    ['/files/Admin', 'mcp'],
    ['/FILES/a', 'mcp'],
    ['/Cased/a', 'other'],
    ['/Cased/tools/a', 'mcp'],
    ['/cased/tools/a', 'sse'],
    ['/cased/a', 'mcp'],
    ['/files/deep/x', 'oauth'],
    ['/files/deep/er/x', 'sse'],
    ['/.well-known/oauth-protected-resource/mine', 'other'],
    ['/.well-known/oauth-protected-resource/yours', 'metadata'],
    ['/cards/server-card', 'messages'],
    ['/sse', 'sse'],
    ['/files/../mcp2', 'mcp'],
    ['/files/%2e%2e/mcp2', 'mcp'],
    ['/files//mcp2', 'mcp'],
    ['/files/a\\..\\..\\mcp2', 'mcp'],
    ['/files/.', 'mcp'],
    ['/files/.hidden', 'other'],
    ['/files/..hidden', 'other'],
    ['/files/a..', 'other'],
  ])('%s is %s where the owner says so', (path, kind) => {
    expect(createEndpointClassifier(OWNED)(path)).toBe(kind);
  });

  it('lets the owner name everything', () => {
    const classify = createEndpointClassifier({ '/*': 'other' });
    expect(classify('/anything')).toBe('other');
    expect(classify('/')).toBe('other');
    expect(classify('/mcp')).toBe('mcp'); // an exact path is more telling than a prefix
  });

  it('gives the same kind whatever the order in which prefixes were written', () => {
    const prefixes = fc.uniqueArray(
      fc.tuple(
        fc.constantFrom('/a/*', '/a/b/*', '/a/b/c/*', '/b/*', '/*'),
        fc.constantFrom(...ENDPOINT_KINDS),
      ),
      { selector: ([path]) => path },
    );
    fc.assert(
      fc.property(prefixes, fc.constantFrom('/a/x', '/a/b/x', '/a/b/c/x', '/b/x', '/c'), (entries, path) => {
        const one = createEndpointClassifier(Object.fromEntries(entries));
        const other = createEndpointClassifier(Object.fromEntries(entries.toReversed()));
        expect(one(path)).toBe(other(path));
      }),
    );
  });

  it('gives a kind for any text', () => {
    fc.assert(
      fc.property(anyText(200), (path) => {
        expect(ENDPOINT_KINDS).toContain(createEndpointClassifier(OWNED)(path));
      }),
    );
  });
});

test.each([
  ['/a/./b', true],
  ['/a/../b', true],
  ['/..', true],
  ['/.', true],
  ['/a/..', true],
  ['/.well-known', false],
  ['/...', false],
  ['/a.b', false],
  ['/a..b/', false],
  ['/', false],
])('hasDotSegments(%j) is %s', (path, expected) => {
  expect(hasDotSegments(path)).toBe(expected);
});

/** What pages may do at kinds that do not depend on the revision, from the OAuth documents. */
const FIXED = {
  metadata: {
    methods: ['GET'],
    requestHeaders: ['Accept', 'MCP-Protocol-Version'],
    responseHeaders: ['ETag', 'Retry-After'],
  },
  oauth: {
    methods: ['POST'],
    requestHeaders: ['Accept', 'Authorization', 'Content-Type', 'DPoP', 'MCP-Protocol-Version'],
    responseHeaders: ['DPoP-Nonce', 'Retry-After', 'WWW-Authenticate'],
  },
  other: {
    methods: ['GET', 'HEAD', 'POST'],
    requestHeaders: ['Accept', 'Authorization', 'Content-Type'],
    responseHeaders: ['Retry-After', 'WWW-Authenticate'],
  },
} as const;

describe('needsOfKind', () => {
  const methods: Record<Revision, Record<'mcp' | 'sse' | 'messages', string[]>> = {
    '2024-11-05': { mcp: ['GET', 'POST'], sse: ['GET', 'POST'], messages: ['POST'] },
    '2025-03-26': { mcp: ['DELETE', 'GET', 'POST'], sse: ['GET', 'POST'], messages: ['POST'] },
    '2025-06-18': { mcp: ['DELETE', 'GET', 'POST'], sse: ['GET', 'POST'], messages: ['POST'] },
    '2025-11-25': { mcp: ['DELETE', 'GET', 'POST'], sse: ['GET', 'POST'], messages: ['POST'] },
    '2026-07-28': { mcp: ['POST'], sse: ['POST'], messages: ['POST'] },
  };

  describe.each(REVISIONS)('%s', (revision) => {
    const needs = unionOfNeeds([revision]);

    test.each(['mcp', 'sse', 'messages'] as const)(
      '%s: the headers of the revision, and its own methods',
      (kind) => {
        const own = needsOfKind(kind, needs);
        expect(own.methods.toSorted()).toEqual(methods[revision][kind]);
        expect(own.requestHeaders).toEqual(REVISION_NEEDS[revision].requestHeaders);
        expect(own.requestHeaderPrefixes).toEqual(REVISION_NEEDS[revision].requestHeaderPrefixes);
        expect(own.responseHeaders).toEqual(REVISION_NEEDS[revision].responseHeaders);
      },
    );

    test.each(['metadata', 'oauth', 'other'] as const)('%s: the same under every revision', (kind) => {
      const own = needsOfKind(kind, needs);
      expect(own.methods.toSorted()).toEqual(FIXED[kind].methods);
      expect(own.requestHeaders.toSorted()).toEqual(FIXED[kind].requestHeaders);
      expect(own.requestHeaderPrefixes).toEqual([]);
      expect(own.responseHeaders.toSorted()).toEqual(FIXED[kind].responseHeaders);
    });
  });

  test('every kind is tested, and knows whether its POSTs are JSON', () => {
    const jsonOnly = { mcp: true, sse: true, messages: true, metadata: true, oauth: false, other: false };
    expect(Object.fromEntries(ENDPOINT_KINDS.map((kind) => [kind, isJsonOnly(kind)]))).toEqual(jsonOnly);
  });
});

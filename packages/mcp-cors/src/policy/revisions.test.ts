import { describe, expect, it, test } from 'vitest';
import { isRevision, REVISION_NEEDS, REVISIONS, type Revision, unionOfNeeds } from './revisions.js';

/** The rows of the transport and authorization pages of each revision, written out. */
const NEEDS: Record<Revision, { methods: string; requested: string; prefixes: string; exposed: string }> = {
  '2024-11-05': {
    methods: 'GET POST',
    requested: 'Accept Content-Type',
    prefixes: '',
    exposed: 'Retry-After',
  },
  '2025-03-26': {
    methods: 'DELETE GET POST',
    requested: 'Accept Authorization Content-Type DPoP Last-Event-ID MCP-Protocol-Version Mcp-Session-Id',
    prefixes: '',
    exposed: 'Last-Event-ID Mcp-Session-Id Retry-After',
  },
  '2025-06-18': {
    methods: 'DELETE GET POST',
    requested: 'Accept Authorization Content-Type DPoP Last-Event-ID MCP-Protocol-Version Mcp-Session-Id',
    prefixes: '',
    exposed: 'DPoP-Nonce Last-Event-ID MCP-Protocol-Version Mcp-Session-Id Retry-After WWW-Authenticate',
  },
  '2025-11-25': {
    methods: 'DELETE GET POST',
    requested: 'Accept Authorization Content-Type DPoP Last-Event-ID MCP-Protocol-Version Mcp-Session-Id',
    prefixes: '',
    exposed: 'DPoP-Nonce Last-Event-ID MCP-Protocol-Version Mcp-Session-Id Retry-After WWW-Authenticate',
  },
  '2026-07-28': {
    methods: 'POST',
    requested: 'Accept Authorization Content-Type DPoP MCP-Protocol-Version Mcp-Method Mcp-Name',
    prefixes: 'Mcp-Param-',
    exposed: 'DPoP-Nonce MCP-Protocol-Version Retry-After WWW-Authenticate',
  },
};

const sorted = (names: readonly string[]): string => [...names].sort().join(' ');

describe('REVISION_NEEDS', () => {
  test('every published revision is known, oldest first', () => {
    expect(REVISIONS).toEqual(['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25', '2026-07-28']);
    expect(REVISIONS).toEqual(REVISIONS.toSorted());
    expect(Object.keys(REVISION_NEEDS)).toEqual([...REVISIONS]);
  });

  test.each(REVISIONS)('%s needs what its pages say', (revision) => {
    const { methods, requestHeaders, requestHeaderPrefixes, responseHeaders } = REVISION_NEEDS[revision];
    const expected = NEEDS[revision];
    expect(sorted(methods)).toBe(expected.methods);
    expect(sorted(requestHeaders)).toBe(expected.requested);
    expect(sorted(requestHeaderPrefixes)).toBe(expected.prefixes);
    expect(sorted(responseHeaders)).toBe(expected.exposed);
  });

  test.each(REVISIONS)('nobody can change what %s needs', (revision) => {
    expect(Object.isFrozen(REVISION_NEEDS[revision])).toBe(true);
    for (const list of Object.values(REVISION_NEEDS[revision])) expect(Object.isFrozen(list)).toBe(true);
  });
});

describe('unionOfNeeds', () => {
  test('of all revisions is the default of a dual-era server', () => {
    const union = unionOfNeeds(REVISIONS);
    expect(sorted(union.methods)).toBe('DELETE GET POST');
    expect(sorted(union.requestHeaders)).toBe(
      'Accept Authorization Content-Type DPoP Last-Event-ID MCP-Protocol-Version Mcp-Method Mcp-Name Mcp-Session-Id',
    );
    expect(union.requestHeaderPrefixes).toEqual(['Mcp-Param-']);
    expect(sorted(union.responseHeaders)).toBe(
      'DPoP-Nonce Last-Event-ID MCP-Protocol-Version Mcp-Session-Id Retry-After WWW-Authenticate',
    );
  });

  test.each(REVISIONS)('of %s alone is what it needs', (revision) => {
    expect(unionOfNeeds([revision])).toEqual(REVISION_NEEDS[revision]);
  });

  it('does not depend on order or repetition', () => {
    expect(unionOfNeeds(['2026-07-28', '2025-06-18', '2026-07-28'])).toEqual(
      unionOfNeeds(['2025-06-18', '2026-07-28']),
    );
  });

  it('of no revision is nothing', () => {
    expect(Object.values(unionOfNeeds([]))).toEqual([[], [], [], []]);
  });
});

test.each([
  ['2025-06-18', true],
  ['2025-06-19', false],
  ['2025-06-18 ', false],
  ['latest', false],
  ['', false],
  [20250618, false],
  [undefined, false],
])('isRevision(%j) is %s', (value, expected) => {
  expect(isRevision(value)).toBe(expected);
});

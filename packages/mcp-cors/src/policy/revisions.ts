import { freezeDeep } from './frozen.js';

/** The dated MCP revisions that mcp-cors knows, oldest first. */
export const REVISIONS = Object.freeze([
  '2024-11-05',
  '2025-03-26',
  '2025-06-18',
  '2025-11-25',
  '2026-07-28',
] as const);

/** A dated MCP revision. */
export type Revision = (typeof REVISIONS)[number];

/** What pages need from CORS to speak a revision. Header names are as the specification writes them. */
export interface RevisionNeeds {
  readonly methods: readonly string[];
  /** Request headers that a page sends. */
  readonly requestHeaders: readonly string[];
  /** Beginnings of request header names that no list can spell out. */
  readonly requestHeaderPrefixes: readonly string[];
  /** Response headers that a page must be able to read. */
  readonly responseHeaders: readonly string[];
}

const AUTHORIZATION = ['Authorization', 'DPoP'];
const SESSION_RESPONSE = ['Mcp-Session-Id', 'Last-Event-ID'];
const AUTHORIZATION_RESPONSE = ['WWW-Authenticate', 'DPoP-Nonce'];

/**
 * The needs of each revision, from its transport and authorization pages. Every revision carries JSON bodies
 * (Content-Type), negotiates representations (Accept) and may be told to wait (Retry-After).
 * @see https://modelcontextprotocol.io/specification/2026-07-28/basic/transports
 */
export const REVISION_NEEDS: Readonly<Record<Revision, RevisionNeeds>> = freezeDeep({
  '2024-11-05': {
    methods: ['GET', 'POST'],
    requestHeaders: ['Content-Type', 'Accept'],
    requestHeaderPrefixes: [],
    responseHeaders: ['Retry-After'],
  },
  '2025-03-26': {
    methods: ['GET', 'POST', 'DELETE'],
    requestHeaders: [
      'Content-Type',
      'Accept',
      ...AUTHORIZATION,
      'Mcp-Session-Id',
      'MCP-Protocol-Version', // on metadata discovery
      'Last-Event-ID',
    ],
    requestHeaderPrefixes: [],
    responseHeaders: [...SESSION_RESPONSE, 'Retry-After'],
  },
  '2025-06-18': {
    methods: ['GET', 'POST', 'DELETE'],
    requestHeaders: [
      'Content-Type',
      'Accept',
      ...AUTHORIZATION,
      'Mcp-Session-Id',
      'MCP-Protocol-Version',
      'Last-Event-ID',
    ],
    requestHeaderPrefixes: [],
    responseHeaders: [...SESSION_RESPONSE, 'MCP-Protocol-Version', ...AUTHORIZATION_RESPONSE, 'Retry-After'],
  },
  '2025-11-25': {
    methods: ['GET', 'POST', 'DELETE'],
    requestHeaders: [
      'Content-Type',
      'Accept',
      ...AUTHORIZATION,
      'Mcp-Session-Id',
      'MCP-Protocol-Version',
      'Last-Event-ID',
    ],
    requestHeaderPrefixes: [],
    responseHeaders: [...SESSION_RESPONSE, 'MCP-Protocol-Version', ...AUTHORIZATION_RESPONSE, 'Retry-After'],
  },
  '2026-07-28': {
    methods: ['POST'],
    requestHeaders: [
      'Content-Type',
      'Accept',
      ...AUTHORIZATION,
      'MCP-Protocol-Version',
      'Mcp-Method',
      'Mcp-Name',
    ],
    requestHeaderPrefixes: ['Mcp-Param-'],
    responseHeaders: ['MCP-Protocol-Version', ...AUTHORIZATION_RESPONSE, 'Retry-After'],
  },
});

/** The union of what several revisions need, in the order of their first mention. */
export function unionOfNeeds(revisions: readonly Revision[]): RevisionNeeds {
  const needs = REVISIONS.filter((revision) => revisions.includes(revision)).map((r) => REVISION_NEEDS[r]);
  return {
    methods: [...new Set(needs.flatMap((need) => need.methods))],
    requestHeaders: [...new Set(needs.flatMap((need) => need.requestHeaders))],
    requestHeaderPrefixes: [...new Set(needs.flatMap((need) => need.requestHeaderPrefixes))],
    responseHeaders: [...new Set(needs.flatMap((need) => need.responseHeaders))],
  };
}

/** Whether a text names a revision. */
export function isRevision(text: unknown): text is Revision {
  return (REVISIONS as readonly unknown[]).includes(text);
}

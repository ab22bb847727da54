import type { RevisionNeeds } from './revisions.js';

/** The kinds of endpoint. */
export const ENDPOINT_KINDS = Object.freeze([
  'mcp',
  'sse',
  'messages',
  'metadata',
  'oauth',
  'other',
] as const);

/**
 * What stands behind a path: the MCP endpoint; the stream and the POST endpoint of HTTP+SSE (2024-11-05); OAuth
 * metadata; OAuth registration, token and revocation; or something of the owner's that is not MCP.
 */
export type EndpointKind = (typeof ENDPOINT_KINDS)[number];

/** How a kind narrows or replaces what the revisions need. */
interface KindRules {
  /** Of the revisions' methods only these; undefined keeps all. */
  readonly onlyMethods?: readonly string[];
  /** In place of the revisions' needs. */
  readonly instead?: RevisionNeeds;
  /** Whether a POST must be application/json. */
  readonly jsonOnly: boolean;
}

const NO_PREFIXES: readonly string[] = Object.freeze([]);

const KIND_RULES: Readonly<Record<EndpointKind, KindRules>> = Object.freeze({
  mcp: { jsonOnly: true },
  // A newer client first tries POST on the address it was given, and falls back on what it can read of the answer
  // (transports, 2025-03-26, backwards compatibility).
  sse: { onlyMethods: ['GET', 'POST'], jsonOnly: true },
  messages: { onlyMethods: ['POST'], jsonOnly: true },
  // RFC 9728 and RFC 8414: documents to be read; clients send the version header on discovery.
  metadata: {
    instead: {
      methods: ['GET'],
      requestHeaders: ['Accept', 'MCP-Protocol-Version'],
      requestHeaderPrefixes: NO_PREFIXES,
      responseHeaders: ['ETag', 'Retry-After'],
    },
    jsonOnly: true,
  },
  // RFC 7591 takes JSON, RFC 6749 and RFC 7009 take forms.
  oauth: {
    instead: {
      methods: ['POST'],
      requestHeaders: ['Content-Type', 'Accept', 'Authorization', 'DPoP', 'MCP-Protocol-Version'],
      requestHeaderPrefixes: NO_PREFIXES,
      responseHeaders: ['WWW-Authenticate', 'DPoP-Nonce', 'Retry-After'],
    },
    jsonOnly: false,
  },
  other: {
    instead: {
      methods: ['GET', 'HEAD', 'POST'],
      requestHeaders: ['Content-Type', 'Accept', 'Authorization'],
      requestHeaderPrefixes: NO_PREFIXES,
      responseHeaders: ['WWW-Authenticate', 'Retry-After'],
    },
    jsonOnly: false,
  },
});

/** What a kind allows under a policy that serves revisions with these needs. */
export function needsOfKind(kind: EndpointKind, needs: RevisionNeeds): RevisionNeeds {
  const { instead, onlyMethods } = KIND_RULES[kind];
  if (instead !== undefined) return instead;
  if (onlyMethods === undefined) return needs;
  return { ...needs, methods: needs.methods.filter((method) => onlyMethods.includes(method)) };
}

/** Whether a POST to this kind of endpoint must be application/json. */
export function isJsonOnly(kind: EndpointKind): boolean {
  return KIND_RULES[kind].jsonOnly;
}

/** Paths that are what their name says unless the owner says otherwise. */
export const DEFAULT_ENDPOINTS: Readonly<Record<string, EndpointKind>> = Object.freeze({
  '/mcp': 'mcp',
  '/sse': 'sse',
  '/messages': 'messages',
  '/message': 'messages',
  '/register': 'oauth',
  '/token': 'oauth',
  '/revoke': 'oauth',
});

/** Well-known names of OAuth metadata; a path may follow (RFC 8414 section 3.1, RFC 9728 section 3.1). */
export const METADATA_NAMES: readonly string[] = Object.freeze([
  '/.well-known/oauth-protected-resource',
  '/.well-known/oauth-authorization-server',
  '/.well-known/openid-configuration',
]);

/** Endings of paths that hold metadata: OpenID Connect puts the name behind the issuer's path. */
export const METADATA_ENDINGS: readonly string[] = Object.freeze([
  '/.well-known/openid-configuration',
  '/server-card',
]);

/** Gives the kind of the endpoint at a path; the path has no query. */
export type EndpointClassifier = (path: string) => EndpointKind;

/**
 * Compiles the owner's endpoints over the defaults. A path that neither names is `mcp`, the strictest kind, so that a
 * server at any path is guarded whole, and so that no spelling of a path escapes the rules of the endpoint it reaches.
 */
export function createEndpointClassifier(
  endpoints: Readonly<Record<string, EndpointKind>>,
): EndpointClassifier {
  const exact = new Map<string, EndpointKind>(Object.entries(DEFAULT_ENDPOINTS));
  const below: [prefix: string, kind: EndpointKind][] = [];
  for (const [path, kind] of Object.entries(endpoints)) {
    if (path.endsWith('/*')) below.push([path.slice(0, -1), kind]);
    else exact.set(path, kind);
  }
  below.sort(([a], [b]) => b.length - a.length); // the longest prefix wins
  // Servers may take /API/Mcp/ for /api/mcp.
  const exactInAnyCase = new Map([...exact].map(([path, kind]) => [path.toLowerCase(), kind]));
  const belowInAnyCase = below.map(([prefix, kind]) => [prefix.toLowerCase(), kind] as const);

  let lastPath: string | undefined; // one of those above
  let lastKind: EndpointKind = 'mcp';

  return (path) => {
    // Most requests go to the same path: a comparison saves hashing it.
    if (path === lastPath) return lastKind;
    const kind = exact.get(path);
    if (kind !== undefined) {
      lastPath = path;
      lastKind = kind;
      return kind;
    }
    if (!isPlainPath(path)) return 'mcp';
    const found = kindBelow(path, below);
    const lower = path.toLowerCase();
    const meant = exactInAnyCase.get(lower.replace(/\/$/, '')) ?? kindBelow(lower, belowInAnyCase);
    return found === meant ? found : 'mcp';
  };
}

function kindBelow(
  path: string,
  below: readonly (readonly [prefix: string, kind: EndpointKind])[],
): EndpointKind {
  for (const [prefix, kind] of below) if (path.startsWith(prefix)) return kind;
  return isMetadataPath(path) ? 'metadata' : 'mcp';
}

function isMetadataPath(path: string): boolean {
  return (
    METADATA_NAMES.some((name) => path === name || path.startsWith(`${name}/`)) ||
    METADATA_ENDINGS.some((ending) => path.endsWith(ending))
  );
}

/** Whether a path says what it reaches: no dot segments, nothing encoded, no empty segments. */
function isPlainPath(path: string): boolean {
  return !/[%\\#;]|\/\//.test(path) && !hasDotSegments(path);
}

/** Whether a path has `.` or `..` segments. */
export function hasDotSegments(path: string): boolean {
  return /\/\.{1,2}(?:\/|$)/.test(path);
}

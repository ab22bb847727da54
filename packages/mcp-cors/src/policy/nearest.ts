import type { Canonicalise } from './alias.js';
import { type OriginParts, parseOrigin } from './origin.js';
import { createOriginMatcher, type OriginPattern } from './pattern.js';
import { nearestName } from './spelling.js';

/** A pattern that almost admits an origin, and what keeps it from doing so. */
export interface NearMiss {
  readonly pattern: string;
  /** A clause such as `the port differs`. */
  readonly difference: string;
}

type NamedPattern = Extract<OriginPattern, { readonly scheme: string }>;

/** What can be off by little, the most telling first: each holds where those before it did not. */
const DIFFERENCES: readonly (readonly [
  difference: string,
  applies: (origin: OriginParts, pattern: NamedPattern, canonicalise: Canonicalise) => boolean,
])[] = [
  [
    'the port differs',
    (origin, pattern, canonicalise) =>
      origin.scheme === pattern.scheme && holdsHost(pattern, origin.host, canonicalise),
  ],
  ['the scheme differs', (origin, pattern, canonicalise) => holdsHost(pattern, origin.host, canonicalise)],
  [
    'the pattern asks for a subdomain',
    (origin, pattern) => isSubdomainPattern(pattern) && origin.host === pattern.host,
  ],
  [
    'the pattern has no wildcard for subdomains',
    (origin, pattern) => !isSubdomainPattern(pattern) && origin.host.endsWith(`.${pattern.host}`),
  ],
  [
    'the host is spelled differently',
    (origin, pattern) => nearestName(origin.host, [pattern.host]) !== undefined,
  ],
];

/**
 * Finds the pattern that an origin misses by the least: what no browser would send (a trailing slash, upper case, a
 * default port), then the port, the scheme, the subdomain, the spelling. Looks at every pattern: for people, not for
 * the path of a request.
 */
export function findNearMiss(
  origin: string,
  patterns: readonly OriginPattern[],
  canonicalise: Canonicalise = (host) => host,
): NearMiss | undefined {
  const tidy = origin.trim().toLowerCase().replace(/\/$/, '');
  const mended = DEFAULT_PORT_SPELLED_OUT.test(tidy) ? tidy.replace(/:[0-9]+$/, '') : tidy;
  const pattern = createOriginMatcher(patterns, canonicalise).match(mended);
  if (pattern !== undefined) return { pattern, difference: `a browser would send ${mended}` };
  const parts = parseOrigin(mended);
  if (parts === undefined) return undefined;
  // `moz-extension://*` names no host that another could be near to.
  const named = patterns.filter(
    (pattern): pattern is NamedPattern => 'scheme' in pattern && pattern.host !== '',
  );
  for (const [difference, applies] of DIFFERENCES) {
    const found = named.find((pattern) => applies(parts, pattern, canonicalise));
    if (found !== undefined) return { pattern: found.text, difference };
  }
  return undefined;
}

const DEFAULT_PORT_SPELLED_OUT = /^(?:http:\/\/[^/]+:80|https:\/\/[^/]+:443)$/;

function isSubdomainPattern(pattern: NamedPattern): boolean {
  return pattern.type === 'wildcard' && pattern.subdomains === 'labels';
}

function holdsHost(pattern: NamedPattern, host: string, canonicalise: Canonicalise): boolean {
  if (isSubdomainPattern(pattern)) return host.endsWith(`.${pattern.host}`);
  return canonicalise(pattern.host) === canonicalise(host);
}

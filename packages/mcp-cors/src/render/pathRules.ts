import {
  DEFAULT_ENDPOINTS,
  type EndpointKind,
  METADATA_ENDINGS,
  METADATA_NAMES,
} from '../policy/endpoints.js';
import { anyCase, literal, oneOfTexts } from './regexps.js';

/** What tells the kind of a path. Paths are compared with case, as they are on the wire, without their query. */
export interface PathRules {
  /** Paths by themselves; these come first. */
  readonly exact: Readonly<Record<string, EndpointKind>>;
  /** Then the first of these that matches. Anchored at the start; at the end where it says so. */
  readonly rules: readonly PathRule[];
  /** The kind of every other path: the strictest. */
  readonly otherwise: EndpointKind;
}

export interface PathRule {
  readonly regexp: string;
  readonly kind: EndpointKind;
  /** What it is for, for comments. */
  readonly why: string;
}

/** Encoded characters, parameters, empty segments or dot segments: such a path does not say what it reaches. */
const NOT_PLAIN = String.raw`^.*(?:[%\\#;]|//|/\.{1,2}(?:/|$))`;

/**
 * The classification of `createEndpointClassifier` as an ordered list. In corners where paths are nested in several
 * spellings it may say `mcp`, the strictest kind, where the policy says another.
 */
export function pathRules(endpoints: Readonly<Record<string, EndpointKind>>): PathRules {
  const exact: Record<string, EndpointKind> = { ...DEFAULT_ENDPOINTS };
  const below: { readonly prefix: string; readonly kind: EndpointKind }[] = [];
  for (const [path, kind] of Object.entries(endpoints)) {
    if (path.endsWith('/*')) below.push({ prefix: path.slice(0, -1), kind });
    else exact[path] = kind;
  }
  below.sort((a, b) => b.prefix.length - a.prefix.length); // the longest prefix wins

  /** Rules for a text in any case, by the prefixes under which it is in the case of the prefix. */
  const inAnyCase = (text: string, kind: EndpointKind, end: string): PathRule[] => [
    ...below
      .filter(({ prefix }) => text.toLowerCase().startsWith(prefix.toLowerCase()))
      .map(({ prefix, kind: found }) => ({
        regexp: `^${literal(prefix)}${anyCase(text.slice(prefix.length))}${end}`,
        kind: found === kind ? kind : ('mcp' as const),
        why: `${text} in another spelling`,
      })),
    { regexp: `^${anyCase(text)}${end}`, kind: 'mcp', why: `${text} in another spelling` },
  ];
  /** The path with a slash at its end may be a prefix by itself. */
  const asPrefix = (path: string, kind: EndpointKind): PathRule[] =>
    below
      .filter(({ prefix }) => prefix.toLowerCase() === `${path.toLowerCase()}/`)
      .map(({ prefix, kind: found }) => ({
        regexp: `^${literal(prefix)}$`,
        kind: found === kind ? kind : 'mcp',
        why: `${prefix} itself`,
      }));

  const spellings = Object.entries(exact)
    .filter(([path]) => isLoosened(path, below))
    .flatMap(([path, kind]) => [...asPrefix(path, kind), ...inAnyCase(path, kind, '/?$')]);
  const prefixes = below.flatMap(({ prefix, kind }) => [
    { regexp: `^${literal(prefix)}`, kind, why: `below ${prefix}` },
    ...inAnyCase(prefix, kind, '').filter(({ regexp }) => regexp !== `^${literal(prefix)}`),
  ]);
  return {
    exact,
    rules: [
      { regexp: NOT_PLAIN, kind: 'mcp', why: 'a path that does not say what it reaches' },
      ...spellings,
      ...prefixes,
      {
        regexp: `^${oneOfTexts(METADATA_NAMES)}(?:/.*)?$`,
        kind: 'metadata',
        why: 'metadata of OAuth (RFC 8414, RFC 9728)',
      },
      {
        regexp: `^.*${oneOfTexts(METADATA_ENDINGS)}$`,
        kind: 'metadata',
        why: 'metadata behind a path',
      },
    ],
    otherwise: 'mcp',
  };
}

/** Whether another spelling of a path would be of another kind than `mcp` by a prefix or as metadata. */
function isLoosened(path: string, below: readonly { readonly prefix: string }[]): boolean {
  const lower = `${path.toLowerCase()}/`;
  return (
    below.some(({ prefix }) => lower.startsWith(prefix.toLowerCase())) ||
    METADATA_NAMES.some((name) => lower.startsWith(`${name}/`)) ||
    METADATA_ENDINGS.some((ending) => lower.endsWith(`${ending}/`))
  );
}

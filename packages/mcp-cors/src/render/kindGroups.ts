import type { EndpointKind } from '../policy/endpoints.js';
import type { PathRules } from './pathRules.js';
import { literal, oneOf } from './regexps.js';

/** Paths of one kind; of several groups the first that matches tells. */
export interface KindGroup {
  readonly kind: EndpointKind;
  /** Matches the whole path, for engines that match at the start and at the end alone. */
  readonly regexp: string;
}

/** The classification as a short ordered list, for targets without maps: neighbours of one kind are joined. */
export function kindGroups({ exact, rules, otherwise }: PathRules): readonly KindGroup[] {
  const kinds = [...new Set(Object.values(exact))];
  const listed = kinds.map((kind) => ({
    kind,
    regexp: `^${oneOf(
      Object.keys(exact)
        .filter((path) => exact[path] === kind)
        .map(literal),
    )}$`,
  }));
  const groups: { kind: EndpointKind; sources: string[] }[] = [];
  for (const { kind, regexp } of [...listed, ...rules]) {
    const last = groups.at(-1);
    const source = whole(regexp);
    if (last?.kind === kind) last.sources.push(source);
    else groups.push({ kind, sources: [source] });
  }
  return [
    ...groups.map(({ kind, sources }) => ({ kind, regexp: `^${oneOf(sources)}$` })),
    { kind: otherwise, regexp: '^.*$' },
  ];
}

/** An expression that is anchored at the start, without its anchors, for the whole of a text. */
export function whole(regexp: string): string {
  const end = /(?:^|[^\\])(?:\\\\)*\$$/.test(regexp);
  return `(?:${end ? regexp.slice(1, -1) : `(?:${regexp.slice(1)})[\\s\\S]*`})`;
}

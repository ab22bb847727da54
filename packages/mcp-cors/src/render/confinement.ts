import type { RoutePlan } from './plan.js';
import { anyCase, literal } from './regexps.js';

/** A rule about a path as it came, without its query. */
export interface PlaceRule {
  /** Anchored at the start; at the end where it says so. */
  readonly regexp: string;
  /** Whether the path may go on to its route; where not, it leads nowhere. */
  readonly inside: boolean;
  readonly why: string;
}

/** Text in percent-encoding that equals the plain one (RFC 3986 section 6.2.2.2), separators, and control characters. */
const SPELLED = '%(?:2[defDEF]|3[0-9]|[46][1-9a-fA-F]|[57][0-9aA]|5[cfCF]|7[eEfF]|[01][0-9a-fA-F])';

/** A path that could climb out of its route, or be another one to the server by a second spelling. */
const NOT_PLAIN = String.raw`^.*(?:[\\#;]|//|/\.{1,2}(?:/|$)|${SPELLED})`;

/**
 * What keeps each path to its own route, as an ordered list whose first match tells; what none matches is inside. Needed
 * where routes have paths: the server behind may read a path more freely than the target, and each route has its policy.
 */
export function placeRules(routes: readonly RoutePlan[]): readonly PlaceRule[] {
  if (routes.every(({ path, exact, upstream }) => path === '' && !exact && upstream.path === '')) return [];
  return [
    { regexp: NOT_PLAIN, inside: false, why: 'a path that does not say what it reaches' },
    ...routes
      .filter(({ path }) => path !== '')
      .flatMap(({ path, exact }): readonly PlaceRule[] => {
        const end = exact ? '$' : '(?:/|$)';
        return [
          { regexp: `^${literal(path)}${end}`, inside: true, why: path },
          { regexp: `^${anyCase(path)}${end}`, inside: false, why: `${path} in another case` },
        ].filter(({ regexp }, i, rules) => i === 0 || regexp !== rules[0]?.regexp);
      }),
  ];
}

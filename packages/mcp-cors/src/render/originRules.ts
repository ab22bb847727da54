import { createCanonicaliser, type HostAlias } from '../policy/alias.js';
import type { PolicySettings } from '../policy/config.js';
import { MAX_HOST_LENGTH, MAX_SCHEME_LENGTH, parseOrigin } from '../policy/origin.js';
import type { OriginPattern } from '../policy/pattern.js';
import { parseExpression, parseRegExpText } from '../policy/regexp.js';
import { deterministic, isAmbiguous } from './ambiguity.js';
import { anchored, DOMAIN, IPV6, LABEL, literal, ORIGIN, oneOf, portable, portOf } from './regexps.js';

/** A pattern of the owner's as a portable, anchored regular expression. */
export interface PatternRule {
  /** As the owner wrote it, for comments. */
  readonly text: string;
  readonly regexp: string;
}

/** An expression of the owner's. */
export interface ExpressionRule extends PatternRule {
  /** Whether an engine that tries one way after the other can need exponentially long for it; RE2 and Go never do. */
  readonly backtracks: boolean;
}

/** Which origins are admitted, each way by itself. Origins are compared with case. */
export interface OriginRules {
  /** `*`: any origin, answered with `*`. What is no origin at all is still refused; see `wellFormed`. */
  readonly any: boolean;
  /** Whether `null` is admitted. */
  readonly opaque: boolean;
  /** Origins spelled out, those of aliases included. There may be very many. */
  readonly exact: readonly string[];
  /** Wildcards: complete by themselves, but that an IPv6 address may have any spelling. */
  readonly patterns: readonly PatternRule[];
  /** The owner's regular expressions: an origin must match `wellFormed` too, as `.*` is not to run over a slash. */
  readonly expressions: readonly ExpressionRule[];
  /** Anchored: any serialised origin. */
  readonly wellFormed: string;
  /** Anchored at the start alone: what is longer than any origin, and to be refused before anything else is tried. */
  readonly tooLong: string;
}

const TOO_LONG = `^(?:[^:]{${MAX_SCHEME_LENGTH + 1}}|[^:]*://[^:]{${MAX_HOST_LENGTH + 1}})`;

/** Takes the origins of a policy apart. */
export function originRules(settings: PolicySettings): OriginRules {
  const exact = new Set<string>();
  const patterns: PatternRule[] = [];
  const expressions: ExpressionRule[] = [];
  for (const pattern of settings.origins) {
    if (pattern.type === 'exact') {
      exact.add(pattern.text);
      const port = pattern.port === '' ? '' : `:${pattern.port}`;
      for (const host of namesOf(pattern.host, settings.aliases)) {
        const origin = `${pattern.scheme}://${host}${port}`;
        if (parseOrigin(origin) !== undefined) exact.add(origin);
      }
    } else if (pattern.type === 'wildcard') {
      patterns.push({ text: pattern.text, regexp: wildcard(pattern, settings.aliases) });
    } else if (pattern.type === 'regexp') {
      const rule = expression(pattern.text);
      if (rule !== undefined) expressions.push(rule);
    }
  }
  return {
    any: settings.origins.some(({ type }) => type === 'any'),
    opaque: settings.allowNullOrigin,
    exact: [...exact],
    patterns,
    expressions,
    wellFormed: anchored(ORIGIN),
    tooLong: TOO_LONG,
  };
}

/** Every name that a host has among aliases, as it is and without or with each ending that may be left out. */
export function namesOf(host: string, aliases: readonly HostAlias[]): readonly string[] {
  if (aliases.length === 0) return [host];
  const canonicalise = createCanonicaliser(aliases);
  const canonical = canonicalise(host);
  const candidates = [
    canonical,
    ...aliases.flatMap(({ endings }) => endings.map((ending) => `${canonical}${ending}`)),
  ];
  const names = candidates.filter(
    (name) => name.length <= MAX_HOST_LENGTH && canonicalise(name) === canonical,
  );
  return [...new Set([host, ...names])];
}

function wildcard(
  { scheme, host, subdomains, port }: OriginPattern & { readonly type: 'wildcard' },
  aliases: readonly HostAlias[],
): string {
  const hosts =
    subdomains === 'all'
      ? oneOf([DOMAIN, IPV6])
      : subdomains === 'labels'
        ? `(?:${LABEL}\\.)+${literal(host)}`
        : oneOf(namesOf(host, aliases).map(literal));
  const ports = port === '*' ? `(?::${portOf(scheme)})?` : port === '' ? '' : `:${port}`;
  return `^${literal(scheme)}://${hosts}${ports}$`;
}

/** An expression of the owner's; undefined when no origin can match it. An ambiguous one becomes one that is not. */
function expression(text: string): ExpressionRule | undefined {
  const { source, flags } = parseRegExpText(text) as { readonly source: string; readonly flags: string };
  const tree = parseExpression(source, flags);
  const inner = 'fault' in tree ? undefined : portable(tree);
  if ('fault' in tree || inner === undefined) return undefined;
  if (!isAmbiguous(tree)) return { text, regexp: anchored(inner), backtracks: false };
  const determined = deterministic(tree);
  return { text, regexp: anchored(determined ?? inner), backtracks: determined === undefined };
}

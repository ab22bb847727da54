import type { OriginDirectory } from './directory.js';
import { type PolicyIssue, type PolicyIssueCode, policyIssue } from './errors.js';
import { freezeDeep } from './frozen.js';
import { LOOPBACK_HOSTS } from './host.js';
import { type InParts, PART_ENTRIES } from './parts.js';
import { type OriginPattern, parseOriginPattern } from './pattern.js';
import { isPublicSuffix } from './publicSuffix.js';
import type { PlacedText } from './texts.js';

/** A pattern, or where to look an origin up. */
export type OriginEntry = string | RegExp | OriginDirectory;

/** What `origins` comes to. */
export interface OriginSettings {
  readonly origins: readonly OriginPattern[];
  /** Where origins are looked up that no pattern admits. */
  readonly directories: readonly OriginDirectory[];
}

/** What decides about origins that can be read. */
export interface OriginRules {
  readonly credentials: boolean;
  readonly allowInsecureOrigins: boolean;
  readonly allowPublicSuffixes: boolean;
}

/** The patterns and directories of `origins`. */
export function* readOrigins(
  value: unknown,
  rules: OriginRules,
  issues: PolicyIssue[],
): InParts<OriginSettings> {
  const before = issues.length;
  const directories: OriginDirectory[] = [];
  const entries: PlacedText[] = [];
  for (const [i, entry] of (Array.isArray(value) ? value : [value]).entries()) {
    const path = Array.isArray(value) ? `origins[${i}]` : 'origins';
    if (isDirectory(entry)) directories.push(wrapDirectory(entry));
    else if (entry instanceof RegExp) entries.push({ path, text: `/${entry.source}/${entry.flags}` });
    else if (typeof entry === 'string') entries.push({ path, text: entry });
    else if (entry !== undefined || Array.isArray(value))
      issues.push(
        policyIssue('wrong-type', path, entry, {
          detail: 'an origin, a list of them or a directory is expected',
        }),
      );
  }
  if (entries.length === 0 && directories.length === 0 && issues.length === before) {
    issues.push(policyIssue('origins-missing', 'origins', value));
  }

  const patterns = new Map<string, OriginPattern>();
  for (const [i, { path, text }] of entries.entries()) {
    if (i % PART_ENTRIES === PART_ENTRIES - 1) yield;
    const pattern = parseOriginPattern(text);
    if ('fault' in pattern) {
      const { fault, ...specifics } = pattern;
      issues.push(policyIssue(fault, path, text, specifics));
      continue;
    }
    patterns.set(pattern.text, freezeDeep(pattern));
    if (pattern.type === 'any' && entries.length + directories.length > 1) {
      issues.push(policyIssue('origin-any-not-alone', path, text));
    }
    const doubt = doubtOf(pattern, rules);
    if (doubt !== undefined) issues.push(policyIssue(doubt, path, text));
  }
  return { origins: Object.freeze([...patterns.values()]), directories };
}

/** Why a pattern that can be read should not be accepted all the same. */
function doubtOf(
  pattern: OriginPattern,
  { credentials, allowInsecureOrigins, allowPublicSuffixes }: OriginRules,
): PolicyIssueCode | undefined {
  if (pattern.type === 'any') return credentials ? 'origin-any-with-credentials' : undefined;
  if (!allowPublicSuffixes) {
    if (pattern.type === 'wildcard' && pattern.subdomains === 'labels' && isPublicSuffix(pattern.host)) {
      return 'origin-public-suffix';
    }
    if (pattern.type === 'regexp' && !pattern.spelledOut) {
      if (pattern.domains === undefined) return 'regexp-open-domain';
      if (pattern.domains.some(isPublicSuffix)) return 'origin-public-suffix';
    }
  }
  const insecure =
    pattern.type === 'regexp'
      ? pattern.admitsInsecure
      : pattern.scheme === 'http' && !isLoopbackHost(pattern.host);
  return credentials && !allowInsecureOrigins && insecure ? 'origin-insecure-with-credentials' : undefined;
}

function isDirectory(entry: unknown): entry is OriginDirectory {
  return typeof entry === 'object' && entry !== null && typeof (entry as OriginDirectory).has === 'function';
}

/** A directory that can be frozen, and that neither throws nor rejects: what cannot be found out is no. */
function wrapDirectory(directory: OriginDirectory): OriginDirectory {
  return {
    has(origin) {
      try {
        const named = directory.has(origin);
        return typeof named === 'boolean' ? named : Promise.resolve(named).then(isTrue, isNothing);
      } catch {
        return false;
      }
    },
  };
}

const isTrue = (named: unknown): boolean => named === true;
const isNothing = (): boolean => false;

/** Whether a pattern's host is this machine: localhost, a name below it, or a loopback address. */
function isLoopbackHost(host: string): boolean {
  return (
    LOOPBACK_HOSTS.includes(host) || host.endsWith('.localhost') || /^127(?:\.[0-9]{1,3}){3}$/.test(host)
  );
}

/** Whether requests without Origin pass. */
export function readMissingOrigin(value: unknown, issues: PolicyIssue[]): 'allow' | 'deny' {
  if (value === undefined || value === 'allow' || value === 'deny') return value ?? 'allow';
  issues.push(policyIssue('missing-origin-invalid', 'missingOrigin', value));
  return 'allow';
}

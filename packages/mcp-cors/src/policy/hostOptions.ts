import { type HostAlias, parseHostAlias } from './alias.js';
import { type PolicyIssue, policyIssue } from './errors.js';
import { type HostPattern, parseHostPattern } from './host.js';
import type { OriginRules } from './originOptions.js';
import { isPublicSuffix } from './publicSuffix.js';
import { readTexts } from './texts.js';

/** The Host allowlist; undefined where none is given. */
export function readHosts(
  value: unknown,
  { allowPublicSuffixes }: Pick<OriginRules, 'allowPublicSuffixes'>,
  issues: PolicyIssue[],
): readonly HostPattern[] | undefined {
  if (value === undefined) return undefined;
  const before = issues.length;
  const patterns: HostPattern[] = [];
  for (const { path, text } of readTexts(value, 'hosts', issues)) {
    const pattern = parseHostPattern(text);
    if (pattern === undefined) {
      issues.push(policyIssue('host-syntax', path, text, withoutScheme(text)));
      continue;
    }
    patterns.push(pattern);
    if (pattern.subdomains && !allowPublicSuffixes && isPublicSuffix(pattern.host)) {
      issues.push(policyIssue('host-public-suffix', path, text));
    }
  }
  if (patterns.length === 0 && issues.length === before)
    issues.push(policyIssue('hosts-empty', 'hosts', value));
  return patterns;
}

/** What to write in place of a text that is no host, where that is the host of a URL. */
function withoutScheme(text: string): { readonly remedy?: string } {
  const bare = text.replace(/^https?:\/\//, '').replace(/\/.*/s, '');
  return parseHostPattern(bare) === undefined ? {} : { remedy: `Write ${bare}.` };
}

/** The host suffixes that may be left out, each once. */
export function readAliases(value: unknown, issues: PolicyIssue[]): readonly HostAlias[] {
  const aliases = new Map<string, HostAlias>();
  for (const { path, text } of readTexts(value, 'aliases', issues)) {
    const alias = parseHostAlias(text);
    if (alias === undefined) issues.push(policyIssue('alias-syntax', path, text));
    else if (isPublicSuffix(text.slice(1))) issues.push(policyIssue('alias-public-suffix', path, text));
    else aliases.set(text, alias);
  }
  return [...aliases.values()];
}

import type { Canonicalise } from './alias.js';
import type { PolicyIssueCode } from './errors.js';
import {
  DEFAULT_PORTS,
  endOfHost,
  endsInNumber,
  isCanonicalIpv4,
  isDomain,
  isPort,
  isScheme,
  MAX_HOST_LENGTH,
  MAX_ORIGIN_LENGTH,
  parseOrigin,
  serialiseIpv6,
} from './origin.js';
import { atOnce, type InParts, PART_ENTRIES } from './parts.js';
import { type OriginRegExp, parseOriginRegExp, parseRegExpText, type RegExpFault } from './regexp.js';

/** An origin pattern, parsed. `text` is the pattern as it was written, and names the rule in explanations. */
export type OriginPattern =
  | { readonly type: 'any'; readonly text: '*' }
  | ({ readonly type: 'regexp' } & OriginRegExp)
  | {
      readonly type: 'exact';
      readonly text: string;
      readonly scheme: string;
      readonly host: string;
      readonly port: string;
    }
  | {
      readonly type: 'wildcard';
      readonly text: string;
      readonly scheme: string;
      /** The host without its leading `*.`; empty when any host of the scheme is meant. */
      readonly host: string;
      /** `none`: this host alone; `labels`: one or more labels before it; `all`: any host. */
      readonly subdomains: 'none' | 'labels' | 'all';
      /** `''` is the default port, `*` any port. */
      readonly port: string;
    };

/** Why a text is not an origin pattern. */
export interface PatternFault {
  readonly fault: PolicyIssueCode;
  readonly detail?: string;
  readonly remedy?: string;
}

function toPattern(parsed: OriginRegExp | RegExpFault): OriginPattern | PatternFault {
  return 'fault' in parsed ? parsed : { type: 'regexp', ...parsed };
}

/**
 * Parses `scheme "://" host [":" (1-65535 | "*")]`, where the host may begin with `*.` for one or more labels,
 * or `*` alone for any origin. Schemes other than http and https may have `*` as their whole host, since a browser
 * makes up the host of an extension at each installation.
 */
export function parseOriginPattern(text: string): OriginPattern | PatternFault {
  if (text === '*') return { type: 'any', text };
  const regExp = parseRegExpText(text);
  if (regExp !== undefined) return toPattern(parseOriginRegExp(regExp.source, regExp.flags));
  if (text === 'null') return { fault: 'origin-null' };
  if (text.length > MAX_ORIGIN_LENGTH) return { fault: 'origin-too-long' };
  if (!isAscii(text)) return { fault: 'origin-not-ascii' };

  const separator = text.indexOf('://');
  if (separator === -1) return { fault: 'origin-syntax', ...withoutScheme(text) };
  const scheme = text.slice(0, separator);
  const rest = text.slice(separator + 3);
  if (text !== text.toLowerCase()) {
    return { fault: 'origin-not-lower-case', remedy: `Write ${text.toLowerCase()}.` };
  }
  if (!isScheme(scheme))
    return { fault: scheme.includes('*') ? 'origin-wildcard-misplaced' : 'origin-syntax' };
  if (scheme === 'file') return { fault: 'origin-scheme-unusable' };
  if (rest.includes('@')) return { fault: 'origin-has-userinfo' };
  const pathStart = rest.search(/[/?#\\]/);
  if (pathStart === 0) return { fault: 'origin-syntax' };
  if (pathStart > 0) {
    return { fault: 'origin-has-path', remedy: `Write ${scheme}://${rest.slice(0, pathStart)}.` };
  }

  const hostEnd = endOfHost(rest);
  if (hostEnd < 1) return { fault: 'origin-syntax' };
  const host = rest.slice(0, hostEnd);
  const hostFault = checkHost(host, scheme);
  if (hostFault) return hostFault;

  let port = '';
  if (hostEnd < rest.length) {
    if (rest[hostEnd] !== ':') return { fault: 'origin-syntax' };
    port = rest.slice(hostEnd + 1);
    if (port !== '*' && !isPort(port)) return { fault: 'origin-port-invalid' };
    if (DEFAULT_PORTS.get(scheme) === port) {
      return { fault: 'origin-default-port', remedy: `Write ${scheme}://${host}.` };
    }
  }

  if (host === '*') return { type: 'wildcard', text, scheme, host: '', subdomains: 'all', port };
  if (host.startsWith('*.')) {
    return { type: 'wildcard', text, scheme, host: host.slice(2), subdomains: 'labels', port };
  }
  if (port === '*') return { type: 'wildcard', text, scheme, host, subdomains: 'none', port };
  return { type: 'exact', text, scheme, host, port };
}

/** What is wrong with the host of a pattern, if anything is. */
function checkHost(host: string, scheme: string): PatternFault | undefined {
  if (host.startsWith('[')) {
    const canonical = serialiseIpv6(host.slice(1, -1));
    if (canonical === undefined) return { fault: 'origin-syntax' };
    if (`[${canonical}]` === host) return undefined;
    return { fault: 'origin-ip-not-canonical', remedy: `Write [${canonical}].` };
  }
  const special = DEFAULT_PORTS.has(scheme);
  if (host === '*') return special ? { fault: 'origin-wildcard-misplaced' } : undefined;
  const base = host.startsWith('*.') ? host.slice(2) : host;
  if (base.includes('*')) return { fault: 'origin-wildcard-misplaced' };
  if (host.length > MAX_HOST_LENGTH) return { fault: 'origin-too-long' };
  if (!isDomain(base)) return { fault: 'origin-syntax' };
  if (!special || !endsInNumber(base)) return undefined;
  if (base !== host)
    return { fault: 'origin-wildcard-misplaced', remedy: 'An IP address has no subdomains.' };
  return isCanonicalIpv4(base) ? undefined : { fault: 'origin-ip-not-canonical' };
}

function withoutScheme(text: string): { remedy?: string } {
  const guess = `https://${text}`;
  return isDomain(text) && parseOrigin(guess) !== undefined ? { remedy: `Name the scheme: ${guess}.` } : {};
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

/** Finds the rule that admits an origin. */
export interface OriginMatcher {
  /** Whether `*` is among the patterns. */
  readonly any: boolean;
  /** The pattern that admits a serialised origin, or undefined. Never throws; cost does not grow with the patterns. */
  match(origin: string): string | undefined;
}

/** How the subdomains of a wildcard stand in a key. */
const WILDCARDS = { labels: '*.', all: '*' } as const;

interface PortRules {
  /** Pattern text per port; '' is the default port, '*' any. */
  readonly byPort: Map<string, string>;
}

/**
 * Compiles patterns to hash look-ups: one for the whole origin, then one for its scheme and host, then one for each
 * parent domain. The work is bounded by the labels of the origin, which {@link parseOrigin} bounds in turn.
 *
 * Aliases of a host count as the host; a wildcard admits names as they are written, since `*.dev.corp.example.com`
 * without its alias would be everybody's `*.dev`.
 */
export function* createOriginMatcherInParts(
  patterns: readonly OriginPattern[],
  canonicalise?: Canonicalise,
): InParts<OriginMatcher> {
  const exact = new Map<string, string>();
  const hosts = new Map<string, PortRules>(); // scheme://host, scheme://*.base or scheme://*
  const regExps: OriginRegExp[] = [];
  let any = false;
  const addHost = (key: string, port: string, text: string): void => {
    const rules = hosts.get(key) ?? { byPort: new Map<string, string>() };
    rules.byPort.set(port, text);
    hosts.set(key, rules);
  };
  for (const [i, pattern] of patterns.entries()) {
    if (i % PART_ENTRIES === PART_ENTRIES - 1) yield;
    if (pattern.type === 'any') {
      any = true;
    } else if (pattern.type === 'regexp') {
      regExps.push(pattern);
    } else {
      const { scheme, host, port, text } = pattern;
      const own = `${scheme}://${canonicalise?.(host) ?? host}`;
      if (pattern.type === 'exact') {
        exact.set(text, text);
        // Aliases of an exact origin are found by its host and port.
        if (canonicalise !== undefined) addHost(own, port, text);
      } else if (pattern.subdomains === 'none') {
        addHost(own, port, text);
      } else {
        addHost(`${scheme}://${WILDCARDS[pattern.subdomains]}${host}`, port, text);
      }
    }
  }

  const lookUp = (key: string, port: string): string | undefined => {
    const rules = hosts.get(key);
    return rules === undefined ? undefined : (rules.byPort.get(port) ?? rules.byPort.get('*'));
  };

  return Object.freeze({
    any,
    match(origin: string): string | undefined {
      const rule = exact.get(origin);
      if (rule !== undefined) return rule;
      if (hosts.size === 0 && regExps.length === 0 && !any) return undefined;
      const parts = parseOrigin(origin);
      if (parts === undefined) return undefined;
      if (any) return '*';
      const { scheme, host, port } = parts;
      const own = `${scheme}://${canonicalise?.(host) ?? host}`;
      const direct = lookUp(own, port) ?? lookUp(`${scheme}://*`, port);
      if (direct !== undefined) return direct;
      for (let dot = host.indexOf('.'); dot !== -1; dot = host.indexOf('.', dot + 1)) {
        const found = lookUp(`${scheme}://*.${host.slice(dot + 1)}`, port);
        if (found !== undefined) return found;
      }
      return regExps.find((regExp) => regExp.test(origin))?.text;
    },
  });
}

/** The same in one go. */
export function createOriginMatcher(
  patterns: readonly OriginPattern[],
  canonicalise?: Canonicalise,
): OriginMatcher {
  return atOnce(createOriginMatcherInParts(patterns, canonicalise));
}

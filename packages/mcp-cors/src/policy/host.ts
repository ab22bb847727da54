import type { Canonicalise } from './alias.js';
import {
  endOfHost,
  endsInNumber,
  isCanonicalIpv4,
  isCanonicalIpv6,
  isDomain,
  isPort,
  MAX_HOST_LENGTH,
} from './origin.js';

/** The names by which a loopback server is reached; the Host allowlist of a server on loopback that names none. */
export const LOOPBACK_HOSTS: readonly string[] = Object.freeze(['localhost', '127.0.0.1', '[::1]']);

/** The same as patterns: these names on any port. */
export const LOOPBACK_HOST_PATTERNS: readonly HostPattern[] = Object.freeze(
  LOOPBACK_HOSTS.map((host) => Object.freeze({ text: host, host, subdomains: false, port: undefined })),
);

/** An entry of the Host allowlist, parsed. */
export interface HostPattern {
  /** As it was written. */
  readonly text: string;
  /** The host in lower case, without `*.`. */
  readonly host: string;
  readonly subdomains: boolean;
  /** The one port, or undefined for any. */
  readonly port: string | undefined;
}

/**
 * Parses a Host allowlist entry: a domain, an IPv4 address or a bracketed IPv6 address, with a leading `*.` for one
 * or more labels, and with a port when only that port is meant. `:*` says "any port" in words.
 */
export function parseHostPattern(text: string): HostPattern | undefined {
  if (text.length > MAX_HOST_LENGTH + 6) return undefined;
  const lower = text.toLowerCase();
  const subdomains = lower.startsWith('*.');
  const rest = subdomains ? lower.slice(2) : lower;
  const hostEnd = endOfHost(rest);
  const host = rest.slice(0, hostEnd);
  if (!isHostName(host) || (subdomains && (host.startsWith('[') || endsInNumber(host)))) return undefined;
  if (hostEnd === rest.length) return { text, host, subdomains, port: undefined };
  const port = rest.slice(hostEnd + 1);
  if (rest[hostEnd] !== ':') return undefined;
  if (port === '*') return { text, host, subdomains, port: undefined };
  return isPort(port) ? { text, host, subdomains, port } : undefined;
}

/** Tells whether a Host header names one of the allowed hosts. Bounded; never throws. */
export type HostMatcher = (host: string) => boolean;

/**
 * Compiles a Host allowlist. Comparison ignores case (RFC 9110 section 4.2.3); a trailing dot is refused. Aliases of a
 * host count as the host; a wildcard admits names as they are written, since `*.dev.corp.example.com` without its alias
 * would be everybody's `*.dev`.
 */
export function createHostMatcher(
  patterns: readonly HostPattern[],
  canonicalise: Canonicalise = (host) => host,
): HostMatcher {
  const exact = new Map<string, Set<string> | 'any'>();
  const below = new Map<string, Set<string> | 'any'>();
  for (const { host: written, subdomains, port } of patterns) {
    const map = subdomains ? below : exact;
    const host = subdomains ? written : canonicalise(written);
    const ports = map.get(host) ?? new Set<string>();
    map.set(host, port === undefined || ports === 'any' ? 'any' : ports.add(port));
    // A client leaves the default port of its scheme out of Host (RFC 9110 section 7.2).
    if (ports !== 'any' && (port === '80' || port === '443')) ports.add('');
  }
  const admits = (ports: Set<string> | 'any' | undefined, port: string): boolean =>
    ports === 'any' || (ports?.has(port) ?? false);

  return (header) => {
    if (header.length > MAX_HOST_LENGTH + 6) return false;
    const hostEnd = endOfHost(header);
    let port = '';
    if (hostEnd < header.length) {
      if (header.charCodeAt(hostEnd) !== 0x3a) return false;
      port = header.slice(hostEnd + 1);
      if (!isPort(port)) return false;
    }
    const name = header.slice(0, hostEnd);
    if (admits(exact.get(name), port)) return true;
    const host = name.toLowerCase();
    if (admits(exact.get(canonicalise(host)), port)) return true;
    if (below.size === 0 || !isHostName(host)) return false;
    for (let dot = host.indexOf('.'); dot !== -1; dot = host.indexOf('.', dot + 1)) {
      if (admits(below.get(host.slice(dot + 1)), port)) return true;
    }
    return false;
  };
}

function isHostName(host: string): boolean {
  if (host.startsWith('[')) return isCanonicalIpv6(host);
  return host.length <= MAX_HOST_LENGTH && isDomain(host) && (!endsInNumber(host) || isCanonicalIpv4(host));
}

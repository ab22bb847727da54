import type { PolicySettings } from '../policy/config.js';
import { LOOPBACK_HOST_PATTERNS } from '../policy/host.js';
import { MAX_HOST_LENGTH } from '../policy/origin.js';
import { namesOf } from './originRules.js';
import { LABEL, literal, oneOf, portOf } from './regexps.js';

/** Which Host headers are admitted. */
export interface HostRules {
  /** Anchored; for the Host header in lower case, port included. */
  readonly regexp: string;
  /** Anchored at the start alone: what is longer than any host. */
  readonly tooLong: string;
  /** The names and patterns, as the owner wrote them. */
  readonly texts: readonly string[];
  /** Whether the owner named none, so that loopback names alone are admitted. */
  readonly loopbackAlone: boolean;
}

/** The Host allowlist of a policy; undefined when the owner turned the check off. */
export function hostRules({ hosts, aliases, allowAnyHost }: PolicySettings): HostRules | undefined {
  if (allowAnyHost) return undefined;
  const patterns = hosts ?? LOOPBACK_HOST_PATTERNS;
  const namesByPorts = new Map<string, string[]>();
  for (const { host, subdomains, port } of patterns) {
    const names = subdomains ? [`(?:${LABEL}\\.)+${literal(host)}`] : namesOf(host, aliases).map(literal);
    namesByPorts.set(ports(port), [...(namesByPorts.get(ports(port)) ?? []), ...names]);
  }
  const alternatives = [...namesByPorts].map(([port, names]) => `${oneOf(names)}${port}`);
  return {
    regexp: `^${oneOf(alternatives)}$`,
    tooLong: `^[^:]{${MAX_HOST_LENGTH + 1}}`,
    texts: patterns.map(({ text }) => text),
    loopbackAlone: hosts === undefined,
  };
}

/** Any port, or one; a client leaves the default port of its scheme out of Host (RFC 9110 section 7.2). */
function ports(port: string | undefined): string {
  if (port === undefined) return `(?::${portOf(undefined)})?`;
  return port === '80' || port === '443' ? `(?::${port})?` : `:${port}`;
}

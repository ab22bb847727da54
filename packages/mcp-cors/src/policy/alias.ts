import { endsInNumber, isDomain, MAX_HOST_LENGTH } from './origin.js';

/** A host suffix that may be left out, and with `.svc.` its short form too. */
export interface HostAlias {
  readonly text: string;
  /** Every ending that stands for nothing, longest first. */
  readonly endings: readonly string[];
  /** Fewest labels that must be left before an ending. */
  readonly leastLabels: number;
}

/**
 * Parses a host suffix such as `.example.internal`: names with it and without it are one host.
 *
 * A suffix `.svc.DOMAIN` is Kubernetes' cluster domain: `web.team.svc.DOMAIN`, `web.team.svc` and `web.team` are then one
 * host, as its resolver's search list has it. Fewer than two labels are left alone, since they name no service.
 * @see https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/
 */
export function parseHostAlias(text: string): HostAlias | undefined {
  // A domain is in lower case.
  if (text.length > MAX_HOST_LENGTH || !text.startsWith('.') || !isDomain(text.slice(1))) return undefined;
  if (text.startsWith('.svc.')) return { text, endings: [text, '.svc'], leastLabels: 2 };
  return { text, endings: [text], leastLabels: 1 };
}

/** Gives the one form of a host among its aliases; a host that no alias touches is its own. */
export type Canonicalise = (host: string) => string;

/**
 * Compiles aliases. At most one ending is cut, the longest, and only at a label's boundary. Addresses and localhost are
 * never completed to anything else, so what is left must be neither.
 */
export function createCanonicaliser(aliases: readonly HostAlias[]): Canonicalise {
  const endings = aliases
    .flatMap(({ endings: all, leastLabels }) => all.map((ending) => ({ ending, leastLabels })))
    .sort((a, b) => b.ending.length - a.ending.length);
  return (host) => {
    const found = endings.find(({ ending }) => host.endsWith(ending));
    if (found === undefined) return host;
    const rest = host.slice(0, -found.ending.length);
    return isNameOfLabels(rest, found.leastLabels) ? rest : host;
  };
}

function isNameOfLabels(host: string, least: number): boolean {
  const labels = host.split('.');
  return isDomain(host) && labels.length >= least && !endsInNumber(host) && labels.at(-1) !== 'localhost';
}

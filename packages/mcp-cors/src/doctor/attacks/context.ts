import { addressSpaceOf } from '../../browser/addressSpace.js';
import type { HeaderField } from '../../policy/index.js';
import { showExchange, type Witness } from '../evidence.js';
import type { Fixes } from '../fixes.js';
import type { Target } from '../reach.js';
import type { Finding, Severity } from '../report.js';
import { ATTACK_FINDINGS, type AttackId, type AttackText, severityOf } from './faults.js';
import type { Prober } from './prober.js';

/** A hole as it was seen. */
export interface Breach {
  readonly id: AttackId;
  readonly severity?: Severity | undefined;
  /** What is special about it. */
  readonly detail?: string | undefined;
  /** What was tried, in words. */
  readonly tried: string;
  readonly witness: Witness | string;
  /** The allowed origin that the probes were made from. */
  readonly origin?: string | undefined;
}

/** What every attack is given. */
export interface AttackContext {
  readonly target: Target;
  readonly origins: readonly string[];
  /** The first of them. */
  readonly origin: string;
  /** The owner's headers, a token among them: for what an allowed page does. */
  readonly own: readonly HeaderField[];
  /** What a browser adds for a hostile page as well: cookies. A token it does not add. */
  readonly ambient: readonly HeaderField[];
  /** Whether the server is on this machine or in a private network, where a page reaches further than its author. */
  readonly isPrivate: boolean;
  readonly prober: Prober;
  report(breach: Breach): void;
  /** Whether something was reported so far, as grave as that where a severity is given. */
  has(id: AttackId, severity?: Severity): boolean;
}

export interface ContextOptions {
  readonly target: Target;
  readonly origins: readonly string[];
  readonly headers: readonly HeaderField[];
  readonly fixes: Fixes;
  readonly prober: Prober;
}

/** Gathers breaches into findings. The first of an id stands, for each origin. */
export function createContext(options: ContextOptions): AttackContext & { findings(): readonly Finding[] } {
  const { target, origins, headers, prober, fixes } = options;
  const breaches = new Map<string, Breach>();
  return {
    target,
    origins,
    origin: origins[0] ?? 'null',
    own: headers,
    ambient: headers.filter(([name]) => name.toLowerCase() === 'cookie'),
    isPrivate: addressSpaceOf(new URL(target.url).hostname) !== 'public',
    prober,
    report(breach) {
      const key = `${breach.id} ${breach.origin ?? ''}`;
      if (!breaches.has(key)) breaches.set(key, breach);
    },
    has: (id, severity) =>
      [...breaches.values()].some(
        (breach) =>
          breach.id === id && (severity === undefined || severityOf(id, breach.severity) === severity),
      ),
    findings: () => [...breaches.values()].map((breach) => toFinding(breach, fixes)),
  };
}

function toFinding({ id, severity, detail, tried, witness, origin }: Breach, { fixFor }: Fixes): Finding {
  const text: AttackText = ATTACK_FINDINGS[id];
  const shown = typeof witness === 'string' ? witness : showExchange(witness);
  const known = text.sameClassAs === undefined ? '' : ` It is of the same class as ${text.sameClassAs}.`;
  return {
    id,
    severity: severityOf(id, severity),
    title: detail === undefined ? text.title : `${text.title}: ${detail}`,
    evidence: `${text.attack}: ${tried}\n${shown}`,
    why: `${text.why}${known}`,
    fix: fixFor(text),
    ...(origin !== undefined && { origin }),
  };
}

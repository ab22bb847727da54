import { suspectAnswers } from './diagnosis/answers.js';
import { suspectBlocked } from './diagnosis/blocked.js';
import { suspectJourneys, suspectStandstill } from './diagnosis/journeys.js';
import { suspectSignIn } from './diagnosis/signIn.js';
import { suspectSurroundings } from './diagnosis/surroundings.js';
import { redactSentence, showExchange } from './evidence.js';
import { FINDINGS } from './findings.js';
import type { Fixes } from './fixes.js';
import { INFRASTRUCTURE_FINDINGS } from './infrastructure/faults.js';
import type { Finding, Severity } from './report.js';
import type { Observation, Suspicion } from './suspicion.js';

const SEVERITIES: readonly Severity[] = ['error', 'warning', 'info'];

/** Everything that is wrong for the page of one origin: each fault once, the gravest first. */
export function diagnose(observation: Observation, fixes: Fixes): readonly Finding[] {
  const suspicions = [
    ...suspectBlocked(observation),
    ...suspectAnswers(observation),
    ...suspectJourneys(observation),
    ...suspectSignIn(observation),
    ...suspectSurroundings(observation),
  ];
  const first = new Map<string, Suspicion>();
  for (const suspicion of suspicions) {
    const key =
      suspicion.id === 'request-header-not-allowed' ? `${suspicion.id} ${suspicion.detail}` : suspicion.id;
    const before = first.get(key);
    // The sentence of a console is worth more than an answer without one.
    if (before === undefined || (before.console === undefined && suspicion.console !== undefined)) {
      first.set(key, { ...before, ...suspicion });
    }
  }
  return sortFindings([...first.values()].map((one) => toFinding(one, observation.origin, fixes)));
}

/** That nobody gets in, where none of the findings says why. */
export function diagnoseStandstill(
  observation: Observation,
  found: readonly Finding[],
  fixes: Fixes,
): readonly Finding[] {
  // Holes that a hostile page could use keep nobody out.
  const explained = found.some(
    ({ id, severity, origin }) =>
      severity === 'error' &&
      (origin === undefined || origin === observation.origin) &&
      (id in FINDINGS || id in INFRASTRUCTURE_FINDINGS),
  );
  if (explained) return [];
  return [...suspectStandstill(observation)].map((one) => toFinding(one, observation.origin, fixes));
}

/** Findings with the gravest first, otherwise in the order in which they were made. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  return [...findings].sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
}

function toFinding(
  { id, witness, console, detail, severity }: Suspicion,
  origin: string,
  { fixFor }: Fixes,
): Finding {
  const text = FINDINGS[id];
  const shown = typeof witness === 'string' ? redactSentence(witness) : showExchange(witness);
  return {
    id,
    severity: severity ?? text.severity,
    title: detail === undefined ? text.title : `${text.title}: ${redactSentence(detail)}`,
    evidence: console === undefined ? shown : `${shown}\nconsole: ${redactSentence(console)}`,
    why: text.why,
    fix: fixFor(text),
    origin,
  };
}

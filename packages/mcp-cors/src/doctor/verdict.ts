import type { Finding, Journey, JourneyOutcome, Report, Severity, Step } from './report.js';

/** What an outcome is called. */
export const OUTCOME_WORDS: Readonly<Record<JourneyOutcome, string>> = {
  reachable: 'reachable',
  fallback: 'reachable, in an older era',
  'loses-session': 'connects and loses its session',
  blocked: 'blocked',
  'not-offered': 'not offered',
};

/** The report in one sentence. */
export function verdictOf({ journeys, findings, origins }: Report): string {
  const offered = journeys.filter(({ outcome }) => outcome !== 'not-offered');
  const walked = offered.filter(({ client }) => client !== 'sign-in');
  const through = walked.filter(({ ok }) => ok).length;
  const from = origins.length === 1 ? `from ${origins[0]}` : `from ${origins.length} origins`;
  const reach =
    through === walked.length
      ? `Every client gets through ${from}`
      : through === 0
        ? `No client gets through ${from}`
        : `${through} of ${walked.length} journeys get through ${from}`;
  const counts = countOf(findings);
  return counts === '' ? `${reach}, and nothing was found.` : `${reach}; ${counts} found.`;
}

function countOf(findings: readonly Finding[]): string {
  const grouped = groupFindings(findings);
  const count = (severity: Severity, one: string, many: string): string[] => {
    const n = grouped.filter((finding) => finding.severity === severity).length;
    return n === 0 ? [] : [`${n} ${n === 1 ? one : many}`];
  };
  return [
    ...count('error', 'error', 'errors'),
    ...count('warning', 'warning', 'warnings'),
    ...count('info', 'note', 'notes'),
  ].join(', ');
}

/** Whether any finding is as grave as a severity, or graver. */
export function reaches(findings: readonly Finding[], failOn: 'error' | 'warning'): boolean {
  return findings.some(({ severity }) => severity === 'error' || severity === failOn);
}

/** A finding with every origin that it is about. */
export interface GroupedFinding extends Finding {
  readonly origins: readonly string[];
}

/** The same finding for several origins, told once. */
export function groupFindings(findings: readonly Finding[]): readonly GroupedFinding[] {
  const groups = new Map<string, GroupedFinding>();
  for (const finding of findings) {
    // Titles that differ in the page's own origin alone are the same for several pages.
    const title = finding.origin === undefined ? finding.title : finding.title.replaceAll(finding.origin, '');
    const key = JSON.stringify([finding.id, finding.severity, title]);
    const group = groups.get(key);
    const origins = finding.origin === undefined ? [] : [finding.origin];
    groups.set(
      key,
      group === undefined ? { ...finding, origins } : { ...group, origins: [...group.origins, ...origins] },
    );
  }
  return [...groups.values()];
}

/** A fix as it is shown: a sentence, and what is to be copied, which many findings have in common. */
export interface ShownFix {
  readonly sentence: string;
  /** Paragraphs that are to be copied; empty where there are none, or where an earlier finding has shown them. */
  readonly code: string;
  /** The earlier finding that has shown them, counted from 0. */
  readonly as: number | undefined;
}

/** Fixes in the order of their findings: what several tell to copy is shown with the first of them. */
export function fixesOf(findings: readonly Finding[]): readonly ShownFix[] {
  const shown = new Map<string, number>();
  return findings.map(({ fix }, i) => {
    const [sentence = '', ...rest] = fix.split('\n\n');
    const code = rest.join('\n\n');
    const before = shown.get(code);
    if (code === '') return { sentence, code, as: undefined };
    if (before !== undefined) return { sentence: sentence.replace(/[:.]$/, ''), code: '', as: before };
    shown.set(code, i);
    return { sentence, code, as: undefined };
  });
}

/** What is told of a journey in a line: its outcome, and where it stopped. */
export function summaryOf({ outcome, revision, steps }: Journey): string {
  const stopped = steps.find(({ ok }) => !ok);
  const words = OUTCOME_WORDS[outcome];
  if (outcome === 'not-offered') return words;
  if (stopped !== undefined && outcome === 'blocked') return `${words} at ${stopped.name}`;
  return revision === null ? words : `${words} (${revision})`;
}

/** In what a real Chromium differed from what was predicted; empty when it did not, or was not asked. */
export function differenceOf({ chromium }: Step): string {
  if (chromium === undefined || chromium.agrees) return '';
  const { blocked, corsError, failedParameter } = chromium;
  if (!blocked) return 'Chromium differs: it lets the page read the answer';
  const code = [corsError, failedParameter].filter((one) => one !== null).join(': ');
  return `Chromium differs: it blocks the page${code === '' ? '' : ` (${code})`}`;
}

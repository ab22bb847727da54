import type { Finding, Journey, Report } from '../report.js';
import { groupFindings, summaryOf } from '../verdict.js';

/** The report as JUnit XML: a case for each journey, and one for each finding. Notes pass, with their text as output. */
export function renderJunit(report: Report): string {
  const suites = report.origins.map((origin) => {
    const journeys = report.journeys.filter((journey) => journey.origin === origin);
    return suite(`journeys from ${origin}`, journeys.map(journeyCase));
  });
  suites.push(suite('findings', groupFindings(report.findings).map(findingCase)));
  const total = (name: 'tests' | 'failures' | 'skipped'): number =>
    suites.reduce((sum, one) => sum + one[name], 0);
  const attributes = `name="mcp-cors check ${escapeXml(report.target)}" tests="${total('tests')}" failures="${total('failures')}" errors="0" skipped="${total('skipped')}" time="${seconds(report.durationMs)}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${attributes}>`,
    ...suites.map(({ xml }) => xml),
    '</testsuites>',
  ].join('\n');
}

interface Case {
  readonly name: string;
  readonly timeMs: number;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** What kind of failure it would be. */
  readonly type: string;
  readonly message: string;
  readonly text: string;
}

function journeyCase(journey: Journey): Case {
  const { client, ok, outcome, steps } = journey;
  const told = steps.map(
    ({ name, method, status, corsError, failedParameter, console, note }) =>
      `${name}: ${method} ${status ?? '-'}${[corsError, failedParameter, note, console].map((one) => (one === null ? '' : ` | ${one}`)).join('')}`,
  );
  return {
    name: client,
    timeMs: steps.reduce((sum, { durationMs }) => sum + durationMs, 0),
    outcome: outcome === 'not-offered' ? 'skipped' : ok ? 'passed' : 'failed',
    type: outcome,
    message: summaryOf(journey),
    text: told.join('\n'),
  };
}

function findingCase({ id, severity, title, evidence, why, fix }: Finding): Case {
  return {
    name: `${id}: ${title}`,
    timeMs: 0,
    outcome: severity === 'info' ? 'passed' : 'failed',
    type: severity,
    message: `${severity}: ${title}`,
    text: [why, evidence, fix].join('\n\n'),
  };
}

function suite(
  name: string,
  cases: readonly Case[],
): { xml: string; tests: number; failures: number; skipped: number } {
  const count = (outcome: Case['outcome']): number => cases.filter((one) => one.outcome === outcome).length;
  const failures = count('failed');
  const skipped = count('skipped');
  const timeMs = cases.reduce((sum, one) => sum + one.timeMs, 0);
  const lines = cases.map(({ name: caseName, timeMs, outcome, type, message, text }) => {
    const head = `    <testcase name="${escapeXml(caseName)}" classname="mcp-cors.${escapeXml(name)}" time="${seconds(timeMs)}">`;
    const body = {
      failed: `<failure type="${type}" message="${escapeXml(message)}">${escapeXml(text)}</failure>`,
      skipped: `<skipped message="${escapeXml(message)}"/>`,
      passed: `<system-out>${escapeXml(text)}</system-out>`,
    }[outcome];
    return `${head}${body}</testcase>`;
  });
  const attributes = `name="${escapeXml(name)}" tests="${cases.length}" failures="${failures}" errors="0" skipped="${skipped}" time="${seconds(timeMs)}"`;
  const xml = [`  <testsuite ${attributes}>`, ...lines, '  </testsuite>'].join('\n');
  return { xml, tests: cases.length, failures, skipped };
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

/** Text as XML 1.0 carries it: markup escaped, characters that it has no place for replaced. */
function escapeXml(text: string): string {
  return (
    text
      .replaceAll(/\p{Surrogate}/gu, '\ufffd')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML 1.0 section 2.2 leaves out
      .replaceAll(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '\ufffd')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
  );
}

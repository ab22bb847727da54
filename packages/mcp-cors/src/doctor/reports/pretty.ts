import type { Journey, Report, Severity, Step } from '../report.js';
import { differenceOf, fixesOf, groupFindings, type ShownFix, summaryOf, verdictOf } from '../verdict.js';
import { bar, COLUMNS, cell, wrap } from './layout.js';

/** Paints a text, where colours are wanted. */
export type Paint = (style: 'good' | 'bad' | 'warning' | 'strong' | 'faint', text: string) => string;

const SEVERITY_STYLES = { error: 'bad', warning: 'warning', info: 'faint' } as const;
const SEVERITY_WORDS: Readonly<Record<Severity, string>> = {
  error: 'error',
  warning: 'warning',
  info: 'note',
};

/** The report for a terminal: the verdict, a timeline for each client, the findings. No line is longer than 80 columns. */
export function renderPretty(report: Report, paint: Paint = (_, text) => text): string {
  const { findings, target, stacks, requests, durationMs } = report;
  const bad = findings.some(({ severity }) => severity === 'error');
  const lines: string[] = [];
  for (const line of wrap(`${bad ? '✗' : '✓'} ${verdictOf(report)}`, COLUMNS, '  ')) {
    lines.push(paint(bad ? 'bad' : 'good', line));
  }
  lines.push(...wrap(target, COLUMNS - 2).map((line) => `  ${line}`));
  const made = stacks.map(({ stack }) => stack).join(', ');
  const facts = `${requests} requests in ${(durationMs / 1000).toFixed(1)} s${made === '' ? '' : `; looks like ${made}`}`;
  lines.push(...wrap(facts, COLUMNS - 2).map((line) => paint('faint', `  ${line}`)));

  const asked = report.journeys.flatMap(({ steps }) => steps.flatMap(({ chromium }) => chromium ?? []));
  if (asked.length > 0) {
    const differs = asked.filter(({ agrees }) => !agrees).length;
    lines.push(
      `  Chromium: ${asked.length} requests, ${differs === 0 ? 'all as predicted' : `${differs} differ`}`,
    );
  }

  for (const origin of report.origins) {
    lines.push('', ...wrap(`from ${origin}`, COLUMNS).map((line) => paint('strong', line)));
    for (const journey of report.journeys.filter((one) => one.origin === origin)) {
      lines.push(...journeyLines(journey, paint));
    }
  }
  const grouped = groupFindings(findings);
  const fixes = fixesOf(grouped);
  for (const [i, { id, severity, title, evidence, why, origins }] of grouped.entries()) {
    const style = SEVERITY_STYLES[severity];
    lines.push('', ...wrap(`${SEVERITY_WORDS[severity]} ${id}`, COLUMNS).map((line) => paint(style, line)));
    lines.push(...wrap(title, COLUMNS - 2, '  ').map((line) => `  ${paint('strong', line)}`));
    if (report.origins.length > 1 && origins.length > 0) {
      lines.push(...section('from', origins.join(', '), paint));
    }
    lines.push(...section('seen', evidence, paint));
    lines.push(...section('why', why, paint, ''));
    const { sentence, code, as } = fixes[i] as ShownFix;
    const told = as === undefined ? sentence : `${sentence}, as above.`;
    lines.push(...section('fix', told, paint, ''));
    if (code !== '') lines.push('', ...section('', code, paint));
  }
  return lines.join('\n');
}

const LABEL = 6;

function section(label: string, text: string, paint: Paint, hanging = '  '): string[] {
  return wrap(text, COLUMNS - 2 - LABEL, hanging).map((line, index) =>
    line === '' ? '' : `  ${paint('faint', (index === 0 ? label : '').padEnd(LABEL))}${line}`,
  );
}

const MARKS = { good: '✓', bad: '✗', faint: '·' } as const;

function journeyLines(journey: Journey, paint: Paint): string[] {
  const { client, ok, outcome, steps } = journey;
  const style = outcome === 'not-offered' ? 'faint' : ok ? 'good' : 'bad';
  const head = `${MARKS[style]} ${cell(client, 18)} ${summaryOf(journey)}`;
  const lines = wrap(head, COLUMNS - 2, ' '.repeat(21)).map((line) => `  ${paint(style, line)}`);
  if (outcome === 'not-offered') return lines;
  const total = Math.max(...steps.map(({ startMs, durationMs }) => startMs + durationMs), 1);
  for (const step of steps) {
    lines.push(stepLine(step, total, paint));
    const { corsError, failedParameter, note, ok: passes } = step;
    const fault =
      corsError === null ? '' : `${corsError}${failedParameter === null ? '' : `: ${failedParameter}`}`;
    for (const [text, painted] of [
      [fault, passes ? 'warning' : 'bad'],
      [note ?? '', 'faint'],
      [differenceOf(step), 'warning'],
    ] as const) {
      if (text !== '')
        lines.push(...wrap(text, COLUMNS - 8).map((line) => `        ${paint(painted, line)}`));
    }
  }
  return lines;
}

/** Name, preflight, request, where it lies in time, how long it took: 4 + 2 + 26 + 12 + 12 + 14 + 9 columns. */
function stepLine(step: Step, total: number, paint: Paint): string {
  const { name, method, preflight, status, ok, startMs, durationMs } = step;
  const asked =
    preflight === null ? '' : preflight.fromCache ? 'remembered' : `OPTIONS ${preflight.status ?? '-'}`;
  const style = ok ? 'good' : 'bad';
  return [
    `    ${paint(style, MARKS[style])} ${cell(name, 25)} `,
    paint('faint', `${cell(asked, 11)} `),
    `${cell(`${method} ${status ?? '-'}`, 11)} `,
    paint('faint', bar(startMs, durationMs, total, 14)),
    `${String(durationMs).padStart(5)} ms`,
  ]
    .join('')
    .trimEnd();
}

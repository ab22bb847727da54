import type { Journey, Report, Severity } from '../report.js';
import { groupFindings, summaryOf, verdictOf } from '../verdict.js';

const SEVERITY_WORDS: Readonly<Record<Severity, string>> = {
  error: '**error**',
  warning: '**warning**',
  info: 'note',
};

/** The report as Markdown for a comment on a pull request. */
export function renderMarkdown(report: Report): string {
  const { target, origins, journeys, findings } = report;
  const bad = findings.some(({ severity }) => severity === 'error');
  const parts = [
    `## ${bad ? '❌' : '✅'} mcp-cors check`,
    `${escapeText(verdictOf(report))}`,
    `Server: ${code(target)}`,
    table(
      ['client', ...origins.map((origin) => code(origin))],
      [...new Set(journeys.map(({ client }) => client))].map((client) => [
        code(client),
        ...origins.map((origin) =>
          told(journeys.find((one) => one.client === client && one.origin === origin)),
        ),
      ]),
    ),
  ];
  for (const { id, severity, title, evidence, why, fix, origins: about } of groupFindings(findings)) {
    parts.push(
      `### ${SEVERITY_WORDS[severity]} ${code(id)}: ${escapeText(title)}`,
      ...(origins.length > 1 && about.length > 0 ? [`From ${about.map(code).join(', ')}.`] : []),
      escapeText(why),
      details('What was sent and received', fence(evidence)),
      details('Fix', fence(fix)),
    );
  }
  return `${parts.join('\n\n')}\n`;
}

function told(journey: Journey | undefined): string {
  if (journey === undefined) return '';
  const mark = journey.outcome === 'not-offered' ? '➖' : journey.ok ? '✅' : '❌';
  return `${mark} ${escapeText(summaryOf(journey))}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]): string =>
    `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
  return [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');
}

function details(summary: string, body: string): string {
  return `<details><summary>${summary}</summary>\n\n${body}\n\n</details>`;
}

/** A block of text as it is: the fence is longer than any in it. */
function fence(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const ticks = '`'.repeat(longest + 1);
  return `${ticks}\n${text}\n${ticks}`;
}

/** Text in a line as it is. */
function code(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.includes('`') ? `\`\` ${line.replaceAll('``', '` `')} \`\`` : `\`${line}\``;
}

/** Text that Markdown and HTML leave alone; names of people are not called. */
function escapeText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll(/[\\`*_[\]#|~!]/g, '\\$&')
    .replaceAll('@', '@\u200b');
}

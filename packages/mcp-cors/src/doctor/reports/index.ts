import type { Report } from '../report.js';
import { mapTexts } from '../texts.js';
import { renderHtml } from './html.js';
import { renderJson } from './json.js';
import { renderJunit } from './junit.js';
import { renderMarkdown } from './markdown.js';
import { type Paint, renderPretty } from './pretty.js';
import { renderSarif } from './sarif.js';

const RENDERERS = {
  pretty: renderPretty,
  json: renderJson,
  sarif: renderSarif,
  junit: renderJunit,
  markdown: renderMarkdown,
  html: renderHtml,
} as const satisfies Record<string, (report: Report, paint?: Paint) => string>;

export type ReportFormat = keyof typeof RENDERERS;

/** Every form of the report; `pretty` alone takes colours. */
export const REPORT_FORMATS = Object.freeze(Object.keys(RENDERERS) as ReportFormat[]);

/** Renders a report. Control characters, which could move a terminal's cursor, are taken out of its texts. */
export function renderReport(format: ReportFormat, report: Report, paint?: Paint): string {
  return RENDERERS[format](mapTexts(report, withoutControls), paint);
}

function withoutControls(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}

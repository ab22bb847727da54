import type { Report } from '../report.js';

/** The report as one JSON document. */
export function renderJson(report: Report): string {
  return JSON.stringify(report, undefined, 2);
}

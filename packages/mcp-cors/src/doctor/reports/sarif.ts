import type { Report, Severity } from '../report.js';
import { groupFindings } from '../verdict.js';

const LEVELS: Readonly<Record<Severity, 'error' | 'warning' | 'note'>> = {
  error: 'error',
  warning: 'warning',
  info: 'note',
};

/** How code scanning sorts security findings, on the scale of CVSS. */
const SECURITY_SEVERITY: Readonly<Record<Severity, string>> = { error: '7.0', warning: '4.0', info: '0.0' };

/**
 * The report as SARIF 2.1.0, for code scanning. A running server has no lines: results point at its URL, and a
 * fingerprint keeps them the same from run to run.
 * @see https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
 */
export function renderSarif(report: Report): string {
  const findings = groupFindings(report.findings);
  const ids = [...new Set(findings.map(({ id }) => id))];
  const rules = ids.map((id) => {
    const { title, why, severity } = findings.find((finding) => finding.id === id) ?? {};
    return {
      id,
      shortDescription: { text: title ?? id },
      fullDescription: { text: why ?? id },
      defaultConfiguration: { level: LEVELS[severity ?? 'info'] },
      properties: {
        tags: ['security', 'cors', 'mcp'],
        'security-severity': SECURITY_SEVERITY[severity ?? 'info'],
      },
    };
  });
  const results = findings.map(({ id, severity, title, evidence, why, fix, origins }) => ({
    ruleId: id,
    ruleIndex: ids.indexOf(id),
    level: LEVELS[severity],
    message: {
      text: [title, origins.length > 0 ? `From ${origins.join(', ')}.` : '', why, evidence, fix]
        .filter((text) => text !== '')
        .join('\n\n'),
    },
    locations: [{ physicalLocation: { artifactLocation: { uri: report.target } } }],
    partialFingerprints: { 'mcpCors/v1': [id, report.target, ...origins].join(' ') },
  }));
  const log = {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'mcp-cors', rules } },
        automationDetails: { id: `mcp-cors/${report.target}` },
        results,
        columnKind: 'utf16CodeUnits',
      },
    ],
  };
  return JSON.stringify(log, undefined, 2);
}

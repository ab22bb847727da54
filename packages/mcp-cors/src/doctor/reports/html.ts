import type { Journey, Rendering, Report, Severity, Step } from '../report.js';
import {
  differenceOf,
  fixesOf,
  type GroupedFinding,
  groupFindings,
  type ShownFix,
  summaryOf,
  verdictOf,
} from '../verdict.js';

/**
 * The report as one page that needs nothing else: no script, no font, no picture. A policy in the page forbids them, so
 * that text of a hostile server stays text.
 */
export function renderHtml(report: Report): string {
  const { findings, target, origins, journeys, requests, durationMs, stacks, renderings } = report;
  const grouped = groupFindings(findings);
  const fixes = fixesOf(grouped);
  const bad = findings.some(({ severity }) => severity === 'error');
  const made = stacks.map(({ stack, because }) => `${stack} (${because})`).join(', ');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>mcp-cors check ${escapeHtml(target)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1 class="${bad ? 'bad' : 'good'}">${escapeHtml(verdictOf(report))}</h1>
<dl>
<dt>Server</dt><dd><code>${escapeHtml(target)}</code></dd>
<dt>Sent</dt><dd>${requests} requests in ${(durationMs / 1000).toFixed(1)} s</dd>
${made === '' ? '' : `<dt>Looks like</dt><dd>${escapeHtml(made)}</dd>`}
</dl>
${grouped.length === 0 ? '' : `<ol>\n${grouped.map(contentsLine).join('\n')}\n</ol>`}
${origins.map((origin) => originSection(origin, journeys)).join('\n')}
<section>
<h2>Findings</h2>
${grouped.length === 0 ? '<p>Nothing was found.</p>' : grouped.map((one, i) => findingArticle(one, i, fixes[i] as ShownFix, renderings)).join('\n')}
</section>
${renderings.length === 0 ? '' : `<section>\n<h2>Files</h2>\n${renderings.map(renderingDetails).join('\n')}\n</section>`}
</main>
</body>
</html>
`;
}

function originSection(origin: string, journeys: readonly Journey[]): string {
  const own = journeys.filter((journey) => journey.origin === origin);
  return `<section>
<h2>From <code>${escapeHtml(origin)}</code></h2>
${own.map(journeyDetails).join('\n')}
</section>`;
}

function journeyDetails(journey: Journey): string {
  const { client, ok, outcome, steps } = journey;
  const state = outcome === 'not-offered' ? 'absent' : ok ? 'good' : 'bad';
  const total = Math.max(1, ...steps.map(({ startMs, durationMs }) => startMs + durationMs));
  return `<details${state === 'bad' ? ' open' : ''}>
<summary class="${state}"><b>${client}</b> ${escapeHtml(summaryOf(journey))}</summary>
<table>
<thead><tr><th>Step</th><th>Preflight</th><th>Request</th><th>Time</th><th class="wide">Waterfall</th></tr></thead>
<tbody>
${steps.map((step) => stepRow(step, total)).join('\n')}
</tbody>
</table>
</details>`;
}

function stepRow(step: Step, total: number): string {
  const { name, method, url, preflight, status, ok, corsError, failedParameter, console, note } = step;
  const asked =
    preflight === null ? '' : preflight.fromCache ? 'remembered' : `OPTIONS ${preflight.status ?? '-'}`;
  const percent = (ms: number): string => ((100 * ms) / total).toFixed(1);
  const width = Math.max(1, (100 * step.durationMs) / total).toFixed(1);
  const fault =
    corsError === null ? '' : `${corsError}${failedParameter === null ? '' : `: ${failedParameter}`}`;
  const told = [fault, console ?? '', note ?? '', differenceOf(step)].filter((text) => text !== '');
  return `<tr class="${ok ? 'good' : 'bad'}">
<td>${escapeHtml(name)}</td><td>${escapeHtml(asked)}</td>
<td title="${escapeHtml(url)}">${method} ${status ?? '-'}</td><td>${step.durationMs} ms</td>
<td class="wide"><svg viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label="from ${step.startMs} ms, ${step.durationMs} ms long"><rect x="${percent(step.startMs)}" y="1" width="${width}" height="6"/></svg></td>
</tr>${told.length === 0 ? '' : `\n<tr class="told"><td colspan="5">${told.map(escapeHtml).join('<br>')}</td></tr>`}`;
}

/** What was found, at the top, with a way to where it is told. */
function contentsLine({ severity, title }: GroupedFinding, i: number): string {
  return `<li>${badge(severity)} <a href="#finding-${i}">${escapeHtml(title)}</a></li>`;
}

function badge(severity: Severity): string {
  return `<span class="badge ${severity}">${severity === 'info' ? 'note' : severity}</span>`;
}

function findingArticle(
  { id, severity, title, evidence, why, origins }: GroupedFinding,
  i: number,
  { sentence, code, as }: ShownFix,
  renderings: readonly Rendering[],
): string {
  const from =
    origins.length === 0
      ? ''
      : `<p>From ${origins.map((one) => `<code>${escapeHtml(one)}</code>`).join(', ')}</p>`;
  const whole = renderings.findIndex(({ command }) => code.includes(command));
  return `<article id="finding-${i}">
<h3>${badge(severity)} ${escapeHtml(title)} <code>${escapeHtml(id)}</code></h3>
${from}
<p>${escapeHtml(why)}</p>
<h4>Seen</h4>
<pre>${escapeHtml(evidence)}</pre>
<h4>Fix</h4>
<p>${escapeHtml(sentence)}${as === undefined ? '' : `, <a href="#finding-${as}">as above</a>.`}</p>
${code === '' ? '' : `<pre>${escapeHtml(code)}</pre>`}${whole < 0 ? '' : `\n<p><a href="#file-${whole}">${escapeHtml(renderings[whole]?.file ?? '')}, whole</a></p>`}
</article>`;
}

/** A file that fixes tell to write, whole. */
function renderingDetails({ title, file, command, text }: Rendering, i: number): string {
  return `<details id="file-${i}">
<summary><b>${escapeHtml(file)}</b> the whole policy, for ${escapeHtml(title)}</summary>
<pre>${escapeHtml(command)}</pre>
<pre>${escapeHtml(text)}</pre>
</details>`;
}

/** Text as HTML carries it, in elements and in quoted attributes. */
function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

const STYLE = `
:root { color-scheme: light dark; --good: #1a7f37; --bad: #cf222e; --warning: #9a6700; --faint: #6e7781; --line: #8886; }
@media (prefers-color-scheme: dark) { :root { --good: #3fb950; --bad: #f85149; --warning: #d29922; --faint: #8b949e; } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.15rem; margin-top: 2rem; } h3 { font-size: 1rem; } h4 { margin: .6rem 0 .2rem; font-size: .85rem; color: var(--faint); }
code, pre { font-family: ui-monospace, monospace; font-size: .85em; }
pre { overflow-x: auto; padding: .7rem; border: 1px solid var(--line); border-radius: 6px; white-space: pre-wrap; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; } dd { margin: 0; overflow-wrap: anywhere; } dt { color: var(--faint); }
details > pre { margin: .7rem; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0; } summary { padding: .5rem .7rem; cursor: pointer; }
table { border-collapse: collapse; width: 100%; } th { text-align: left; font-weight: 500; color: var(--faint); }
th, td { padding: .25rem .7rem; border-top: 1px solid var(--line); white-space: nowrap; } .wide { width: 40%; min-width: 6rem; }
.told td { border-top: 0; padding-top: 0; color: var(--faint); white-space: normal; overflow-wrap: anywhere; }
svg { width: 100%; height: .6rem; display: block; } .good rect { fill: var(--good); } .bad rect { fill: var(--bad); }
h1.good, summary.good b, tr.good td:first-child { color: var(--good); } h1.bad, summary.bad b, tr.bad td:first-child { color: var(--bad); }
ol { padding-left: 0; list-style: none; } li { margin: .3rem 0; } a { color: inherit; text-decoration-color: var(--faint); }
article { border-top: 1px solid var(--line); padding-top: .4rem; margin-top: 1rem; }
.badge { color: #fff; border-radius: 1em; padding: .1em .6em; font-size: .8em; } .badge.error { background: var(--bad); } .badge.warning { background: var(--warning); } .badge.info { background: var(--faint); } .absent { color: var(--faint); }
@media (max-width: 40rem) { .wide, thead { display: none; } td { white-space: normal; } }
`;

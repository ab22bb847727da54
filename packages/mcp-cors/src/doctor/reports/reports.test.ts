import { describe, expect, it } from 'vitest';
import type { Finding, Journey, Report } from '../report.js';
import { REPORT_FORMATS, renderReport } from './index.js';

const HOSTILE = `</pre><script>alert(1)</script>"'&]]>\`\`\`\u001b[2J\u0000@everyone`;
const PAGE = 'https://app.example.com';

const JOURNEY: Journey = {
  client: 'official-2-legacy',
  origin: PAGE,
  ok: false,
  outcome: 'blocked',
  revision: null,
  steps: [
    {
      name: 'initialize',
      method: 'POST',
      url: 'https://mcp.example.com/mcp',
      preflight: { status: 204, fromCache: false },
      status: null,
      ok: false,
      corsError: 'HeaderDisallowedByPreflightResponse',
      failedParameter: 'content-type',
      console: `Access to fetch at ${HOSTILE}`,
      note: HOSTILE,
      chromium: { blocked: false, corsError: null, failedParameter: null, agrees: false },
      startMs: 5,
      durationMs: 12,
    },
  ],
};
const FINDING: Finding = {
  id: 'content-type-not-allowed',
  severity: 'error',
  title: `The request header Content-Type is not allowed ${HOSTILE}`,
  evidence: `> OPTIONS /mcp\n< 204\n< x: ${HOSTILE}${'long'.repeat(60)}`,
  why: `Every message is JSON. ${HOSTILE}`,
  fix: `Allow it.\n\nnpx mcp-cors gateway ${HOSTILE}`,
  origin: PAGE,
};
const REPORT: Report = {
  target: 'https://mcp.example.com/mcp',
  origins: [PAGE, 'http://localhost:3000'],
  stacks: [{ stack: 'express', because: `x-powered-by: ${HOSTILE}` }],
  journeys: [
    JOURNEY,
    { ...JOURNEY, origin: 'http://localhost:3000', ok: true, outcome: 'fallback', revision: '2025-11-25' },
    { ...JOURNEY, client: 'http-sse', outcome: 'not-offered' },
  ],
  findings: [
    FINDING,
    { ...FINDING, origin: 'http://localhost:3000' },
    { ...FINDING, id: 'http1-stream-limit', severity: 'info', title: 'Six connections', origin: undefined },
  ],
  renderings: [
    {
      target: 'nginx',
      title: 'nginx',
      file: 'mcp-cors.conf',
      command: 'npx mcp-cors render nginx',
      text: `# The whole of it\n${HOSTILE}`,
    },
  ],
  requests: 12,
  durationMs: 340,
};
const CLEAN: Report = { ...REPORT, journeys: [], findings: [], stacks: [], renderings: [] };

describe.each(REPORT_FORMATS)('%s', (format) => {
  it('names the server, the journeys and the findings', () => {
    const text = renderReport(format, REPORT);
    for (const part of ['https://mcp.example.com/mcp', 'content-type-not-allowed', 'http1-stream-limit']) {
      expect(text).toContain(part);
    }
    if (format !== 'sarif') expect(text).toContain('official-2-legacy');
  });

  it('renders a report without findings', () => {
    expect(renderReport(format, CLEAN)).toContain('https://mcp.example.com/mcp');
  });
});

it('pretty fits 80 columns and paints only when it is asked to', () => {
  const plain = renderReport('pretty', REPORT);
  for (const line of plain.split('\n')) expect([...line].length, line).toBeLessThanOrEqual(80);
  const painted = renderReport('pretty', REPORT, (style, text) => `<${style}>${text}</${style}>`);
  expect(painted).toContain('<bad>✗</bad>');
  expect(plain).not.toContain('<bad>');
});

it.each(['pretty', 'html'] as const)('%s marks where Chromium differs', (format) => {
  expect(renderReport(format, REPORT)).toContain('Chromium differs: it lets the page read the answer');
});

it('json is the report', () => {
  const safe = JSON.stringify(REPORT).replaceAll(/\\u001b|\\u0000/g, '\ufffd');
  expect(JSON.parse(renderReport('json', REPORT))).toEqual(JSON.parse(safe));
});

it.each(REPORT_FORMATS)('%s moves no cursor', (format) => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  expect(renderReport(format, REPORT)).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
});

it('sarif has a rule for each result, a level and a place', () => {
  const { version, runs } = JSON.parse(renderReport('sarif', REPORT));
  expect(version).toBe('2.1.0');
  const [{ tool, results }] = runs;
  expect(results).toHaveLength(2); // the same finding for two origins is one
  for (const { ruleId, ruleIndex, level, message, locations } of results) {
    expect(tool.driver.rules[ruleIndex].id).toBe(ruleId);
    expect(['error', 'warning', 'note']).toContain(level);
    expect(message.text.length).toBeGreaterThan(0);
    expect(locations[0].physicalLocation.artifactLocation.uri).toBe('https://mcp.example.com/mcp');
  }
});

it('junit counts, and escapes what would end an element', () => {
  const xml = renderReport('junit', REPORT);
  expect(xml).toMatch(
    /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<testsuites name="[^"]*" tests="5" failures="2" errors="0" skipped="1"/,
  );
  expect(xml).not.toContain('<script');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what XML 1.0 has no place for
  expect(xml).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/);
  expect(xml.match(/<testcase /g)).toHaveLength(5);
  expect(xml.match(/<failure /g)).toHaveLength(2);
  const stripped = xml.replaceAll(
    /<\/?(?:testsuites|testsuite|testcase|failure|skipped|system-out)\b[^<>]*>|<\?xml[^<>]*\?>/g,
    '',
  );
  expect(stripped).not.toMatch(/[<>]/);
});

it('html needs nothing else and runs nothing', () => {
  const html = renderReport('html', REPORT);
  expect(html).toMatch(/^<!doctype html>/);
  expect(html).not.toMatch(/<script|<link|<img|<iframe|@import|url\(|\son[a-z]+=/i);
  // What leads from one place of the page to another asks for nothing.
  expect(html).not.toMatch(/\b(?:src|href)=(?!"#(?:finding|file)-\d+")/);
  for (const [, id] of html.matchAll(/href="#([^"]+)"/g)) expect(html).toContain(`id="${id}"`);
  expect(html).toContain("default-src 'none'");
  expect(html).toContain('&lt;script&gt;');
});

it('markdown closes its fences and calls nobody', () => {
  const markdown = renderReport('markdown', REPORT);
  const fences = [...markdown.matchAll(/^(`{3,})$/gm)].map(([, ticks = '']) => ticks);
  expect(fences.length % 2).toBe(0);
  const prose = markdown.replaceAll(/^(`{3,})\n[\s\S]*?\n\1$/gm, '');
  expect(prose).not.toMatch(/<script|[^\u200b]@everyone/);
});

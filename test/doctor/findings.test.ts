import { describe } from 'vitest';
import { examine, type Report } from '../../packages/mcp-cors/src/doctor/index.js';
import { itInChromium } from './inChromium.js';
import { SICK_SERVERS, type SickServer } from './servers/sick.js';
import { SICK_SIGN_INS } from './servers/signIn.js';

const PAGE = 'http://localhost:3000';

/** Faults that every server has that no policy guards. */
const UNGUARDED = ['host-not-checked', 'origin-not-checked'];

const check = itInChromium<SickServer>(async ({ expect, onTestFinished }, server, chromium) => {
  const { start, finding: id, severity, evidence, also = [], page = PAGE } = server;
  const started = await start(page);
  onTestFinished(started.close);
  const report: Report = await examine({ target: started.url, origins: [page], timeoutMs: 20_000, chromium });

  const found = report.findings.find((finding) => finding.id === id);
  expect(found, JSON.stringify(report.findings.map((finding) => finding.id))).toMatchObject({
    severity,
    origin: page,
  });
  if (evidence !== undefined) expect(found?.evidence).toMatch(evidence);
  expect(found?.why).not.toBe('');
  expect(found?.fix).not.toBe('');
  // Nothing else is said to be wrong.
  const others = new Set(report.findings.filter((one) => one.severity !== 'info').map((one) => one.id));
  for (const known of [id, ...UNGUARDED]) others.delete(known);
  expect([...others].sort()).toEqual([...also].sort());
  // Chromium confirms every verdict.
  const asked = report.journeys.flatMap(({ client, steps }) =>
    steps.flatMap(({ chromium: seen, ...step }) => (seen === undefined ? [] : [{ client, ...step, seen }])),
  );
  expect(asked.length).toBeGreaterThan(0);
  expect(asked.filter(({ seen }) => !seen.agrees)).toEqual([]);
  // What the doctor opened, it has closed.
  await expect.poll(() => started.sessions(), { timeout: 10_000 }).toBe(0);
});

describe('the doctor, and Chromium, find', () => {
  check([...SICK_SERVERS, ...SICK_SIGN_INS]);
});

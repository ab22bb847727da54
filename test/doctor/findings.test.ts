import { describe, expect, it, onTestFinished } from 'vitest';
import { examine, type Report } from '../../packages/mcp-cors/src/doctor/index.js';
import { SICK_SERVERS } from './servers/sick.js';
import { SICK_SIGN_INS } from './servers/signIn.js';

const PAGE = 'http://localhost:3000';

/** Faults that every server has that no policy guards. */
const UNGUARDED = ['host-not-checked', 'origin-not-checked'];

describe.each([...SICK_SERVERS, ...SICK_SIGN_INS])(
  '$name',
  ({ start, finding: id, severity, evidence, also = [], page = PAGE }) => {
    it(`is told as ${id}`, async () => {
      const server = await start(page);
      onTestFinished(server.close);
      const report: Report = await examine({ target: server.url, origins: [page], timeoutMs: 5000 });

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
      // What the doctor opened, it has closed.
      await expect.poll(() => server.sessions(), { timeout: 10_000 }).toBe(0);
    });
  },
);

import { describe } from 'vitest';
import { examine } from '../../packages/mcp-cors/src/doctor/index.js';
import { itInChromium } from './inChromium.js';
import { REAL_PROGRAMS, type RealServer } from './servers/real.js';
import { REAL_APPLICATIONS } from './servers/realApplications.js';
import { REAL_PROXIES } from './servers/realProxies.js';

const PAGE = 'https://app.example.com';

/** Errors and warnings by id. */
const grave = (findings: readonly { readonly id: string; readonly severity: string }[]): object =>
  Object.fromEntries(
    findings.filter(({ severity }) => severity !== 'info').map(({ id, severity }) => [id, severity]),
  );

const check = itInChromium<RealServer>(async ({ expect, onTestFinished }, server, chromium) => {
  const {
    start,
    findings,
    infos = [],
    outcomes,
    stack,
    idle = 0,
    attacked,
    never = [],
    orphans = false,
    timeoutMs = 20_000,
  } = server;
  const started = await start(PAGE);
  onTestFinished(started.close);
  const asked = { target: started.url, origins: [PAGE], timeoutMs };
  const report = await examine({ ...asked, idleMs: idle * 1_000, chromium });

  expect(grave(report.findings)).toEqual(findings);
  const ids = report.findings.map(({ id }) => id);
  expect(ids).toEqual(expect.arrayContaining([...infos]));
  for (const id of never) expect(ids).not.toContain(id);
  const walked = Object.fromEntries(report.journeys.map(({ client, outcome }) => [client, outcome]));
  expect(walked).toMatchObject(outcomes);
  const differing = report.journeys.flatMap(({ client, steps }) =>
    steps.filter(({ chromium: seen }) => seen?.agrees === false).map((step) => ({ client, ...step })),
  );
  expect(differing).toEqual([]);
  expect(report.stacks.map((one) => one.stack)).toContain(stack);
  const [finding = Object.keys(findings)[0], says = /./] = server.fix ?? [];
  expect(report.findings.find(({ id }) => id === finding)?.fix).toMatch(says);

  if (attacked !== undefined) {
    const { findings: found } = await examine({ ...asked, attack: true });
    expect(grave(found)).toEqual({ ...findings, ...attacked });
  }
  // What the doctor opened, it has closed.
  if (!orphans) await expect.poll(() => started.sessions(), { timeout: 10_000 }).toBe(0);
});

describe('the doctor, and Chromium, say what is wrong with', () => {
  check([...REAL_APPLICATIONS, ...REAL_PROGRAMS, ...REAL_PROXIES]);
});

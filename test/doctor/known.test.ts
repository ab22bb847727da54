import { describe, expect, it } from 'vitest';
import { BETWEEN } from './servers/between.js';
import { KNOWN_FAILURES } from './servers/known.js';
import { OPEN_SERVERS } from './servers/open.js';
import { REAL_PROGRAMS, type RealServer } from './servers/real.js';
import { REAL_APPLICATIONS } from './servers/realApplications.js';
import { REAL_PROXIES } from './servers/realProxies.js';
import { SICK_SERVERS } from './servers/sick.js';
import { SICK_SIGN_INS } from './servers/signIn.js';

/** What the tests hold the doctor to, by the names of the servers. */
const HELD = new Map<string, readonly string[]>();
const hold = (name: string, findings: readonly string[]): void => {
  HELD.set(name, [...(HELD.get(name) ?? []), ...findings]);
};
for (const { name, finding, also = [] } of [...SICK_SERVERS, ...SICK_SIGN_INS])
  hold(name, [finding, ...also]);
for (const { name, finding } of BETWEEN) hold(name, [finding]);
for (const { name, findings, infos = [] } of OPEN_SERVERS) hold(name, [...Object.keys(findings), ...infos]);
const real: readonly RealServer[] = [...REAL_PROGRAMS, ...REAL_APPLICATIONS, ...REAL_PROXIES];
for (const { name, findings, attacked = {}, infos = [] } of real) {
  hold(name, [...Object.keys(findings), ...Object.keys(attacked), ...infos]);
}

describe('a failure that people met has a server on which the doctor names it', () => {
  it.each(KNOWN_FAILURES)('$what', ({ shownBy: [server, finding] }) => {
    expect(HELD.get(server)).toContain(finding);
  });
});

it('thirty servers with one fault each are the least', () => {
  expect(HELD.size).toBeGreaterThanOrEqual(30);
});

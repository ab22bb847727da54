import { describe, expect, it, onTestFinished } from 'vitest';
import { examine } from '../../../packages/mcp-cors/src/doctor/index.js';
import { createPlainMcp, type PlainChecks } from '../servers/plainMcp.js';
import { serve } from '../servers/start.js';

const PAGE = 'https://app.example.com';
const FOREIGN_FINDINGS = ['host-not-checked', 'origin-not-checked'];

/** What is said of foreign hosts and origins with the attacks and without them. */
async function saidOf(
  checks: PlainChecks,
  headers: readonly (readonly [string, string])[] = [],
): Promise<readonly Readonly<Record<string, string>>[]> {
  const server = await serve((base) => createPlainMcp(PAGE, () => base.origin, checks));
  onTestFinished(server.close);
  const said = [];
  for (const attack of [false, true]) {
    const { findings } = await examine({
      target: server.url,
      origins: [PAGE],
      headers,
      attack,
      timeoutMs: 5_000,
    });
    const foreign = findings.filter(({ id }) => FOREIGN_FINDINGS.includes(id));
    said.push(Object.fromEntries(foreign.map(({ id, severity }) => [id, severity])));
  }
  return said;
}

describe('a check says the same of foreign pages with the attacks and without them', () => {
  it.each<readonly [string, PlainChecks, Readonly<Record<string, string>>]>([
    ['a correct server', {}, {}],
    [
      'any host',
      { isHost: () => true, isOrigin: () => true },
      { 'host-not-checked': 'error', 'origin-not-checked': 'error' },
    ],
    ['origins that the browser alone keeps out', { refuses: false }, { 'origin-not-checked': 'warning' }],
  ])('%s', async (_, checks, expected) => {
    expect(await saidOf(checks)).toEqual([expected, expected]);
  });

  it('a server that asks for a token, which no foreign page has', async () => {
    const token = 'a-token-that-no-page-has';
    const checks = { token, isHost: () => true, refuses: false };

    expect(await saidOf(checks, [['Authorization', `Bearer ${token}`]])).toEqual([{}, {}]);
  });
});

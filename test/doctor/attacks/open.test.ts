import { describe, expect, it, onTestFinished } from 'vitest';
import { ATTACK_FINDINGS } from '../../../packages/mcp-cors/src/doctor/attacks/faults.js';
import { BETWEEN } from '../servers/between.js';
import { OPEN_SERVERS } from '../servers/open.js';
import { attack, PAGE } from './attack.js';

describe.each(OPEN_SERVERS)('$name', ({ start, findings, infos = [], evidence, page = PAGE }) => {
  it(`has ${Object.keys(findings).join(', ')}`, async () => {
    const server = await start(page);
    onTestFinished(server.close);

    const found = await attack(server.url, { origins: [page] });

    expect(found.grave).toEqual(findings);
    expect(found.infos).toEqual(expect.arrayContaining([...infos]));
    if (evidence !== undefined)
      expect(found.findings.map((one) => one.evidence).join('\n')).toMatch(evidence);
    // What the attacks opened, they have closed.
    await expect.poll(() => server.sessions(), { timeout: 10_000 }).toBe(0);
  });
});

it('has an open server for every finding that is more than worth knowing', () => {
  const shown = new Set([
    ...OPEN_SERVERS.flatMap(({ findings }) => Object.keys(findings)),
    ...BETWEEN.map(({ finding }) => finding),
  ]);
  const grave = Object.entries(ATTACK_FINDINGS).filter(([, { severity }]) => severity !== 'info');

  expect(grave.map(([id]) => id).filter((id) => !shown.has(id))).toEqual([]);
});

import { createMcpServer, listen } from '@mcp-cors/demo';
import { describe, expect, test } from 'vitest';
import { startEverything } from '../fixtures/servers/everything.js';
import { createConformanceServer } from './conformance/server.js';
import { type Outcomes, type RELEASES, runSuite, tableOf } from './conformance/suite.js';
import { startTestGateway } from './gateway.js';
import type { Served } from './upstreams/upstreams.js';

const DNS_REBINDING = 'dns-rebinding-protection / ';

interface Case {
  readonly start: () => Promise<Served>;
  readonly release: keyof typeof RELEASES;
  readonly choice: readonly string[];
  /** Fewer passing checks than that mean that the suite did not get to what it is there for. */
  readonly least: number;
}

const everything = () => startEverything('streamableHttp');

async function everySdkFeature(): Promise<Served> {
  const app = createMcpServer({ createServer: createConformanceServer });
  const { origin, close } = await listen(app.listener, '127.0.0.1', 0);
  return { origin, close: async () => void (await Promise.all([app.close(), close()])) };
}

const CASES: Readonly<Record<string, Case>> = {
  'server-everything, revision 2025-11-25': {
    start: everything,
    release: 'next',
    choice: ['--requirements', '2025-11-25'],
    least: 40,
  },
  'server-everything, the current release of the suite': {
    start: everything,
    release: 'current',
    choice: ['--suite', 'all'],
    least: 10,
  },
  'the SDK of the second generation, revision 2025-11-25': {
    start: everySdkFeature,
    release: 'next',
    choice: ['--requirements', '2025-11-25'],
    least: 60,
  },
  'the SDK of the second generation, revision 2026-07-28': {
    start: everySdkFeature,
    release: 'next',
    choice: ['--requirements', '2026-07-28'],
    least: 120,
  },
  'the SDK of the second generation, the current release of the suite': {
    start: everySdkFeature,
    release: 'current',
    choice: ['--suite', 'all'],
    least: 35,
  },
};

describe.each(Object.entries(CASES))('%s', (name, { start, release, choice, least }) => {
  test('every check of the official suite that passes directly passes through the gateway', async () => {
    const server = await start();
    try {
      const gateway = await startTestGateway({ url: server.origin });
      const direct = await runSuite(`${server.origin}/mcp`, release, choice);
      const through = await runSuite(`${gateway.url}/mcp`, release, choice);
      process.stdout.write(`\n${tableOf(name, direct, through)}\n`);

      const passing = [...direct].filter(([, outcome]) => outcome === 'SUCCESS').map(([key]) => key);
      expect(passing.length).toBeGreaterThanOrEqual(least);
      expect(passing.filter((key) => through.get(key) !== 'SUCCESS')).toEqual([]);
      // These servers look at neither Host nor Origin; the gateway in front of them does.
      expect(outcomesOf(direct, DNS_REBINDING)).toContain('FAILURE');
      expect(new Set(outcomesOf(through, DNS_REBINDING))).toEqual(new Set(['SUCCESS']));
    } finally {
      await server.close();
    }
  }, 180_000);
});

function outcomesOf(outcomes: Outcomes, prefix: string): readonly string[] {
  return [...outcomes].filter(([key]) => key.startsWith(prefix)).map(([, outcome]) => outcome);
}

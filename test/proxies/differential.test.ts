import { expect, test } from 'vitest';
import { type Difference, runDifferential } from './differential/run.js';

/** Another is given as MCP_CORS_SEED, and more requests as MCP_CORS_REQUESTS. */
const SEED = Number(process.env.MCP_CORS_SEED ?? 20_260_728);
const REQUESTS = Number(process.env.MCP_CORS_REQUESTS ?? 2_500);

test.each(['nginx', 'haproxy', 'apache', 'caddy', 'fastapi', 'starlette-middleware'])(
  '%s does no more than a policy says, on requests and responses of every kind',
  { timeout: 60_000 + REQUESTS * 20 },
  async (target) => {
    const { open, shown, reached, read, preflights } = await runDifferential(target, SEED, REQUESTS);
    expect(open.map(told), `seed ${SEED}`).toEqual([]);
    // What refuses everything would pass too.
    expect(shown).toBe(REQUESTS);
    expect(reached).toBeGreaterThan(REQUESTS / 5);
    expect(read).toBeGreaterThan(REQUESTS / 5);
    expect(preflights).toBeGreaterThan(REQUESTS / 100);
  },
);

function told({ what, reason, site, sent, answer }: Difference): string {
  const lines = sent.lines.map(([name, value]) => `${name}: ${value.slice(0, 200)}`);
  const status = typeof answer === 'string' ? answer : answer.status;
  return `${what}; the library: ${reason}; policy ${site}; ${status}; ${JSON.stringify([sent.method, sent.target, ...lines])}`;
}

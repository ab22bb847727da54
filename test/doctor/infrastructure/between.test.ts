import { describe, expect, it, onTestFinished } from 'vitest';
import {
  examineInfrastructure,
  INFRASTRUCTURE_REQUESTS,
  type InfrastructureOptions,
} from '../../../packages/mcp-cors/src/doctor/infrastructure/index.js';
import { reach } from '../../../packages/mcp-cors/src/doctor/reach.js';
import { createTransport } from '../../../packages/mcp-cors/src/doctor/transport.js';
import { BETWEEN, startSlow } from '../servers/between.js';
import { GUARDED_SERVERS } from '../servers/guarded.js';
import type { Started } from '../servers/start.js';

const PAGE = 'https://app.example.com';

/** Longer than by default, on a machine that may be busy. */
const PATIENCE = { headMs: 3_000, firstEventMs: 3_000, watchMs: 2_500 };

async function examine(
  server: Started,
  page = PAGE,
  patience: InfrastructureOptions['patience'] = PATIENCE,
): ReturnType<typeof examineInfrastructure> {
  onTestFinished(server.close);
  const transport = createTransport({ timeoutMs: 10_000 });
  onTestFinished(() => transport.close());
  const target = await reach(server.url, transport, []).catch(() => ({
    // What holds everything back is not recognised; the examination is of the stream behind.
    url: server.url,
    streamable: true,
    sse: false,
    headless: false,
    patienceMs: 3_000,
    modern: false,
    tokenAsked: false,
    opensSessions: true,
    status: 200,
    exchange: undefined as never,
    traces: [],
  }));
  const sse = new URL(server.url).pathname === '/sse';
  return examineInfrastructure({
    target: sse ? { ...target, streamable: false, sse: true } : target,
    origins: [page],
    send: transport.send,
    patience,
  });
}

describe.each(BETWEEN)('$name', ({ start, finding, severity, title }) => {
  it(`is told as ${finding}`, async () => {
    const { findings } = await examine(await start(PAGE));

    const found = findings.find(({ id }) => id === finding);
    expect(found, JSON.stringify(findings)).toMatchObject({ severity });
    if (title !== undefined) expect(found?.title).toMatch(title);
    expect(found?.evidence).not.toBe('');
    // Nothing else is said to be wrong.
    const others = findings.filter((one) => one.severity !== 'info' && one.id !== finding);
    expect(others.map(({ id }) => id)).toEqual([]);
  });
});

describe.each(GUARDED_SERVERS)('$name', ({ start, page = PAGE }) => {
  it('raises no alarm', async () => {
    const server = await start(page);
    const { findings, requests } = await examine(server, page, { watchMs: 300 });

    expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
    expect(requests).toBeLessThanOrEqual(INFRASTRUCTURE_REQUESTS);
    await expect.poll(() => server.sessions(), { timeout: 10_000 }).toBe(0);
  });
});

it('takes a server that is slow to answer anything for no buffer', async () => {
  const server = await startSlow(PAGE, 400);
  const { findings } = await examine(server, PAGE, { headMs: 200, watchMs: 100 });

  expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
});

import { mcpCors } from 'mcp-cors/node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { examine, planRequests } from '../../packages/mcp-cors/src/doctor/index.js';
import { recording } from './journeys/recording.js';
import { startModernServer } from './servers/modern.js';
import { startSignIn } from './servers/signIn.js';
import { type Started, startFront } from './servers/start.js';

const PAGE = 'http://localhost:3000';

/** Servers of every kind that the plan imagines, real ones. */
const SERVERS: readonly (readonly [name: string, start: (log: string[]) => Promise<Started>])[] = [
  [
    'a sound server',
    (log) => startFront((listener) => recording(mcpCors({ origins: [PAGE] })(listener), log)),
  ],
  ['a server without CORS', (log) => startFront((listener) => recording(listener, log))],
  [
    'HTTP+SSE',
    (log) => startFront((listener) => recording(mcpCors({ origins: [PAGE] })(listener), log), '/sse'),
  ],
  ['a server that asks for a token', (log) => startSignIn(PAGE, {}, (listener) => recording(listener, log))],
  ['2026-07-28 alone', (log) => startModernServer(PAGE, (listener) => recording(listener, log))],
];

/** What a log and a plan have in common: method, JSON-RPC method, the headers that tell requests apart. */
function signature(method: string, rpc: string | undefined, headers: readonly string[]): string {
  const told = headers
    .filter((line) => /^(?:origin|content-type|mcp-method|access-control-request-method)/.test(line))
    // What is long is shown cut, and what no terminal should see in another way.
    .map((line) => line.replaceAll(/[^\x20-\x7e]/g, '').slice(0, 60))
    .sort();
  return [`${method} ${rpc ?? ''}`.trim(), ...told].join('\n');
}

describe.each(SERVERS)('%s', (_, start) => {
  it.each([false, true])('gets nothing that was not planned, attacked or not: %s', async (attack) => {
    const log: string[] = [];
    const server = await start(log);
    onTestFinished(server.close);
    const { requests, most } = await planRequests({ target: server.url, origins: [PAGE], attack });
    expect(log).toEqual([]); // it sends nothing
    const report = await examine({ target: server.url, origins: [PAGE], attack, timeoutMs: 20_000 });

    const planned = new Set(
      requests.map(({ method, name, headers }) =>
        signature(
          method,
          /^(?:initialize|ping|tools|server|notifications)\b/.test(name) ? name : undefined,
          headers.map(([field, value]) => `${field}: ${value}`),
        ),
      ),
    );
    const sent = log.map((entry) => {
      const [first = '', ...headers] = entry.split('\n  ');
      const [method = '', , rpc] = first.split(' ');
      return signature(method, rpc, headers);
    });
    expect([...new Set(sent)].filter((one) => !planned.has(one))).toEqual([]);
    expect(report.requests).toBeLessThanOrEqual(most);
    expect(sent.length).toBeLessThanOrEqual(most);
  });
});

it('names every kind of attack, and no secret', async () => {
  const { requests } = await planRequests({
    target: 'https://mcp.example.com/mcp?key=SECRET-IN-QUERY',
    origins: ['https://app.example.com'],
    headers: [['Authorization', 'Bearer SECRET-TOKEN']],
    attack: true,
  });
  const kinds = new Set(requests.map(({ by }) => by));
  for (const kind of [
    'attack: foreign hosts',
    'attack: writes without a preflight',
    'attack: foreign origins',
    'attack: sessions of others',
    'attack: response splitting',
    'attack: hostile preflights',
  ]) {
    expect([...kinds]).toContain(kind);
  }
  expect(JSON.stringify(requests)).not.toContain('SECRET');
});

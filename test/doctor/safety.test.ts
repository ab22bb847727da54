import { mcpCors } from 'mcp-cors/node';
import { expect, it, onTestFinished } from 'vitest';
import { examine } from '../../packages/mcp-cors/src/doctor/index.js';
import { recording } from './journeys/recording.js';
import { startSignIn } from './servers/signIn.js';
import { startFront } from './servers/start.js';

const PAGE = 'http://localhost:3000';
const OTHER = 'https://other.example';

it('no tool is called, and every session that was opened is ended', async () => {
  const log: string[] = [];
  const server = await startFront((listener) => recording(mcpCors({ origins: [PAGE] })(listener), log));
  onTestFinished(server.close);
  const { requests } = await examine({ target: server.url, origins: [PAGE], timeoutMs: 5000 });
  expect(log.filter((line) => /^POST \S+ tools\/call/.test(line))).toEqual([]);
  expect(log.filter((line) => /^POST \S+ tools\/list/.test(line)).length).toBeGreaterThan(3);
  expect(requests).toBeGreaterThanOrEqual(log.length);
  await expect.poll(() => server.sessions(), { timeout: 10_000 }).toBe(0);
});

it('nobody is registered or signed in', async () => {
  const log: string[] = [];
  const server = await startSignIn(PAGE, {}, (listener) => recording(listener, log));
  onTestFinished(server.close);
  await examine({ target: server.url, origins: [PAGE], timeoutMs: 5000 });
  expect(log.filter((line) => /^OPTIONS \/(?:register|token)/.test(line)).length).toBeGreaterThanOrEqual(2);
  expect(log.filter((line) => /^POST \/(?:register|token)/.test(line))).toEqual([]);
});

it('an origin that is not allowed is told apart from one that is', async () => {
  const server = await startFront((listener) => mcpCors({ origins: [PAGE] })(listener));
  onTestFinished(server.close);
  const { findings, journeys } = await examine({
    target: server.url,
    origins: [PAGE, OTHER],
    timeoutMs: 5000,
  });
  const grave = findings.filter(({ severity }) => severity !== 'info');
  expect(grave.map(({ id, origin }) => [id, origin])).toEqual([['origin-not-allowed', OTHER]]);
  expect(
    journeys
      .filter(({ origin }) => origin === PAGE)
      .every(({ ok, outcome }) => ok || outcome === 'not-offered'),
  ).toBe(true);
  expect(journeys.find(({ origin }) => origin === OTHER)).toMatchObject({ ok: false, outcome: 'blocked' });
});

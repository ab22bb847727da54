import { describe, expect, it, onTestFinished } from 'vitest';
import {
  REQUESTS_FOR_EACH_FURTHER,
  REQUESTS_FOR_ONE_ORIGIN,
} from '../../../packages/mcp-cors/src/doctor/attacks/index.js';
import { OPEN_SERVERS } from '../servers/open.js';
import { createPlainMcp, type PlainChecks } from '../servers/plainMcp.js';
import { type Started, serve, startFront } from '../servers/start.js';
import { type Attacked, attack, PAGE } from './attack.js';

const TOKEN = 'a-token-that-no-page-has';

async function started(start: () => Promise<Started>): Promise<Started> {
  const server = await start();
  onTestFinished(server.close);
  return server;
}

const plain = (checks: PlainChecks = {}): Promise<Started> =>
  started(() => serve((base) => createPlainMcp(PAGE, () => base.origin, checks)));

const headerOf = ({ request }: Attacked['exchanges'][number], name: string): string | undefined =>
  request.headers.find(([line]) => line.toLowerCase() === name)?.[1];

describe('the attacks', () => {
  it.each(OPEN_SERVERS.filter(({ name }) => /^(?:Express|a server|server-everything)/.test(name)))(
    'ask $name for nothing that has an effect',
    async ({ start }) => {
      const server = await started(() => start(PAGE));
      const { exchanges } = await attack(server.url);

      const methods = new Set(exchanges.map(({ request }) => request.method));
      expect([...methods].filter((method) => !['OPTIONS', 'POST', 'GET', 'DELETE'].includes(method))).toEqual(
        [],
      );
      const called = exchanges.flatMap(({ request: { body } }) =>
        body === undefined ? [] : [(JSON.parse(body) as { method: string }).method],
      );
      expect(new Set(called)).toEqual(
        new Set(['initialize', 'ping', 'tools/list'].filter((one) => called.includes(one))),
      );
      expect(called).not.toContain('tools/call');
    },
  );

  it('send no token from a page that is not allowed', async () => {
    const server = await plain({ token: TOKEN });
    const { exchanges, grave } = await attack(server.url, {
      headers: [
        ['authorization', `Bearer ${TOKEN}`],
        ['cookie', 'a=1'],
      ],
    });

    expect(grave).toEqual({});
    const withToken = exchanges.filter((exchange) => headerOf(exchange, 'authorization') !== undefined);
    const withCookie = exchanges.filter((exchange) => headerOf(exchange, 'cookie') !== undefined);
    expect(withToken.length).toBeGreaterThan(3);
    expect(withCookie.length).toBeGreaterThan(withToken.length);
    // A session is tried with both, to learn whether the origin alone keeps others out.
    const foreign = withToken.filter((exchange) => headerOf(exchange, 'origin') !== PAGE);
    expect(foreign.every((exchange) => headerOf(exchange, 'mcp-session-id') !== undefined)).toBe(true);
  });

  it('call no server open that asks for a token, whatever else it lets pass', async () => {
    const server = await plain({
      token: TOKEN,
      isHost: () => true,
      refuses: false,
      isJson: () => true,
      isSession: (known, id) => known.has(id),
    });
    const { grave, infos } = await attack(server.url, { headers: [['authorization', `Bearer ${TOKEN}`]] });

    expect(grave).toEqual({});
    expect(infos).toEqual(['session-not-bound']);
  });

  it('tell of a server that asks for a token and allows every page', async () => {
    const server = await plain({ token: TOKEN, isOrigin: () => true });
    const { grave } = await attack(server.url);

    expect(grave).toEqual({ 'foreign-origin-reflected': 'warning' });
  });

  it('count every session that they opened as their own to end, when they are stopped halfway', async () => {
    const server = await started(() => startFront((listener) => listener));
    for (const maxRequests of [1, 2, 3, 5, 8, 60]) {
      const { stopped, requests } = await attack(server.url, { maxRequests });
      expect(stopped).toBe('bound');
      // The end of a session may come on top.
      expect(requests).toBeLessThanOrEqual(maxRequests + 2);
      await expect.poll(() => server.sessions(), { timeout: 10_000 }).toBe(0);
    }
  });

  it('stop when they are called off', async () => {
    const server = await plain();
    const controller = new AbortController();
    const { stopped, requests } = await attack(server.url, {
      signal: controller.signal,
      onProgress: ({ sent }) => {
        if (sent === 20) controller.abort();
      },
    });

    expect(stopped).toBe('aborted');
    // Four are under way at once, and a session may have to be ended.
    expect(requests).toBeLessThanOrEqual(25);
  });

  it('try every allowed origin, within their bound', async () => {
    const server = await plain({
      isOrigin: (origin) =>
        [PAGE, 'https://two.example.org'].includes(origin) || origin.startsWith('https://two.example.org'),
    });
    const origins = [PAGE, 'https://two.example.org'];
    const { findings, requests, stopped } = await attack(server.url, { origins });

    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([
      expect.objectContaining({ id: 'origin-prefix-matched', origin: 'https://two.example.org' }),
    ]);
    expect(stopped).toBeUndefined();
    expect(requests).toBeLessThanOrEqual(REQUESTS_FOR_ONE_ORIGIN + REQUESTS_FOR_EACH_FURTHER);
  });

  it('name the class, what was tried, what came back, and a published case of the same class', async () => {
    const server = await started(() => startFront((listener) => listener));
    const { findings } = await attack(server.url);
    const rebinding = findings.find(({ id }) => id === 'host-not-checked');

    expect(rebinding?.evidence).toMatch(
      /^DNS rebinding: Host and Origin of a foreign domain\n> POST \/mcp\n> host: mcp-cors-check\.example:\d+\n/,
    );
    expect(rebinding?.evidence).toMatch(/\n< 200\n/);
    expect(rebinding?.why).toContain('of the same class as CVE-2025-66414');
    expect(rebinding?.fix).not.toBe('');
  });

  it('show no secret', async () => {
    const server = await plain({
      isHost: () => true,
      isSession: () => true,
      isOrigin: () => true,
      token: TOKEN,
    });
    const { findings } = await attack(server.url, {
      headers: [
        ['authorization', `Bearer ${TOKEN}`],
        ['cookie', `id=${TOKEN}`],
      ],
    });

    expect(findings.length).toBeGreaterThan(1);
    expect(JSON.stringify(findings)).not.toContain(TOKEN);
  });
});

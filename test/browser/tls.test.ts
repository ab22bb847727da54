import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Listening, listen } from '@mcp-cors/demo';
import { type Gateway, startGateway, trustSteps } from '@mcp-cors/gateway';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Chromium, startChromium, type Tab } from './chromium.js';
import { JOURNEY_IDS, REVISIONS, read, servePage, walk } from './page.js';
import { type Front, startStage } from './stage.js';

const HOST = '127.0.0.1';

let home: string;
let page: Listening;
let trusting: Chromium;
let stranger: Chromium;
const open: { close(): Promise<void> }[] = [];

/** A gateway with a certificate of the local authority of this file's own. */
async function startAuto(listener: RequestListener, allowed: string): Promise<Front & { gateway: Gateway }> {
  const server = await listen(listener, HOST, 0);
  const gateway = await startGateway({
    listen: `${HOST}:0`,
    tls: 'auto',
    policy: { origins: [allowed] },
    routes: [{ path: '/', upstream: server.origin }],
  });
  const close = async (): Promise<void> => {
    await Promise.all([gateway.close(), server.close()]);
  };
  return { origin: gateway.url, gateway, close };
}

/** Does what the steps say for Chromium on Linux, in a home folder of the test's. */
function trust(file: string): void {
  const database = join(home, '.pki', 'nssdb');
  mkdirSync(database, { recursive: true });
  execFileSync('certutil', ['-d', `sql:${database}`, '-N', '--empty-password']);
  const step = trustSteps(file, 'linux').find(({ who }) => who.startsWith('Chromium'))?.how ?? '';
  execFileSync('sh', ['-c', step.replace(/ {3}.*/, '')], { env: { ...process.env, HOME: home } });
}

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'mcp-cors-home-'));
  vi.stubEnv('XDG_DATA_HOME', join(home, 'data'));
  const first = await startAuto((_, response) => void response.end(), 'https://app.example.com');
  trust(first.gateway.authority?.file ?? '');
  await first.close();
  page = await servePage();
  [trusting, stranger] = await Promise.all([
    startChromium([], home),
    startChromium([], join(home, 'nobody')),
  ]);
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

afterAll(async () => {
  await Promise.all([trusting.close(), stranger.close(), page.close()]);
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true, force: true });
});

/** The protocols by which an origin answers a tab from now on. */
async function protocolsOf({ page: tab }: Tab, origin: string): Promise<Set<string>> {
  const session = await tab.context().newCDPSession(tab);
  const protocols = new Set<string>();
  session.on('Network.responseReceived', ({ response }) => {
    if (new URL(response.url).origin === origin) protocols.add(response.protocol ?? 'none');
  });
  await session.send('Network.enable');
  return protocols;
}

describe('Chromium that trusts the local authority', () => {
  it.each(JOURNEY_IDS)('walks the journey of %s over HTTP/2', async (id) => {
    const stage = await startStage(startAuto, page.origin);
    open.push(stage);
    const tab = await trusting.open(page.origin);
    const protocols = await protocolsOf(tab, stage.origin);
    const report = await walk(tab, { id, at: stage.origin });
    expect(report).toMatchObject({ outcome: 'works', negotiated: REVISIONS[id] });
    expect(tab.blocked).toEqual([]);
    expect([...protocols]).toEqual(['h2']);
  });

  it('opens more streams at once than it would over HTTP/1.1, and reads them all', async () => {
    const streams = 30; // HTTP/1.1 stalls after six
    let opened = 0;
    const gateway = await startAuto((_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.flushHeaders();
      opened++;
      const wait = setInterval(() => {
        if (opened < streams) return; // ends only when all are open
        clearInterval(wait);
        response.end('data: 1\n\n');
      }, 10);
      response.on('close', () => clearInterval(wait));
    }, page.origin);
    open.push(gateway);
    const tab = await trusting.open(page.origin);
    const urls = Array.from({ length: streams }, (_, i) => `${gateway.origin}/mcp?${i}`);
    const readings = await Promise.all(urls.map((url) => read(tab, url)));
    expect(readings.map(({ body }) => body)).toEqual(Array(streams).fill('data: 1\n\n'));
  });

  it('reads refusals of the gateway, and is told nothing on a foreign page', async () => {
    const gateway = await startAuto((_, response) => void response.end('reached'), page.origin);
    open.push(gateway);
    const foreign = await servePage();
    open.push(foreign);
    const body = JSON.stringify({ text: 'x'.repeat(17_000_000) });
    const init = { method: 'POST', body, headers: { 'content-type': 'application/json' } };
    const large = await read(await trusting.open(page.origin), `${gateway.origin}/mcp`, init);
    expect([large.status, JSON.parse(large.body ?? '{}').error.data.reason]).toEqual([413, 'body-too-large']);
    const refused = await read(await trusting.open(foreign.origin), `${gateway.origin}/mcp`);
    expect(refused.error).toContain('Failed to fetch');
  });
});

it('Chromium that does not trust it refuses the certificate', async () => {
  const gateway = await startAuto((_, response) => void response.end('reached'), page.origin);
  open.push(gateway);
  const reading = await read(await stranger.open(page.origin), `${gateway.origin}/mcp`);
  expect(reading.error).toContain('Failed to fetch');
});

import { writeFileSync } from 'node:fs';
import { request as sendRequest } from 'node:http';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createFolder } from '../../../../test/cli/command.js';
import { begin, eventually, open } from '../../../../test/gateway/client.js';
import { startTestGateway } from '../../../../test/gateway/gateway.js';
import { freePort, startUpstream } from '../../../../test/gateway/upstream.js';
import type { MetricsConfig } from '../config/metrics.js';
import { GatewayConfigError } from '../errors.js';
import type { Tell } from '../listeners.js';

const TOKEN = 'a-token-of-sixteen-or-more';

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** Asks the admin listener, under any Host. */
function ask(url: string | undefined, path: string, headers: Record<string, string> = {}, method = 'GET') {
  return new Promise<Reply>((resolve, reject) => {
    const request = sendRequest(new URL(path, url), { method, headers, agent: false }, (response) => {
      let text = '';
      response.on('data', (bytes) => {
        text += bytes;
      });
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
    });
    request.once('error', reject);
    request.end();
  });
}

async function startAdmin(metrics: MetricsConfig = {}, upstreamUrl?: string, onWarning?: Tell) {
  const upstream = upstreamUrl ?? (await startUpstream((_, response) => response.end())).url;
  const gateway = await startTestGateway(
    { url: upstream },
    { onWarning, metrics: { listen: '127.0.0.1:0', ...metrics } },
  );
  return { gateway, url: gateway.adminUrl as string };
}

describe('the admin listener', () => {
  it('is not there unless it is asked for', async () => {
    const upstream = await startUpstream((_, response) => response.end('the upstream'));
    const gateway = await startTestGateway(upstream);
    expect(gateway.adminUrl).toBeUndefined();
    expect((await ask(gateway.url, '/metrics')).text).toBe('the upstream');
  });

  it.each([
    ['GET', '/metrics', 200],
    ['HEAD', '/metrics', 200],
    ['GET', '/metrics?x=1', 200],
    ['GET', '/healthz', 200],
    ['GET', '/readyz', 200],
    ['POST', '/metrics', 405],
    ['OPTIONS', '/metrics', 405],
    ['GET', '/', 404],
    ['GET', '/Metrics', 404],
    ['GET', '/mcp', 404],
  ])('answers %s %s with %i, and says nothing about CORS', async (method, path, status) => {
    const { url } = await startAdmin();
    const reply = await ask(url, path, {}, method);
    expect(reply.status).toBe(status);
    expect(Object.keys(reply.headers).filter((name) => /access-control|vary/.test(name))).toEqual([]);
    expect(reply.headers['cache-control']).toBe('no-store');
    expect(reply.headers['x-content-type-options']).toBe('nosniff');
  });

  it.each([
    ['localhost', 200],
    ['localhost:9808', 200],
    ['127.0.0.1', 200],
    ['[::1]:1', 200],
    ['gateway.svc:9808', 200],
    ['GATEWAY.svc', 200],
    ['evil.example', 421],
    ['127.0.0.1.evil.example', 421],
    ['localhost.evil.example', 421],
    ['10.0.0.1', 421],
    ['localhost@evil.example', 421],
  ])('answers a request for %s with %i', async (host, status) => {
    const { url } = await startAdmin({ hosts: ['gateway.svc'] });
    for (const path of ['/metrics', '/healthz', '/readyz']) {
      expect((await ask(url, path, { Host: host })).status).toBe(status);
    }
  });

  it.each<[string, Record<string, string>, number]>([
    ['a page elsewhere', { Origin: 'https://evil.example' }, 403],
    ['a page on the same host', { Origin: 'http://127.0.0.1' }, 403],
    ['an opaque origin', { Origin: 'null' }, 403],
    ['an image of a page', { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors' }, 403],
    ['a neighbouring port', { 'Sec-Fetch-Site': 'same-site' }, 403],
    ['somebody who typed the address', { 'Sec-Fetch-Site': 'none' }, 200],
  ])('refuses what a browser sends for %s', async (_, headers, status) => {
    const { url } = await startAdmin();
    for (const path of ['/metrics', '/healthz', '/readyz']) {
      expect((await ask(url, path, headers)).status).toBe(status);
    }
  });

  it('says that its port is taken, and leaves nothing listening', async () => {
    const { url } = await startAdmin();
    const port = await freePort();
    const started = startTestGateway(
      { url: 'http://127.0.0.1:1' },
      { listen: `127.0.0.1:${port}`, metrics: { listen: new URL(url).host } },
    );
    await expect(started).rejects.toMatchObject({
      issues: [{ code: 'listen-failed', path: 'metrics.listen' }],
    });
    await expect(ask(`http://127.0.0.1:${port}`, '/')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});

describe('its token', () => {
  it.each<[string, Record<string, string>, number]>([
    ['none', {}, 401],
    ['another', { Authorization: `Bearer ${TOKEN}x` }, 401],
    ['a part', { Authorization: `Bearer ${TOKEN.slice(1)}` }, 401],
    ['an empty one', { Authorization: 'Bearer ' }, 401],
    ['another scheme', { Authorization: `Basic ${TOKEN}` }, 401],
    ['the token', { Authorization: `Bearer ${TOKEN}` }, 200],
    ['the scheme in other letters', { Authorization: `bearer ${TOKEN}` }, 200],
  ])('is needed for the metrics: %s', async (_, headers, status) => {
    const { url } = await startAdmin({ token: TOKEN });
    const reply = await ask(url, '/metrics', headers);
    expect(reply.status).toBe(status);
    expect(reply.headers['www-authenticate']).toBe(status === 401 ? 'Bearer' : undefined);
    expect(reply.text.includes('mcp_cors')).toBe(status === 200);
    expect((await ask(url, '/healthz', headers)).status).toBe(200); // probes have none
  });

  it('can come from a variable', async () => {
    vi.stubEnv('METRICS_TOKEN_OF_TEST', TOKEN);
    onTestFinished(() => void vi.unstubAllEnvs());
    const { url } = await startAdmin({ token: { env: 'METRICS_TOKEN_OF_TEST' } });
    expect((await ask(url, '/metrics')).status).toBe(401);
    expect((await ask(url, '/metrics', { Authorization: `Bearer ${TOKEN}` })).status).toBe(200);
  });

  it('can come from a file, and is read again when logs are opened again', async () => {
    const file = join(createFolder({ token: `${TOKEN}\n` }), 'token');
    const warnings: string[] = [];
    const { url, gateway } = await startAdmin({ token: { file } }, undefined, (message) =>
      warnings.push(message),
    );
    const statusOf = async (token: string) =>
      (await ask(url, '/metrics', { Authorization: `Bearer ${token}` })).status;
    expect(await statusOf(TOKEN)).toBe(200);
    writeFileSync(file, `${TOKEN}-2`);
    gateway.reopen();
    expect([await statusOf(TOKEN), await statusOf(`${TOKEN}-2`)]).toEqual([401, 200]);
    writeFileSync(file, '');
    gateway.reopen();
    expect(await statusOf(`${TOKEN}-2`)).toBe(200);
    expect(warnings).toEqual([expect.stringMatching(/stays as it was: the file .* holds no token/)]);
  });

  it.each<[string, MetricsConfig['token'], string]>([
    ['a variable that is not set', { env: 'NO_SUCH_VARIABLE' }, 'the environment variable NO_SUCH_VARIABLE'],
    ['a file that is missing', { file: '/no/such/file' }, 'ENOENT'],
    ['a file without one', { file: '/dev/null' }, 'the file /dev/null holds no token'],
  ])('refuses to start with %s', async (_, token, message) => {
    const error = await startAdmin({ token }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(GatewayConfigError);
    expect(error.issues).toMatchObject([{ code: 'token-unreadable', path: 'metrics.token' }]);
    expect(error.message).toContain(message);
  });

  it('lets the listener be reached by address from elsewhere, and by no name but those that are given', async () => {
    const { url } = await startAdmin({ listen: '0.0.0.0:0', token: TOKEN });
    const own = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    const address =
      own.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
    const { port } = new URL(url);
    const headers = { Authorization: `Bearer ${TOKEN}` };
    expect(
      (await ask(`http://127.0.0.1:${port}`, '/metrics', { ...headers, Host: `${address}:${port}` })).status,
    ).toBe(200);
    expect(
      (await ask(`http://127.0.0.1:${port}`, '/metrics', { ...headers, Host: 'evil.example' })).status,
    ).toBe(421);
  });
});

describe('readiness', () => {
  it('ends when the gateway closes, while requests finish and health stays', async () => {
    let finish = (): void => {};
    const upstream = await startUpstream((_, response) => {
      finish = () => response.end();
    });
    const gateway = await startTestGateway(upstream, {
      metrics: { listen: '127.0.0.1:0' },
      limits: { shutdownTimeoutMs: 60_000 },
    });
    begin(gateway.url);
    await eventually(() => expect(upstream.requests).toHaveLength(1));
    const closing = gateway.close();
    expect(await ask(gateway.adminUrl, '/readyz')).toMatchObject({ status: 503, text: 'draining\n' });
    expect((await ask(gateway.adminUrl, '/healthz')).status).toBe(200);
    finish();
    await closing;
    await expect(ask(gateway.adminUrl, '/healthz')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('does not depend on upstreams unless that is asked for', async () => {
    const upstream = `http://127.0.0.1:${await freePort()}`;
    const indifferent = await startAdmin({}, upstream);
    expect((await ask(indifferent.url, '/readyz')).status).toBe(200);
    const { url } = await startAdmin({ checkUpstreams: true }, upstream);
    expect(await ask(url, '/readyz')).toMatchObject({
      status: 503,
      text: `upstreams cannot be reached: ${upstream}\n`,
    });
  });

  it('asks for one of several upstreams of a route', async () => {
    const upstream = await startUpstream((_, response) => response.end());
    const away = `http://127.0.0.1:${await freePort()}`;
    const gateway = await startTestGateway(upstream, {
      routes: [{ path: '/mcp', upstream: [away, upstream.url] }],
      metrics: { listen: '127.0.0.1:0', checkUpstreams: true },
    });
    expect((await ask(gateway.adminUrl, '/readyz')).status).toBe(200);
  });

  it('names no upstream to those without the token', async () => {
    const upstream = `http://127.0.0.1:${await freePort()}`;
    const { url } = await startAdmin({ checkUpstreams: true, token: TOKEN }, upstream);
    expect((await ask(url, '/readyz')).text).toBe('upstreams cannot be reached\n');
  });

  it('asks upstreams once for many probes', async () => {
    const upstream = await startUpstream((_, response) => response.end());
    const { url } = await startAdmin({ checkUpstreams: true }, upstream.url);
    const replies = await Promise.all(Array.from({ length: 30 }, () => ask(url, '/readyz')));
    expect(replies.every(({ status }) => status === 200)).toBe(true);
    expect(upstream.accepted()).toBeLessThan(3);
  });

  it('keeps no process and no gateway waiting for a scraper', async () => {
    const { url, gateway } = await startAdmin();
    const { request } = await open(url, { method: 'GET', target: '/healthz', origin: null });
    await gateway.close();
    request.destroy();
  });
});

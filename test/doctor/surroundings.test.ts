import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createMcpServer } from '@mcp-cors/demo';
import { mcpCors } from 'mcp-cors/node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { examine } from '../../packages/mcp-cors/src/doctor/index.js';

/** Serves a sound server at an address and gives its port. */
async function serve(page: string, address = '127.0.0.1', port = 0): Promise<number> {
  const app = createMcpServer();
  const server = createServer(mcpCors({ origins: [page], hosts: [address] })(app.listener));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, address, resolve);
  });
  onTestFinished(async () => {
    await app.close();
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** Serves at the first of these ports that is free. */
async function serveAtAny([port, ...others]: readonly number[], page: string): Promise<number> {
  try {
    return await serve(page, '127.0.0.1', port);
  } catch (error) {
    if (others.length === 0) throw error;
    return serveAtAny(others, page);
  }
}

async function idsAt(url: string, page: string) {
  const { findings, journeys } = await examine({ target: url, origins: [page], timeoutMs: 5000 });
  return {
    found: Object.fromEntries(findings.map(({ id, severity }) => [id, severity])),
    walked: Object.fromEntries(journeys.map(({ client, steps }) => [client, steps[0]?.corsError])),
  };
}

describe('where page and server are', () => {
  it('a public page over https is asked for permission, and Safari blocks plain http', async () => {
    const page = 'https://app.example.com';
    const { found } = await idsAt(`http://127.0.0.1:${await serve(page)}/mcp`, page);
    expect(found).toMatchObject({ 'local-network-access': 'info', 'mixed-content-safari': 'info' });
  });

  it('a page on loopback is asked for nothing', async () => {
    const page = 'http://localhost:3000';
    const { found } = await idsAt(`http://127.0.0.1:${await serve(page)}/mcp`, page);
    for (const id of ['local-network-access', 'mixed-content-safari', 'mixed-content']) {
      expect(found).not.toHaveProperty(id);
    }
  });

  it('a public page over http reaches nothing on this machine', async () => {
    const page = 'http://app.example.com';
    const { found, walked } = await idsAt(`http://127.0.0.1:${await serve(page)}/mcp`, page);
    expect(found).toMatchObject({ 'insecure-page-local-network': 'error' });
    expect(walked).toMatchObject({ 'official-2-legacy': 'InsecureLocalNetwork' });
  });

  it('a page over https fetches nothing over http from an address that is not loopback', async () => {
    const page = 'https://app.example.com';
    // This machine under an address that browsers do not count as loopback.
    const host = '0.0.0.0';
    const { found, walked } = await idsAt(`http://${host}:${await serve(page, host)}/mcp`, page);
    expect(found).toMatchObject({ 'mixed-content': 'error' });
    expect(walked).toMatchObject({ 'official-2-legacy': 'MixedContent' });
  });

  it('a page of an extension is named by its own origin', async () => {
    const page = 'chrome-extension://abcdefghijklmnopabcdefghijklmnop';
    const url = `http://127.0.0.1:${await serve('https://app.example.com')}/mcp`;
    expect((await idsAt(url, page)).found).toMatchObject({ 'origin-not-allowed': 'error' });
    const named = `http://127.0.0.1:${await serve(page)}/mcp`;
    expect(Object.values((await idsAt(named, page)).found)).not.toContain('error');
  });

  it('streams over HTTP/1.1 hold one of six connections each', async () => {
    const page = 'http://localhost:3000';
    const { found } = await idsAt(`http://127.0.0.1:${await serve(page)}/mcp`, page);
    expect(found).toMatchObject({ 'http1-stream-limit': 'info' });
  });

  it('a port of another protocol is reached by no page', async () => {
    const page = 'http://localhost:3000';
    const port = await serveAtAny([6665, 6666, 6667, 6668, 6669], page);
    const { found, walked } = await idsAt(`http://127.0.0.1:${port}/mcp`, page);
    expect(found).toMatchObject({ 'unsafe-port': 'error' });
    expect(walked).toMatchObject({ 'official-2-legacy': 'UnsafePort' });
  });
});

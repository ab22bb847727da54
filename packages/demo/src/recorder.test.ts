import type { RequestListener } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { RecordedExchange } from './exchange.js';
import { type Listening, listen } from './listening.js';
import { recordExchanges } from './recorder.js';

let server: Listening | undefined;
afterEach(() => server?.close());

async function record(listener: RequestListener): Promise<{ url: string; told: RecordedExchange[] }> {
  const told: RecordedExchange[] = [];
  server = await listen(
    recordExchanges(listener, (exchange) => told.push(exchange)),
    '127.0.0.1',
    0,
  );
  return { url: server.origin, told };
}

describe('recordExchanges', () => {
  it('tells of the head and of the end, under one id', async () => {
    const { url, told } = await record((_, response) => {
      response.setHeader('Vary', 'Origin');
      response.writeHead(202, { 'Content-Type': 'text/plain' });
      response.end('Accepted');
    });

    await (await fetch(`${url}/mcp?a=b`, { method: 'POST', body: '{}' })).text();

    expect(told.map(({ id, phase }) => `${id} ${phase}`)).toEqual(['1 open', '1 ended']);
    expect(told[1]).toMatchObject({
      method: 'POST',
      path: '/mcp?a=b',
      preflight: false,
      status: 202,
      responseHeaders: { vary: 'Origin', 'content-type': 'text/plain' },
    });
  });

  it('sees the head that end() writes by itself', async () => {
    const { url, told } = await record((_, response) => response.end('x'));

    await (await fetch(url)).text();

    expect(told.map(({ status, phase }) => `${status} ${phase}`)).toEqual(['200 open', '200 ended']);
  });

  it('knows a preflight from an OPTIONS request', async () => {
    const { url, told } = await record((_, response) => response.end());

    await fetch(url, { method: 'OPTIONS' });
    await fetch(url, { method: 'OPTIONS', headers: { 'Access-Control-Request-Method': 'POST' } });

    expect(told.filter(({ phase }) => phase === 'open').map(({ preflight }) => preflight)).toEqual([
      false,
      true,
    ]);
  });

  it('keeps credentials out of the record', async () => {
    const { url, told } = await record((_, response) => {
      response.setHeader('Set-Cookie', ['a=1', 'b=2']);
      response.end();
    });

    await fetch(url, { headers: { Authorization: 'Bearer secret', Cookie: 'c=3', DPoP: 'proof' } });

    expect(JSON.stringify(told)).not.toMatch(/secret|a=1|b=2|c=3|proof/);
    expect(told[0]?.requestHeaders).toMatchObject({ authorization: '(hidden)' });
  });

  it('counts the events of a stream, however they are cut', async () => {
    const { url, told } = await record((_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      for (const chunk of [': comment\n\n', 'data: 1\n', '\ndata', ': 2\r\n\r', '\n']) response.write(chunk);
      response.end(Buffer.from('event: x\ndata: 3\n\n'));
    });

    await (await fetch(url)).text();

    expect(told.at(-1)).toMatchObject({ phase: 'ended', events: 3 });
  });

  it('tells when the client goes away in mid-stream', async () => {
    const { url, told } = await record((_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write('data: 1\n\n');
    });
    const controller = new AbortController();
    const response = await fetch(url, { signal: controller.signal });
    await response.body?.getReader().read();

    controller.abort();

    await expect.poll(() => told.at(-1)).toMatchObject({ phase: 'aborted', events: 1 });
  });
});

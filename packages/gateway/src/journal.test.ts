import { describe, expect, it } from 'vitest';
import {
  begin,
  eventually,
  FOREIGN_PAGE,
  open,
  PAGE,
  partsOf,
  type Sending,
  send,
} from '../../../test/gateway/client.js';
import { startTestGateway } from '../../../test/gateway/gateway.js';
import { startUpstream } from '../../../test/gateway/upstream.js';
import type { Exchange } from './journal.js';

async function startRecorded(listener: Parameters<typeof startUpstream>[0]) {
  const exchanges: Exchange[] = [];
  const upstream = await startUpstream(listener);
  const gateway = await startTestGateway(upstream, { onExchange: (exchange) => exchanges.push(exchange) });
  const phases = () => exchanges.map(({ phase }) => phase);
  return { exchanges, phases, upstream, url: gateway.url };
}

describe('the journal', () => {
  it('tells of an exchange at its head and at its end', async () => {
    const { exchanges, phases, url } = await startRecorded((_, response) => {
      response.writeHead(201, { 'Content-Type': 'application/json', 'X-Upstream': 'yes' });
      response.end('{}');
    });
    await send(url, { target: '/mcp?q=1', headers: [['Mcp-Method', 'tools/list']] });
    await eventually(() => expect(phases()).toEqual(['open', 'ended']));
    expect(exchanges[0]).toMatchObject({
      id: 1,
      method: 'POST',
      path: '/mcp?q=1',
      origin: PAGE,
      preflight: false,
      status: 201,
      verdict: 'pass',
      reason: 'origin-allowed',
      events: 0,
      requestHeaders: { 'mcp-method': 'tools/list', origin: PAGE },
      responseHeaders: { 'x-upstream': 'yes', 'access-control-allow-origin': PAGE, vary: 'Origin' },
    });
    expect(exchanges[1]).toMatchObject({ id: 1, status: 201, responseHeaders: { 'x-upstream': 'yes' } });
    expect(exchanges[0]?.startedAt).toBeGreaterThan(Date.now() - 60_000);
    expect(exchanges[1]?.durationMs).toBeGreaterThanOrEqual(exchanges[0]?.durationMs ?? 0);
  });

  it.each<[string, Sending, Partial<Exchange>]>([
    [
      'a preflight',
      { method: 'OPTIONS', headers: [['Access-Control-Request-Method', 'POST']] },
      { status: 204, verdict: 'preflight', reason: 'preflight-allowed', preflight: true },
    ],
    [
      'a refusal',
      { origin: FOREIGN_PAGE },
      { status: 403, verdict: 'deny', reason: 'origin-not-allowed', preflight: false },
    ],
    [
      'a failure',
      { target: '/fail' },
      { status: 502, verdict: 'pass', reason: 'origin-allowed', preflight: false },
    ],
    ['a path that is not plain', { target: '/a//b' }, { status: 400, verdict: 'pass' }],
  ])('tells of %s', async (_, sending, expected) => {
    const { exchanges, phases, url } = await startRecorded((request) => request.socket.destroy());
    await send(url, sending);
    await eventually(() => expect(phases()).toEqual(['open', 'ended']));
    expect(exchanges[0]).toMatchObject(expected);
    expect(exchanges[0]?.responseHeaders.vary).toContain('Origin');
  });

  it('tells of a stream when it opens, and counts its events', async () => {
    let end = (): void => {};
    const { exchanges, phases, url } = await startRecorded((_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.flushHeaders();
      end = () => response.end('data: 1\n\n: keep-alive\n\ndata: 2\r\n\r\ndata: unfinished');
    });
    const { response } = await open(url);
    await eventually(() => expect(phases()).toEqual(['open']));
    expect(exchanges[0]?.responseHeaders['content-type']).toBe('text/event-stream');
    end();
    response.resume();
    await eventually(() => expect(phases()).toEqual(['open', 'ended']));
    expect(exchanges[1]?.events).toBe(2);
  });

  it('tells of a client that goes', async () => {
    const { exchanges, phases, url } = await startRecorded((_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write('data: 1\n\n');
    });
    const { request, response } = await open(url);
    await partsOf(response).next();
    request.destroy();
    await eventually(() => expect(phases()).toEqual(['open', 'aborted']));
    expect(exchanges[1]?.events).toBe(1);
  });

  it('tells of a client that goes before it was answered', async () => {
    const { exchanges, phases, upstream, url } = await startRecorded(() => {});
    const request = begin(url);
    await eventually(() => expect(upstream.requests).toHaveLength(1));
    request.destroy();
    await eventually(() => expect(phases()).toEqual(['aborted']));
    expect(exchanges[0]?.status).toBe(0);
  });

  it('tells no secrets', async () => {
    const { exchanges, phases, url } = await startRecorded((_, response) => {
      response.writeHead(200, { 'Set-Cookie': ['a=S3CRET', 'b=S3CRET'] });
      response.end();
    });
    await send(url, {
      headers: [
        ['Authorization', 'Bearer S3CRET'],
        ['AUTHORIZATION', 'Bearer S3CRET'],
        ['Cookie', 'a=S3CRET'],
        ['DPoP', 'S3CRET'],
        ['Proxy-Authorization', 'S3CRET'],
      ],
    });
    await eventually(() => expect(phases()).toEqual(['open', 'ended']));
    expect(JSON.stringify(exchanges)).not.toContain('S3CRET');
    expect(exchanges[0]?.requestHeaders.authorization).toBe('(hidden)');
    expect(exchanges[0]?.responseHeaders['set-cookie']).toBe('(hidden)');
  });
});

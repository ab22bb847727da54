import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  begin,
  connectRaw,
  endOf,
  eventually,
  expectReadable,
  headOf,
  open,
  PAGE,
  readWhole,
  reasonOf,
  send,
  valuesOf,
} from '../../../test/gateway/client.js';
import { type Setting, startTestGateway, testCertificate } from '../../../test/gateway/gateway.js';
import { beginHttp2, connectHttp2, headOfHttp2, readHttp2 } from '../../../test/gateway/http2Client.js';
import { startStrictUpstream } from '../../../test/gateway/strictUpstream.js';
import { startUpstream } from '../../../test/gateway/upstream.js';

const STREAM = { 'Content-Type': 'text/event-stream' };
type Listener = Parameters<typeof startUpstream>[0];

const echo: Listener = (request, response) => void request.pipe(response);
const stream: Listener = (_, response) => {
  response.writeHead(200, STREAM);
  response.write('data: 1\n\n');
};

async function start(listener: Listener, limits: NonNullable<Setting['limits']>, setting: Setting = {}) {
  const upstream = await startUpstream(listener);
  return { upstream, gateway: await startTestGateway(upstream, { ...setting, limits }) };
}

/** The same over TLS, with a connection over HTTP/2. */
async function startSecure(listener: Listener, limits: NonNullable<Setting['limits']>) {
  const started = await start(listener, limits, { tls: testCertificate().files });
  return { ...started, session: await connectHttp2(started.gateway.url) };
}

describe('maxHeaderBytes', () => {
  const heads = (bytes: number) => ({ headers: [['X-Long', 'x'.repeat(bytes)]] as const });

  it.each(['http', 'https'])(
    'bounds the head of a request over %s, and lets smaller ones pass',
    async (scheme) => {
      const tls = scheme === 'https' ? testCertificate().files : undefined;
      const { gateway, upstream } = await start(echo, { maxHeaderBytes: 2_048 }, { tls });
      expect((await send(gateway.url, heads(1_000))).status).toBe(200);
      const { socket, received } = await connectRaw(
        gateway.url,
        `GET / HTTP/1.1\r\nX: ${'x'.repeat(3_000)}\r\n\r\n`,
      );
      if (!socket.closed) await once(socket, 'close');
      expect(received()).toMatch(/^HTTP\/1\.1 431 /);
      expect(upstream.requests).toHaveLength(1);
    },
  );

  it('can be more than Node’s own', async () => {
    const upstream = await startStrictUpstream();
    const gateway = await startTestGateway(upstream, { limits: { maxHeaderBytes: 65_536 } });
    expect((await send(gateway.url, heads(30_000))).status).toBe(200);
  });

  it('bounds it over HTTP/2, readable', async () => {
    const { session, upstream } = await startSecure(echo, { maxHeaderBytes: 2_048 });
    const answer = await readHttp2(beginHttp2(session, { 'x-long': 'x'.repeat(3_000) }));
    expect([answer.status, reasonOf(answer)]).toEqual([431, 'head-too-large']);
    expectReadable(answer);
    expect((await readHttp2(beginHttp2(session))).status).toBe(200);
    expect(upstream.requests).toHaveLength(1);
  });
});

describe('maxBodyBytes', () => {
  const limits = { maxBodyBytes: 100_000 };
  const tooLarge = Buffer.alloc(150_000, 'x');

  it('is told by the length: readable, and the upstream hears nothing', async () => {
    const { gateway, upstream } = await start(echo, limits);
    const answer = await send(gateway.url, { body: tooLarge });
    expect([answer.status, reasonOf(answer)]).toEqual([413, 'body-too-large']);
    expectReadable(answer);
    expect(upstream.accepted()).toBe(0);
    expect((await send(gateway.url, { body: tooLarge.subarray(0, 100_000) })).status).toBe(200);
  });

  it('is found while a body in chunks flows: the upstream never gets it whole', async () => {
    const { gateway, upstream } = await start((request) => void request.resume(), limits);
    let whole = false;
    const request = begin(gateway.url, { headers: [['Transfer-Encoding', 'chunked']] }, { hold: true });
    request.write('{');
    await eventually(() => expect(upstream.requests).toHaveLength(1));
    upstream.requests[0]?.on('end', () => {
      whole = true;
    });
    request.write(tooLarge);
    const answer = await readWhole(await headOf(request));
    expect([answer.status, reasonOf(answer)]).toEqual([413, 'body-too-large']);
    expectReadable(answer);
    await eventually(() => expect(upstream.sockets.size).toBe(0));
    expect(whole).toBe(false);
  });

  it('breaks off an answer that has begun', async () => {
    const { gateway } = await start((_, response) => {
      response.writeHead(200, STREAM);
      response.write('data: 1\n\n');
    }, limits);
    const request = begin(gateway.url, { headers: [['Transfer-Encoding', 'chunked']] }, { hold: true });
    request.write('{');
    const response = await headOf(request);
    request.write(tooLarge);
    expect(await endOf(response)).toBe('broken off');
  });

  it('the endless body of a client that does not stop is not read for ever', async () => {
    const { gateway } = await start((request) => void request.resume(), limits);
    const { socket, received } = await connectRaw(
      gateway.url,
      'POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    const closing = new Promise((resolve) => socket.once('close', resolve));
    const chunk = `10000\r\n${'a'.repeat(65_536)}\r\n`;
    const fill = (): void => {
      while (!socket.destroyed && socket.write(chunk));
    };
    socket.on('drain', fill);
    fill();
    await closing; // without an end to it this never comes
    expect(received()).toMatch(/^HTTP\/1\.1 413 /);
  });

  it.each([true, false])('holds over HTTP/2, with a length: %s', async (told) => {
    const { session } = await startSecure(echo, limits);
    const headers = told ? { 'content-length': tooLarge.length } : {};
    const request = beginHttp2(session, headers, { body: tooLarge });
    expect((await headOfHttp2(request))[':status']).toBe(413);
    // Node's client does not close a stream that was ended for it before it had sent everything.
    let text = '';
    for await (const part of request) text += part;
    expect(JSON.parse(text).error.data.reason).toBe('body-too-large');
    // What was not read of it takes nothing away from other requests on the connection.
    const body = tooLarge.subarray(0, 90_000);
    for (let i = 0; i < 3; i++)
      expect((await readHttp2(beginHttp2(session, {}, { body }))).body.length).toBe(90_000);
  });

  it('0 turns it off', async () => {
    const { gateway } = await start(echo, { maxBodyBytes: 0 });
    const body = Buffer.alloc(17_000_000, 'x');
    expect((await send(gateway.url, { body })).body.length).toBe(body.length);
  });
});

describe('times', () => {
  it('a head that comes too slowly is answered 408, and the upstream hears nothing', async () => {
    const { gateway, upstream } = await start(echo, { requestHeadTimeoutMs: 200 });
    const { socket, received } = await connectRaw(gateway.url, 'POST /mcp HTTP/1.1\r\nHost: localhost\r\n');
    const drip = setInterval(() => socket.write('X-A: b\r\n'), 20);
    onTestFinished(() => clearInterval(drip));
    await once(socket, 'close');
    expect(received()).toMatch(/^HTTP\/1\.1 408 /);
    expect(upstream.accepted()).toBe(0);
  });

  it('over TLS too, and a handshake that never comes ends', async () => {
    const { gateway, session } = await startSecure(stream, { requestHeadTimeoutMs: 200 });
    const events = beginHttp2(session);
    await headOfHttp2(events);
    const { socket, received } = await connectRaw(gateway.url, 'GET /mcp HTTP/1.1\r\n');
    const { hostname, port } = new URL(gateway.url);
    const silent = connect(Number(port), hostname);
    silent.on('error', () => {});
    const idle = await connectHttp2(gateway.url);
    await Promise.all([once(socket, 'close'), once(silent, 'close'), once(idle, 'close')]);
    expect(received()).toMatch(/^HTTP\/1\.1 408 /);
    expect([events.closed, session.closed]).toEqual([false, false]); // a stream is no silence
  });

  it.each([
    ['small', ['Content-Length', '10']],
    ['large', ['Content-Length', '100000']],
    ['chunked', ['Transfer-Encoding', 'chunked']],
  ] as const)('a body that comes too slowly is answered 408, readable: %s', async (_, header) => {
    const { gateway, upstream } = await start((request) => void request.resume(), {
      requestBodyTimeoutMs: 100,
    });
    const request = begin(gateway.url, { headers: [header] }, { hold: true });
    request.write('{');
    const answer = await readWhole(await headOf(request));
    expect([answer.status, reasonOf(answer)]).toEqual([408, 'body-too-slow']);
    expectReadable(answer);
    await eventually(() => expect(upstream.sockets.size).toBe(0));
  });

  it('over HTTP/2 as well', async () => {
    const { session, upstream } = await startSecure((request) => void request.resume(), {
      requestBodyTimeoutMs: 100,
    });
    const request = beginHttp2(session, {}, { body: '{', hold: true });
    expect((await headOfHttp2(request))[':status']).toBe(408);
    await eventually(() => expect(upstream.sockets.size).toBe(0));
  });

  it('a slow answer is not a slow body', async () => {
    const { gateway } = await start(
      (request, response) => {
        request.resume();
        setTimeout(() => response.end('late'), 700);
      },
      { requestBodyTimeoutMs: 100 },
    );
    expect((await send(gateway.url, { body: '{}' })).body.toString()).toBe('late');
  });
});

describe('maxConnections', () => {
  it.each(['http', 'https'])(
    'refuses more over %s, and takes new ones when there is room again',
    async (scheme) => {
      const tls = scheme === 'https' ? testCertificate().files : undefined;
      const { gateway } = await start(stream, { maxConnections: 2 }, { tls });
      const held = await Promise.all([open(gateway.url), open(gateway.url)]);
      await expect(send(gateway.url)).rejects.toThrow();
      for (const { response } of held) expect(response.complete).toBe(false);
      held[0]?.request.destroy();
      await eventually(async () => expect((await open(gateway.url)).response.statusCode).toBe(200));
    },
  );
});

describe('maxStreamsPerClient', () => {
  const limits = { maxStreamsPerClient: 2 };
  const accept = [['Accept', 'application/json, text/event-stream']] as const;

  it('one more is refused, readable, without a word to the upstream; what can be no stream passes', async () => {
    const { gateway, upstream } = await start((request, response) => {
      if (request.headers.accept?.includes('event-stream'))
        stream(request as IncomingMessage, response as never);
      else response.end('{}');
    }, limits);
    const streams = [
      await open(gateway.url, { headers: accept }),
      await open(gateway.url, { headers: accept }),
    ];
    for (const method of ['GET', 'POST']) {
      const answer = await send(gateway.url, { method, headers: accept });
      expect([answer.status, reasonOf(answer)]).toEqual([429, 'too-many-streams']);
      expect(valuesOf(answer, 'retry-after')).toEqual(['5']);
      expect(valuesOf(answer, 'access-control-expose-headers').join().toLowerCase()).toContain('retry-after');
      expectReadable(answer);
    }
    expect(upstream.requests).toHaveLength(2);
    expect((await send(gateway.url, { body: '{}' })).status).toBe(200);
    streams[0]?.request.destroy();
    await eventually(async () =>
      expect((await open(gateway.url, { headers: accept })).response.statusCode).toBe(200),
    );
  });

  it('those that come at once are counted when they open', async () => {
    const release: (() => void)[] = [];
    const { gateway, upstream } = await start((request, response) => {
      release.push(() => stream(request as IncomingMessage, response as never));
    }, limits);
    const heads = Array.from({ length: 5 }, () => headOf(begin(gateway.url, { headers: accept })));
    await eventually(() => expect(upstream.requests).toHaveLength(5));
    for (const one of release) one();
    const statuses = (await Promise.all(heads)).map(({ statusCode }) => statusCode);
    expect(statuses.toSorted()).toEqual([200, 200, 429, 429, 429]);
    await eventually(() => expect(upstream.sockets.size).toBe(2));
  });

  it('each address, and each entry of the allowlist, has its own', async () => {
    const { gateway } = await start(
      stream,
      { maxStreamsPerClient: 1 },
      {
        policy: { origins: ['https://a.example', 'https://b.example'] },
        trustProxy: ['loopback'],
      },
    );
    const from = async (address: string, origin: string): Promise<number | undefined> =>
      (await open(gateway.url, { origin, headers: [...accept, ['X-Forwarded-For', address]] })).response
        .statusCode;
    expect(await from('192.0.2.1', 'https://a.example')).toBe(200);
    expect(await from('192.0.2.1', 'https://a.example')).toBe(429);
    expect(await from('192.0.2.1', 'https://b.example')).toBe(200);
    expect(await from('192.0.2.2', 'https://a.example')).toBe(200);
    // Of an IPv6 network a client has all addresses.
    expect(await from('2001:db8::1', 'https://a.example')).toBe(200);
    expect(await from('2001:db8::2', 'https://a.example')).toBe(429);
  });

  it('a lower one, given by a reload, holds for clients with more streams from before, also when one ends', async () => {
    const { gateway, upstream } = await start(stream, { maxStreamsPerClient: 5 });
    const status = async (): Promise<number | undefined> =>
      (await open(gateway.url, { headers: accept })).response.statusCode;
    const first = await open(gateway.url, { headers: accept });
    expect([await status(), await status(), await status()]).toEqual([200, 200, 200]);
    await gateway.reload({
      listen: '127.0.0.1:0',
      policy: { origins: [PAGE] },
      routes: [{ path: '/', upstream: upstream.url }],
      limits: { shutdownTimeoutMs: 200, maxStreamsPerClient: 2 },
    });
    expect(await status()).toBe(429);
    first.request.destroy();
    await eventually(() => expect(upstream.sockets.size).toBe(3));
    expect(await status()).toBe(429);
  });

  it('holds over HTTP/2', async () => {
    const { session } = await startSecure(stream, limits);
    const status = async (): Promise<number | undefined> =>
      (await headOfHttp2(beginHttp2(session, { accept: 'text/event-stream' })))[':status'];
    expect([await status(), await status(), await status()]).toEqual([200, 200, 429]);
  });
});

it('a reload gives other limits to what comes from then on', async () => {
  const { gateway, upstream } = await start(echo, {});
  await gateway.reload({
    listen: '127.0.0.1:0',
    policy: { origins: ['https://app.example.com'] },
    routes: [{ path: '/', upstream: upstream.url }],
    limits: { maxHeaderBytes: 1_024, maxBodyBytes: 10, maxConnections: 3 },
  });
  expect((await send(gateway.url, { body: '12345678901' })).status).toBe(413);
  expect((await send(gateway.url, { headers: [['X-Long', 'x'.repeat(2_000)]] })).status).toBe(431);
  const sockets: Socket[] = [];
  const { hostname, port } = new URL(gateway.url);
  for (let i = 0; i < 5; i++) {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    onTestFinished(() => void socket.destroy());
    sockets.push(socket);
  }
  await eventually(() =>
    expect(sockets.filter(({ readyState }) => readyState !== 'open').length).toBeGreaterThan(1),
  );
});

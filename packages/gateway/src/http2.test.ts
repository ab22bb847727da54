import { once } from 'node:events';
import { type ClientHttp2Stream, constants } from 'node:http2';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  ANY_CERTIFICATE,
  eventually,
  FOREIGN_PAGE,
  PAGE,
  reasonOf,
  send,
} from '../../../test/gateway/client.js';
import { type Setting, startTestGateway, testCertificate } from '../../../test/gateway/gateway.js';
import { beginHttp2, connectHttp2, headOfHttp2, readHttp2 } from '../../../test/gateway/http2Client.js';
import { startUpstream, type Upstream } from '../../../test/gateway/upstream.js';
import type { Exchange } from './journal.js';

const STREAM = { 'Content-Type': 'text/event-stream' };

type Listener = Parameters<typeof startUpstream>[0];

/** A gateway over TLS, what is behind it, and a connection to it. */
async function startSecure(listener: Listener, setting: Setting = {}) {
  const upstream = await startUpstream(listener);
  const gateway = await startTestGateway(upstream, { tls: testCertificate().files, ...setting });
  return { upstream, gateway, session: await connectHttp2(gateway.url) };
}

/** The values of a header as the upstream got them, line by line. */
function linesOf({ requests }: Upstream, name: string): string[] {
  const raw = requests.at(-1)?.rawHeaders ?? [];
  return raw.filter((_, i) => i % 2 === 1 && raw[i - 1]?.toLowerCase() === name);
}

describe('a request over HTTP/2', () => {
  it('reaches the upstream as one of HTTP/1.1', async () => {
    const { upstream, gateway, session } = await startSecure((_, response) => response.end('ok'));
    const stream = session.request({
      ':method': 'GET',
      ':path': '/mcp?q=1',
      origin: PAGE,
      te: 'trailers',
      cookie: ['a=1', 'b=2'],
      'x-own': 'kept',
    });
    expect((await readHttp2(stream)).body.toString()).toBe('ok');
    expect(upstream.requests[0]?.url).toBe('/mcp?q=1');
    const names = upstream.requests[0]?.rawHeaders.filter((_, i) => i % 2 === 0).map((n) => n.toLowerCase());
    expect(names?.filter((name) => name.startsWith(':') || name === 'te')).toEqual([]);
    expect(linesOf(upstream, 'cookie')).toEqual(['a=1; b=2']);
    expect(linesOf(upstream, 'host')).toEqual([new URL(upstream.url).host]);
    expect(linesOf(upstream, 'x-own')).toEqual(['kept']);
    expect(linesOf(upstream, 'x-forwarded-host')).toEqual([new URL(gateway.url).host]);
    expect(linesOf(upstream, 'x-forwarded-proto')).toEqual(['https']);
    expect(linesOf(upstream, 'x-forwarded-for')).toEqual(['127.0.0.1']);
  });

  it.each([
    ['small', 10, true],
    ['large', 300_000, true],
    ['small, of unknown length', 10, false],
    ['large, of unknown length', 300_000, false],
  ])('has its body: %s', async (_, bytes, told) => {
    const { session } = await startSecure((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => response.end(Buffer.concat(chunks)));
    });
    const body = Buffer.alloc(bytes, 'body');
    const headers = told ? { 'content-length': bytes } : {};
    expect((await readHttp2(beginHttp2(session, headers, { body }))).body.equals(body)).toBe(true);
  });

  it('is refused as over HTTP/1.1, without a word to the upstream', async () => {
    const { upstream, session } = await startSecure((_, response) => response.end('ok'));
    const foreign = await readHttp2(beginHttp2(session, { origin: FOREIGN_PAGE }));
    expect([foreign.status, reasonOf(foreign)]).toEqual([403, 'origin-not-allowed']);
    const rebound = await readHttp2(beginHttp2(session, { ':authority': 'evil.example' }));
    expect([rebound.status, reasonOf(rebound)]).toEqual([403, 'host-not-allowed']);
    const tunnel = session.request({ ':method': 'CONNECT', ':authority': 'evil.example:443' });
    expect((await headOfHttp2(tunnel))[':status']).toBe(501);
    expect(upstream.accepted()).toBe(0);
  });

  it('that expects 100 is told to go on when it is admitted, and not when it is refused', async () => {
    const { session } = await startSecure((request, response) => request.pipe(response));
    const interim = async (origin: string): Promise<[boolean, number | undefined]> => {
      let told = false;
      const stream = beginHttp2(
        session,
        { origin, expect: '100-continue', 'content-length': 2 },
        { hold: true },
      );
      stream.once('continue', () => {
        told = true;
        stream.end('{}');
      });
      const { ':status': status } = await headOfHttp2(stream);
      stream.destroy();
      return [told, status];
    };
    expect(await interim(PAGE)).toEqual([true, 200]);
    expect(await interim(FOREIGN_PAGE)).toEqual([false, 403]);
  });
});

describe('a response over HTTP/2', () => {
  it('loses what belongs to the connection with the upstream, and nothing else', async () => {
    const { session } = await startSecure((_, response) => {
      response.writeHead(201, [
        ...['Connection', 'keep-alive, X-Hop', 'Keep-Alive', 'timeout=5', 'X-Hop', '1', 'Upgrade', 'h2c'],
        ...['HTTP2-Settings', 'AAA'],
        ...['Transfer-Encoding', 'chunked', 'Trailer', 'X-Sum', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2'],
        ...['X-Bytes', 'h\xe9', 'X-Own', 'kept'],
      ]);
      response.write('body');
      response.addTrailers({ 'X-Sum': '1' });
      response.end();
    });
    const answer = await readHttp2(beginHttp2(session));
    const names = answer.lines.map(([name]) => name);
    for (const gone of [
      'connection',
      'keep-alive',
      'x-hop',
      'upgrade',
      'http2-settings',
      'transfer-encoding',
      'trailer',
    ])
      expect(names).not.toContain(gone);
    expect(answer.lines).toContainEqual(['x-own', 'kept']);
    expect(answer.lines).toContainEqual(['x-bytes', 'h\xe9']);
    expect(answer.lines.filter(([name]) => name === 'set-cookie')).toEqual([
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ]);
    expect(answer.lines).toContainEqual(['access-control-allow-origin', PAGE]);
    expect([answer.status, answer.body.toString()]).toEqual([201, 'body']);
  });

  it.each([204, 205, 304])('of status %i has no body', async (status) => {
    const { session } = await startSecure((_, response) => response.writeHead(status).end());
    expect(await readHttp2(beginHttp2(session))).toMatchObject({ status, body: Buffer.alloc(0) });
  });

  it('to HEAD has none', async () => {
    const { session } = await startSecure((_, response) => {
      response.writeHead(200, { 'Content-Length': 5 });
      response.end('12345');
    });
    const answer = await readHttp2(beginHttp2(session, { ':method': 'HEAD' }));
    expect(answer.body).toHaveLength(0);
    expect(answer.lines).toContainEqual(['content-length', '5']);
  });

  it('that breaks off is reset, and does not pass as whole', async () => {
    const { session } = await startSecure((_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': 100 });
      response.write('half');
      setTimeout(() => response.destroy(), 20);
    });
    await expect(readHttp2(beginHttp2(session))).rejects.toThrow(`code ${constants.NGHTTP2_INTERNAL_ERROR}`);
    expect(session.destroyed).toBe(false);
  });

  it.each([
    ['an event stream', ['Content-Type', 'text/event-stream'], 'data: 1\n\n'],
    ['a JSON answer', ['Content-Type', 'application/json'], '{}'],
    ['another answer', ['Content-Type', 'text/plain'], 'ok'],
  ])('has once what HTTP/2 knows once, however often the upstream says it: %s', async (_, type, body) => {
    const twice = ['Date: first', 'Date: second', 'ETag: "1"', 'ETag: "2"', 'X-Own: a', 'X-Own: b'];
    const { session } = await startSecure((_, response) => {
      response.sendDate = false;
      response.writeHead(200, [...type, ...twice.flatMap((line) => line.split(': '))]).end(body);
    });
    const answer = await readHttp2(beginHttp2(session));
    expect([answer.status, answer.body.toString()]).toEqual([200, body]);
    const valuesOf = (wanted: string) => answer.lines.filter(([name]) => name === wanted);
    expect(valuesOf('date')).toEqual([['date', 'first']]);
    expect(valuesOf('etag')).toEqual([['etag', '"1"']]);
    expect(valuesOf('x-own').map(([, value]) => value)).toEqual(['a', 'b']);
  });

  it.each(['text/event-stream', 'application/json', 'text/plain'])(
    'that cannot be said in HTTP/2 is answered for, with nothing left of it: %s',
    async (type) => {
      const { gateway, session } = await startSecure((_, response) => {
        response.writeHead(799, { 'Content-Type': type, 'Content-Encoding': 'gzip', 'Content-Length': 2 });
        response.end('ok');
      });
      const answer = await readHttp2(beginHttp2(session));
      expect([answer.status, reasonOf(answer)]).toEqual([502, 'upstream-answer-invalid']);
      expect(answer.lines.map(([name]) => name)).not.toContain('content-encoding');
      expect(answer.lines).toContainEqual(['access-control-allow-origin', PAGE]);
      expect((await send(gateway.url, { method: 'GET' })).status).toBe(799);
    },
  );

  it('tells a failing upstream as over HTTP/1.1', async () => {
    const { session } = await startSecure((request) => request.socket.destroy());
    const answer = await readHttp2(beginHttp2(session, {}, { body: '{}' }));
    expect([answer.status, reasonOf(answer)]).toEqual([502, 'upstream-broke-off']);
    expect(answer.lines).toContainEqual(['access-control-allow-origin', PAGE]);
  });
});

describe('event streams over HTTP/2', () => {
  it('flow at once, 200 on one connection, and end with the upstream', async () => {
    const streams = 200;
    const { session, upstream } = await startSecure((request, response) => {
      response.writeHead(200, STREAM);
      response.flushHeaders();
      const id = new URL(request.url ?? '', 'http://localhost').searchParams.get('id');
      request.socket.once('close', () => response.destroy());
      opened.push(() => {
        response.write(`data: ${id}\n\n`);
        response.end();
      });
    });
    const opened: (() => void)[] = [];
    const all = Array.from({ length: streams }, (_, id) => beginHttp2(session, { ':path': `/mcp?id=${id}` }));
    // The heads arrive before there is any event.
    const heads = await Promise.all(all.map(headOfHttp2));
    expect(heads.map((head) => head[':status'])).toEqual(Array(streams).fill(200));
    expect(heads[0]?.['x-accel-buffering']).toBe('no');
    const texts = all.map(async (stream) => {
      let text = '';
      for await (const chunk of stream) text += chunk;
      return text;
    });
    for (const event of opened) event();
    expect(await Promise.all(texts)).toEqual(all.map((_, id) => `data: ${id}\n\n`));
    await eventually(() => expect(upstream.sockets.size).toBeLessThanOrEqual(streams));
  });

  it('are bounded in number on a connection: the others wait', async () => {
    const { session } = await startSecure((_, response) => response.end('ok'));
    await once(session, 'remoteSettings').catch(() => {});
    expect(session.remoteSettings.maxConcurrentStreams).toBe(256);
  });

  it('make the upstream wait for a client that does not read', async () => {
    let written = 0;
    const much = 50_000_000;
    const { session } = await startSecure((_, response) => {
      response.writeHead(200, STREAM);
      const fill = (): void => {
        while (written < much) {
          written += 65_536;
          if (!response.write(Buffer.alloc(65_536, 'x'))) break;
        }
        if (written < much) response.once('drain', fill);
        else response.end();
      };
      fill();
    });
    const stream = beginHttp2(session);
    await headOfHttp2(stream);
    stream.pause();
    let before = -1;
    await eventually(() => {
      const stalled = before === written;
      before = written;
      expect(stalled).toBe(true);
    });
    expect(written).toBeLessThan(much);
    let read = 0;
    stream.on('data', (chunk: Buffer) => {
      read += chunk.length;
    });
    stream.resume();
    await eventually(() => expect(read).toBeGreaterThan(written / 2));
    stream.close();
  });

  it.each<[string, (stream: ClientHttp2Stream) => void]>([
    ['resets one', (stream) => stream.close(constants.NGHTTP2_CANCEL)],
    ['closes the connection', (stream) => stream.session?.destroy()],
  ])('are given up at the upstream when the client %s', async (_, leave) => {
    const { session, upstream } = await startSecure((_request, response) => {
      response.writeHead(200, STREAM);
      response.write('data: 1\n\n');
    });
    const stream = beginHttp2(session);
    await headOfHttp2(stream);
    expect(upstream.sockets.size).toBe(1);
    leave(stream);
    await eventually(() => expect(upstream.sockets.size).toBe(0));
  });

  it('a request that is reset before its answer is given up too', async () => {
    const { session, upstream } = await startSecure(() => {});
    const stream = beginHttp2(session, {}, { body: '{}' });
    await eventually(() => expect(upstream.requests).toHaveLength(1));
    stream.close(constants.NGHTTP2_CANCEL);
    await eventually(() => expect(upstream.sockets.size).toBe(0));
  });
});

describe('closing, over HTTP/2', () => {
  it('says GOAWAY, lets requests finish, ends streams cleanly, and then closes the connection', async () => {
    let finish = (): void => {};
    const { session, gateway } = await startSecure(
      (request, response) => {
        if (request.method === 'POST') finish = () => response.end('finished');
        else response.writeHead(200, STREAM).write('data: 1\n\n');
      },
      { limits: { shutdownTimeoutMs: 60_000 } },
    );
    const events = beginHttp2(session);
    await headOfHttp2(events);
    const streamed = readHttp2(events);
    const call = beginHttp2(session, {}, { body: '{}' });
    const answered = readHttp2(call);
    await eventually(() => {
      finish();
      expect(finish.toString()).toContain('finished');
    });
    const away = once(session, 'goaway');
    const closed = gateway.close();
    expect((await away)[0]).toBe(constants.NGHTTP2_NO_ERROR);
    await streamed; // rejects when it is reset
    finish();
    expect((await answered).body.toString()).toBe('finished');
    await closed;
    await eventually(() => expect(session.destroyed).toBe(true));
  });

  it('does not wait for connections that carry nothing, those in their handshake included', async () => {
    const { session, gateway } = await startSecure((_, response) => response.end('ok'), {
      limits: { shutdownTimeoutMs: 60_000 },
    });
    await readHttp2(beginHttp2(session));
    const { hostname, port } = new URL(gateway.url);
    const silent = connectTls({ ...ANY_CERTIFICATE, host: hostname, port: Number(port) }); // speaks no HTTP
    onTestFinished(() => void silent.destroy());
    silent.on('error', () => {});
    await once(silent, 'secureConnect');
    const raw = await import('node:net').then(({ connect }) => connect(Number(port), hostname));
    onTestFinished(() => void raw.destroy());
    raw.on('error', () => {});
    await once(raw, 'connect');
    await gateway.close(); // would take a minute
  });

  it('breaks off what does not finish in time', async () => {
    const { session, gateway } = await startSecure(() => {}, { limits: { shutdownTimeoutMs: 50 } });
    const stream = beginHttp2(session, {}, { body: '{}' });
    const gone = once(stream, 'close');
    await gateway.close();
    await gone;
  });
});

it('the journal follows exchanges over HTTP/2', async () => {
  const exchanges: Exchange[] = [];
  const { session } = await startSecure(
    (_, response) => {
      response.writeHead(200, STREAM);
      response.write('data: 1\n\n');
      setTimeout(() => response.end('data: 2\n\n'), 10);
    },
    { onExchange: (exchange) => exchanges.push(exchange) },
  );
  await readHttp2(beginHttp2(session));
  await eventually(() => expect(exchanges.map(({ phase }) => phase)).toEqual(['open', 'ended']));
  expect(exchanges[1]).toMatchObject({ method: 'GET', path: '/mcp', origin: PAGE, status: 200, events: 2 });
  expect(exchanges[1]?.responseHeaders).toMatchObject({
    'content-type': 'text/event-stream',
    vary: 'Origin',
  });
  const leaving = beginHttp2(session);
  await headOfHttp2(leaving);
  leaving.close(constants.NGHTTP2_CANCEL);
  await eventually(() => expect(exchanges.map(({ phase }) => phase).slice(2)).toEqual(['open', 'aborted']));
});

it('clients of HTTP/1.1 are served on the same port', async () => {
  const { gateway, upstream } = await startSecure((_, response) => response.end('ok'));
  const answer = await send(gateway.url, { body: '{}' });
  expect([answer.status, answer.body.toString()]).toEqual([200, 'ok']);
  expect(linesOf(upstream, 'x-forwarded-proto')).toEqual(['https']);
});

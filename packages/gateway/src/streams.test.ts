import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { parseEventStream } from '../../../test/fixtures/eventSource.js';
import {
  aWhile,
  begin,
  endOf,
  eventually,
  expectReadable,
  headOf,
  open,
  PAGE,
  partsOf,
  readWhole,
  send,
  valuesOf,
} from '../../../test/gateway/client.js';
import { startTestGateway } from '../../../test/gateway/gateway.js';
import { GET_STREAM, STREAM, startSilentStream } from '../../../test/gateway/streams.js';
import { startRawUpstream, startUpstream } from '../../../test/gateway/upstream.js';

describe('an event stream', () => {
  it('has its head before its first event', async () => {
    const { upstream } = await startSilentStream();
    const gateway = await startTestGateway(upstream);
    const { response } = await open(gateway.url, GET_STREAM);
    expect(response.statusCode).toBe(200);
    expect(response.headers['access-control-allow-origin']).toBe(PAGE);
    expect(response.headers.vary).toBe('Origin');
  });

  it('passes each event on before the next is sent', async () => {
    const { upstream, streams } = await startSilentStream();
    const gateway = await startTestGateway(upstream);
    const { response } = await open(gateway.url, GET_STREAM);
    const parts = partsOf(response);
    for (let i = 0; i < 20; i++) {
      const event = `event: message\ndata: {"n":${i}}\n\n`;
      streams[0]?.write(event);
      expect(await parts.next()).toBe(event);
    }
    streams[0]?.end();
    expect(await parts.next()).toBeUndefined();
  });

  it('passes each event of the answer to a POST on before the next is sent', async () => {
    const upstream = await startUpstream(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      response.writeHead(200, STREAM);
      response.write(`data: ${body}\n\n`);
    });
    const gateway = await startTestGateway(upstream);
    const { response } = await open(gateway.url, {
      headers: [['Accept', 'application/json, text/event-stream']],
      body: '{"id":1}',
    });
    expect(await partsOf(response).next()).toBe('data: {"id":1}\n\n');
  });

  it('asks the upstream for no compression, and adds none', async () => {
    const { upstream, streams } = await startSilentStream();
    const gateway = await startTestGateway(upstream);
    const { response } = await open(gateway.url, {
      method: 'GET',
      headers: [
        ['Accept', 'Text/Event-Stream'],
        ['Accept-Encoding', 'gzip, br'],
      ],
    });
    expect(upstream.requests[0]?.headers['accept-encoding']).toBe('identity');
    expect(response.headers['content-encoding']).toBeUndefined();
    streams[0]?.write('data: plain\n\n');
    expect(await partsOf(response).next()).toBe('data: plain\n\n');
  });

  it.each([
    ['absent', {}, 'no-cache, no-transform'],
    ['of the upstream', { 'Cache-Control': 'private, no-store' }, 'private, no-store'],
  ])('tells proxies further out to hold nothing: Cache-Control %s', async (_, headers, expected) => {
    const { upstream } = await startSilentStream(headers);
    const gateway = await startTestGateway(upstream);
    const { response } = await open(gateway.url, GET_STREAM);
    expect(response.headers['cache-control']).toBe(expected);
    expect(response.headers['x-accel-buffering']).toBe('no');
  });

  it('is not cut off for its silence', async () => {
    const { upstream, streams } = await startSilentStream();
    const gateway = await startTestGateway(upstream, { limits: { bodyTimeoutMs: 50, headersTimeoutMs: 50 } });
    const { response } = await open(gateway.url, GET_STREAM);
    await aWhile(250);
    streams[0]?.write('data: still here\n\n');
    expect(await partsOf(response).next()).toBe('data: still here\n\n');
  });

  it('ends for the upstream when the client goes', async () => {
    const { upstream, streams } = await startSilentStream();
    const gateway = await startTestGateway(upstream);
    const { request } = await open(gateway.url, GET_STREAM);
    expect(upstream.sockets.size).toBe(1);
    request.destroy();
    await eventually(() => expect(streams[0]?.destroyed).toBe(true));
    await eventually(() => expect(upstream.sockets.size).toBe(0));
  });

  it('ends for the upstream when the client goes between events', async () => {
    const { upstream, streams } = await startSilentStream();
    const gateway = await startTestGateway(upstream);
    const { request, response } = await open(gateway.url, GET_STREAM);
    streams[0]?.write('data: 1\n\n');
    await partsOf(response).next();
    request.destroy();
    await eventually(() => expect(upstream.sockets.size).toBe(0));
  });

  it('ends for the client when the upstream ends it', async () => {
    const { upstream, streams } = await startSilentStream();
    const gateway = await startTestGateway(upstream);
    const { response } = await open(gateway.url, GET_STREAM);
    streams[0]?.end('data: last\n\n');
    const answer = await readWhole(response);
    expect(answer.body.toString()).toBe('data: last\n\n');
  });

  it.each([
    ['by a reset', 'Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n', 'reset'],
    ['by an end without the last chunk', 'Transfer-Encoding: chunked\r\n', 'end'],
    [
      'by a reset of a connection that was to close',
      'Connection: close\r\nTransfer-Encoding: chunked\r\n',
      'reset',
    ],
    [
      'by an end of a connection that was to close',
      'Connection: close\r\nTransfer-Encoding: chunked\r\n',
      'end',
    ],
  ])('breaks off for the client when the upstream breaks off %s', async (_, lines, how) => {
    let kill = (): void => {};
    const upstream = await startRawUpstream((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n${lines}\r\n`);
      socket.write('9\r\ndata: 1\n\n\r\n');
      kill = () => (how === 'reset' ? socket.resetAndDestroy() : socket.end());
    });
    const gateway = await startTestGateway(upstream);
    const { response } = await open(gateway.url, GET_STREAM);
    await new Promise((resolve) => response.once('data', resolve));
    kill();
    expect(await endOf(response)).toBe('broken off');
  });

  it('is a head without a body for HEAD', async () => {
    const upstream = await startUpstream((_, response) => {
      response.writeHead(200, STREAM);
      response.end();
    });
    const gateway = await startTestGateway(upstream);
    const answer = await send(gateway.url, { method: 'HEAD' });
    expect(answer.status).toBe(200);
    expect(valuesOf(answer, 'content-type')).toEqual(['text/event-stream']);
    expectReadable(answer);
  });

  it('gives one hundred clients two hundred events in a second, all of them and in order', async () => {
    const CLIENTS = 100;
    const EVENTS = 200;
    const { upstream, streams } = await startSilentStream();
    const gateway = await startTestGateway(upstream, { limits: { keepAliveCommentMs: 50 } });
    const opened = await Promise.all(Array.from({ length: CLIENTS }, () => open(gateway.url, GET_STREAM)));
    const bodies = opened.map(({ response }) => readWhole(response));
    for (let n = 0; n < EVENTS; n++) {
      for (const stream of streams) stream.write(`id: ${n}\ndata: {"n":${n}}\n\n`);
      await aWhile(5);
    }
    for (const stream of streams) stream.end();
    const expected = Array.from({ length: EVENTS }, (_, n) => `{"n":${n}}`);
    for (const { body } of await Promise.all(bodies)) {
      expect(parseEventStream(body).map(({ data }) => data)).toEqual(expected);
    }
  }, 30_000);

  it('carries three hundred silent streams beside each other', async () => {
    const { upstream, streams } = await startSilentStream();
    const gateway = await startTestGateway(upstream);
    const opened = await Promise.all(Array.from({ length: 300 }, () => open(gateway.url, GET_STREAM)));
    expect(streams).toHaveLength(300);
    const firsts = opened.map(({ response }) => partsOf(response).next());
    streams.forEach((stream, i) => {
      stream.write(`data: ${i}\n\n`);
    });
    expect(new Set(await Promise.all(firsts)).size).toBe(300);
    for (const { request } of opened) request.destroy();
    await eventually(() => expect(upstream.sockets.size).toBe(0));
  }, 30_000);
});

describe('a silent event stream', () => {
  const COMMENT = ': keep-alive\n\n';
  const OFTEN = { limits: { keepAliveCommentMs: 20 } };

  it.each([
    ['nothing', ''],
    ['an event', 'data: 1\n\n'],
  ])('gets comments behind %s', async (_, text) => {
    const { upstream, streams } = await startSilentStream();
    const gateway = await startTestGateway(upstream, OFTEN);
    const { response } = await open(gateway.url, GET_STREAM);
    const bytes = gather(response);
    streams[0]?.write(text);
    await eventually(() => expect(bytes()).toMatch(/(?:: keep-alive\n\n){3}$/));
    streams[0]?.end('data: last\n\n');
    await endOf(response);
    expect(bytes().replaceAll(COMMENT, '')).toBe(`${text}data: last\n\n`);
  });

  it.each([
    ['inside an event', {}, 'data: 1\n\nid: 2\n', OFTEN],
    ['in a compressed one', { 'Content-Encoding': 'gzip' }, '', OFTEN],
    ['in one whose bytes are counted', { 'Content-Length': '9' }, '', OFTEN, 'POST'],
    ['when they are turned off', {}, '', { limits: { keepAliveCommentMs: 0 } }],
  ])('gets none %s', async (_, headers, text, setting, method = 'GET') => {
    const { upstream, streams } = await startSilentStream(headers);
    const gateway = await startTestGateway(upstream, setting);
    const { response } = await open(gateway.url, { ...GET_STREAM, method });
    const bytes = gather(response);
    streams[0]?.write(text);
    await eventually(() => expect(bytes()).toBe(text));
    await aWhile(200);
    expect(bytes()).toBe(text);
  });

  it('takes a comment with it when the configuration changes', async () => {
    const { upstream } = await startSilentStream();
    const gateway = await startTestGateway(upstream, { limits: { keepAliveCommentMs: 0 } });
    await open(gateway.url, GET_STREAM);
    await gateway.reload({
      listen: '127.0.0.1:0',
      policy: { origins: [PAGE] },
      routes: [{ path: '/', upstream: upstream.url }],
      ...OFTEN,
    });
    const { response } = await open(gateway.url, GET_STREAM);
    expect(await partsOf(response).next()).toBe(COMMENT);
  });
});

describe('a client that does not read', () => {
  const MUCH = 64 * 1024 * 1024; // far beyond all socket buffers

  it.each(['text/event-stream', 'application/octet-stream'])(
    'pauses the upstream, and resumes it: %s',
    async (type) => {
      let written = 0;
      let stalled = false;
      const upstream = await startUpstream(async (_, response) => {
        response.writeHead(200, { 'Content-Type': type });
        const part = Buffer.alloc(65_536, `data: ${'x'.repeat(56)}\n\n`);
        while (written < MUCH && !response.destroyed) {
          stalled = !response.write(part);
          written += part.length;
          if (stalled) await new Promise((resolve) => response.once('drain', resolve));
        }
        response.end();
      });
      // A pause that the client brought about is no fault of the upstream's.
      const gateway = await startTestGateway(upstream, { limits: { bodyTimeoutMs: 1_000 } });
      const { response } = await open(gateway.url, GET_STREAM);
      await eventually(() => expect(stalled).toBe(true));
      await settled(() => written);
      expect(written).toBeLessThan(MUCH / 2);
      await aWhile(1_500);
      const { body } = await readWhole(response);
      expect(body.length).toBe(MUCH);
    },
    40_000,
  );

  it.each([
    'Transfer-Encoding: chunked\r\nConnection: close',
    'Transfer-Encoding: chunked',
    'Connection: close',
  ])('sees the end of an upstream that resets meanwhile, and so do others: %s', async (lines) => {
    let kill = (): void => {};
    const upstream = await startRawUpstream((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n${lines}\r\n\r\n`);
      const part = 'data: '.padEnd(0x10000, 'x');
      const framed = lines.includes('chunked') ? `10000\r\n${part}\r\n` : part;
      const fill = (): void => {
        while (socket.write(framed));
      };
      socket.on('drain', fill);
      fill();
      kill = () => socket.resetAndDestroy();
    });
    const gateway = await startTestGateway(upstream);
    const { response } = await open(gateway.url, GET_STREAM);
    await aWhile(200);
    kill();
    await aWhile();
    expect(['broken off', 'whole']).toContain(await endOf(response));
    expect((await open(gateway.url, GET_STREAM)).response.statusCode).toBe(200);
  });

  it('lets the upstream go when it goes', async () => {
    const upstream = await startUpstream((_, response) => {
      response.writeHead(200, STREAM);
      const fill = (): void => {
        while (response.write('data: '.padEnd(65_536, 'x')));
        response.once('drain', fill);
      };
      fill();
    });
    const gateway = await startTestGateway(upstream);
    const { request } = await open(gateway.url, GET_STREAM);
    await aWhile();
    request.destroy();
    await eventually(() => expect(upstream.sockets.size).toBe(0));
  });
});

describe('an upstream that does not read', () => {
  it('stalls the client, and lets it go on', async () => {
    const MUCH = 64 * 1024 * 1024;
    let received = 0;
    let readOn = (): void => {};
    const upstream = await startUpstream((request, response) => {
      request.pause();
      readOn = () => {
        request.on('data', (chunk: Buffer) => {
          received += chunk.length;
        });
        request.on('end', () => response.end('{}'));
        request.resume();
      };
    });
    const gateway = await startTestGateway(upstream, { limits: { maxBodyBytes: 0 } });
    const request = begin(gateway.url, { headers: [['Content-Length', String(MUCH)]] }, { hold: true });
    const head = headOf(request);
    let sent = 0;
    const part = Buffer.alloc(65_536, 'x');
    const sendAll = (async () => {
      while (sent < MUCH) {
        const flows = request.write(part);
        sent += part.length;
        if (!flows) await new Promise((resolve) => request.once('drain', resolve));
      }
      request.end();
    })();
    await eventually(() => expect(upstream.requests).toHaveLength(1));
    await settled(() => sent);
    expect(sent).toBeLessThan(MUCH / 2);
    readOn();
    await sendAll;
    expect((await readWhole(await head)).status).toBe(200);
    expect(received).toBe(MUCH);
  }, 20_000);
});

/** All that has come of a response so far. */
function gather(response: IncomingMessage): () => string {
  let text = '';
  response.on('error', () => {});
  response.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return () => text;
}

/** Waits until a number has stopped growing. */
async function settled(value: () => number): Promise<void> {
  for (let before = -1, quiet = 0; quiet < 5; before = value()) {
    await aWhile(20);
    quiet = value() === before ? quiet + 1 : 0;
  }
}

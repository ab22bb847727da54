import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:tls';
import type { PolicyConfig } from 'mcp-cors';
import { type Http2RequestListener, mcpCors } from 'mcp-cors/node';
import { afterEach, describe, expect, test } from 'vitest';
import { corsNames, request, values, varyNames } from '../fixtures/wire.js';
import { tlsOptions } from './frameworkClient.js';
import { createCertificate } from './http2Certificate.js';
import { exchangeFields, type Field, type Http2Response } from './http2Wire.js';

const APP = 'https://app.example.com';
const EVIL = 'https://evil.example';

const certificate = createCertificate();
let server: Http2SecureServer | undefined;

afterEach(async () => {
  await new Promise<void>((resolve) => {
    if (server === undefined) resolve();
    else server.close(() => resolve());
  });
});

/** Serves over TLS, and gives a function that sends fields. */
async function start(listener: Http2RequestListener, config: PolicyConfig = { origins: APP }) {
  const reached: string[] = [];
  server = createSecureServer(
    { ...certificate, allowHTTP1: true },
    mcpCors(config)((incoming, response) => {
      reached.push(`${incoming.method} ${incoming.url}`);
      listener(incoming, response);
    }),
  );
  const listening = server;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const { port } = listening.address() as AddressInfo;
  const tls = tlsOptions(certificate.cert);
  return {
    port,
    reached,
    send: async (fields: readonly Field[], body?: string) => {
      const response = await exchangeFields({ port, tls }, fields, body);
      return { ...response, headers: response.lines };
    },
  };
}

const get = (...fields: readonly Field[]): readonly Field[] => [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':path', '/mcp'],
  ...fields,
];
const post = (...fields: readonly Field[]): readonly Field[] => [
  [':method', 'POST'],
  ...get(...fields).slice(1),
];
const LOCALHOST: Field = [':authority', 'localhost'];
const ok: Http2RequestListener = (_, response) => void response.end('ok');

function reasonOf({ body }: Http2Response): string {
  return JSON.parse(body).error.data.reason;
}

describe('a request over HTTP/2', () => {
  test.each<[string, readonly Field[], string]>([
    ['two origins', get(LOCALHOST, ['origin', APP], ['origin', EVIL]), 'origin-not-allowed'],
    ['the same origin twice', get(LOCALHOST, ['origin', APP], ['origin', APP]), 'origin-not-allowed'],
    ['a foreign authority', get([':authority', 'evil.example'], ['origin', APP]), 'host-not-allowed'],
    ['a foreign Host beside the authority', get(LOCALHOST, ['host', 'evil.example']), 'host-not-allowed'],
    [
      'a foreign authority beside the Host',
      get([':authority', 'evil.example'], ['host', 'localhost']),
      'host-not-allowed',
    ],
    ['a foreign Host alone', get(['host', 'evil.example']), 'host-not-allowed'],
  ])('with %s is refused', async (_, fields, reason) => {
    const { send, reached } = await start(ok);
    const response = await send(fields);
    expect([response.status, reasonOf(response), corsNames(response)]).toEqual([403, reason, []]);
    expect(reached).toEqual([]);
  });

  test('with two content types is refused', async () => {
    const { send, reached } = await start(ok);
    const response = await send(
      post(LOCALHOST, ['content-type', 'application/json'], ['content-type', 'text/plain']),
      '{}',
    );
    expect([response.status, reached]).toEqual([415, []]);
  });

  test.each<[string, readonly Field[]]>([
    ['a Host alone', get(['host', 'localhost'], ['origin', APP])],
    ['a Host that says the same as the authority', get(LOCALHOST, ['host', 'localhost'], ['origin', APP])],
  ])('with %s passes', async (_, fields) => {
    const { send } = await start(ok);
    const response = await send(fields);
    expect([response.status, response.body]).toEqual([200, 'ok']);
    expect(values(response, 'access-control-allow-origin')).toEqual([APP]);
  });

  test('of a page of the server itself passes, by its scheme too', async () => {
    const { send } = await start(ok);
    expect((await send(get(LOCALHOST, ['origin', 'https://localhost']))).status).toBe(200);
    expect((await send(get(LOCALHOST, ['origin', 'http://localhost']))).status).toBe(403);
  });

  // nghttp2 leaves such a field out and hands on the rest, so that the request has no origin: no browser sends it.
  test('with a byte in its origin that no field may have counts as one without an origin', async () => {
    const fields = get(LOCALHOST, ['origin', `${APP}\0`]);
    const lenient = await start(ok);
    const response = await lenient.send(fields);
    expect([response.status, corsNames(response)]).toEqual([200, []]);
    await new Promise<void>((resolve) => server?.close(() => resolve()));
    const strict = await start(ok, { origins: APP, missingOrigin: 'deny' });
    expect((await strict.send(fields)).status).toBe(403);
  });

  test.each<[string, readonly Field[]]>([
    ['transfer-encoding', get(LOCALHOST, ['transfer-encoding', 'chunked'])],
    ['connection', get(LOCALHOST, ['connection', 'close'])],
    ['no host', get()],
    [
      'an absolute form',
      [[':method', 'GET'], [':scheme', 'https'], [':path', 'https://localhost/mcp'], LOCALHOST],
    ],
  ])('with %s is reset by the parser', async (_, fields) => {
    const { send, reached } = await start(ok);
    await expect(send(fields)).rejects.toThrow('NGHTTP2_PROTOCOL_ERROR');
    expect(reached).toEqual([]);
  });
});

describe('a response over HTTP/2', () => {
  /** Says what the application says, and gives the response. */
  async function answerOf(answer: (response: Http2ServerResponse) => void) {
    const { send } = await start((_, response) => answer(response));
    return send(get(LOCALHOST, ['origin', APP]));
  }

  test('may have trailers', async () => {
    const response = await answerOf((own) => {
      own.writeHead(200, { trailer: 'x-sum', 'access-control-allow-origin': '*' });
      own.write('ok');
      own.addTrailers({ 'x-sum': '1' });
      own.end();
    });
    expect([response.body, response.trailers]).toEqual(['ok', [['x-sum', '1']]]);
    expect(values(response, 'access-control-allow-origin')).toEqual([APP]);
  });

  test('loses the headers of a connection, as from Node, and nothing else', async () => {
    const response = await answerOf((own) => {
      own.setHeader('connection', 'keep-alive');
      own.setHeader('x-own', ['a', 'b']);
      own.setHeader('vary', ['accept', 'cookie']);
      own.end('ok');
    });
    expect(values(response, 'connection')).toEqual([]);
    expect(values(response, 'x-own')).toEqual(['a', 'b']);
    expect(varyNames(response)).toEqual(['accept', 'cookie', 'origin']);
  });

  test('of a stream has one set of headers for each of many at once', async () => {
    const { send } = await start((incoming, own) => {
      own.writeHead(200, { 'content-type': 'text/event-stream' });
      own.write(`data: ${incoming.headers.origin}\n\n`);
      setImmediate(() => own.end());
    });
    const origins = [APP, EVIL, undefined, APP, EVIL];
    const responses = await Promise.all(
      origins.map((origin) =>
        send(get(LOCALHOST, ...(origin === undefined ? [] : [['origin', origin] as const]))),
      ),
    );
    expect(responses.map(({ status }) => status)).toEqual([200, 403, 200, 200, 403]);
    expect(responses.map((response) => values(response, 'access-control-allow-origin'))).toEqual([
      [APP],
      [],
      [],
      [APP],
      [],
    ]);
  });

  // Node warns of headers of the connection, and drops them.
  test('that refuses a large body asks for no header of the connection', async () => {
    const names: string[] = [];
    const wrapped = mcpCors({ origins: APP })<Http2ServerRequest, Http2ServerResponse>(ok);
    const response = await serveOnce((incoming, own) => {
      const { setHeader } = own;
      own.setHeader = (name, value) => {
        names.push(name);
        setHeader.call(own, name, value);
      };
      wrapped(incoming, own);
    });
    expect(response.status).toBe(403);
    expect(names).toContain('content-type');
    expect(names).not.toContain('connection');
  });
});

/** The response of a listener to a large body from a foreign page. */
async function serveOnce(listener: Http2RequestListener) {
  const listening = createSecureServer({ ...certificate }, listener);
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const { port } = listening.address() as AddressInfo;
  return exchangeFields(
    { port, tls: tlsOptions(certificate.cert) },
    post(LOCALHOST, ['origin', EVIL], ['content-type', 'application/json'], ['content-length', '70000']),
    'x'.repeat(70_000),
  );
}

test('the same port speaks HTTP/1.1 and HTTP/1.0', async () => {
  const { port } = await start(ok);
  const { cert } = certificate;
  const sendText = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      let received = '';
      const socket = connect({ host: '127.0.0.1', port, ca: cert, servername: 'localhost' }, () =>
        socket.write(text),
      );
      socket.on('data', (chunk) => {
        received += String(chunk);
      });
      socket.on('error', reject);
      socket.on('close', () => resolve(received));
    });
  for (const text of [
    request('GET /mcp', { Origin: APP }),
    `GET /mcp HTTP/1.0\r\nHost: localhost\r\nOrigin: ${APP}\r\n\r\n`,
  ]) {
    const received = await sendText(text);
    expect(received).toMatch(/^HTTP\/1\.1 200 /);
    expect(received.match(/access-control-allow-origin: .*/gi)).toEqual([
      `access-control-allow-origin: ${APP}`,
    ]);
  }
  expect(await sendText(request('GET /mcp', { Origin: EVIL }))).toMatch(/^HTTP\/1\.1 403 /);
});

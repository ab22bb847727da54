import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { exchangeRaw, parseResponse } from './rawExchange.js';

/** A server that answers the first bytes of a connection as the test says; it keeps what it got. */
async function startRaw(answer: (socket: Socket) => void): Promise<{ url: string; received: () => string }> {
  let received = '';
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1');
      if (received.includes('\r\n\r\n')) answer(socket);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp?a=1`,
    received: () => received,
  };
}

describe('exchangeRaw', () => {
  it('writes target and lines as they are', async () => {
    const { url, received } = await startRaw((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));

    await exchangeRaw(
      {
        url,
        method: 'POST',
        target: 'http://foreign.example/',
        headers: [
          ['Host', 'a'],
          ['Host', 'b'],
          ['Origin', 'https://a\r.b'],
        ],
        body: '{"é":1}',
      },
      5_000,
    );

    expect(received()).toBe(
      'POST http://foreign.example/ HTTP/1.1\r\nHost: a\r\nHost: b\r\nOrigin: https://a\r.b\r\n' +
        'Content-Length: 8\r\nConnection: close\r\n\r\n{"Ã©":1}',
    );
  });

  it('takes path and query from the URL', async () => {
    const { url, received } = await startRaw((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'));
    await exchangeRaw({ url, method: 'OPTIONS', headers: [] }, 5_000);

    expect(received()).toMatch(/^OPTIONS \/mcp\?a=1 HTTP\/1\.1\r\n/);
  });

  it.each([
    ['its length', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', 'ok'],
    [
      'its last chunk',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
      '2\r\nok\r\n0\r\n\r\n',
    ],
  ])('does not wait for the end of a connection when the body has come to %s', async (_, answer, body) => {
    const { url } = await startRaw((socket) => void socket.write(answer));

    // The server never ends the connection: without reading the length this would take as long as the test may.
    expect(await exchangeRaw({ url, method: 'GET', headers: [] }, 600_000)).toMatchObject({
      status: 200,
      body,
    });
  });

  it.each([
    ['nothing', (socket: Socket) => socket.end()],
    ['no HTTP', (socket: Socket) => socket.end('SSH-2.0-OpenSSH\r\n')],
    ['a reset', (socket: Socket) => socket.destroy()],
  ])('gives nothing for %s', async (_, answer) => {
    const { url } = await startRaw((socket) => void answer(socket));

    expect(await exchangeRaw({ url, method: 'GET', headers: [] }, 5_000)).toBeUndefined();
  });

  it('gives what came when the time is over', async () => {
    const { url } = await startRaw((socket) => void socket.write('HTTP/1.1 200 OK\r\nA: b\r\n\r\nhalf'));

    expect(await exchangeRaw({ url, method: 'GET', headers: [] }, 300)).toMatchObject({
      status: 200,
      body: 'half',
    });
  });

  it('reads no more than its bound', async () => {
    const { url } = await startRaw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      const pour = (): void => {
        while (!socket.destroyed && socket.write('x'.repeat(65_536)));
        if (!socket.destroyed) socket.once('drain', pour);
      };
      pour();
    });
    const answer = await exchangeRaw({ url, method: 'GET', headers: [] }, 600_000);

    expect(answer?.body.length).toBeGreaterThan(100_000);
    expect(answer?.body.length).toBeLessThan(1_000_000);
  });
});

describe('parseResponse', () => {
  it('reads status, lines and body', () => {
    expect(parseResponse('HTTP/1.1 404 Not Found\r\nA: b\r\na:  c \r\nno colon\r\n\r\nbody')).toEqual({
      status: 404,
      headers: [
        ['A', 'b'],
        ['a', 'c'],
      ],
      body: 'body',
    });
  });
});

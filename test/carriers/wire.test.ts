import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { Line } from './vectors.js';
import { exchange, parseResponse } from './wire.js';

const parse = (text: string) => parseResponse(Buffer.from(text, 'latin1'));

describe('reading a response', () => {
  test('repeated lines are kept, in order and with their case', () => {
    const { status, lines, body } = parse('HTTP/1.1 200 OK\r\nVary: a\r\nvary:\tb \r\nX:\r\n\r\nbody');
    expect({ status, lines, body }).toEqual({
      status: 200,
      lines: [
        ['Vary', 'a'],
        ['vary', 'b'],
        ['X', ''],
      ],
      body: 'body',
    });
  });

  test('chunks are joined', () => {
    const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
    expect(parse(`${head}3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\n`).body).toBe('abcd');
    expect(() => parse(`${head}3\r\nabc\r\n`)).toThrow('the chunked body breaks off');
  });

  test.each([
    ['HTTP/1.1 200 OK\r\nA: b\r\n', 'a response head without an end'],
    ['HTTP/2 200\r\n\r\n', 'not a status line'],
    ['HTTP/1.1 200 OK\r\nA : b\r\n\r\n', 'not a header line'],
  ])('%j is none', (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });
});

describe('sending a request', () => {
  let server: Server | undefined;
  afterEach(() => server?.close());

  /** What a server on a socket of its own receives. */
  async function bytesOf(method: string, lines: readonly Line[]): Promise<string> {
    let received = '';
    server = createServer((socket) => {
      socket.on('data', (chunk) => {
        received += chunk.toString('latin1');
        socket.end('HTTP/1.1 204 No Content\r\n\r\n');
      });
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { readonly port: number };
    expect((await exchange(port, method, '/a?b', lines)).status).toBe(204);
    return received;
  }

  test('lines go out as they are, repetitions and odd bytes included', async () => {
    const lines = [['Host', 'h'] as const, ['oRIGIN', 'a\xff'] as const, ['Origin', ' b '] as const];
    expect(await bytesOf('GET', lines)).toBe(
      'GET /a?b HTTP/1.1\r\nHost: h\r\noRIGIN: a\xff\r\nOrigin:  b \r\nConnection: close\r\n\r\n',
    );
  });

  test('without Host it is HTTP/1.0', async () => {
    expect(await bytesOf('GET', [])).toBe('GET /a?b HTTP/1.0\r\nConnection: close\r\n\r\n');
  });

  test('what does not fit a byte goes out as UTF-8', async () => {
    expect(await bytesOf('GET', [['Host', 'а']])).toContain('Host: \xd0\xb0\r\n');
  });

  test('a POST has a body', async () => {
    const bytes = await bytesOf('POST', [['Host', 'h']]);
    expect(bytes).toMatch(/\r\nContent-Length: 33\r\n.*\r\n\r\n\{"jsonrpc":"2.0","method":"ping"\}$/s);
  });

  test('a connection that closes without a response is an error', async () => {
    server = createServer((socket) => socket.end());
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { readonly port: number };
    await expect(exchange(port, 'GET', '/', [])).rejects.toThrow('closed without a response');
  });
});

import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Gateway, startGateway } from './server.js';

const APP = 'https://app.example.com';
const ADMIN = 'https://admin.example.com';

let upstream: Server;
let gateway: Gateway;
let reached: string[];

beforeEach(async () => {
  reached = [];
  upstream = createServer((request, response) => {
    reached.push(`${request.method} ${request.url}`);
    response.end('reached');
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  gateway = await startGateway({
    listen: '127.0.0.1:0',
    policy: { origins: APP },
    routes: [
      { path: '/', upstream: origin },
      { path: '/admin', upstream: `${origin}/admin`, policy: { origins: ADMIN } },
    ],
  });
});

afterEach(async () => {
  await gateway.close();
  await new Promise((resolve) => upstream.close(resolve));
});

/** Sends bytes as they are and gives the status line of the first response. */
function statusOf(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(text.split('\r\n', 1)[0] as string));
  });
}

const post = (path: string, lines: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n${lines}Connection: close\r\n\r\n{}`;

describe('more headers than Node reads by default', () => {
  const filler = 'a:\r\n'.repeat(1100);

  test.each([
    ['a foreign origin', `${filler}Origin: https://evil.example\r\n`],
    ['a second host', `${filler}Host: evil.example\r\nOrigin: ${APP}\r\n`],
    ['a second content type', `${filler}Content-Type: text/plain\r\nOrigin: ${APP}\r\n`],
  ])('do not hide %s', async (_, lines) => {
    expect(await statusOf(post('/mcp', lines))).toMatch(/^HTTP\/1\.1 4(?:00|03|15) /);
    expect(reached).toEqual([]);
  });

  test('are no reason to refuse what is allowed', async () => {
    expect(await statusOf(post('/mcp', `${filler}Origin: ${APP}\r\n`))).toBe('HTTP/1.1 200 OK');
    expect(reached).toEqual(['POST /mcp']);
  });
});

describe('another spelling of a route', () => {
  test.each(['/ADMIN', '/Admin/x', '/admin#x', '/admin;x', '/admin%00'])(
    'reaches nothing under the policy of another: %s',
    async (path) => {
      expect(await statusOf(post(path, `Origin: ${APP}\r\n`))).toMatch(/^HTTP\/1\.1 40[034] /);
      expect(reached).toEqual([]);
    },
  );

  test('and the route itself keeps its own policy', async () => {
    expect(await statusOf(post('/admin', `Origin: ${APP}\r\n`))).toBe('HTTP/1.1 403 Forbidden');
    expect(await statusOf(post('/admin', `Origin: ${ADMIN}\r\n`))).toBe('HTTP/1.1 200 OK');
    expect(reached).toEqual(['POST /admin']);
  });
});

test.each([
  ['a refused request', 'POST /mcp HTTP/1.1\r\nOrigin: https://evil.example\r\n'],
  ['a preflight', `OPTIONS /mcp HTTP/1.1\r\nOrigin: ${APP}\r\nAccess-Control-Request-Method: POST\r\n`],
])('the endless body of %s is not read', async (_, head) => {
  const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => {}); // the reset that ends it
  socket.resume();
  socket.write(`${head}Host: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`);
  const chunk = `10000\r\n${'a'.repeat(65_536)}\r\n`;
  const send = (): void => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on('drain', send);
  send();
  await closed; // without an end to it this never comes
  expect(reached).toEqual([]);
});

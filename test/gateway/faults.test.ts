import { Agent, type IncomingMessage, request as sendRequest } from 'node:http';
import type { Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startEverything } from '../fixtures/servers/everything.js';
import {
  type Answer,
  connectRaw,
  endOf,
  eventually,
  expectReadable,
  open,
  PAGE,
  readWhole,
  reasonOf,
  send,
} from './client.js';
import { startTestGateway } from './gateway.js';
import { freePort, startRawUpstream, startUpstream } from './upstream.js';

const LIMITS = { headersTimeoutMs: 300, bodyTimeoutMs: 300 };
const HEAD = 'HTTP/1.1 200 OK\r\n';
const JSON_HEAD = `${HEAD}Content-Type: application/json\r\n`;

/** What a server does in place of an answer, and what the page reads. */
const SERVER_FAULTS: Readonly<
  Record<string, readonly [status: number, reason: string, deed: (socket: Socket) => void]>
> = {
  'resets the connection': [502, 'upstream-broke-off', (socket) => socket.resetAndDestroy()],
  'closes the connection': [502, 'upstream-broke-off', (socket) => socket.end()],
  'says nothing': [504, 'upstream-timeout', () => {}],
  'stalls in its head': [504, 'upstream-timeout', (socket) => socket.write(`${HEAD}Content-Ty`)],
  'stalls in its JSON': [
    504,
    'upstream-timeout',
    (socket) => socket.write(`${JSON_HEAD}Content-Length: 9\r\n\r\n{`),
  ],
  'cuts its head': [502, 'upstream-broke-off', (socket) => socket.end(`${HEAD}Content-Ty`)],
  'cuts its JSON': [
    502,
    'upstream-broke-off',
    (socket) => socket.end(`${JSON_HEAD}Content-Length: 9\r\n\r\n{`),
  ],
  'cuts a chunk': [
    502,
    'upstream-broke-off',
    (socket) => socket.end(`${JSON_HEAD}Transfer-Encoding: chunked\r\n\r\nf\r\n{`),
  ],
  'sends garbage': [
    502,
    'upstream-answer-invalid',
    (socket) => socket.end('\x00\x01 no HTTP at all\r\n\r\n'),
  ],
  'sends a chunk that has no size': [
    502,
    'upstream-answer-invalid',
    (socket) => socket.end(`${JSON_HEAD}Transfer-Encoding: chunked\r\n\r\nxyz\r\n{}\r\n`),
  ],
  'sends two lengths': [
    502,
    'upstream-answer-invalid',
    (socket) => socket.end(`${JSON_HEAD}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`),
  ],
  'sends a huge head': [
    502,
    'upstream-answer-invalid',
    (socket) => socket.end(`${HEAD}X: ${'x'.repeat(300_000)}\r\n\r\n`),
  ],
  'sends endless headers': [
    502,
    'upstream-answer-invalid',
    (socket) => {
      const fill = (): void => {
        while (!socket.destroyed && socket.write('X-Filler: x\r\n'.repeat(100)));
      };
      socket.write(HEAD);
      socket.on('drain', fill);
      fill();
    },
  ],
};

const BODIES = { 'a small body': '{}', 'a body that flows': `"${'x'.repeat(2_000_000)}"` };

/** Sends one request after the other on the connection that is kept, as a browser does. */
async function sendKept(
  url: string,
  targets: readonly string[],
  bodies: readonly string[],
): Promise<Answer[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const answers: Answer[] = [];
  for (const [i, target] of targets.entries()) {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = { origin: PAGE, 'content-type': 'application/json' };
      const request = sendRequest(new URL(target, url), { method: 'POST', agent, headers }, resolve);
      request.on('error', reject);
      request.end(bodies[i]);
    });
    answers.push(await readWhole(response));
  }
  return answers;
}

describe.each(Object.entries(BODIES))('after a request with %s', (_, body) => {
  it.each(Object.entries(SERVER_FAULTS))(
    'to a server that %s, the page reads why, and goes on',
    async (_, fault) => {
      const [status, reason, deed] = fault;
      const bad = await startRawUpstream((socket) => {
        socket.resume();
        deed(socket);
      });
      const good = await startUpstream((request, response) => {
        request.resume().on('end', () => response.end('{}'));
      });
      const gateway = await startTestGateway(bad, {
        limits: LIMITS,
        routes: [
          { path: '/bad', upstream: bad.url },
          { path: '/good', upstream: good.url },
        ],
      });
      const [failed, next] = await sendKept(gateway.url, ['/bad', '/good'], [body, '{}']);
      expect(failed?.status).toBe(status);
      expect(reasonOf(failed as Answer)).toBe(reason);
      expectReadable(failed as Answer);
      expect(next?.status).toBe(200);
      expectReadable(next as Answer);
      await eventually(() => expect(bad.sockets.size).toBe(0));
    },
  );

  it('to a server that refuses connections, the page reads why, and goes on', async () => {
    const good = await startUpstream((request, response) => {
      request.resume().on('end', () => response.end('{}'));
    });
    const gateway = await startTestGateway(good, {
      routes: [
        { path: '/bad', upstream: `http://127.0.0.1:${await freePort()}` },
        { path: '/good', upstream: good.url },
      ],
    });
    const answers = await sendKept(gateway.url, ['/bad', '/good', '/bad', '/good'], [body, '{}', body, body]);
    expect(answers.map(({ status }) => status)).toEqual([502, 200, 502, 200]);
    for (const answer of answers) expectReadable(answer);
  });
});

describe('a server that is killed', () => {
  it('breaks its streams off for the page, which then reads that the server is gone', async () => {
    const server = await startEverything();
    onTestFinished(() => server.close());
    const gateway = await startTestGateway({ url: server.origin });
    const opened = await send(gateway.url, {
      headers: [['Accept', 'application/json, text/event-stream']],
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'initialize',
        params: {
          protocolVersion: '2025-11-25',
          capabilities: {},
          clientInfo: { name: 'page', version: '1.0.0' },
        },
      }),
    });
    expect(opened.status).toBe(200);
    const session = opened.lines.find(([name]) => name.toLowerCase() === 'mcp-session-id')?.[1] ?? '';
    const { response } = await open(gateway.url, {
      method: 'GET',
      headers: [
        ['Accept', 'text/event-stream'],
        ['Mcp-Session-Id', session],
      ],
    });
    expect(response.statusCode).toBe(200);
    const end = endOf(response);
    await server.close();
    expect(await end).toBe('broken off');
    const after = await send(gateway.url, { body: '{}' });
    expect(after.status).toBe(502);
    expect(reasonOf(after)).toBe('upstream-unreachable');
    expectReadable(after);
  });
});

describe('an endless body', () => {
  it('flows while the page reads, and ends for the server when the page goes', async () => {
    const upstream = await startUpstream((_, response) => {
      const fill = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      };
      response.on('drain', fill);
      fill();
    });
    const gateway = await startTestGateway(upstream);
    const { request, response } = await open(gateway.url, { method: 'GET' });
    let bytes = 0;
    await new Promise<void>((resolve) => {
      response.on('data', (part: Buffer) => {
        bytes += part.length;
        if (bytes > 8_000_000) resolve();
      });
    });
    request.destroy();
    await eventually(() => expect(upstream.sockets.size).toBe(0));
  });
});

describe('a page that closes its side', () => {
  const HALF = `Host: 127.0.0.1\r\nOrigin: ${PAGE}\r\n`;

  it.each([
    ['of a silent stream', `GET /mcp HTTP/1.1\r\n${HALF}Accept: text/event-stream\r\n\r\n`],
    [
      'before its answer',
      `POST /mcp HTTP/1.1\r\n${HALF}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`,
    ],
    [
      'within its body',
      `POST /mcp HTTP/1.1\r\n${HALF}Content-Type: application/json\r\nContent-Length: 2000000\r\n\r\n{`,
    ],
  ])('has gone: %s', async (_, bytes) => {
    const upstream = await startUpstream((request, response) => {
      if (request.method !== 'GET') return;
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders();
    });
    const gateway = await startTestGateway(upstream);
    const { socket } = await connectRaw(gateway.url, bytes);
    await eventually(() => expect(upstream.requests).toHaveLength(1));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.end();
    await closed;
    await eventually(() => expect(upstream.sockets.size).toBe(0));
  });
});

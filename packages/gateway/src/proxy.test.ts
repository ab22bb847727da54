import { createHash, randomBytes } from 'node:crypto';
import type { ClientRequest } from 'node:http';
import { describe, expect, it } from 'vitest';
import {
  aWhile,
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
  type Sending,
  send,
  valuesOf,
} from '../../../test/gateway/client.js';
import { startTestGateway } from '../../../test/gateway/gateway.js';
import { freePort, startRawUpstream, startUpstream } from '../../../test/gateway/upstream.js';

const JSON_TYPE = { 'Content-Type': 'application/json' };
const MIB = 1024 * 1024;

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

describe('a response', () => {
  const large = randomBytes(8 * MIB + 12_345);

  it.each([
    ['with a length', { 'Content-Length': String(large.length) }],
    ['in chunks', {}],
  ])('of many bytes arrives as it was sent, %s', async (_, headers) => {
    const upstream = await startUpstream((_request, response) => {
      response.writeHead(200, headers);
      response.end(large);
    });
    const gateway = await startTestGateway(upstream);
    const answer = await send(gateway.url, { method: 'GET' });
    expect(sha256(answer.body)).toBe(sha256(large));
    expect(valuesOf(answer, 'content-length')).toEqual(Object.values(headers));
    expectReadable(answer);
  });

  it.each(['HTTP/1.0 200 OK', 'HTTP/1.1 200 OK\r\nConnection: close'])(
    'that ends with its connection arrives whole, also at a slow client: %s',
    async (start) => {
      const upstream = await startRawUpstream((socket) => {
        socket.write(`${start}\r\nContent-Type: application/octet-stream\r\n\r\n`);
        socket.end(large);
      });
      const gateway = await startTestGateway(upstream);
      const { response } = await open(gateway.url, { method: 'GET' });
      await aWhile();
      expect(sha256((await readWhole(response)).body)).toBe(sha256(large));
    },
  );

  it.each([1, 65_535, 65_536, 65_537, 3 * MIB])('of JSON arrives as it was sent: %i bytes', async (size) => {
    const json = JSON.stringify('j'.repeat(Math.max(size - 2, 0))).slice(0, size);
    const upstream = await startUpstream((_, response) => {
      response.writeHead(200, JSON_TYPE);
      response.write(json.slice(0, size >> 1));
      setTimeout(() => response.end(json.slice(size >> 1)), 5);
    });
    const gateway = await startTestGateway(upstream);
    const answer = await send(gateway.url);
    expect(answer.body.toString()).toBe(json);
    expectReadable(answer);
  });

  it.each([
    ['HEAD', 200, { ...JSON_TYPE, 'Content-Length': '1234' }],
    ['GET', 204, {}],
    ['GET', 304, { ETag: '"a"' }],
    ['DELETE', 200, { 'Content-Length': '0' }],
    ['POST', 202, { 'Content-Length': '0' }],
  ])('to %s with %i has no body and keeps its headers', async (method, status, headers) => {
    const upstream = await startUpstream((_, response) => {
      response.writeHead(status, headers);
      response.end();
    });
    const gateway = await startTestGateway(upstream);
    const answer = await send(gateway.url, { method });
    expect(answer.status).toBe(status);
    expect(answer.body).toHaveLength(0);
    for (const [name, value] of Object.entries(headers)) {
      expect(valuesOf(answer, name.toLowerCase())).toEqual([value]);
    }
    expectReadable(answer);
  });

  it('passes whatever its status is', async () => {
    const upstream = await startUpstream((request, response) => {
      response.writeHead(Number(request.url?.slice(1)), JSON_TYPE);
      response.end('{"error":"upstream"}');
    });
    const gateway = await startTestGateway(upstream);
    for (const status of [200, 206, 307, 400, 401, 404, 405, 429, 500, 503, 599]) {
      const answer = await send(gateway.url, { target: `/${status}` });
      expect(answer.status).toBe(status);
      expect(answer.body.toString()).toBe('{"error":"upstream"}');
      expectReadable(answer);
    }
  });

  it('may be preceded by interim ones', async () => {
    const upstream = await startRawUpstream((socket) => {
      socket.write('HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n');
      socket.end('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}');
    });
    const gateway = await startTestGateway(upstream);
    const answer = await send(gateway.url);
    expect([answer.status, answer.body.toString()]).toEqual([200, '{}']);
    expect(valuesOf(answer, 'link')).toEqual([]);
  });
});

describe('a request', () => {
  it.each([
    ['with a length', []],
    ['in chunks', [['Transfer-Encoding', 'chunked']]],
  ] as const)('of many bytes arrives as it was sent, %s', async (_, headers) => {
    const large = randomBytes(8 * MIB + 12_345);
    const upstream = await startUpstream(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      response.writeHead(200, JSON_TYPE);
      response.end(JSON.stringify({ sha256: sha256(Buffer.concat(chunks)), headers: request.headers }));
    });
    const gateway = await startTestGateway(upstream);
    const answer = await send(gateway.url, { body: large, headers });
    const seen = JSON.parse(answer.body.toString());
    expect(seen.sha256).toBe(sha256(large));
    expect(seen.headers['content-length']).toBe(headers.length === 0 ? String(large.length) : undefined);
  });

  it('flows: the upstream has its first part before the last is sent', async () => {
    const upstream = await startUpstream((request, response) => {
      request.once('data', (chunk: Buffer) => {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' });
        response.write(`data: ${chunk.length > 0}\n\n`);
        request.resume();
        request.once('end', () => response.end());
      });
    });
    const gateway = await startTestGateway(upstream);
    const request = begin(gateway.url, { headers: [['Transfer-Encoding', 'chunked']] }, { hold: true });
    request.write('x'.repeat(1000));
    const response = await headOf(request);
    expect(response.statusCode).toBe(200);
    request.end('x');
    expect((await readWhole(response)).body.toString()).toBe('data: true\n\n');
  });

  it.each(['GET', 'DELETE', 'POST'])('without a body has none at the upstream: %s', async (method) => {
    const upstream = await startUpstream((request, response) => {
      let bytes = 0;
      request.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      request.on('end', () => response.end(String(bytes)));
    });
    const gateway = await startTestGateway(upstream);
    expect((await send(gateway.url, { method })).body.toString()).toBe('0');
    expect(upstream.requests[0]?.headers['transfer-encoding']).toBeUndefined();
  });

  it('leaves its connection fit for the next when the upstream answers before it was sent', async () => {
    const upstream = await startUpstream((request, response) => {
      request.pause();
      response.writeHead(413, { 'Content-Type': 'text/plain' });
      response.end('too large');
    });
    const gateway = await startTestGateway(upstream);
    const head = `Host: ${new URL(gateway.url).host}\r\nOrigin: ${PAGE}\r\nContent-Type: application/json\r\n`;
    const { socket, received } = await connectRaw(
      gateway.url,
      `POST /mcp HTTP/1.1\r\n${head}Content-Length: ${4 * MIB}\r\n\r\n`,
    );
    socket.write(Buffer.alloc(2 * MIB, 'x'));
    await eventually(() => expect(received()).toContain('413'));
    socket.write(Buffer.alloc(2 * MIB, 'x'));
    socket.write(`GET /mcp HTTP/1.1\r\n${head}\r\n`);
    await eventually(() => expect(received().match(/HTTP\/1\.1 413/g)).toHaveLength(2));
  });
});

describe('a client that goes', () => {
  it('during its upload ends the request at the upstream', async () => {
    let ended: string | undefined;
    const upstream = await startUpstream((request) => {
      request.on('error', () => {});
      request.on('close', () => {
        ended = request.complete ? 'complete' : 'aborted';
      });
      request.resume();
    });
    const gateway = await startTestGateway(upstream);
    const request = begin(gateway.url, { headers: [['Transfer-Encoding', 'chunked']] }, { hold: true });
    request.write('x'.repeat(100_000));
    await eventually(() => expect(upstream.requests).toHaveLength(1));
    request.destroy();
    await eventually(() => expect(ended).toBe('aborted'));
    await eventually(() => expect(upstream.sockets.size).toBe(0));
  });

  it('during a small upload is never heard of at the upstream', async () => {
    const upstream = await startUpstream((_, response) => response.end());
    const gateway = await startTestGateway(upstream);
    const request = begin(gateway.url, { headers: [['Content-Length', '100']] }, { hold: true });
    request.write('x');
    await aWhile();
    request.destroy();
    await aWhile();
    expect(upstream.accepted()).toBe(0);
  });

  it('before it is answered ends the request at the upstream', async () => {
    const upstream = await startUpstream(() => {});
    const gateway = await startTestGateway(upstream);
    const request = begin(gateway.url);
    await eventually(() => expect(upstream.requests).toHaveLength(1));
    request.destroy();
    await eventually(() => expect(upstream.sockets.size).toBe(0));
    await aWhile();
    expect(upstream.accepted()).toBe(1); // nor does the gateway come back with nothing to ask
  });

  it.each(['application/json', 'application/octet-stream'])(
    'during its answer ends the answer at the upstream: %s',
    async (type) => {
      const upstream = await startUpstream((_, response) => {
        response.writeHead(200, { 'Content-Type': type });
        response.write('{');
      });
      const gateway = await startTestGateway(upstream);
      const request = begin(gateway.url);
      await eventually(() => expect(upstream.requests).toHaveLength(1));
      await aWhile(30);
      request.destroy();
      await eventually(() => expect(upstream.sockets.size).toBe(0));
    },
  );
});

describe('connections to the upstream', () => {
  it('are used again', async () => {
    const upstream = await startUpstream((_, response) => response.end('ok'));
    const gateway = await startTestGateway(upstream);
    for (let i = 0; i < 20; i++) await send(gateway.url);
    expect(upstream.requests).toHaveLength(20);
    expect(upstream.accepted()).toBe(1);
  });

  it('are made anew after the upstream closed them', async () => {
    const upstream = await startUpstream((_, response) => {
      response.setHeader('Connection', 'close');
      response.end('ok');
    });
    const gateway = await startTestGateway(upstream);
    for (let i = 0; i < 5; i++) expect((await send(gateway.url)).body.toString()).toBe('ok');
    expect(upstream.accepted()).toBe(5);
  });

  it('outlive a restart of the upstream', async () => {
    const upstream = await startUpstream((_, response) => response.end('ok'));
    const gateway = await startTestGateway(upstream);
    await send(gateway.url);
    for (const socket of upstream.sockets) socket.destroy();
    await eventually(() => expect(upstream.sockets.size).toBe(0));
    await aWhile(20);
    expect((await send(gateway.url)).body.toString()).toBe('ok');
  });
});

interface Failure {
  readonly name: string;
  readonly status: 502 | 504;
  readonly reason: string;
  /** What the upstream writes on a request; then it ends, resets, or is silent. */
  readonly writes?: string;
  readonly ending: 'ends' | 'resets' | 'is silent' | 'refuses';
}

const JSON_HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nAccess-Control-Allow-Origin: *\r\n';

const FAILURES: readonly Failure[] = [
  { name: 'refuses connections', status: 502, reason: 'upstream-unreachable', ending: 'refuses' },
  { name: 'closes at once', status: 502, reason: 'upstream-broke-off', ending: 'ends' },
  { name: 'resets at once', status: 502, reason: 'upstream-broke-off', ending: 'resets' },
  { name: 'is silent', status: 504, reason: 'upstream-timeout', ending: 'is silent' },
  {
    name: 'stops within its head',
    status: 504,
    reason: 'upstream-timeout',
    writes: 'HTTP/1.1 200 OK\r\nContent-',
    ending: 'is silent',
  },
  {
    name: 'closes within its head',
    status: 502,
    reason: 'upstream-broke-off',
    writes: 'HTTP/1.1 200 OK\r\nContent-',
    ending: 'ends',
  },
  {
    name: 'closes within JSON of a known length',
    status: 502,
    reason: 'upstream-broke-off',
    writes: `${JSON_HEAD}Content-Length: 100\r\n\r\n{"jsonrpc"`,
    ending: 'ends',
  },
  {
    name: 'resets within JSON of a known length',
    status: 502,
    reason: 'upstream-broke-off',
    writes: `${JSON_HEAD}Content-Length: 100\r\n\r\n{"jsonrpc"`,
    ending: 'resets',
  },
  {
    name: 'closes within chunked JSON',
    status: 502,
    reason: 'upstream-broke-off',
    writes: `${JSON_HEAD}Transfer-Encoding: chunked\r\n\r\na\r\n{"jsonrpc"\r\n`,
    ending: 'ends',
  },
  {
    name: 'resets within chunked JSON',
    status: 502,
    reason: 'upstream-broke-off',
    writes: `${JSON_HEAD}Transfer-Encoding: chunked\r\n\r\na\r\n{"jsonrpc"\r\n`,
    ending: 'resets',
  },
  {
    name: 'closes within chunked JSON on a connection that was to close',
    status: 502,
    reason: 'upstream-broke-off',
    writes: `${JSON_HEAD}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\na\r\n{"jsonrpc"\r\n`,
    ending: 'ends',
  },
  {
    name: 'stalls within JSON',
    status: 504,
    reason: 'upstream-timeout',
    writes: `${JSON_HEAD}Content-Length: 100\r\n\r\n{"jsonrpc"`,
    ending: 'is silent',
  },
  {
    name: 'says what is no HTTP',
    status: 502,
    reason: 'upstream-answer-invalid',
    writes: 'SSH-2.0-OpenSSH_9.2\r\n',
    ending: 'is silent',
  },
  {
    name: 'has a status below 100',
    status: 502,
    reason: 'upstream-answer-invalid',
    writes: 'HTTP/1.1 042 Odd\r\nContent-Length: 0\r\n\r\n',
    ending: 'is silent',
  },
  {
    name: 'has oversized headers',
    status: 502,
    reason: 'upstream-answer-invalid',
    writes: `HTTP/1.1 200 OK\r\nX-Large: ${'x'.repeat(100_000)}\r\n\r\n`,
    ending: 'is silent',
  },
  {
    name: 'has a control byte in a header',
    status: 502,
    reason: 'upstream-answer-invalid',
    writes: `${JSON_HEAD}X-Odd: a\x01b\r\nContent-Length: 2\r\n\r\n{}`,
    ending: 'is silent',
  },
  {
    name: 'has a DEL byte in a header of a stream',
    status: 502,
    reason: 'upstream-answer-invalid',
    writes: 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Odd: a\x7fb\r\n\r\ndata: 1\n\n',
    ending: 'is silent',
  },
  {
    name: 'has a space in a header name',
    status: 502,
    reason: 'upstream-answer-invalid',
    writes: `${JSON_HEAD}X Odd: a\r\nContent-Length: 2\r\n\r\n{}`,
    ending: 'is silent',
  },
  {
    name: 'has two lengths',
    status: 502,
    reason: 'upstream-answer-invalid',
    writes: `${JSON_HEAD}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`,
    ending: 'is silent',
  },
  {
    name: 'has an invalid chunk within JSON',
    status: 502,
    reason: 'upstream-answer-invalid',
    writes: `${JSON_HEAD}Transfer-Encoding: chunked\r\n\r\na\r\n{"jsonrpc"\r\nzz\r\n`,
    ending: 'is silent',
  },
  {
    name: 'switches protocols unasked',
    status: 502,
    reason: 'upstream-broke-off',
    writes: 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    ending: 'is silent',
  },
];

describe.each<[string, Sending]>([
  ['a small request', { body: '{"jsonrpc":"2.0"}' }],
  ['10 MB', { body: Buffer.alloc(10 * MIB, 'x') }],
  ['10 MB in chunks', { body: Buffer.alloc(10 * MIB, 'x'), headers: [['Transfer-Encoding', 'chunked']] }],
])('%s to an upstream that fails', (_, sending) => {
  it.each(FAILURES)('$status: it $name', async ({ status, reason, writes, ending }) => {
    const upstream =
      ending === 'refuses'
        ? { url: `http://127.0.0.1:${await freePort()}` }
        : await startRawUpstream((socket) => {
            const finish = (): void => {
              if (ending === 'ends') socket.end();
              if (ending === 'resets') socket.resetAndDestroy();
              // Silent, not deaf: what the time-outs are about is the answer.
              else socket.resume();
            };
            if (writes === undefined) finish();
            else socket.write(writes, 'latin1', finish);
          });
    const gateway = await startTestGateway(upstream, {
      limits: { headersTimeoutMs: 200, bodyTimeoutMs: 200 },
    });
    const answer = await send(gateway.url, sending);
    expect([answer.status, reasonOf(answer)]).toEqual([status, reason]);
    expectReadable(answer);
  });
});

describe('a large response that fails', () => {
  it.each([
    ['is broken off', 'ends'],
    ['is reset', 'resets'],
    ['stalls', 'is silent'],
  ])('breaks off for the client when it %s', async (_, ending) => {
    const upstream = await startRawUpstream((socket) => {
      socket.write(
        'HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 9999999\r\n\r\n',
      );
      socket.write(Buffer.alloc(100_000), () => {
        if (ending === 'ends') socket.end();
        if (ending === 'resets') socket.resetAndDestroy();
      });
    });
    const gateway = await startTestGateway(upstream, { limits: { bodyTimeoutMs: 200 } });
    const { response } = await open(gateway.url, { method: 'GET' });
    expect(response.headers['access-control-allow-origin']).toBe(PAGE);
    expect(await endOf(response)).toBe('broken off');
  });
});

describe('time-outs', () => {
  it('are off at 0', async () => {
    const upstream = await startUpstream((_, response) => {
      setTimeout(() => {
        response.writeHead(200, JSON_TYPE);
        response.write('{');
        setTimeout(() => response.end('}'), 100);
      }, 100);
    });
    const gateway = await startTestGateway(upstream, {
      limits: { connectTimeoutMs: 0, headersTimeoutMs: 0, bodyTimeoutMs: 0 },
    });
    expect((await send(gateway.url)).body.toString()).toBe('{}');
  });

  it('do not count the time of an upload', async () => {
    const upstream = await startUpstream((request, response) => {
      request.resume();
      request.on('end', () => response.end('{}'));
    });
    const gateway = await startTestGateway(upstream, { limits: { headersTimeoutMs: 100 } });
    const request: ClientRequest = begin(
      gateway.url,
      { headers: [['Transfer-Encoding', 'chunked']] },
      { hold: true },
    );
    const head = headOf(request);
    for (let i = 0; i < 6; i++) {
      request.write('x'.repeat(1000));
      await aWhile(50);
    }
    request.end();
    expect((await head).statusCode).toBe(200);
  });
});

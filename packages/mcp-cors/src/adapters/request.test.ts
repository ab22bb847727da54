import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { exchange, request, serve } from '../../../../test/fixtures/wire.js';
import type { RequestHead } from '../policy/index.js';
import { isLoopbackAddress, readRequestHead, rewriteRequest } from './request.js';

/** The heads that a server reads from what stands on the wire. */
async function headsOf(text: string): Promise<RequestHead[]> {
  const heads: RequestHead[] = [];
  const server = await serve((incoming, response) => {
    heads.push(readRequestHead(incoming, incoming.url ?? ''));
    response.end();
  });
  try {
    await exchange(server.port, text);
  } finally {
    await server.close();
  }
  return heads;
}

describe('readRequestHead', () => {
  it('reads what a policy looks at', async () => {
    const text = request('POST /mcp?session=1', {
      Host: 'mcp.example.com:8443',
      Origin: 'https://app.example.com',
      'Content-Type': 'application/json',
      'Mcp-Session-Id': 'abc',
      'Sec-Fetch-Site': 'cross-site',
      'Sec-Fetch-Dest': 'empty',
      'Access-Control-Request-Method': 'PUT',
      'Access-Control-Request-Headers': 'x-a,x-b',
    });
    expect(await headsOf(text)).toEqual([
      {
        method: 'POST',
        path: '/mcp',
        host: 'mcp.example.com:8443',
        scheme: 'http',
        origin: 'https://app.example.com',
        requestMethod: 'PUT',
        requestHeaders: 'x-a,x-b',
        contentType: 'application/json',
        sessionId: 'abc',
        fetchSite: 'cross-site',
        fetchDest: 'empty',
        incomplete: false,
        loopback: true,
      },
    ]);
  });

  it.each([
    [997, false],
    [998, true], // with the two others: as many as Node reads
    [1100, true],
  ])('knows that headers may be missing behind %i others', async (count, incomplete) => {
    const filler = 'a:\r\n'.repeat(count);
    const [head] = await headsOf(`GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${filler}\r\n`);
    expect(head).toMatchObject({ host: 'a', incomplete });
  });

  it('reads names in any case, and no others of the same length', async () => {
    const wanted = { hOST: 'a', ORIGIN: 'b', 'content-TYPE': 'c', 'MCP-session-ID': 'd' };
    const others = [4, 6, 10, 12, 14, 29, 30].map((length) => ['X-'.padEnd(length, 'y'), 'other']);
    const lines = [...Object.entries(wanted), ...others, ['Connection', 'close']].map((line) =>
      line.join(': '),
    );
    const [head] = await headsOf(`GET / HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
    expect(head).toMatchObject({ host: 'a', origin: 'b', contentType: 'c', sessionId: 'd' });
    expect(head).toMatchObject({ requestMethod: undefined, requestHeaders: undefined });
  });

  it('does not take proxies at their word', async () => {
    const [head] = await headsOf(
      request('GET /', {
        Host: 'evil.example',
        'X-Forwarded-Host': 'mcp.example.com',
        Forwarded: 'host=mcp.example.com;proto=https',
        'X-Forwarded-Proto': 'https',
      }),
    );
    expect(head).toMatchObject({ host: 'evil.example', scheme: 'http' });
  });

  // RFC 9110 section 5.3: what comes twice must never pass as what came first.
  test.each([
    ['Host', 'host'],
    ['Origin', 'origin'],
    ['Content-Type', 'contentType'],
    ['Mcp-Session-Id', 'sessionId'],
    ['Access-Control-Request-Method', 'requestMethod'],
    ['Access-Control-Request-Headers', 'requestHeaders'],
  ] as const)('combines two %s lines', async (name, key) => {
    const [head] = await headsOf(request('GET /', { [name]: ['a', 'b'] }));
    expect(head?.[key]).toBe('a, b');
  });

  it('knows no Host of HTTP/1.0', async () => {
    const [head] = await headsOf('GET /mcp HTTP/1.0\r\n\r\n');
    expect(head).toMatchObject({ method: 'GET', path: '/mcp', host: undefined });
  });

  test.each([
    ['/mcp?a=b?c', '/mcp'],
    ['/mcp?', '/mcp'],
    ['/mcp', '/mcp'],
    ['/mcp;a=b', '/mcp;a=b'],
    ['/%6dcp', '/%6dcp'],
    ['//evil.example/mcp', '//evil.example/mcp'],
    ['http://evil.example/mcp?x', 'http://evil.example/mcp'],
    ['*', '*'],
  ])('of the target %s takes the path %s', async (target, path) => {
    const [head] = await headsOf(request(`OPTIONS ${target}`));
    expect(head?.path).toBe(path);
  });

  it('reads HTTP/2 and TLS', () => {
    const incoming = (rawHeaders: string[], socket: object) =>
      readRequestHead({ method: 'GET', rawHeaders, socket } as unknown as IncomingMessage, '/mcp');
    const h2 = [
      ':method',
      'GET',
      ':authority',
      'mcp.example.com',
      ':path',
      '/mcp',
      'origin',
      'https://a.example',
    ];
    expect(incoming(h2, { encrypted: true, localAddress: '10.0.0.1' })).toMatchObject({
      host: 'mcp.example.com',
      scheme: 'https',
      origin: 'https://a.example',
      loopback: false,
    });
    expect(incoming([], { encrypted: false })).toMatchObject({ scheme: 'http', loopback: true });
  });

  // RFC 9113 section 8.3.1: a Host that differs from :authority is malformed, an equal one is superfluous.
  it('compares Host with the authority of HTTP/2', () => {
    const host = (...lines: string[]) =>
      readRequestHead({ method: 'GET', rawHeaders: lines, socket: {} } as unknown as IncomingMessage, '/')
        .host;
    expect(host(':authority', 'a.example', 'host', 'a.example')).toBe('a.example');
    expect(host(':authority', 'a.example', 'host', 'b.example')).not.toMatch(/^[ab]\.example$/);
    expect(host('host', 'b.example', ':authority', 'a.example')).not.toMatch(/^[ab]\.example$/);
  });

  it('takes a missing method for GET', () => {
    const head = readRequestHead({ rawHeaders: [], socket: {} } as unknown as IncomingMessage, '/');
    expect(head.method).toBe('GET');
  });
});

describe('isLoopbackAddress', () => {
  test.each([
    ['127.0.0.1', true],
    ['127.1.2.3', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    [undefined, true], // a Unix socket
    ['0.0.0.0', false],
    ['10.0.0.1', false],
    ['192.168.1.127', false],
    ['128.0.0.1', false],
    ['::', false],
    ['::ffff:10.0.0.1', false],
    ['fe80::1', false],
    ['2001:db8::1', false],
  ])('%s is %s', (address, expected) => {
    expect(isLoopbackAddress(address)).toBe(expected);
  });

  it('counts a Unix socket as local', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mcp-cors-'));
    const socketPath = join(folder, 'socket');
    let head: RequestHead | undefined;
    const server = createServer((incoming, response) => {
      head = readRequestHead(incoming, incoming.url ?? '');
      response.end();
    });
    try {
      await new Promise<void>((resolve) => server.listen(socketPath, resolve));
      await new Promise<void>((resolve, reject) => {
        get({ socketPath, path: '/mcp', agent: false }, (response) =>
          response.resume().on('end', resolve),
        ).on('error', reject);
      });
    } finally {
      server.close();
      await rm(folder, { recursive: true });
    }
    expect(head).toMatchObject({ path: '/mcp', loopback: true });
  });
});

describe('rewriteRequest', () => {
  // Node reads headersDistinct from the raw headers by the number that came in: too few of them end the process.
  test.each<[string, readonly string[]]>([
    ['no line', []],
    ['one line', ['one']],
    ['two lines', ['one', 'two']],
    ['many lines', Array<string>(20).fill('one')],
  ])('one line stands in place of %s', async (_, lines) => {
    const seen: unknown[] = [];
    const server = await serve((incoming, response) => {
      rewriteRequest(incoming, {
        sessionId: 'opened',
        target: undefined,
        requestId: 'made',
      });
      for (const name of ['x-request-id', 'mcp-session-id']) {
        const raw = incoming.rawHeaders.filter(
          (_text, i, all) => all[i - 1]?.toLowerCase() === name && i % 2 === 1,
        );
        seen.push([incoming.headers[name], incoming.headersDistinct[name], raw]);
      }
      response.end();
    });
    try {
      await exchange(server.port, request('GET /', { 'X-Request-Id': lines, 'MCP-Session-Id': lines }));
    } finally {
      await server.close();
    }
    expect(seen).toEqual([
      ['made', ['made'], ['made']],
      ['opened', ['opened'], ['opened']],
    ]);
  });
});

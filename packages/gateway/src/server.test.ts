import { Agent, type IncomingMessage, request as sendRequest } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import {
  aWhile,
  begin,
  connectRaw,
  endOf,
  eventually,
  expectReadable,
  FOREIGN_PAGE,
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
import { freePort, startUpstream } from '../../../test/gateway/upstream.js';
import { GatewayConfigError } from './errors.js';
import { startGateway } from './server.js';

const STREAM = { 'Content-Type': 'text/event-stream' };
const POLICY = { origins: [PAGE] };

describe('a denied request never reaches the upstream', () => {
  const denied: readonly (readonly [string, number, Sending])[] = [
    ['foreign page', 403, { origin: FOREIGN_PAGE }],
    ['foreign page with a huge body', 403, { origin: FOREIGN_PAGE, body: Buffer.alloc(10_000_000) }],
    [
      'foreign page with a huge body in chunks',
      403,
      { origin: FOREIGN_PAGE, body: Buffer.alloc(10_000_000), headers: [['Transfer-Encoding', 'chunked']] },
    ],
    ['foreign stream', 403, { method: 'GET', origin: FOREIGN_PAGE }],
    ['null page', 403, { origin: 'null' }],
    ['two pages', 403, { headers: [['Origin', FOREIGN_PAGE]] }],
    ['foreign host', 403, { headers: [['Host', 'evil.example']] }],
    ['foreign host of a native client', 403, { origin: null, headers: [['Host', 'evil.example']] }],
    ['text', 415, { headers: [['Content-Type', 'text/plain']], body: '{}' }],
    [
      'preflight of a foreign page',
      403,
      { method: 'OPTIONS', origin: FOREIGN_PAGE, headers: [['Access-Control-Request-Method', 'POST']] },
    ],
    ['preflight', 204, { method: 'OPTIONS', headers: [['Access-Control-Request-Method', 'POST']] }],
  ];

  it.each(denied)('%s: %i', async (_, status, sending) => {
    const upstream = await startUpstream((_request, response) => response.end());
    const gateway = await startTestGateway(upstream);
    const answer = await send(gateway.url, sending);
    expect(answer.status).toBe(status);
    if (status === 403) expect(valuesOf(answer, 'access-control-allow-origin')).toEqual([]);
    expect(valuesOf(answer, 'vary').join()).toContain('Origin');
    expect(upstream.accepted()).toBe(0);
  });

  it('but does in report-only mode, and the response is the upstream’s', async () => {
    const upstream = await startUpstream((_, response) => {
      response.writeHead(200, { 'Access-Control-Allow-Origin': '*' });
      response.end('through');
    });
    const reasons: string[] = [];
    const gateway = await startTestGateway(upstream, {
      policy: { reportOnly: true },
      onDecision: ({ wouldDeny }) => reasons.push(wouldDeny ?? 'none'),
    });
    const answer = await send(gateway.url, { origin: FOREIGN_PAGE });
    expect(answer.body.toString()).toBe('through');
    expect(valuesOf(answer, 'access-control-allow-origin')).toEqual(['*']);
    expect(reasons).toEqual(['origin-not-allowed']);
  });

  it('while an OPTIONS that is no preflight does', async () => {
    const upstream = await startUpstream((request, response) => response.end(request.method));
    const gateway = await startTestGateway(upstream);
    expect((await send(gateway.url, { method: 'OPTIONS' })).body.toString()).toBe('OPTIONS');
  });
});

describe('what is no HTTP', () => {
  it.each([
    ['garbage', 'hello\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['oversized headers', `GET / HTTP/1.1\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`, /^HTTP\/1\.1 431 /],
    [
      'two lengths',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      /^HTTP\/1\.1 400 /,
    ],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      /^HTTP\/1\.1 400 /,
    ],
  ])('is answered and closed: %s', async (_, text, expected) => {
    const upstream = await startUpstream((_request, response) => response.end());
    const gateway = await startTestGateway(upstream);
    const { socket, received } = await connectRaw(gateway.url, text);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await closed;
    expect(received()).toMatch(expected);
    expect(upstream.accepted()).toBe(0);
  });

  it('does not get its answer into the middle of another response', async () => {
    const upstream = await startUpstream((_, response) => {
      response.writeHead(200, STREAM);
      response.write('data: 1\n\n');
    });
    const gateway = await startTestGateway(upstream);
    const host = new URL(gateway.url).host;
    const { socket, received } = await connectRaw(gateway.url, `GET /mcp HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    await eventually(() => expect(received()).toContain('data: 1'));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write('garbage\r\n\r\n');
    await closed;
    expect(received()).not.toContain('400');
    await eventually(() => expect(upstream.sockets.size).toBe(0));
  });
});

describe('starting', () => {
  const routes = [{ path: '/', upstream: 'http://127.0.0.1:1' }];
  const issuesOf = async (config: unknown) => {
    const error = await startGateway(config as never).then(
      (gateway) => gateway.close().then(() => undefined),
      (thrown) => thrown,
    );
    expect(error).toBeInstanceOf(GatewayConfigError);
    return (error as GatewayConfigError).issues;
  };

  it('gives the URL', async () => {
    const gateway = await startTestGateway({ url: 'http://127.0.0.1:1' });
    expect(gateway.url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9][0-9]*$/);
  });

  it('says that a port is taken', async () => {
    const { url } = await startTestGateway({ url: 'http://127.0.0.1:1' });
    const listen = new URL(url).host;
    const [issue, ...others] = await issuesOf({ listen, policy: POLICY, routes });
    expect(issue).toMatchObject({ code: 'listen-failed', path: 'listen' });
    expect(issue?.message).toContain(`${listen}: the port is taken`);
    expect(issue?.remedy).toContain('another port');
    expect(others).toEqual([]);
  });

  it.each([
    ['192.0.2.1:0', 'not one of this machine'],
    ['no-such-name.invalid:0', 'no-such-name.invalid'],
  ])('says that it cannot listen on %s', async (listen, message) => {
    const [issue] = await issuesOf({ listen, policy: { ...POLICY, hosts: ['a.example'] }, routes });
    expect(issue?.code).toBe('listen-failed');
    expect(issue?.message).toContain(message);
  });

  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['127.0.0.1', 'localhost'],
    ['127.0.0.1', '0.0.0.0'],
    ['0.0.0.0', '127.0.0.1'],
    ['0.0.0.0', 'localhost'],
  ])('on %s refuses itself at %s as upstream', async (host, upstream) => {
    const port = await freePort();
    const config = {
      listen: `${host}:${port}`,
      policy: { ...POLICY, hosts: ['a.example'] },
      routes: [{ path: '/', upstream: `http://${upstream}:${port}/mcp` }],
    };
    const [issue] = await issuesOf(config);
    expect(issue?.code).toBe('upstream-is-gateway');
    // Nothing is left listening.
    await expect(send(`http://127.0.0.1:${port}`)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('does not take another address with the same port for itself', async () => {
    const upstream = await startUpstream((_, response) => response.end('ok'));
    const gateway = await startTestGateway(upstream, {
      listen: `127.0.0.2:${upstream.port}`,
      policy: { hosts: ['127.0.0.2'] },
    });
    expect((await send(gateway.url)).body.toString()).toBe('ok');
  });

  it.each(['0.0.0.0:0', '[::]:0'])(
    'on %s serves under the hosts that are named, and no other',
    async (listen) => {
      const upstream = await startUpstream((_, response) => response.end('ok'));
      const config = { listen, policy: { ...POLICY, hosts: ['mcp.example.com'] } };
      const gateway = await startTestGateway(upstream, config);
      const url = `http://127.0.0.1:${new URL(gateway.url).port}`;
      expect((await send(url, { headers: [['Host', 'mcp.example.com']] })).status).toBe(200);
      expect((await send(url)).status).toBe(403);
      expect((await send(url, { origin: null })).status).toBe(403);
    },
  );
});

describe('close', () => {
  it('ends streams cleanly and at once, also on connections that would be kept', async () => {
    const upstream = await startUpstream((_, response) => {
      response.writeHead(200, STREAM);
      response.write('data: 1\n\n');
    });
    const gateway = await startTestGateway(upstream, { limits: { shutdownTimeoutMs: 60_000 } });
    const agent = new Agent({ keepAlive: true });
    const response = await new Promise<IncomingMessage>((resolve) => {
      sendRequest(`${gateway.url}/mcp`, { agent }, resolve).end();
    });
    await new Promise((resolve) => response.once('data', resolve));
    const [end] = await Promise.all([endOf(response), gateway.close()]);
    expect(end).toBe('whole');
    await eventually(() => expect(upstream.sockets.size).toBe(0));
    agent.destroy();
  });

  it('ends a stream that begins meanwhile', async () => {
    let begins = (): void => {};
    const upstream = await startUpstream((_, response) => {
      begins = () => {
        response.writeHead(200, STREAM);
        response.flushHeaders();
      };
    });
    const gateway = await startTestGateway(upstream, { limits: { shutdownTimeoutMs: 60_000 } });
    const head = headOf(begin(gateway.url, { method: 'GET' }));
    await eventually(() => expect(upstream.requests).toHaveLength(1));
    const closed = gateway.close();
    begins();
    expect(await endOf(await head)).toBe('whole');
    await closed;
  });

  it('survives streams that go on when it ends them', async () => {
    const upstream = await startUpstream((_, response) => {
      response.writeHead(200, STREAM);
      const fill = (): void => {
        while (response.write('data: '.padEnd(1000, 'x')));
        response.once('drain', fill);
      };
      fill();
    });
    const gateway = await startTestGateway(upstream);
    const [reads, stalls] = await Promise.all([open(gateway.url), open(gateway.url)]);
    const end = endOf(reads.response);
    await aWhile(50);
    await gateway.close();
    await end;
    stalls.request.destroy();
  });

  it('lets a request in flight finish', async () => {
    let finish = (): void => {};
    const upstream = await startUpstream((_, response) => {
      finish = () => response.end('finished');
    });
    const gateway = await startTestGateway(upstream, { limits: { shutdownTimeoutMs: 60_000 } });
    const head = headOf(begin(gateway.url));
    await eventually(() => expect(upstream.requests).toHaveLength(1));
    let closed = false;
    const closing = gateway.close().then(() => {
      closed = true;
    });
    await aWhile(50);
    expect(closed).toBe(false);
    await expect(send(gateway.url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    finish();
    const answer = await readWhole(await head);
    expect(answer.body.toString()).toBe('finished');
    expect(valuesOf(answer, 'connection')).toEqual(['close']);
    await closing;
  });

  it('lets a response that the client is still reading arrive whole', async () => {
    const size = 32 * 1024 * 1024;
    let done = false;
    const upstream = await startUpstream((request, response) => {
      if (request.url === '/small') response.end();
      else response.end(Buffer.alloc(size), () => (done = true));
    });
    const gateway = await startTestGateway(upstream, { limits: { shutdownTimeoutMs: 60_000 } });
    const { response } = await open(gateway.url, { method: 'GET' });
    await aWhile(50);
    const closing = gateway.close();
    expect((await readWhole(response)).body.length).toBe(size);
    expect(done).toBe(true);
    await closing;
  });

  it('lets responses that wait for the client to read arrive whole', async () => {
    const upstream = await startUpstream((_, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify('j'.repeat(60_000)));
    });
    const gateway = await startTestGateway(upstream, { limits: { shutdownTimeoutMs: 60_000 } });
    const { hostname, port, host } = new URL(gateway.url);
    const socket = connect(Number(port), hostname).pause();
    socket.write(`GET /mcp HTTP/1.1\r\nHost: ${host}\r\n\r\n`.repeat(400));
    let before = -1;
    await eventually(async () => {
      await aWhile(50);
      const now = upstream.requests.length;
      const settled = now > 0 && now === before;
      before = now;
      expect(settled).toBe(true);
    });
    const closing = gateway.close();
    let received = '';
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1');
    });
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
    await closing;
    expect(received.match(/j"\r\n0\r\n/g)?.length).toBeGreaterThanOrEqual(before);
  });

  it('breaks off what does not finish', async () => {
    const upstream = await startUpstream(() => {});
    const gateway = await startTestGateway(upstream, { limits: { shutdownTimeoutMs: 100 } });
    const head = headOf(begin(gateway.url));
    const broken = expect(head).rejects.toMatchObject({ code: 'ECONNRESET' });
    await eventually(() => expect(upstream.requests).toHaveLength(1));
    await gateway.close();
    await broken;
    await eventually(() => expect(upstream.sockets.size).toBe(0));
  });

  it('waits without a bound when the bound is off', async () => {
    let finish = (): void => {};
    const upstream = await startUpstream((_, response) => {
      finish = () => response.end('finished');
    });
    const gateway = await startTestGateway(upstream, { limits: { shutdownTimeoutMs: 0 } });
    const head = headOf(begin(gateway.url));
    await eventually(() => expect(upstream.requests).toHaveLength(1));
    const closing = gateway.close();
    await aWhile(50);
    finish();
    expect((await readWhole(await head)).body.toString()).toBe('finished');
    await closing;
  });

  it('does not wait for connections that carry nothing', async () => {
    const upstream = await startUpstream((_, response) => response.end());
    const gateway = await startTestGateway(upstream, { limits: { shutdownTimeoutMs: 60_000 } });
    const { hostname, port } = new URL(gateway.url);
    const silent = connect(Number(port), hostname);
    const halfway = connect(Number(port), hostname);
    halfway.write('GET / HTTP/1.1\r\nHost:');
    await Promise.all([silent, halfway].map((s) => new Promise((resolve) => s.once('connect', resolve))));
    await aWhile(20);
    await gateway.close();
    silent.destroy();
    halfway.destroy();
  });

  it('may be called twice', async () => {
    const gateway = await startTestGateway({ url: 'http://127.0.0.1:1' });
    expect(gateway.close()).toBe(gateway.close());
    await gateway.close();
  });

  it('leaves no socket open', async () => {
    const sockets = () => process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP'));
    await eventually(() => expect(sockets()).toEqual([])); // those of other tests are gone
    const upstream = await startUpstream((_, response) => response.end('ok'));
    const before = sockets();
    const gateway = await startTestGateway(upstream);
    await Promise.all(Array.from({ length: 10 }, () => send(gateway.url)));
    expect(sockets().length).toBeGreaterThan(before.length);
    await gateway.close();
    await eventually(() => expect(sockets()).toEqual(before));
  });
});

describe('three hundred exchanges of every kind, broken off at any time', () => {
  it('leave no connection behind, and harm nobody', async () => {
    const faults = vi.fn();
    process.on('unhandledRejection', faults);
    process.on('uncaughtException', faults);
    const upstream = await startUpstream((request, response) => {
      request.on('error', () => {});
      request.resume();
      const kind = request.url?.slice(1);
      if (kind === 'silent') return;
      if (kind === 'break') {
        setTimeout(() => request.socket.destroy(), 5);
        return;
      }
      response.writeHead(200, kind === 'stream' ? STREAM : { 'Content-Type': 'application/json' });
      if (kind === 'stream') {
        const timer = setInterval(() => response.write('data: 1\n\n'), 3);
        response.on('close', () => clearInterval(timer));
      } else if (kind === 'large') {
        response.end(Buffer.alloc(500_000, '1'));
      } else {
        setTimeout(() => response.end('{}'), 5);
      }
    });
    const gateway = await startTestGateway(upstream, { onExchange: () => {} });
    const kinds = ['stream', 'large', 'small', 'silent', 'break'];
    let seed = 7;
    const random = (below: number): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    await Promise.all(
      Array.from({ length: 300 }, async () => {
        await aWhile(random(300));
        const body = random(3) === 0 ? Buffer.alloc(random(300_000)) : '{}';
        const request = begin(gateway.url, { target: `/${kinds[random(kinds.length)]}`, body });
        request.on('response', (response) => {
          response.on('error', () => {});
          response.resume();
        });
        await aWhile(random(60));
        request.destroy();
      }),
    );
    // What is left is idle: it carries nothing, and the next requests use it.
    await eventually(async () => {
      const answers = await Promise.all(
        Array.from({ length: 5 }, () => send(gateway.url, { target: '/small' })),
      );
      for (const answer of answers) expectReadable(answer);
    });
    await gateway.close();
    await eventually(() => expect(upstream.sockets.size).toBe(0));
    process.off('unhandledRejection', faults);
    process.off('uncaughtException', faults);
    expect(faults).not.toHaveBeenCalled();
  }, 20_000);

  it('keep no more connections than were in use at once', async () => {
    const upstream = await startUpstream((_, response) => {
      response.writeHead(200, STREAM);
      response.flushHeaders();
    });
    const gateway = await startTestGateway(upstream);
    for (let i = 0; i < 30; i++) (await open(gateway.url)).request.destroy();
    await eventually(() => expect(upstream.sockets.size).toBe(0));
    expect(upstream.accepted()).toBe(30);
  });
});

it('a refusal says why, as a JSON-RPC error', async () => {
  const gateway = await startTestGateway({ url: 'http://127.0.0.1:1' });
  const answer = await send(gateway.url, { origin: FOREIGN_PAGE });
  expect(reasonOf(answer)).toBe('origin-not-allowed');
});

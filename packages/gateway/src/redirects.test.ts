import type { IncomingMessage, ServerResponse } from 'node:http';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { expectReadable, PAGE, reasonOf, send, valuesOf } from '../../../test/gateway/client.js';
import { startTestGateway } from '../../../test/gateway/gateway.js';
import { startUpstream, type Upstream } from '../../../test/gateway/upstream.js';
import { MAX_REDIRECTS } from './redirects.js';

const BODY = '{"jsonrpc":"2.0","id":1,"method":"ping"}';

/** Redirects `/mcp` to a place, and answers anything else with what it was asked. */
function redirecting(status: number, location: string, body = ''): Promise<Upstream> {
  return startUpstream((request, response) => {
    if (request.url?.split('?')[0] === '/mcp') response.writeHead(status, { Location: location }).end(body);
    else echo(request, response);
  });
}

async function echo(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { method, url, headers } = request;
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify({ method, url, body: Buffer.concat(chunks).toString(), headers }));
}

const seen = ({ body }: { readonly body: Buffer }) => JSON.parse(body.toString());

describe('a redirect of the same upstream', () => {
  test.each([
    [307, 'POST'],
    [308, 'POST'],
    [307, 'DELETE'],
    [308, 'GET'],
    [301, 'GET'],
    [302, 'GET'],
    [303, 'GET'],
  ])('%i is followed for %s, with everything that the request had', async (status, method) => {
    const upstream = await redirecting(status, '/mcp/?a=%41');
    const gateway = await startTestGateway(upstream);
    const body = method === 'POST' ? { body: BODY } : {};
    const answer = await send(gateway.url, {
      method,
      headers: [
        ['Authorization', 'Bearer t'],
        ['Mcp-Session-Id', 's'],
      ],
      ...body,
    });
    expect(answer.status).toBe(200);
    expectReadable(answer);
    expect(seen(answer)).toMatchObject({ method, url: '/mcp/?a=%41', body: body.body ?? '' });
    expect(seen(answer).headers).toMatchObject({ authorization: 'Bearer t', 'mcp-session-id': 's' });
    expect(seen(answer).headers.origin).toBeUndefined();
  });

  it('is followed when it is written out, and its own body is dropped', async () => {
    const upstream: Upstream = await startUpstream((request, response) => {
      if (request.url === '/mcp')
        response.writeHead(307, { Location: `${upstream.url}/mcp/` }).end('moved'.repeat(20_000));
      else void echo(request, response);
    });
    const gateway = await startTestGateway(upstream);
    expect(seen(await send(gateway.url, { body: BODY }))).toMatchObject({ url: '/mcp/', body: BODY });
  });

  it('costs no connection of its own', async () => {
    const upstream = await redirecting(307, '/mcp/', 'moved');
    const gateway = await startTestGateway(upstream);
    for (let i = 0; i < 5; i++) expect((await send(gateway.url, { body: BODY })).status).toBe(200);
    expect(upstream.accepted()).toBe(1);
  });

  it('is followed to where the route leads, whatever the public path is', async () => {
    const upstream = await redirecting(307, '/mcp/x');
    const gateway = await startTestGateway(upstream, {
      routes: [{ path: '/api', upstream: `${upstream.url}/mcp` }],
    });
    expect(seen(await send(gateway.url, { target: '/api', body: BODY })).url).toBe('/mcp/x');
  });

  it('is followed a bounded number of times', async () => {
    const upstream = await startUpstream((request, response) => {
      const n = Number(request.url?.split('/').at(-1) ?? 0) || 0;
      response.writeHead(307, { Location: `/mcp/${n + 1}` }).end();
    });
    const gateway = await startTestGateway(upstream);
    const answer = await send(gateway.url, { body: BODY });
    expect([answer.status, reasonOf(answer)]).toEqual([502, 'upstream-redirects']);
    expectReadable(answer);
    expect(upstream.requests).toHaveLength(MAX_REDIRECTS + 1);
  });

  it('that breaks off is answered for', async () => {
    const upstream = await startUpstream((_, response) => {
      response.writeHead(307, { Location: '/mcp/', 'Content-Length': '10' });
      response.write('x', () => response.destroy());
    });
    const gateway = await startTestGateway(upstream);
    const answer = await send(gateway.url, { body: BODY });
    expect([answer.status, reasonOf(answer)]).toEqual([502, 'upstream-broke-off']);
  });
});

describe('is passed on, not followed:', () => {
  test.each([
    ['a POST that may become a GET, by 301', 301, {}, {}],
    ['a POST that may become a GET, by 302', 302, {}, {}],
    ['a POST that becomes a GET, by 303', 303, {}, {}],
    ['another status', 300, {}, {}],
    ['when it is turned off', 307, { followRedirects: false }, {}],
    ['a body that has flowed away', 307, {}, { headers: [['Transfer-Encoding', 'chunked']] as const }],
    ['a body that is too large to be kept', 307, {}, { body: 'x'.repeat(65_537) }],
  ])('%s', async (_, status, route, sending) => {
    const upstream = await redirecting(status, '/mcp/');
    const gateway = await startTestGateway(upstream, {
      routes: [{ path: '/', upstream: upstream.url, ...route }],
    });
    const answer = await send(gateway.url, { body: BODY, ...sending });
    expect(answer.status).toBe(status);
    expect(valuesOf(answer, 'location')).toEqual(['/mcp/']);
    expectReadable(answer);
    expect(upstream.requests).toHaveLength(1);
  });

  it('what would lead to another origin, and nothing is sent there', async () => {
    const other = await startUpstream((_, response) => response.end());
    const { port } = other;
    const foreign = [
      `http://127.0.0.1:${port}/mcp/`,
      `//127.0.0.1:${port}/mcp/`,
      `\\\\127.0.0.1:${port}/mcp/`,
      `/\t/127.0.0.1:${port}/mcp/`,
      `http:\\\\127.0.0.1:${port}/mcp/`,
      `http://localhost:${port}/mcp/`,
      'http://169.254.169.254/latest/meta-data/',
      'file:///etc/passwd',
    ];
    for (const location of foreign) {
      const upstream = await redirecting(307, location);
      const gateway = await startTestGateway(upstream);
      const answer = await send(gateway.url, { body: BODY, headers: [['Authorization', 'Bearer t']] });
      expect(answer.status).toBe(307);
      expect(valuesOf(answer, 'location')).toEqual([location]);
    }
    expect(other.accepted()).toBe(0);
  });

  test.each([
    ['off the route', '/admin'],
    ['off the route by dots', '/mcp/../admin'],
    ['off the route by encoded dots', '/mcp/%2e%2e/admin'],
    ['off the route by an encoded slash', '/mcp/..%2fadmin'],
    ['by a second spelling', '/mcp//x'],
    ['with a user', 'http://u:p@UPSTREAM/mcp/x'],
  ])('what leads %s', async (_, location) => {
    const upstream: Upstream = await startUpstream((request, response) => {
      if (request.url !== '/mcp') void echo(request, response);
      else
        response
          .writeHead(307, { Location: location.replace('UPSTREAM', `127.0.0.1:${upstream.port}`) })
          .end();
    });
    const gateway = await startTestGateway(upstream, {
      routes: [{ path: '/mcp', upstream: `${upstream.url}/mcp` }],
    });
    expect((await send(gateway.url, { body: BODY })).status).toBe(307);
    expect(upstream.requests).toHaveLength(1);
  });

  it('what another route guards, and what the policy would refuse there', async () => {
    const upstream = await startUpstream((request, response) => {
      if (request.url === '/mcp') response.writeHead(307, { Location: '/admin' }).end();
      else if (request.url === '/mcp2') response.writeHead(307, { Location: '/sse' }).end();
      else void echo(request, response);
    });
    const gateway = await startTestGateway(upstream, {
      routes: [
        { path: '/', upstream: upstream.url },
        { path: '/admin', upstream: `${upstream.url}/admin`, policy: { origins: ['https://admin.example'] } },
      ],
    });
    const answer = await send(gateway.url, { body: BODY });
    expect(answer.status).toBe(307);
    // A page may DELETE an MCP endpoint, but not a stream's.
    const other = await send(gateway.url, { method: 'DELETE', target: '/mcp2' });
    expect([other.status, valuesOf(other, 'access-control-allow-origin')]).toEqual([307, [PAGE]]);
    expect(upstream.requests.map(({ url }) => url)).toEqual(['/mcp', '/mcp2']);
  });

  it('whatever the server writes, nothing is ever asked of another server', async () => {
    const other = await startUpstream((_, response) => response.end());
    let location = '';
    const upstream = await startUpstream((request, response) => {
      if (request.url !== '/mcp') void echo(request, response);
      else response.writeHead(307, { Location: location }).end();
    });
    const gateway = await startTestGateway(upstream, {
      routes: [{ path: '/mcp', upstream: `${upstream.url}/mcp` }],
    });
    const piece = fc.constantFrom(
      ...['/', '\\', '//', '@', ':', '?', '#', '.', '..', '\t', ' ', '%2f', 'http:', 'mcp', 'x', '[::1]'],
      `127.0.0.1:${other.port}`,
      `localhost:${other.port}`,
      `127.0.0.1:${upstream.port}`,
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 7 }), async (pieces) => {
        location = pieces.join('').trim() || '/';
        const before = upstream.requests.length;
        await send(gateway.url, { body: BODY });
        expect(other.accepted()).toBe(0);
        for (const { url = '' } of upstream.requests.slice(before)) expect(url).toMatch(/^\/mcp(?:[/?]|$)/);
      }),
      { numRuns: 200 },
    );
  });
});

describe('an address in a header', () => {
  test.each([
    ['the upstream’s own name', 'UPSTREAM/mcp/a?b=%41#c', 'PUBLIC/api/a?b=%41#c'],
    ['a name on the same machine', 'http://localhost:PORT/mcp/a', 'PUBLIC/api/a'],
    ['a path', '/mcp/a', '/api/a'],
    ['a relative path', 'mcp/a', '/api/a'],
    ['a query alone', '?a=1', '?a=1'],
    ['a path that another route leads to', 'UPSTREAM/other/x', 'PUBLIC/second/x'],
    ['a path that no route leads to', 'UPSTREAM/hidden', 'UPSTREAM/hidden'],
    ['another server', 'https://login.example/a', 'https://login.example/a'],
    ['a name that it is known by', 'http://internal:3001/mcp/a', 'PUBLIC/api/a'],
    ['what is no address', 'http://[', 'http://['],
  ])('%s', async (_, written, expected) => {
    const upstream: Upstream = await startUpstream((request, response) => {
      const value = written.replace('UPSTREAM', upstream.url).replace('PORT', String(upstream.port));
      if (request.url === '/mcp')
        response.writeHead(201, { Location: value, 'Content-Location': value }).end();
    });
    const common = { upstreamNames: ['http://internal:3001'] };
    const gateway = await startTestGateway(upstream, {
      routes: [
        { path: '/api', upstream: `${upstream.url}/mcp`, ...common },
        { path: '/second', upstream: `${upstream.url}/other`, ...common },
      ],
    });
    const answer = await send(gateway.url, { target: '/api' });
    const value = expected.replace('UPSTREAM', upstream.url).replace('PUBLIC', gateway.url);
    expect(valuesOf(answer, 'location')).toEqual([value]);
    expect(valuesOf(answer, 'content-location')).toEqual([value]);
  });

  it('has the public origin that is configured', async () => {
    const upstream: Upstream = await startUpstream((_, response) => {
      response.writeHead(201, { Location: `${upstream.url}/mcp/a` }).end();
    });
    const gateway = await startTestGateway(upstream, { publicUrl: 'https://mcp.example.com' });
    expect(valuesOf(await send(gateway.url), 'location')).toEqual(['https://mcp.example.com/mcp/a']);
  });
});

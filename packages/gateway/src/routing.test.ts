import { describe, expect, it } from 'vitest';
import {
  connectRaw,
  eventually,
  expectReadable,
  PAGE,
  reasonOf,
  send,
} from '../../../test/gateway/client.js';
import { startTestGateway } from '../../../test/gateway/gateway.js';
import { startUpstream, type Upstream } from '../../../test/gateway/upstream.js';

/** An upstream that answers with its name and the target that it was asked for. */
function startEcho(name: string): Promise<Upstream> {
  return startUpstream((request, response) => response.end(`${name} ${request.url}`));
}

describe('routes', () => {
  it.each([
    ['/mcp', 'a /v1'],
    ['/mcp/', 'a /v1/'],
    ['/mcp/x/y', 'a /v1/x/y'],
    ['/mcp?q=1&r=%2F..', 'a /v1?q=1&r=%2F..'],
    ['/mcp/x?q', 'a /v1/x?q'],
    ['/mcp/deep', 'b /'],
    ['/mcp/deep/x', 'b /x'],
    ['/mcp/deeper', 'a /v1/deeper'],
    ['/slash', 'a /mcp/'],
    ['/slash?q', 'a /mcp/?q'],
    ['/slash/x', 'a /mcp/x'],
    ['/MCP', 404],
    ['/mcpx', 404],
    ['/mc', 404],
    ['/', 404],
  ])('%s leads to %s', async (target, expected) => {
    const [a, b] = [await startEcho('a'), await startEcho('b')];
    const gateway = await startTestGateway(a, {
      routes: [
        { path: '/mcp/', upstream: `${a.url}/v1` },
        { path: '/slash', upstream: `${a.url}/mcp/` },
        { path: '/mcp/deep', upstream: b.url },
      ],
    });
    const answer = await send(gateway.url, { target });
    expectReadable(answer);
    if (expected === 404) expect([answer.status, reasonOf(answer)]).toEqual([404, 'no-route']);
    else expect(answer.body.toString()).toBe(expected);
  });

  it.each([
    ['/mcp', 'a /v1'],
    ['/mcp?q=/x', 'a /v1?q=/x'],
    ['/mcp/', 'b /mcp/'],
    ['/mcp/x', 'b /mcp/x'],
    ['/slash/', 'a /v2/'],
    ['/slash', 'b /slash'],
    ['/MCP', 404],
    ['/MCP/x', 'b /MCP/x'],
  ])('with exact ones among them: %s leads to %s', async (target, expected) => {
    const [a, b] = [await startEcho('a'), await startEcho('b')];
    const gateway = await startTestGateway(a, {
      routes: [
        { path: '/mcp', exact: true, upstream: `${a.url}/v1` },
        { path: '/slash/', exact: true, upstream: `${a.url}/v2/` },
        { path: '/', upstream: b.url },
      ],
    });
    const answer = await send(gateway.url, { target });
    if (expected === 404) expect([answer.status, reasonOf(answer)]).toEqual([404, 'no-route']);
    else expect(answer.body.toString()).toBe(expected);
  });

  it('/ leads everywhere', async () => {
    const upstream = await startEcho('a');
    const gateway = await startTestGateway(upstream, {
      routes: [{ path: '/', upstream: `${upstream.url}/v1/` }],
    });
    expect((await send(gateway.url, { target: '/' })).body.toString()).toBe('a /v1/');
    expect((await send(gateway.url, { target: '/x?y' })).body.toString()).toBe('a /v1/x?y');
  });

  it('each may have a policy of its own', async () => {
    const upstream = await startEcho('a');
    const other = 'https://other.example';
    const gateway = await startTestGateway(upstream, {
      routes: [
        { path: '/mcp', upstream: upstream.url },
        { path: '/other', upstream: upstream.url, policy: { origins: [other] } },
      ],
    });
    const statusOf = async (target: string, origin: string) =>
      (await send(gateway.url, { target, origin })).status;
    expect(await statusOf('/mcp', PAGE)).toBe(200);
    expect(await statusOf('/mcp', other)).toBe(403);
    expect(await statusOf('/other', PAGE)).toBe(403);
    expect(await statusOf('/other', other)).toBe(200);
    expect(await statusOf('/nowhere', other)).toBe(403);
    expect(await statusOf('/nowhere', PAGE)).toBe(404);
  });
});

describe('a path that could mean something else to the upstream is refused', () => {
  it.each([
    '/mcp/../admin',
    '/mcp/..',
    '/mcp/./x',
    '/mcp/.',
    '/mcp/%2e%2e/admin',
    '/mcp/.%2E/admin',
    '/mcp/%2e',
    '/mcp%2f..%2fadmin',
    '/mcp/%2F',
    '/mcp/..%2fadmin',
    '/mcp/..;/admin',
    '/mcp\\..\\admin',
    '/mcp/%5c..',
    '/mcp/%5C',
    '/%61dmin',
    '/mc%70/x',
    '//admin',
    '/mcp//admin',
  ])('%s', async (target) => {
    const upstream = await startEcho('a');
    const gateway = await startTestGateway(upstream);
    const answer = await send(gateway.url, { target });
    expect([answer.status, reasonOf(answer)]).toEqual([400, 'path-not-plain']);
    expectReadable(answer);
    expect(upstream.accepted()).toBe(0);
  });

  it.each([
    '/mcp/.well-known/x',
    '/mcp/a..b',
    '/mcp/...',
    '/mcp/a%20b',
    '/mcp/%C3%A9',
    '/x/%25',
    '/x?y=/../%2e',
  ])('but not %s', async (target) => {
    const gateway = await startTestGateway(await startEcho('a'));
    expect((await send(gateway.url, { target })).body.toString()).toBe(`a ${target}`);
  });
});

it('a request about the server as a whole has no route', async () => {
  const upstream = await startEcho('a');
  const gateway = await startTestGateway(upstream);
  const { received } = await connectRaw(
    gateway.url,
    `OPTIONS * HTTP/1.1\r\nHost: ${new URL(gateway.url).host}\r\n\r\n`,
  );
  await eventually(() => expect(received()).toMatch(/^HTTP\/1\.1 404 .*no-route/s));
  expect(upstream.accepted()).toBe(0);
});

import { describe, expect, it, test } from 'vitest';
import { parseEventStream } from '../../../test/fixtures/eventSource.js';
import { eventually, open, PAGE, partsOf, readWhole } from '../../../test/gateway/client.js';
import { type Setting, startTestGateway } from '../../../test/gateway/gateway.js';
import { STREAM } from '../../../test/gateway/streams.js';
import { startUpstream, type Upstream } from '../../../test/gateway/upstream.js';
import type { Exchange } from './journal.js';

const SSE = { method: 'GET', target: '/sse', headers: [['Accept', 'text/event-stream']] } as const;

/** A server of the HTTP+SSE transport that announces an address, in which UPSTREAM is its own origin. */
async function announcing(address: string): Promise<Upstream> {
  const upstream: Upstream = await startUpstream((_, response) => {
    response.writeHead(200, STREAM);
    const written = address.replace('UPSTREAM', upstream.url).replace('PORT', String(upstream.port));
    response.end(`event: endpoint\ndata: ${written}\n\ndata: {"n":1}\n\n`);
  });
  return upstream;
}

/** What the client reads of such a server. */
async function announced(
  address: string,
  setting: (upstream: Upstream) => Setting = () => ({}),
  target = '/sse',
) {
  const upstream = await announcing(address);
  const exchanges: Exchange[] = [];
  const gateway = await startTestGateway(upstream, {
    onExchange: (exchange) => exchanges.push(exchange),
    ...setting(upstream),
  });
  const answer = await readWhole((await open(gateway.url, { ...SSE, target })).response);
  await eventually(() => expect(exchanges.at(-1)?.phase).toBe('ended'));
  const events = parseEventStream(answer.body);
  return {
    gateway,
    events,
    data: events.map(({ data }) => data.replace(gateway.url, 'PUBLIC')),
    fault: exchanges.at(-1)?.fault,
  };
}

describe('the address of an endpoint event', () => {
  test.each([
    [
      'that is absolute leads to the gateway',
      'UPSTREAM/messages?sessionId=a%41',
      'PUBLIC/messages?sessionId=a%41',
    ],
    ['without a scheme leads to the gateway', '//127.0.0.1:PORT/messages?s=1', 'PUBLIC/messages?s=1'],
    ['with another name of the same machine', 'http://localhost:PORT/messages?s=1', 'PUBLIC/messages?s=1'],
    [
      'with a name that only the server’s network knows',
      'http://internal:3001/messages?s=1',
      'PUBLIC/messages?s=1',
    ],
    ['in a cluster', 'http://mcp.default.svc.cluster.local:80/messages?s=1', 'PUBLIC/messages?s=1'],
    ['in a private network', 'http://10.1.2.3:3001/messages?s=1', 'PUBLIC/messages?s=1'],
    ['that is relative stays as it is', '/messages?sessionId=abc', '/messages?sessionId=abc'],
    ['that is a query stays as it is', '?sessionId=abc', '?sessionId=abc'],
  ])('%s', async (_, address, expected) => {
    const { data, fault } = await announced(address);
    expect(data).toEqual([expected, '{"n":1}']);
    expect(fault).toBeUndefined();
  });

  test.each([
    ['/v1/messages?s=1', '/api/messages?s=1'],
    ['UPSTREAM/v1/messages?s=1', 'PUBLIC/api/messages?s=1'],
    ['messages?s=1', 'messages?s=1'],
    ['/other/messages', '/second/messages'],
  ])('is mapped to the route’s path: %s', async (address, expected) => {
    const routes = ({ url }: Upstream): Setting => ({
      routes: [
        { path: '/api', upstream: `${url}/v1` },
        { path: '/second', upstream: `${url}/other` },
      ],
    });
    expect((await announced(address, routes, '/api/sse')).data[0]).toBe(expected);
  });

  it('has the public origin that is configured, or the one that the server already knows', async () => {
    const publicUrl = 'https://mcp.example.com';
    for (const address of ['UPSTREAM/messages', 'https://mcp.example.com/messages']) {
      expect((await announced(address, () => ({ publicUrl }))).data[0]).toBe(
        'https://mcp.example.com/messages',
      );
    }
  });

  it('is the gateway’s with a sealed session in it', async () => {
    const policy = { origins: [PAGE], sessions: { secret: 'a secret of at least 32 characters' } };
    const { data } = await announced('http://internal:3001/messages?sessionId=abc', () => ({ policy }));
    expect(data[0]).toMatch(/^PUBLIC\/messages\?sessionId=[\w-]{43}\.abc$/);
  });

  it('is held until it is whole, and what follows is not', async () => {
    const upstream: Upstream = await startUpstream((_, response) => {
      response.writeHead(200, STREAM);
      const text = `event: endpoint\r\ndata: ${upstream.url}/messages\r\n\r\n`;
      let i = 0;
      const timer = setInterval(() => {
        if (i < text.length) response.write(text[i++]);
        else {
          clearInterval(timer);
          response.write('data: half');
        }
      }, 1);
    });
    const gateway = await startTestGateway(upstream, { limits: { keepAliveCommentMs: 0 } });
    const parts = partsOf((await open(gateway.url, SSE)).response);
    let text = '';
    while (!text.endsWith('half')) text += await parts.next();
    expect(text.replace(gateway.url, '')).toBe('event: endpoint\r\ndata: /messages\r\n\r\ndata: half');
  });
});

describe('an address elsewhere ends the stream', () => {
  test.each([
    ['of a public server', 'https://evil.example/messages'],
    ['of a public address', 'http://203.0.113.5/messages'],
    ['that is none of the web', 'javascript:alert(1)'],
    ['with a user', 'http://user@internal:3001/messages'],
    ['that begins like the upstream', 'http://127.0.0.1.evil.example/messages'],
    ['without a scheme', '//evil.example/messages'],
    ['with backslashes', '\\\\evil.example\\messages'],
  ])('%s', async (_, address) => {
    const { events, fault } = await announced(address);
    expect(events).toHaveLength(1);
    expect(events[0]?.type).toBe('error');
    expect(JSON.parse(events[0]?.data ?? '').error.data).toEqual({ reason: 'endpoint-foreign' });
    expect(fault).toBe('endpoint-foreign');
  });

  it('unless it is a name of the upstream', async () => {
    const address = 'https://mcp.vendor.example/messages';
    const routes = ({ url }: Upstream): Setting => ({
      routes: [{ path: '/', upstream: url, upstreamNames: ['https://mcp.vendor.example'] }],
    });
    expect((await announced(address, routes)).data[0]).toBe('PUBLIC/messages');
  });

  it('if no route leads there', async () => {
    const routes = ({ url }: Upstream): Setting => ({ routes: [{ path: '/sse', upstream: `${url}/sse` }] });
    const { events, fault } = await announced('UPSTREAM/messages', routes);
    expect(events.map(({ type }) => type)).toEqual(['error']);
    expect(fault).toBe('endpoint-unreachable');
  });
});

describe('is no endpoint event and passes as it is:', () => {
  test.each([
    ['a message', 'data: http://internal:3001/messages\n\n'],
    ['one behind the first event', 'data: 1\n\nevent: endpoint\ndata: https://evil.example/m\n\n'],
  ])('%s', async (_, text) => {
    const upstream = await startUpstream((_request, response) => response.writeHead(200, STREAM).end(text));
    const gateway = await startTestGateway(upstream);
    expect((await readWhole((await open(gateway.url, SSE)).response)).body.toString()).toBe(text);
  });

  test.each([
    ['the answer to a POST', { ...SSE, method: 'POST' }],
    ['a stream of a session', { ...SSE, headers: [['Mcp-Session-Id', 's']] as const }],
  ])('%s', async (_, sending) => {
    const upstream = await announcing('https://evil.example/messages');
    const gateway = await startTestGateway(upstream);
    const { body } = await readWhole((await open(gateway.url, sending)).response);
    expect(parseEventStream(body)[0]?.data).toBe('https://evil.example/messages');
  });
});

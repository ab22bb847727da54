import { createHmac } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DecisionEvent } from 'mcp-cors/carrier';
import { describe, expect, it, test } from 'vitest';
import { eventually, open, PAGE, partsOf, reasonOf, send, valuesOf } from '../../../test/gateway/client.js';
import { type Setting, startTestGateway } from '../../../test/gateway/gateway.js';
import { startUpstream, type Upstream } from '../../../test/gateway/upstream.js';
import type { Exchange } from './journal.js';

const SECRET = 'a secret of at least 32 characters';
const OTHER_PAGE = 'https://other.example.com';
const SEALED: Setting = { policy: { origins: [PAGE, OTHER_PAGE], sessions: { secret: SECRET } } };

function seal(owner: string, id = 'abc'): string {
  const text = `mcp-cors session 1\0${owner}\0${id}`;
  return `${createHmac('sha256', SECRET).update(text).digest('base64url')}.${id}`;
}

/** Answers with the id, or with a stream that names an endpoint and goes on when it is told to. */
async function startServer(answer?: (response: ServerResponse) => void): Promise<Upstream> {
  return startUpstream((request: IncomingMessage, response: ServerResponse) => {
    request.resume();
    if (answer !== undefined) answer(response);
    else response.writeHead(200, { 'Content-Type': 'application/json', 'Mcp-Session-Id': 'abc' }).end('{}');
  });
}

/** All that the upstream was told of sessions, in any header. */
const sessionLines = ({ rawHeaders }: IncomingMessage): string[] =>
  rawHeaders.flatMap((name, i) =>
    i % 2 === 0 && /session/i.test(name) ? [`${name}: ${rawHeaders[i + 1]}`] : [],
  );

describe('the gateway with sealed sessions', () => {
  it('shows the upstream its own id, and the page a sealed one', async () => {
    const upstream = await startServer();
    const gateway = await startTestGateway(upstream, SEALED);
    const answer = await send(gateway.url, { headers: [['MCP-Session-ID', seal(PAGE)]] });
    expect(answer.status).toBe(200);
    expect(valuesOf(answer, 'mcp-session-id')).toEqual([seal(PAGE)]);
    expect(upstream.requests.map(sessionLines)).toEqual([['mcp-session-id: abc']]);
  });

  it('opens the session in the query before it puts the upstream in its place', async () => {
    const upstream = await startServer();
    const gateway = await startTestGateway(upstream, {
      ...SEALED,
      routes: [{ path: '/api', upstream: `${upstream.url}/v1` }],
    });
    await send(gateway.url, { target: `/api/messages?a=1&sessionId=${seal(PAGE)}&b=%41` });
    expect(upstream.requests.map(({ url }) => url)).toEqual(['/v1/messages?a=1&sessionId=abc&b=%41']);
  });

  test.each([
    ['another page', OTHER_PAGE],
    ['a native client', null],
  ])('refuses %s the session of a page', async (_, origin) => {
    const upstream = await startServer();
    const events: DecisionEvent[] = [];
    const gateway = await startTestGateway(upstream, {
      ...SEALED,
      onDecision: (event) => events.push(event),
    });
    for (const method of ['POST', 'GET', 'DELETE']) {
      const answer = await send(gateway.url, { method, origin, headers: [['Mcp-Session-Id', seal(PAGE)]] });
      expect(answer.status).toBe(404);
      expect(reasonOf(answer)).toBe('session-not-found');
      expect(valuesOf(answer, 'access-control-allow-origin')).toEqual(origin === null ? [] : [origin]);
    }
    expect(events.map(({ reason }) => reason)).toEqual(Array(3).fill('session-not-found'));
    expect(upstream.requests).toEqual([]);
  });

  it('seals the id of an answer of its own as well', async () => {
    const upstream = await startServer((response) =>
      response.writeHead(200, { 'Mcp-Session-Id': 'abc' }).end(),
    );
    const gateway = await startTestGateway(upstream, {
      ...SEALED,
      routes: [{ path: '/mcp', upstream: upstream.url }],
    });
    expect(reasonOf(await send(gateway.url, { target: '/elsewhere' }))).toBe('no-route');
    expect(valuesOf(await send(gateway.url), 'mcp-session-id')).toEqual([seal(PAGE)]);
  });

  it('joins ids on two lines to one that nobody can use', async () => {
    const upstream = await startServer((response) => {
      response.setHeader('Mcp-Session-Id', ['abc', 'def']);
      response.end();
    });
    const gateway = await startTestGateway(upstream, SEALED);
    expect(valuesOf(await send(gateway.url), 'mcp-session-id')).toEqual([seal(PAGE, 'abc, def')]);
  });

  it('seals the endpoint event as soon as it is whole, and passes on at once what follows', async () => {
    let stream: ServerResponse | undefined;
    const upstream = await startServer((response) => {
      stream = response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write('event: endpoint\ndata: /messages?sessionId=');
    });
    const gateway = await startTestGateway(upstream, SEALED);
    const { response } = await open(gateway.url, { method: 'GET', target: '/sse' });
    expect(response.headers['content-type']).toBe('text/event-stream');
    const parts = partsOf(response);
    stream?.write('abc\n\n');
    expect(await parts.next()).toBe(`event: endpoint\ndata: /messages?sessionId=${seal(PAGE)}\n\n`);
    stream?.write('data: half of');
    expect(await parts.next()).toBe('data: half of');
    stream?.end();
    expect(await parts.next()).toBeUndefined();
  });

  // Servers behind CGI, WSGI or Rack cannot tell `_` from `-` in the name of a header.
  it.each(['mcp_session_id', 'Mcp-Session_Id', 'MCP_SESSION-ID'])(
    'keeps %s from the upstream',
    async (name) => {
      const upstream = await startServer();
      const gateway = await startTestGateway(upstream, SEALED);
      await send(gateway.url, { headers: [[name, 'abc']] });
      await send(gateway.url, {
        headers: [
          [name, 'abc'],
          ['Mcp-Session-Id', seal(PAGE)],
        ],
      });
      expect(upstream.requests.map(sessionLines)).toEqual([[], ['mcp-session-id: abc']]);
    },
  );

  it('tells the journal what the page has seen', async () => {
    const upstream = await startServer();
    const exchanges: Exchange[] = [];
    const gateway = await startTestGateway(upstream, {
      ...SEALED,
      onExchange: (exchange) => exchanges.push(exchange),
    });
    const target = `/messages?sessionId=${seal(PAGE)}`;
    await send(gateway.url, { target, headers: [['Mcp-Session-Id', seal(PAGE)]] });
    await eventually(() => expect(exchanges.map(({ phase }) => phase)).toEqual(['open', 'ended']));
    for (const { path, requestHeaders, responseHeaders } of exchanges) {
      expect(path).toBe(target);
      expect(requestHeaders['mcp-session-id']).toBe(seal(PAGE));
      expect(responseHeaders['mcp-session-id']).toBe(seal(PAGE));
    }
  });

  it('leaves ids alone that a policy only reports about', async () => {
    const upstream = await startServer();
    const gateway = await startTestGateway(upstream, { policy: { ...SEALED.policy, reportOnly: true } });
    const answer = await send(gateway.url, {
      target: '/messages?sessionId=abc',
      headers: [['Mcp-Session-Id', 'abc']],
    });
    expect(valuesOf(answer, 'mcp-session-id')).toEqual(['abc']);
    expect(upstream.requests[0]?.url).toBe('/messages?sessionId=abc');
  });
});

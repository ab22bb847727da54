import type { IncomingMessage } from 'node:http';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  aWhile,
  begin,
  eventually,
  expectReadable,
  open,
  PAGE,
  partsOf,
  send,
} from '../../../../test/gateway/client.js';
import { startTestGateway } from '../../../../test/gateway/gateway.js';
import {
  type Answering,
  call,
  DEPLOY,
  json,
  message,
  startToolServer,
  type ToolServer,
  toolList,
} from '../../../../test/gateway/toolServer.js';
import { freePort } from '../../../../test/gateway/upstream.js';

const MISMATCH = { jsonrpc: '2.0', id: 1, error: { code: -32020, message: 'the headers disagree' } };

/** The Mcp-Param headers of a request. */
function paramsOf(head: IncomingMessage | undefined): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(head?.headers ?? {}).filter(([name]) => name.startsWith('mcp-param-')),
  );
}

/** The header lines of a request, the same for every gateway. */
function linesOf(head: IncomingMessage | undefined): string[] {
  return head?.rawHeaders.map((text) => text.replace(/127\.0\.0\.1:\d+/, 'HOST')) ?? [];
}

/** The Mcp-Param headers of the last call. */
function lastParams(server: ToolServer): Record<string, unknown> {
  return paramsOf(server.of('tools/call').at(-1)?.head);
}

describe('a tool that was not heard of is asked for', () => {
  it('once for all calls that wait, and not again', async () => {
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const server = await startToolServer({
      'tools/list': (response, seen) => released.then(() => json(toolList([DEPLOY]))(response, seen)),
    });
    const gateway = await startTestGateway(server);
    const calls = Array.from({ length: 10 }, (_, i) => send(gateway.url, call({ region: `r${i}` })));
    await eventually(() => expect(server.of('tools/list')).toHaveLength(1));
    expect(server.of('tools/call')).toHaveLength(0);
    release();
    await Promise.all(calls);
    await send(gateway.url, call({ region: 'r10' }));

    expect(server.of('tools/list')).toHaveLength(1);
    const regions = server.of('tools/call').map(({ head }) => head.headers['mcp-param-region']);
    expect(regions.sort()).toEqual(Array.from({ length: 11 }, (_, i) => `r${i}`).sort());
    expect(gateway.completions()).toEqual({ completed: 11, asked: 1, refused: 0 });
  });

  it('in the name of the client, without its origin and what belongs to the call alone', async () => {
    const server = await startToolServer();
    const gateway = await startTestGateway(server, { policy: { allowedHeaders: ['X-Tenant'] } });
    await send(
      gateway.url,
      call({ region: 'eu' }, [
        ['Authorization', 'Bearer alice'],
        ['X-Tenant', 'blue'],
        ['Cookie', 'a=b'],
        ['Idempotency-Key', '1'],
        ['Sec-Fetch-Site', 'cross-site'],
      ]),
    );
    const [list] = server.of('tools/list');
    expect(list?.head.headers).toMatchObject({
      authorization: 'Bearer alice',
      'x-tenant': 'blue',
      cookie: 'a=b',
      'mcp-protocol-version': '2026-07-28',
      'content-type': 'application/json',
      'accept-encoding': 'identity',
    });
    for (const name of ['origin', 'mcp-name', 'idempotency-key', 'sec-fetch-site', 'mcp-param-region'])
      expect(list?.head.headers).not.toHaveProperty(name);
    expect(JSON.parse(String(list?.body))).toMatchObject({
      method: 'tools/list',
      params: { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } },
    });
  });

  it('page by page', async () => {
    const server = await startToolServer({
      'tools/list': (response, seen) => {
        const { cursor } = JSON.parse(String(seen.body)).params;
        json(cursor === '2' ? toolList([DEPLOY]) : toolList([], cursor === '1' ? '2' : '1'))(response, seen);
      },
    });
    const gateway = await startTestGateway(server);
    await send(gateway.url, call());
    expect(lastParams(server)).toEqual({ 'mcp-param-region': 'eu' });
    expect(gateway.completions().asked).toBe(3);
  });

  it('not when it is known that there is no such tool', async () => {
    const server = await startToolServer();
    const gateway = await startTestGateway(server);
    for (let i = 0; i < 5; i++) await send(gateway.url, call({ region: 'eu' }, [], `tool ${i}`));
    expect(server.of('tools/list')).toHaveLength(1);
    expect(lastParams(server)).toEqual({});
  });

  it('not in the name of a client that proves each message', async () => {
    const server = await startToolServer();
    const gateway = await startTestGateway(server);
    const proof = [['DPoP', 'proof']] as const;
    expect((await send(gateway.url, call({ region: 'eu' }, proof))).status).toBe(200);
    expect(server.seen).toHaveLength(1);
    await send(gateway.url, message('tools/list', {}, [['DPoP', 'other proof']]));
    await send(gateway.url, call({ region: 'eu' }, proof));
    expect(lastParams(server)).toEqual({ 'mcp-param-region': 'eu' });
    expect(server.seen).toHaveLength(3);
  });

  it('so often and no more for one client, whoever it says it is', async () => {
    const server = await startToolServer();
    const gateway = await startTestGateway(server);
    for (let i = 0; i < 130; i++) await send(gateway.url, call({}, [['Authorization', `Bearer ${i}`]]));
    expect(server.of('tools/call')).toHaveLength(130);
    expect(server.of('tools/list')).toHaveLength(120);
    expect(gateway.completions()).toEqual({ completed: 0, asked: 120, refused: 10 });
  });

  it('of the upstream that takes the call, where one of several cannot be reached', async () => {
    const server = await startToolServer();
    const dead = `http://127.0.0.1:${await freePort()}`;
    const gateway = await startTestGateway(server, {
      routes: [{ path: '/', upstream: [dead, server.url] }],
    });
    for (let i = 0; i < 3; i++) {
      expect((await send(gateway.url, call())).status).toBe(200);
      expect(lastParams(server)).toEqual({ 'mcp-param-region': 'eu' });
    }
    expect(server.of('tools/list')).toHaveLength(1);
  });

  it('and nothing is sent for a client that went meanwhile', async () => {
    let release = (): void => {};
    const server = await startToolServer({
      'tools/list': (response, seen) => {
        release = () => json(toolList([DEPLOY]))(response, seen);
      },
    });
    const gateway = await startTestGateway(server);
    const request = begin(gateway.url, call());
    await eventually(() => expect(server.of('tools/list')).toHaveLength(1));
    request.destroy();
    await aWhile();
    release();
    await send(gateway.url, call({ region: 'later' }));
    expect(server.of('tools/call')).toHaveLength(1);
    expect(lastParams(server)).toEqual({ 'mcp-param-region': 'later' });
  });
});

describe('a list that passes is learnt from', () => {
  it('when it is JSON', async () => {
    const server = await startToolServer();
    const gateway = await startTestGateway(server);
    const list = await send(gateway.url, message('tools/list'));
    expect(JSON.parse(String(list.body))).toEqual(toolList([DEPLOY]));
    await send(gateway.url, call());
    expect(lastParams(server)).toEqual({ 'mcp-param-region': 'eu' });
    expect(gateway.completions().asked).toBe(0);
  });

  it('when it is an event of a stream that goes on, which is not held back', async () => {
    const event = `: hello\n\nid: 1\ndata: ${JSON.stringify(toolList([DEPLOY]))}\n\n`;
    const server = await startToolServer({
      'tools/list': (response) => {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' });
        response.write(event.slice(0, 60));
        setTimeout(() => response.write(event.slice(60)), 5);
      },
    });
    const gateway = await startTestGateway(server);
    const parts = partsOf((await open(gateway.url, message('tools/list'))).response);
    let read = '';
    while (read.length < event.length) read += await parts.next();
    expect(read).toBe(event);
    await send(gateway.url, call());
    expect(lastParams(server)).toEqual({ 'mcp-param-region': 'eu' });
    expect(gateway.completions().asked).toBe(0);
  });

  it('page by page, in their order', async () => {
    const server = await startToolServer({
      'tools/list': (response, seen) => {
        const { cursor } = JSON.parse(String(seen.body)).params;
        json(cursor === 'next' ? toolList([DEPLOY]) : toolList([], 'next'))(response, seen);
      },
    });
    const gateway = await startTestGateway(server);
    await send(gateway.url, message('tools/list'));
    await send(gateway.url, message('tools/list', { cursor: 'next' }));
    await send(gateway.url, call());
    await send(gateway.url, call({}, [], 'no such tool'));
    expect(server.of('tools/call')[0]?.head.headers).toMatchObject({ 'mcp-param-region': 'eu' });
    expect(gateway.completions().asked).toBe(0);
  });

  it('for its own client alone', async () => {
    const headerOf: Readonly<Record<string, string>> = { 'Bearer a': 'For-A', 'Bearer b': 'For-B' };
    const toolFor = (name: string | undefined) => ({
      name: 'deploy',
      inputSchema: { type: 'object', properties: { region: { type: 'string', 'x-mcp-header': name } } },
    });
    const server = await startToolServer({
      'tools/list': (response, seen) =>
        json(toolList([toolFor(headerOf[seen.head.headers.authorization ?? ''] ?? 'For-All')]))(
          response,
          seen,
        ),
    });
    const other = 'https://other.example';
    const gateway = await startTestGateway(server, { policy: { origins: [PAGE, other] } });
    const a = [['Authorization', 'Bearer a']] as const;
    const b = [['Authorization', 'Bearer b']] as const;
    await send(gateway.url, message('tools/list', {}, a));
    await send(gateway.url, call({ region: 'eu' }, b));
    expect(lastParams(server)).toEqual({ 'mcp-param-for-b': 'eu' });
    await send(gateway.url, call({ region: 'eu' }, a));
    expect(lastParams(server)).toEqual({ 'mcp-param-for-a': 'eu' });
    await send(gateway.url, call());
    expect(lastParams(server)).toEqual({ 'mcp-param-for-all': 'eu' });
    expect(gateway.completions().asked).toBe(2); // a's was known

    // Neither does what one page was told count for another, or one address of the server's for another.
    await send(gateway.url, { ...call(), origin: other });
    await send(gateway.url, { ...call(), target: '/mcp?tenant=2' });
    expect(gateway.completions().asked).toBe(4);
  });
});

describe('what was learnt is forgotten', () => {
  /** A server whose tool wants another header each time it is listed. */
  function startChangingServer(answers: Readonly<Record<string, Answering>> = {}): Promise<ToolServer> {
    let lists = 0;
    return startToolServer({
      'tools/list': (response, seen) => {
        const region = { type: 'string', 'x-mcp-header': `Region-${++lists}` };
        const tool = { name: 'deploy', inputSchema: { type: 'object', properties: { region } } };
        json(toolList([tool]))(response, seen);
      },
      ...answers,
    });
  }

  it('when the server says that its tools have changed, however that is cut', async () => {
    const event = 'data: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n\n';
    let change = (_: string): void => {};
    const server = await startChangingServer({
      'subscriptions/listen': (response) => {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' });
        response.write(': open\n\n');
        change = (text) => response.write(text);
      },
    });
    const gateway = await startTestGateway(server);
    const parts = partsOf((await open(gateway.url, message('subscriptions/listen'))).response);
    await parts.next();
    await send(gateway.url, call());
    expect(lastParams(server)).toEqual({ 'mcp-param-region-1': 'eu' });
    change(event.slice(0, -12));
    await parts.next();
    await send(gateway.url, call());
    expect(lastParams(server)).toEqual({ 'mcp-param-region-1': 'eu' });
    change(event.slice(-12));
    await parts.next();
    await send(gateway.url, call());
    expect(lastParams(server)).toEqual({ 'mcp-param-region-2': 'eu' });
  });

  it('when a call is refused over its headers, which is then sent once more with those that are wanted', async () => {
    let wanted = 'mcp-param-region-1';
    const server = await startChangingServer({
      'tools/call': (response, seen) =>
        seen.head.headers[wanted] === undefined
          ? json(MISMATCH, 400)(response, seen)
          : json({ result: wanted })(response, seen),
    });
    const gateway = await startTestGateway(server);
    await send(gateway.url, call());
    wanted = 'mcp-param-region-2';
    const answer = await send(gateway.url, call());
    expect([answer.status, JSON.parse(String(answer.body))]).toEqual([200, { result: wanted }]);
    expectReadable(answer);
    expect(server.of('tools/call').map(({ head }) => paramsOf(head))).toEqual([
      { 'mcp-param-region-1': 'eu' },
      { 'mcp-param-region-1': 'eu' },
      { 'mcp-param-region-2': 'eu' },
    ]);
    const [, first, second] = server.of('tools/call');
    expect(second?.body).toEqual(first?.body);

    wanted = 'none that is listed';
    const refused = await send(gateway.url, call());
    expect([refused.status, JSON.parse(String(refused.body))]).toEqual([400, MISMATCH]);
    expectReadable(refused);
    expect(server.of('tools/call')).toHaveLength(5); // once more and not again
  });

  it.each<[string, Answering, number]>([
    ['wants the same headers', json(toolList([DEPLOY])), 2],
    ['cannot be had', json({}, 500), 2],
  ])('and the refusal is passed when the list %s', async (_, list, asked) => {
    const server = await startToolServer({ 'tools/list': list, 'tools/call': json(MISMATCH, 400) });
    const gateway = await startTestGateway(server);
    const refused = await send(gateway.url, call());
    expect([refused.status, JSON.parse(String(refused.body))]).toEqual([400, MISMATCH]);
    expectReadable(refused);
    expect(server.of('tools/call')).toHaveLength(1);
    expect(gateway.completions().asked).toBe(asked);
  });

  it('and the refusal is passed when nothing may be asked', async () => {
    const server = await startToolServer({ 'tools/call': json(MISMATCH, 400) });
    const gateway = await startTestGateway(server);
    expect((await send(gateway.url, call({}, [['DPoP', 'proof']]))).status).toBe(400);
    expect(server.seen).toHaveLength(1);
  });

  it('and nothing more is sent for a client that goes while its list is asked for anew', async () => {
    let lists = 0;
    let release = (): void => {};
    const server = await startToolServer({
      'tools/list': (response, seen) => {
        if (++lists === 1) json(toolList([]))(response, seen);
        else release = () => json(toolList([DEPLOY]))(response, seen);
      },
      'tools/call': json(MISMATCH, 400),
    });
    const gateway = await startTestGateway(server);
    const request = begin(gateway.url, call());
    await eventually(() => expect(lists).toBe(2));
    request.destroy();
    await aWhile();
    release();
    await aWhile();
    expect(server.of('tools/call')).toHaveLength(1);
    expect((await send(gateway.url, message('prompts/list'))).status).toBe(200);
  });

  it('and not when something else is refused', async () => {
    const server = await startChangingServer({ 'tools/call': json({ error: { code: -32602 } }, 400) });
    const gateway = await startTestGateway(server);
    await send(gateway.url, call());
    await send(gateway.url, call());
    expect(gateway.completions().asked).toBe(1);
  });
});

describe('left as it is', () => {
  const modern = call();
  const without = (name: string) => modern.headers?.filter(([given]) => given !== name) ?? [];
  const body = String(modern.body);
  const own: readonly (readonly [string, string])[] = [...without(''), ['Mcp-Param-Region', 'other']];

  it.each([
    ['of a client that is no page', { ...modern, origin: null }],
    [
      'of another revision',
      { ...modern, headers: [...without('MCP-Protocol-Version'), ['MCP-Protocol-Version', '2025-11-25']] },
    ],
    ['of no revision', { ...modern, headers: without('MCP-Protocol-Version') }],
    ['without Mcp-Method', { ...modern, headers: without('Mcp-Method') }],
    ['whose client sent the headers itself', { ...modern, headers: own }],
    ['that is larger than 64 KiB', call({ region: 'x'.repeat(65_536) })],
    ['without a length', { ...modern, headers: [...without(''), ['Transfer-Encoding', 'chunked']] }],
    ['that is no JSON', { ...modern, body: `${body}}` }],
    ['that is a batch', { ...modern, body: `[${body}]` }],
    ['that is no call', { ...modern, body: body.replace('tools/call', 'prompts/get') }],
    ['of no tool', { ...modern, body: body.replace('"deploy"', '7') }],
    ['without a body', { ...modern, body: '' }],
  ] as const)('is a call %s', async (_, sending) => {
    const server = await startToolServer();
    const gateway = await startTestGateway(server, { requestId: false });
    const plain = await startTestGateway(server, {
      requestId: false, // each gateway would make another one
      routes: [{ path: '/', upstream: server.url, completeParams: false }],
    });
    await send(gateway.url, sending);
    await send(plain.url, sending);
    expect(server.of('tools/list')).toEqual([]);
    const [ours, untouched] = server.seen;
    expect(linesOf(ours?.head)).toEqual(linesOf(untouched?.head));
    expect(ours?.body).toEqual(untouched?.body);
    expect(String(ours?.body)).toBe(sending.body ?? '');
  });

  it('is a call of a page that the policy would refuse', async () => {
    const server = await startToolServer();
    const gateway = await startTestGateway(server, { policy: { reportOnly: true } });
    await send(gateway.url, { ...modern, origin: 'https://evil.example' });
    expect(server.seen.map(({ method }) => method)).toEqual(['tools/call']);
    expect(lastParams(server)).toEqual({});
  });

  it('is everything else of a call whose headers are completed', async () => {
    const server = await startToolServer();
    const gateway = await startTestGateway(server, { requestId: false });
    const plain = await startTestGateway(server, {
      requestId: false, // each gateway would make another one
      routes: [{ path: '/', upstream: server.url, completeParams: false }],
    });
    const odd = { ...modern, body: ` ${body.replace('"id":1', '"id" : 1.0')}\n` };
    await send(gateway.url, odd);
    await send(plain.url, odd);
    const [ours, untouched] = server.of('tools/call');
    expect(ours?.body).toEqual(untouched?.body);
    const lines = linesOf(ours?.head);
    expect(lines.splice(lines.indexOf('Mcp-Param-Region'), 2)).toEqual(['Mcp-Param-Region', 'eu']);
    expect(lines).toEqual(linesOf(untouched?.head));
  });
});

describe('a hostile list', () => {
  const many = Array.from({ length: 10_000 }, (_, i) => ({ ...DEPLOY, name: `tool ${i}` }));
  const bad = (name: unknown) => ({
    name: 'deploy',
    inputSchema: { type: 'object', properties: { region: { type: 'string', 'x-mcp-header': name } } },
  });
  const raw =
    (text: string | Buffer, headers: Record<string, string> = {}, status = 200): Answering =>
    (response) => {
      response.on('error', () => {});
      response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(text);
    };
  const good = JSON.stringify(toolList([DEPLOY]));
  const wide = { name: 'deploy', inputSchema: { anyOf: Array(500_000).fill(0), items: Array(1).fill({}) } };
  const deep = `{"result":{"tools":[{"name":"deploy","inputSchema":${'{"not":'.repeat(50_000)}0${'}'.repeat(50_000)}}]}}`;
  const endless: Answering = (response, seen) =>
    json(toolList([DEPLOY], String(JSON.parse(String(seen.body)).params.cursor ?? '').concat('x')))(
      response,
      seen,
    );

  it.each<[string, Answering, number]>([
    ['of 10 MB', raw(JSON.stringify(toolList([DEPLOY, { name: 'x'.repeat(1e7) }]))), 1],
    ['of 10,000 tools', json(toolList([DEPLOY, ...many])), 1],
    ['of 10 MB in a stream', raw(`data: ${'x'.repeat(1e7)}`, { 'Content-Type': 'text/event-stream' }), 1],
    ['of endless pages', endless, 64],
    ['that is no JSON', raw(good.slice(1)), 1],
    ['that is no list', raw('{"result":{"tools":{"deploy":{}}}}'), 1],
    ['that is text', raw(good, { 'Content-Type': 'text/plain' }), 1],
    ['that is compressed', raw(gzipSync(good), { 'Content-Encoding': 'gzip' }), 1],
    ['that is an error', raw(good, {}, 500), 1],
    ['that wants sign-in', raw(good, {}, 401), 1],
    ['that breaks off', (response) => void response.socket?.destroy(), 1],
    ['of a name with spaces', json(toolList([bad('Two Words')])), 1],
    ['of a name that ends a line', json(toolList([bad('A\r\nX-Evil: 1')])), 1],
    ['of a name that is no text', json(toolList([bad({})])), 1],
    ['of a schema with very many parts', json(toolList([wide])), 1],
    ['of a schema that is very deep', raw(deep), 1],
    ['of tools that are none', json(toolList([null, 7, 'deploy', [], { name: 7 }, { name: 'deploy' }])), 1],
  ])('%s adds nothing, and is not asked for again at once', async (_, list, asked) => {
    const server = await startToolServer({ 'tools/list': list });
    const gateway = await startTestGateway(server);
    for (let i = 0; i < 3; i++) expect((await send(gateway.url, call())).status).toBe(200);
    expect(server.of('tools/call').map(({ head }) => paramsOf(head))).toEqual([{}, {}, {}]);
    expect(gateway.completions()).toEqual({ completed: 0, asked, refused: 0 });
  });

  it('of more tools than are remembered is learnt as far as it fits, and the rest is let through', async () => {
    const server = await startToolServer({ 'tools/list': json(toolList(many.slice(0, 7_000))) });
    const gateway = await startTestGateway(server);
    await send(gateway.url, call({ region: 'eu' }, [], 'tool 0'));
    expect(lastParams(server)).toEqual({ 'mcp-param-region': 'eu' });
    await send(gateway.url, call({ region: 'eu' }, [], 'tool 6999'));
    expect(lastParams(server)).toEqual({});
    expect(gateway.completions().asked).toBe(1);
  });

  it('cannot set another header', async () => {
    const server = await startToolServer({ 'tools/list': json(toolList([bad('Host')])) });
    const gateway = await startTestGateway(server);
    await send(gateway.url, call({ region: 'evil.example' }));
    expect(lastParams(server)).toEqual({ 'mcp-param-host': 'evil.example' });
    expect(server.of('tools/call')[0]?.head.headers.host).toBe(server.url.slice('http://'.length));
  });

  it('cannot make a head too large to be sent', async () => {
    const server = await startToolServer();
    const gateway = await startTestGateway(server);
    expect((await send(gateway.url, call({ region: 'x'.repeat(20_000) }))).status).toBe(200);
    expect(lastParams(server)).toEqual({});
  });
});

describe('a hostile call', () => {
  const nested = '['.repeat(30_000) + ']'.repeat(30_000);
  const body = String(call().body);

  it.each([
    ['with arguments that are very deep', body.replace('{"region":"eu"}', nested)],
    ['with a name of the client that is very deep', body.replace('{"name":"page","version":"1"}', nested)],
    [
      'with another key in the place of its prototype',
      body.replace('"region":"eu"', '"__proto__":{"region":"eu"}'),
    ],
  ])('%s is passed as it is', async (_, hostile) => {
    expect(hostile).not.toBe(body);
    const server = await startToolServer();
    const gateway = await startTestGateway(server);
    expect((await send(gateway.url, { ...call(), body: hostile })).status).toBe(200);
    expect(String(server.of('tools/call')[0]?.body)).toBe(hostile);
    expect(lastParams(server)).toEqual({});
  });
});

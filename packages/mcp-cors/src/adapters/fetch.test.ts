import { getRequestListener } from '@hono/node-server';
import { afterEach, describe, expect, expectTypeOf, it, test, vi } from 'vitest';
import {
  corsNames,
  exchange,
  type Listening,
  request,
  serve,
  values,
  varyNames,
  type WireResponse,
} from '../../../../test/fixtures/wire.js';
import { createDirectory, type PolicyConfig, PolicyConfigError } from '../policy/index.js';
import { type DecisionEvent, type FetchCarrierOptions, mcpCors } from './fetch.js';

const APP = 'https://app.example.com';
const OTHER = 'https://other.example.com';
const EVIL = 'https://evil.example';
const JSON_TYPE = { 'Content-Type': 'application/json' };
const CONFIG: PolicyConfig = { origins: [APP, OTHER] };
const SEALED: PolicyConfig = { ...CONFIG, sessions: { secret: '0123456789abcdef0123456789abcdef' } };
const encoder = new TextEncoder();

const open: Listening[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(open.splice(0).map((server) => server.close()));
});

type Handler = (request: Request) => Response | Promise<Response>;

/** Serves a wrapped handler on a socket. */
async function start(handler: Handler, config = CONFIG, options: FetchCarrierOptions = {}): Promise<number> {
  const listener = getRequestListener(mcpCors(config, options)(handler), { overrideGlobalObjects: false });
  const server = await serve(listener);
  open.push(server);
  return server.port;
}

async function send(port: number, text: string, isHead = false): Promise<WireResponse> {
  const responses = await exchange(port, text, { isHead });
  expect(responses).toHaveLength(1);
  return responses[0] as WireResponse;
}

/** Holds a response to what every answer to a page of an allowed origin carries. */
function expectReadable(response: WireResponse, vary: readonly string[] = []): void {
  expect(corsNames(response)).toEqual(['access-control-allow-origin', 'access-control-expose-headers']);
  expect(values(response, 'access-control-allow-origin')).toEqual([APP]);
  expect(varyNames(response)).toEqual([...vary, 'origin'].sort());
}

const FOREIGN = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Credentials': 'true',
  'Access-Control-Allow-Methods': '*',
};

function silenceConsole() {
  return vi.spyOn(console, 'error').mockImplementation(() => {});
}

/** A request as a runtime hands it over. */
function incoming(path = '/mcp', init: RequestInit = {}, origin: string | null = APP): Request {
  const given = new Request(`http://localhost${path}`, init);
  if (origin !== null) given.headers.set('origin', origin);
  return given;
}

function streamOf(...texts: string[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const text of texts) controller.enqueue(encoder.encode(text));
      controller.close();
    },
  });
}

describe('mcpCors for fetch handlers', () => {
  it('refuses a configuration that is not valid, when it is made', () => {
    expect(() => mcpCors({ origins: 'null' })).toThrow(PolicyConfigError);
  });

  it('answers preflights and refuses foreign pages and hosts without the handler', async () => {
    const handler = vi.fn(() => new Response('own'));
    const port = await start(handler);
    const preflight = await send(
      port,
      request('OPTIONS /mcp', { Origin: APP, 'Access-Control-Request-Method': 'DELETE' }),
    );
    expect([preflight.status, preflight.body]).toEqual([204, '']);
    expect(values(preflight, 'access-control-allow-methods')).toHaveLength(1);
    expect((await send(port, request('GET /mcp', { Origin: EVIL }))).status).toBe(403);
    expect((await send(port, request('GET /mcp', { Host: 'evil.example' }))).status).toBe(403);
    expect((await send(port, request('POST /mcp', { 'Content-Type': 'text/plain' }, 'a'))).status).toBe(415);
    expect(handler).not.toHaveBeenCalled();
    expect((await send(port, request('OPTIONS /mcp', { Origin: APP }))).body).toBe('own');
    expect(handler).toHaveBeenCalledTimes(1);
  });

  describe('a handler that', () => {
    test.each<[name: string, handler: Handler, status: number, body: string, vary?: string[]]>([
      ['answers', () => new Response('ok'), 200, 'ok'],
      ['answers later', async () => new Response('ok'), 200, 'ok'],
      ['finds nothing', () => new Response('no', { status: 404 }), 404, 'no'],
      ['finds the body too large', () => new Response(null, { status: 413 }), 413, ''],
      ['has nothing to say', () => new Response(null, { status: 204 }), 204, ''],
      ['sets CORS headers', () => new Response('ok', { headers: FOREIGN }), 200, 'ok'],
      ['sets Vary', () => new Response('ok', { headers: { Vary: 'Accept' } }), 200, 'ok', ['accept']],
      ['names Origin in Vary', () => new Response('ok', { headers: { Vary: 'origin' } }), 200, 'ok'],
      ['redirects', () => Response.redirect('http://localhost/x', 307), 307, ''],
      ['gives JSON', () => Response.json({ a: 1 }), 200, '{"a":1}'],
      ['streams', () => new Response(streamOf('a', 'b')), 200, 'ab'],
      [
        'throws a Response',
        () => {
          throw new Response('moved', { status: 410, headers: FOREIGN });
        },
        410,
        'moved',
      ],
      ['rejects with a Response', () => Promise.reject(new Response('later', { status: 503 })), 503, 'later'],
    ])('%s', async (_, handler, status, body, vary) => {
      const port = await start(handler);
      const response = await send(port, request('POST /mcp', { Origin: APP, ...JSON_TYPE }, '{}'));
      expect([response.status, response.body]).toEqual([status, body]);
      expectReadable(response, vary);
    });

    it('passes on what it fetched', async () => {
      const upstream = await serve((_, response) => {
        response
          .writeHead(200, { ...FOREIGN, Vary: 'Accept', 'Set-Cookie': ['a=1', 'b=2'], Connection: 'close' })
          .end('far');
      });
      open.push(upstream);
      const port = await start(() => fetch(`http://127.0.0.1:${upstream.port}/`));
      const response = await send(port, request('GET /mcp', { Origin: APP }));
      expect([response.status, response.body]).toEqual([200, 'far']);
      expect(values(response, 'set-cookie')).toEqual(['a=1', 'b=2']);
      expectReadable(response, ['accept']);
    });

    it.each([
      ['as the standard has it', () => Response.error()],
      // Bun does not make its headers immutable.
      ['that takes headers', () => Object.defineProperty(new Response(null), 'status', { value: 0 })],
    ])('gives a network error %s is answered 500', async (_, handler) => {
      const reported = silenceConsole();
      const port = await start(handler);
      const response = await send(port, request('GET /mcp', { Origin: APP }));
      expect(response.status).toBe(500);
      expectReadable(response);
      expect(reported).not.toHaveBeenCalled(); // nothing was thrown
    });
  });

  it('lets every page read what depends on none', async () => {
    const response = await mcpCors({ origins: '*' })(() => new Response('ok'))(incoming());
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('vary')).toBeNull();
  });

  it('gives one response without a body to two pages, each with headers of its own', async () => {
    const accepted = new Response(null, { status: 202 });
    const guarded = mcpCors(CONFIG)(() => accepted);
    const [one, other, third] = await Promise.all([
      guarded(incoming('/mcp', {}, APP)),
      guarded(incoming('/mcp', {}, OTHER)),
      guarded(incoming('/mcp', {}, APP)),
    ]);
    expect([one, other, third].map(({ headers }) => headers.get('access-control-allow-origin'))).toEqual([
      APP,
      OTHER,
      APP,
    ]);
    expect([one, other, third].map(({ status }) => status)).toEqual([202, 202, 202]);
  });

  it('leaves a response alone whose headers it can change', async () => {
    const own = new Response('ok');
    expect(await mcpCors(CONFIG)(() => own)(incoming())).toBe(own);
    expect(own.headers.get('access-control-allow-origin')).toBe(APP);
  });

  describe('what takes a connection over', () => {
    /** As Workers and Deno make them: no constructor gives a Response with this status on Node. */
    const switching = (response: Response, extra: PropertyDescriptorMap) =>
      Object.defineProperties(response, extra);

    test.each<[string, PropertyDescriptorMap]>([
      ['a status of 101', { status: { value: 101 } }],
      ['a WebSocket of Workers', { webSocket: { value: {} } }],
    ])('%s stays the same object, immutable or not', async (_, extra) => {
      const mutable = switching(new Response(null), extra);
      expect(await mcpCors(CONFIG)(() => mutable)(incoming())).toBe(mutable);
      expect(mutable.headers.get('access-control-allow-origin')).toBe(APP);
      const immutable = switching(Response.redirect('http://localhost/'), extra);
      expect(await mcpCors(CONFIG)(() => immutable)(incoming())).toBe(immutable);
    });

    it('no response at all is passed on', async () => {
      expect(await mcpCors(CONFIG)(() => undefined)(incoming())).toBeUndefined();
    });
  });

  describe('what follows the request', () => {
    it('goes through untouched', async () => {
      const context = { params: { id: '1' } };
      const handler = vi.fn((_request: Request, given: typeof context, _more: number) =>
        Response.json(given.params),
      );
      const guarded = mcpCors(CONFIG)(handler);
      await guarded(incoming(), context, 2);
      expect(handler.mock.calls[0]?.slice(1)).toEqual([context, 2]);
      expect(handler.mock.calls[0]?.[1]).toBe(context);
    });

    it('keeps its types', () => {
      class OwnRequest extends Request {}
      const handler = async (_request: OwnRequest, _env: { key: string }): Promise<Response> =>
        new Response();
      const guarded = mcpCors(CONFIG, { loopback: false })(handler);
      expectTypeOf(guarded).parameters.toEqualTypeOf<[OwnRequest, { key: string }]>();
      expectTypeOf(guarded).returns.resolves.toEqualTypeOf<Response>();

      interface Info {
        readonly remoteAddr: { readonly hostname: string };
      }
      const address = (_: Request, info: Info): string => info.remoteAddr.hostname;
      const told = mcpCors(CONFIG, { address })(() => new Response());
      expectTypeOf(told).toBeCallableWith(incoming(), { remoteAddr: { hostname: '192.0.2.1' } });
      // @ts-expect-error: the address cannot be told without it
      expectTypeOf(told).toBeCallableWith(incoming());
      const byHeader = mcpCors(CONFIG, { address: (r) => r.headers.get('x-real-ip') ?? undefined });
      expectTypeOf(byHeader(handler)).parameters.toEqualTypeOf<[OwnRequest, { key: string }]>();
    });

    it('tells the client address', async () => {
      const seen: (string | undefined)[] = [];
      const guarded = mcpCors(CONFIG, {
        address: (_, info: { readonly address: string }) => info.address,
        onDecision: ({ address }) => seen.push(address),
      })(() => new Response());
      await guarded(incoming(), { address: '192.0.2.1' });
      expect(seen).toEqual(['192.0.2.1']);
    });
  });

  describe('the request head', () => {
    const decide = async (given: Request, options: FetchCarrierOptions = {}) => {
      const onDecision = vi.fn((_: DecisionEvent) => {});
      const policy = { origins: APP, dangerouslyAllowAnyHost: true };
      await mcpCors(policy, { ...options, onDecision })(() => new Response())(given);
      return onDecision.mock.calls[0]?.[0].head;
    };

    it('has the Host that the client named, or that of the URL', async () => {
      expect(await decide(incoming())).toMatchObject({ host: 'localhost', scheme: 'http', path: '/mcp' });
      const named = new Request('https://internal:8443/a?b=/c', { headers: { host: 'mcp.example.com' } });
      expect(await decide(named)).toMatchObject({ host: 'mcp.example.com', scheme: 'https', path: '/a' });
      expect(await decide(new Request('https://internal:8443'))).toMatchObject({ host: 'internal:8443' });
    });

    it('sees two lines of a kind as no one value', async () => {
      const port = await start(() => new Response('reached'));
      for (const name of ['Host', 'Origin']) {
        const both = name === 'Host' ? ['localhost', 'localhost'] : [APP, APP];
        const response = await send(port, request('GET /mcp', { [name]: both }));
        expect(response.status, name).toBeGreaterThanOrEqual(400);
        expect(response.body, name).not.toBe('reached');
      }
    });

    it('is on loopback unless it is told otherwise', async () => {
      const at = (host: string) => new Request(`http://${host}/mcp`);
      const status = async (host: string, options: FetchCarrierOptions = {}) =>
        (await mcpCors(CONFIG, options)(() => new Response())(at(host))).status;
      expect(await status('localhost')).toBe(200);
      expect(await status('evil.example')).toBe(403);
      expect(await status('localhost', { loopback: true })).toBe(200);
      expect(await status('mcp.example.com', { loopback: false })).toBe(200);
    });

    it('of a URL without a path is refused', async () => {
      const odd = Object.defineProperty(incoming(), 'url', { value: 'about:blank' });
      expect((await mcpCors(CONFIG)(() => new Response())(odd)).status).toBe(400);
    });
  });
});

describe('errors', () => {
  const broken: Handler = () => {
    throw new Error('secret detail');
  };

  test.each<[string, Handler]>([
    ['thrown', broken],
    ['rejected', () => Promise.reject(new Error('secret detail'))],
    ['that are none', () => Promise.reject('secret detail')],
    ['with a digest of another kind', () => Promise.reject(Object.assign(new Error('x'), { digest: '12' }))],
    ['with a digest that is no text', () => Promise.reject({ digest: 1 })],
    ['of nothing', () => Promise.reject(null)],
  ])('%s are readable, tell nothing, and are reported', async (_, handler) => {
    const reported = silenceConsole();
    const port = await start(handler);
    const response = await send(port, request('GET /mcp', { Origin: APP }));
    expect(response.status).toBe(500);
    expect(JSON.parse(response.body)).toEqual({
      jsonrpc: '2.0',
      error: { code: -32603, message: 'Internal error' },
    });
    expectReadable(response);
    expect(reported).toHaveBeenCalledTimes(1);
  });

  it('are not reported where the standard says: that would end the process of some runtimes', async () => {
    silenceConsole();
    const reportError = vi.fn();
    vi.stubGlobal('reportError', reportError);
    await mcpCors(CONFIG)(broken)(incoming());
    vi.unstubAllGlobals();
    expect(reportError).not.toHaveBeenCalled();
  });

  it('go to onError, whose answer gets the headers', async () => {
    const reported = silenceConsole();
    const onError = vi.fn(async (error: unknown, given: Request) => {
      return new Response(`${(error as Error).message} at ${given.url}`, { status: 502, headers: FOREIGN });
    });
    const port = await start(broken, CONFIG, { onError });
    const response = await send(port, request('GET /mcp', { Origin: APP }));
    expect([response.status, response.body]).toEqual([502, 'secret detail at http://localhost/mcp']);
    expectReadable(response);
    expect(reported).not.toHaveBeenCalled();
  });

  it('of onError reach the runtime', async () => {
    const guarded = mcpCors(CONFIG, {
      onError: () => {
        throw new Error('worse');
      },
    })(broken);
    await expect(guarded(incoming())).rejects.toThrow('worse');
  });

  it('by which a framework controls itself are thrown on', async () => {
    const redirect = Object.assign(new Error('NEXT_REDIRECT'), { digest: 'NEXT_REDIRECT;replace;/a;307;' });
    const onError = vi.fn(() => new Response());
    await expect(mcpCors(CONFIG, { onError })(() => Promise.reject(redirect))(incoming())).rejects.toBe(
      redirect,
    );
    expect(onError).not.toHaveBeenCalled();
  });

  it('of onDecision are answered, and keep the handler from the request', async () => {
    silenceConsole();
    const handler = vi.fn(() => new Response());
    const port = await start(handler, CONFIG, {
      onDecision: () => {
        throw new Error('the journal is full');
      },
    });
    const response = await send(port, request('GET /mcp', { Origin: APP }));
    expect(response.status).toBe(500);
    expect(values(response, 'access-control-allow-origin')).toEqual([APP]);
    const denied = await send(port, request('GET /mcp', { Origin: EVIL }));
    expect(denied.status).toBe(500);
    expect(corsNames(denied)).toEqual([]);
    expect(handler).not.toHaveBeenCalled();
  });
});

describe('connections', () => {
  const port = () => start(async (given) => new Response(`${given.method} ${await given.text()}`));

  it('serve pipelined requests and HTTP/1.0', async () => {
    const at = await port();
    const keepAlive = { Origin: APP, Connection: 'keep-alive', ...JSON_TYPE };
    const text =
      request('POST /mcp', keepAlive, '{"a":1}') +
      request('POST /mcp', { ...keepAlive, Origin: EVIL }, '{}') +
      request('POST /mcp', { Origin: APP, ...JSON_TYPE }, '{"b":2}');
    const responses = await exchange(at, text);
    expect(responses.map(({ status, body }) => (status === 200 ? body : status))).toEqual([
      'POST {"a":1}',
      403,
      'POST {"b":2}',
    ]);
    const old = await send(at, `GET /mcp HTTP/1.0\r\nHost: localhost\r\nOrigin: ${APP}\r\n\r\n`);
    expect(old.status).toBe(200);
    expectReadable(old);
  });

  it('answer HEAD without a body', async () => {
    const at = await port();
    const head = await send(at, request('HEAD /mcp', { Origin: APP }), true);
    expect(head.status).toBe(200);
    expectReadable(head);
    expect((await send(at, request('HEAD /mcp', { Origin: EVIL }), true)).status).toBe(403);
  });
});

describe('report-only', () => {
  it('leaves the response alone, to the object', async () => {
    const own = new Response('own', { headers: FOREIGN });
    const guarded = mcpCors({ ...CONFIG, reportOnly: true })(() => own);
    const response = await guarded(incoming('/mcp', {}, EVIL));
    expect(response).toBe(own);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('vary')).toBeNull();
  });
});

describe('what is asked later', () => {
  it('a directory', async () => {
    const lookup = vi.fn(async (origin: string) => origin === APP);
    const handler = vi.fn(() => new Response('ok'));
    const port = await start(handler, { origins: createDirectory({ lookup }) });
    for (const _ of ['asked', 'remembered']) {
      expectReadable(await send(port, request('GET /mcp', { Origin: APP })));
      expect((await send(port, request('GET /mcp', { Origin: EVIL }))).status).toBe(403);
    }
    expect(handler).toHaveBeenCalledTimes(2);
  });

  it('a limiter', async () => {
    let points = 1;
    const limiter = {
      points: 1,
      duration: 60,
      consume: async () => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        const answer = { msBeforeNext: 1_000, remainingPoints: Math.max(0, --points) };
        return points < 0 ? Promise.reject(answer) : answer;
      },
    };
    const port = await start(() => new Response('ok'), CONFIG, { limiter });
    const first = await send(port, request('GET /mcp', { Origin: APP }));
    expect([first.status, values(first, 'ratelimit')]).toEqual([200, ['"streams";r=0;t=1']]);
    const second = await send(port, request('GET /mcp', { Origin: APP }));
    expect([second.status, values(second, 'retry-after')]).toEqual([429, ['1']]);
    expect(values(second, 'access-control-allow-origin')).toEqual([APP]);
  });
});

describe('what the handler sees', () => {
  const REQUEST_ID = { requestId: true };

  it('is the same request when its headers can be changed', async () => {
    const handler = vi.fn((given: Request) => new Response(given.headers.get('x-request-id')));
    const given = incoming();
    const response = await mcpCors(CONFIG, REQUEST_ID)(handler)(given);
    expect(handler.mock.calls[0]?.[0]).toBe(given);
    expect(await response.text()).toBe(response.headers.get('x-request-id'));
  });

  it('is the same request when nothing changes', async () => {
    const handler = vi.fn((_: Request) => new Response());
    const given = incoming('/mcp', { headers: { 'x-request-id': 'mine' } });
    vi.spyOn(given.headers, 'set').mockImplementation(() => {
      throw new TypeError('immutable');
    });
    const response = await mcpCors(CONFIG, REQUEST_ID)(handler)(given);
    expect(handler.mock.calls[0]?.[0]).toBe(given);
    expect(response.headers.get('x-request-id')).toBe('mine');
  });

  it('is another of the same class, body, signal and method, when they cannot', async () => {
    class OwnRequest extends Request {
      readonly own = true;
    }
    const abort = new AbortController();
    const given = new OwnRequest('http://localhost/mcp', {
      method: 'POST',
      headers: { origin: APP, ...JSON_TYPE },
      body: streamOf('{"a":', '1}'),
      signal: abort.signal,
      duplex: 'half',
    } as RequestInit);
    vi.spyOn(given.headers, 'set').mockImplementation(() => {
      throw new TypeError('immutable');
    });
    const handler = vi.fn(async (seen: OwnRequest) => {
      abort.abort();
      return Response.json({
        same: seen === given,
        own: seen.own,
        method: seen.method,
        aborted: seen.signal.aborted,
        type: seen.headers.get('content-type'),
        id: seen.headers.get('x-request-id') !== null,
        body: await new Response(seen.body).text(),
      });
    });
    const response = await mcpCors(CONFIG, REQUEST_ID)(handler)(given);
    expect(await response.json()).toEqual({
      same: false,
      own: true,
      method: 'POST',
      aborted: true,
      type: 'application/json',
      id: true,
      body: '{"a":1}',
    });
  });
});

describe('sealed sessions', () => {
  const id = 'abc';
  const give: Handler = (given) =>
    new Response(given.headers.get('mcp-session-id') ?? '', { headers: { 'mcp-session-id': id } });

  it('go out sealed, come in opened, and belong to one origin', async () => {
    const port = await start(give, SEALED);
    const post = (origin: string, session: string) =>
      send(port, request('POST /mcp', { Origin: origin, ...JSON_TYPE, 'Mcp-Session-Id': session }, '{}'));
    const opened = await send(port, request('POST /mcp', { Origin: APP, ...JSON_TYPE }, '{}'));
    const [sealed = ''] = values(opened, 'mcp-session-id');
    expect(sealed).toMatch(/^[\w-]{43}\.abc$/);
    expect((await post(APP, sealed)).body).toBe(id);
    expect((await post(OTHER, sealed)).status).toBe(404);
    expect((await post(APP, id)).status).toBe(404);
  });

  it('are sealed in a response that cannot be changed', async () => {
    const upstream = await serve((_, response) =>
      response.writeHead(200, { 'Mcp-Session-Id': id, Connection: 'close' }).end('far'),
    );
    open.push(upstream);
    const port = await start(() => fetch(`http://127.0.0.1:${upstream.port}/`), SEALED);
    const response = await send(port, request('GET /mcp', { Origin: APP }));
    expect(values(response, 'mcp-session-id')).toEqual([expect.stringMatching(/^[\w-]{43}\.abc$/)]);
  });

  it('are opened in the query, for a body that is read to its end', async () => {
    const port = await start(async (given) => {
      const url = new URL(given.url);
      if (url.pathname === '/messages') return Response.json([url.search, await given.text()]);
      const headers = { 'Content-Type': 'text/event-stream', 'Content-Length': '48' };
      return new Response('event: endpoint\ndata: /messages?sessionId=abc\n\n', { headers });
    }, SEALED);
    const stream = await send(port, request('GET /sse', { Origin: APP }));
    expect(stream.body).toMatch(/^event: endpoint\ndata: \/messages\?sessionId=[\w-]{43}\.abc\n\n$/);
    const endpoint = /data: (.*)/.exec(stream.body)?.[1] ?? '';
    const post = (origin: string) =>
      send(port, request(`POST ${endpoint}&x=%20+y`, { Origin: origin, ...JSON_TYPE }, '{"a":1}'));
    expect(JSON.parse((await post(APP)).body)).toEqual(['?sessionId=abc&x=%20+y', '{"a":1}']);
    expect((await post(OTHER)).status).toBe(404);
  });

  it('leave a body alone that is no event stream, or none at all', async () => {
    const json = new Response('event: endpoint\ndata: /messages?sessionId=abc\n\n');
    expect(await (await mcpCors(SEALED)(() => json)(incoming('/sse'))).text()).toContain('=abc');
    const none = new Response(null, { headers: { 'Content-Type': 'text/event-stream' } });
    expect(await mcpCors(SEALED)(() => none)(incoming('/sse'))).toBe(none);
    const other = new Response('event: endpoint\ndata: /messages?sessionId=abc\n\n', {
      headers: { 'Content-Type': 'text/event-stream' },
    });
    const answer = await mcpCors(SEALED)(() => other)(
      incoming('/token', { method: 'POST', headers: JSON_TYPE }),
    );
    expect(await answer.text()).toContain('=abc');
  });
});

describe.each([
  ['as they are', CONFIG, '/mcp'],
  ['with sealed sessions', SEALED, '/sse'],
])('streams %s', (_, config, path) => {
  const events = { headers: { 'Content-Type': 'text/event-stream' } };
  const FIRST = 'event: endpoint\ndata: /messages\n\n';

  it('give the first event before there is a second', async () => {
    const { promise: gate, resolve: openGate } = withResolvers();
    let cancelled: (() => void) | undefined;
    const gone = new Promise<void>((resolve) => {
      cancelled = resolve;
    });
    const port = await start(
      () =>
        new Response(
          new ReadableStream({
            async start(controller) {
              controller.enqueue(encoder.encode(FIRST));
              await gate;
              controller.enqueue(encoder.encode('data: 2\n\n'));
            },
            cancel: () => cancelled?.(),
          }),
          events,
        ),
      config,
    );
    const response = await fetch(`http://localhost:${port}${path}`, { headers: { Origin: APP } });
    expect(response.headers.get('access-control-allow-origin')).toBe(APP);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const next = async () => new TextDecoder().decode((await reader.read()).value);
    expect(await next()).toBe(FIRST);
    openGate();
    expect(await next()).toBe('data: 2\n\n');
    // The stream is idle now: nothing but the client's end can be what ends it.
    await reader.cancel();
    await gone;
  });

  it('ask the handler for no more than is read', async () => {
    let pulled = 0;
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled++;
        controller.enqueue(encoder.encode(`data: ${pulled}\n\n`));
      },
    });
    const response = await mcpCors(config)(() => new Response(stream, events))(incoming(path));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(pulled).toBeLessThanOrEqual(3);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    for (let i = 1; i <= 20; i++) {
      expect(new TextDecoder().decode((await reader.read()).value)).toBe(`data: ${i}\n\n`);
    }
    expect(pulled).toBeLessThanOrEqual(23);
  });

  it('end with the error of the handler', async () => {
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(encoder.encode(FIRST)),
      pull: (controller) => controller.error(new Error('broken off')),
    });
    const response = await mcpCors(config)(() => new Response(stream, events))(incoming(path));
    await expect(response.text()).rejects.toThrow('broken off');
  });

  it('that end early give what there is', async () => {
    const response = await mcpCors(config)(() => new Response(streamOf('data: h', 'alf'), events))(
      incoming(path),
    );
    expect(await response.text()).toBe('data: half');
  });
});

function withResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

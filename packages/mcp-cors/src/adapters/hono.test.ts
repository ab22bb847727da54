import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import { streamSSE } from 'hono/streaming';
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
import { mcpCors } from './hono.js';

const APP = 'https://app.example.com';
const OTHER = 'https://other.example.com';
const EVIL = 'https://evil.example';
const JSON_TYPE = { 'Content-Type': 'application/json' };
const CONFIG: PolicyConfig = { origins: [APP, OTHER], endpoints: { '/api/upload': 'other' } };
const SEALED: PolicyConfig = { ...CONFIG, sessions: { secret: '0123456789abcdef0123456789abcdef' } };

const open: Listening[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(open.splice(0).map((server) => server.close()));
});

/** Serves an application, with the middleware before everything else unless it is told otherwise. */
async function start(
  build: (app: Hono) => void,
  { before = mcpCors(CONFIG) as MiddlewareHandler | null } = {},
) {
  const app = new Hono();
  if (before !== null) app.use(before);
  build(app);
  const server = await serve(getRequestListener(app.fetch));
  open.push(server);
  const send = async (text: string, isHead = false): Promise<WireResponse> => {
    const responses = await exchange(server.port, text, { isHead });
    expect(responses).toHaveLength(1);
    return responses[0] as WireResponse;
  };
  return Object.assign(send, { port: server.port });
}

/** Holds a response to what every answer to a page of an allowed origin carries. */
function expectReadable(response: WireResponse, vary: readonly string[] = []): void {
  expect(corsNames(response)).toEqual(['access-control-allow-origin', 'access-control-expose-headers']);
  expect(values(response, 'access-control-allow-origin')).toEqual([APP]);
  expect(varyNames(response)).toEqual([...vary, 'origin'].sort());
}

const bang = (): never => {
  throw new Error('bang');
};
const post = (path: string, body = '{}') => request(`POST ${path}`, { Origin: APP, ...JSON_TYPE }, body);
const get = (path = '/mcp', origin = APP) => request(`GET ${path}`, { Origin: origin });

describe('mcpCors for Hono', () => {
  it('refuses a configuration that is not valid, when it is made', () => {
    expect(() => mcpCors({ origins: 'null' })).toThrow(PolicyConfigError);
  });

  it('has the type of Hono middleware', () => {
    expectTypeOf(mcpCors(CONFIG)).toEqualTypeOf<MiddlewareHandler>();
    const app = new Hono<{ Bindings: HttpBindings; Variables: { user: string } }>();
    app.use(mcpCors(CONFIG)).get('/mcp', mcpCors(CONFIG), (c) => c.text(c.get('user')));
  });

  describe('answers are readable:', () => {
    test.each<[name: string, build: (app: Hono) => void, text: string, status: number, vary?: string[]]>([
      ['text', (app) => app.get('/mcp', (c) => c.text('ok')), get(), 200],
      ['JSON', (app) => app.get('/mcp', (c) => c.json({ a: 1 })), get(), 200],
      ['no body', (app) => app.get('/mcp', (c) => c.body(null, 204)), get(), 204],
      ['a Response', (app) => app.get('/mcp', () => new Response('ok')), get(), 200],
      ['a redirect', (app) => app.get('/mcp', (c) => c.redirect('/mcp/', 307)), get(), 307],
      [
        'an immutable Response',
        (app) => app.get('/mcp', () => Response.redirect('http://localhost/', 307)),
        get(),
        307,
      ],
      ['404 of no route', () => {}, get(), 404],
      [
        '404 of its own',
        (app) => {
          app.get('/x', (c) => c.text('x'));
          app.notFound((c) => c.json({ error: 'none' }, 404));
        },
        get(),
        404,
      ],
      ['a thrown error', (app) => app.get('/mcp', bang), get(), 500],
      ['a rejected promise', (app) => app.get('/mcp', async () => bang()), get(), 500],
      [
        'an HTTPException',
        (app) =>
          app.get('/mcp', () => {
            throw new HTTPException(401, { message: 'who?' });
          }),
        get(),
        401,
      ],
      [
        'an HTTPException with a Response that says its own about CORS',
        (app) =>
          app.get('/mcp', () => {
            const res = new Response('no', { status: 403, headers: { 'Access-Control-Allow-Origin': '*' } });
            throw new HTTPException(403, { res });
          }),
        get(),
        403,
      ],
      [
        'an error handler of the application',
        (app) => {
          app.get('/mcp', bang);
          app.onError((_, c) => c.json({ error: 'own' }, 503, { 'Access-Control-Allow-Origin': '*' }));
        },
        get(),
        503,
      ],
      [
        'an error handler that makes a Response',
        (app) => {
          app.get('/mcp', bang);
          app.onError(() => new Response('own', { status: 502 }));
        },
        get(),
        502,
      ],
      [
        'a body too large',
        (app) => app.post('/mcp', bodyLimit({ maxSize: 10 }), async (c) => c.text(await c.req.text())),
        post('/mcp', `{"a":"${'x'.repeat(100)}"}`),
        413,
      ],
      [
        'headers that were set before the answer',
        (app) =>
          app.get('/mcp', (c) => {
            c.header('Access-Control-Allow-Origin', '*');
            c.header('Vary', 'Accept');
            c.header('Vary', 'Cookie', { append: true });
            return c.text('ok');
          }),
        get(),
        200,
        ['accept', 'cookie'],
      ],
      [
        'middleware that sets headers after the answer',
        (app) => {
          app.use(async (c, next) => {
            await next();
            c.header('Access-Control-Allow-Credentials', 'true');
            c.header('Vary', 'Accept-Encoding', { append: true });
          });
          app.get('/mcp', (c) => c.text('ok'));
        },
        get(),
        200,
        ['accept-encoding'],
      ],
      [
        'middleware that puts another answer in the place of the first',
        (app) => {
          app.use(async (c, next) => {
            await next();
            c.res = new Response('other', { headers: { 'Access-Control-Allow-Origin': 'null' } });
          });
          app.get('/mcp', (c) => c.text('ok'));
        },
        get(),
        200,
      ],
      ['HEAD', (app) => app.get('/mcp', (c) => c.text('ok')), request('HEAD /mcp', { Origin: APP }), 200],
    ])('%s', async (_, build, text, status, vary) => {
      vi.spyOn(console, 'error').mockImplementation(() => {}); // Hono's default error handler
      const send = await start(build);
      const response = await send(text, text.startsWith('HEAD'));
      expect(response.status).toBe(status);
      expectReadable(response, vary);
    });
  });

  it('passes on what a handler fetched', async () => {
    const upstream = await serve((_, response) => {
      const foreign = { 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Credentials': 'true' };
      response.writeHead(200, { ...foreign, Vary: 'Accept', Connection: 'close' }).end('far');
    });
    open.push(upstream);
    const send = await start((app) => app.get('/mcp', () => fetch(`http://127.0.0.1:${upstream.port}/`)));
    const response = await send(get());
    expect([response.status, response.body]).toEqual([200, 'far']);
    expectReadable(response, ['accept']);
  });

  it('answers preflights and refuses foreign pages before anything else', async () => {
    const handler = vi.fn((c: Context) => c.text('own'));
    const send = await start((app) => void app.all('/mcp', handler));
    const preflight = await send(
      request('OPTIONS /mcp', { Origin: APP, 'Access-Control-Request-Method': 'DELETE' }),
    );
    expect([preflight.status, preflight.body]).toEqual([204, '']);
    expect((await send(get('/mcp', EVIL))).status).toBe(403);
    expect((await send(request('GET /mcp', { Host: 'evil.example' }))).status).toBe(403);
    expect((await send(request('HEAD /mcp', { Origin: EVIL }), true)).status).toBe(403);
    expect(handler).not.toHaveBeenCalled();
    expect((await send(request('OPTIONS /mcp', { Origin: APP }))).body).toBe('own');
    expect(handler).toHaveBeenCalledTimes(1);
  });

  it('takes over what middleware before has set, but for CORS', async () => {
    const send = await start(
      (app) => {
        app.use(async (c, next) => {
          c.header('X-Before', 'prepared');
          c.status(418);
          c.res.headers.set('X-Touched', 'yes');
          c.res.headers.set('Access-Control-Allow-Origin', '*');
          await next();
        });
        app.use(mcpCors(CONFIG));
      },
      { before: null },
    );
    const response = await send(get('/mcp', EVIL));
    expect(response.status).toBe(403);
    expect([values(response, 'x-before'), values(response, 'x-touched')]).toEqual([['prepared'], ['yes']]);
    expect(corsNames(response)).toEqual([]);
    expect(JSON.parse(response.body)).toMatchObject({ error: { data: { reason: 'origin-not-allowed' } } });
  });

  describe('mounted below a path', () => {
    // `/api/token` is not `/token`: looked at below its mount, a form would reach an MCP endpoint of that name.
    test.each([
      ['/api/token', 415],
      ['/api/upload', 200],
      ['/api/upload/x', 415],
    ])('a form to %s is answered %i', async (path, status) => {
      const inner = new Hono();
      inner.use(mcpCors(CONFIG));
      inner.all('*', (c) => c.text('ok'));
      const form = request(`POST ${path}`, { 'Content-Type': 'application/x-www-form-urlencoded' }, 'a=b');
      for (const build of [
        (app: Hono) => void app.route('/api', inner),
        (app: Hono) => void app.mount('/api', inner.fetch),
      ]) {
        const send = await start(build, { before: null });
        expect((await send(form)).status).toBe(status);
      }
    });
  });

  it('streams event by event, and ends with the client', async () => {
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let end = (): void => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const send = await start((app) => {
      app.get('/mcp', (c) =>
        streamSSE(c, async (stream) => {
          stream.onAbort(end);
          await stream.writeSSE({ data: '1' });
          await gate;
          await stream.writeSSE({ data: '2' });
          await ended;
        }),
      );
    });
    const response = await fetch(`http://localhost:${send.port}/mcp`, { headers: { Origin: APP } });
    expect(response.headers.get('access-control-allow-origin')).toBe(APP);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const next = async () => new TextDecoder().decode((await reader.read()).value);
    expect(await next()).toBe('data: 1\n\n');
    release();
    expect(await next()).toBe('data: 2\n\n');
    await reader.cancel();
    await ended;
  });

  it('serves pipelined requests and HTTP/1.0', async () => {
    const send = await start((app) => void app.post('/mcp', async (c) => c.json(await c.req.json())));
    const keepAlive = { Origin: APP, Connection: 'keep-alive', ...JSON_TYPE };
    const responses = await exchange(
      send.port,
      request('POST /mcp', keepAlive, '{"a":1}') +
        request('POST /mcp', { ...keepAlive, Origin: EVIL }, '{}') +
        post('/mcp', '{"b":2}'),
    );
    expect(responses.map(({ status, body }) => (status === 200 ? body : status))).toEqual([
      '{"a":1}',
      403,
      '{"b":2}',
    ]);
    expect((await send(`GET /x HTTP/1.0\r\nHost: localhost\r\nOrigin: ${APP}\r\n\r\n`)).status).toBe(404);
  });

  it('waits for a directory and for a limiter', async () => {
    const later = () => new Promise((resolve) => setTimeout(resolve, 5));
    const lookup = async (origin: string) => {
      await later();
      return origin === APP;
    };
    let points = 1;
    const consume = async () => {
      await later();
      const answer = { msBeforeNext: 1_000, remainingPoints: Math.max(0, --points) };
      return points < 0 ? Promise.reject(answer) : answer;
    };
    const before = mcpCors(
      { origins: createDirectory({ lookup }) },
      { limiter: { streams: { points: 1, duration: 60, consume } } },
    );
    const send = await start((app) => void app.get('/mcp', (c) => c.text('ok')), { before });
    expect((await send(get('/mcp', EVIL))).status).toBe(403);
    const first = await send(get());
    expect([first.status, values(first, 'ratelimit')]).toEqual([200, ['"streams";r=0;t=1']]);
    const second = await send(get());
    expect([second.status, values(second, 'access-control-allow-origin')]).toEqual([429, [APP]]);
  });

  it('reports only, when it shall', async () => {
    const send = await start(
      (app) => void app.get('/mcp', (c) => c.text('own', 200, { 'Access-Control-Allow-Origin': '*' })),
      { before: mcpCors({ ...CONFIG, reportOnly: true }) },
    );
    const response = await send(get('/mcp', EVIL));
    expect([response.status, response.body]).toEqual([200, 'own']);
    expect(values(response, 'access-control-allow-origin')).toEqual(['*']);
    expect(values(response, 'vary')).toEqual([]);
  });

  describe('what onDecision throws goes to the error handler', () => {
    const before = () =>
      mcpCors(CONFIG, {
        onDecision: () => {
          throw new Error('the journal is full');
        },
      });

    test.each<[string, (app: Hono) => void]>([
      ['of Hono', () => {}],
      ['of the application', (app) => app.onError((_, c) => c.text('own', 500))],
    ])('%s, alone and with routes, and the answer is readable', async (_, build) => {
      vi.spyOn(console, 'error').mockImplementation(() => {});
      const handler = vi.fn((c: Context) => c.text('ok'));
      for (const withRoutes of [true, false]) {
        const send = await start(
          (app) => {
            build(app);
            if (withRoutes) app.get('/mcp', handler);
          },
          { before: before() },
        );
        const response = await send(get());
        expect(response.status).toBe(500);
        expectReadable(response);
        const denied = await send(get('/mcp', EVIL));
        expect(denied.status).toBe(500);
        expect(corsNames(denied)).toEqual([]);
      }
      expect(handler).not.toHaveBeenCalled();
    });
  });
});

describe('on Node', () => {
  it('sees two lines of a kind, of which Headers would show one', async () => {
    const reasons: string[] = [];
    const before = mcpCors(CONFIG, { onDecision: ({ reason }) => reasons.push(reason) });
    const send = await start((app) => void app.all('*', (c) => c.text('reached')), { before });
    const twice = await send(
      request('POST /mcp', { 'Content-Type': ['application/json', 'text/plain'] }, '{}'),
    );
    expect(twice.status).toBe(415);
    expect((await send(request('GET /mcp', { Origin: [APP, APP] }))).status).toBe(403);
    expect(reasons).toEqual(['content-type-not-allowed', 'origin-not-allowed']);
  });

  it('knows loopback and the address of the client', async () => {
    const seen: unknown[] = [];
    const before = mcpCors(CONFIG, {
      onDecision: ({ address, head }) => seen.push([address, head.loopback]),
    });
    const send = await start((app) => void app.get('/mcp', (c) => c.text('ok')), { before });
    await send(get());
    expect(seen).toEqual([['127.0.0.1', true]]);
  });

  it('takes the word of the options before that of the socket', async () => {
    const seen: unknown[] = [];
    const before = mcpCors(CONFIG, {
      loopback: false,
      address: (c) => c.req.header('x-client'),
      onDecision: ({ address, head }) => seen.push([address, head.loopback]),
    });
    const send = await start((app) => void app.get('/mcp', (c) => c.text('ok')), { before });
    const named = request('GET /mcp', { Host: 'mcp.example.com', Origin: APP, 'X-Client': '192.0.2.1' });
    expect((await send(named)).status).toBe(200);
    await send(get());
    expect(seen).toEqual([
      ['192.0.2.1', false],
      ['127.0.0.1', false],
    ]);
  });

  it('refuses the absolute form of a target, which a Request does not show', async () => {
    const send = await start((app) => void app.get('/mcp', (c) => c.text('reached')));
    expect((await send(request('GET http://localhost/mcp', { Origin: APP }))).status).toBe(400);
  });
});

describe('on other runtimes', () => {
  test.each<[string, unknown]>([
    ['no environment', undefined],
    ['bindings', { incoming: 'a secret of that name' }],
    ['bindings that look alike', { incoming: { rawHeaders: ['Host', 'localhost'] } }],
    ['nothing', { incoming: null }],
  ])('with %s, the Request says it all', async (_, env) => {
    const app = new Hono();
    const seen: unknown[] = [];
    app.use(mcpCors(CONFIG, { onDecision: ({ address, head }) => seen.push([address, head.host]) }));
    app.get('/mcp', (c) => c.text('ok'));
    const init = { headers: { Origin: APP } };
    const response = await app.request('http://localhost/mcp', init, env as object);
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([200, APP]);
    expect((await app.request('http://evil.example/mcp', init, env as object)).status).toBe(403);
    expect(seen).toEqual([
      [undefined, 'localhost'],
      [undefined, 'evil.example'],
    ]);
  });
});

describe('sealed sessions in Hono', () => {
  const build = (app: Hono): void => {
    app.post('/mcp', (c) => c.text(c.req.header('mcp-session-id') ?? '', 200, { 'Mcp-Session-Id': 'abc' }));
    app.get('/sse', (c) =>
      streamSSE(c, (stream) => stream.writeSSE({ event: 'endpoint', data: '/messages?sessionId=abc' })),
    );
    app.post('/messages', async (c) => c.json([c.req.query('sessionId'), await c.req.json()]));
  };

  /** Where the stream says that messages go. */
  const endpointOf = async (port: number): Promise<string> => {
    const stream = await fetch(`http://localhost:${port}/sse`, { headers: { Origin: APP } });
    return /^data: (.*)$/m.exec(await stream.text())?.[1] ?? '';
  };

  it('go out sealed, come in opened, and belong to one origin', async () => {
    const send = await start(build, { before: mcpCors(SEALED) });
    const opened = await send(post('/mcp'));
    const [sealed = ''] = values(opened, 'mcp-session-id');
    expect(sealed).toMatch(/^[\w-]{43}\.abc$/);
    const again = (origin: string) =>
      send(request('POST /mcp', { Origin: origin, ...JSON_TYPE, 'Mcp-Session-Id': sealed }, '{}'));
    expect((await again(APP)).body).toBe('abc');
    expect((await again(OTHER)).status).toBe(404);

    const endpoint = await endpointOf(send.port);
    expect(endpoint).toMatch(/^\/messages\?sessionId=[\w-]{43}\.abc$/);
    expect(JSON.parse((await send(post(endpoint, '{"a":1}'))).body)).toEqual(['abc', { a: 1 }]);
  });

  it('may be sealed by two layers', async () => {
    const other = { ...SEALED, sessions: { secret: 'fedcba9876543210fedcba9876543210' } };
    const before = mcpCors(SEALED);
    const send = await start(
      (app) => {
        app.use(mcpCors(other));
        build(app);
      },
      { before },
    );
    const [sealed = ''] = values(await send(post('/mcp')), 'mcp-session-id');
    expect(sealed).toMatch(/^[\w-]{43}\.[\w-]{43}\.abc$/);
    const headers = { Origin: APP, ...JSON_TYPE, 'Mcp-Session-Id': sealed };
    expect((await send(request('POST /mcp', headers, '{}'))).body).toBe('abc');
    const endpoint = await endpointOf(send.port);
    expect(JSON.parse((await send(post(endpoint, '{"a":1}'))).body)).toEqual(['abc', { a: 1 }]);
  });
});

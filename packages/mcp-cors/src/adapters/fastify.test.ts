import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify';
import { afterEach, describe, expect, it, test } from 'vitest';
import {
  corsNames,
  exchange,
  request,
  values,
  varyNames,
  type WireResponse,
} from '../../../../test/fixtures/wire.js';
import { type PolicyConfig, PolicyConfigError } from '../policy/index.js';
import { mcpCors } from './fastify.js';
import { mcpCors as mcpCorsNode } from './node.js';

const APP = 'https://app.example.com';
const EVIL = 'https://evil.example';
const JSON_TYPE = { 'Content-Type': 'application/json' };
const CONFIG: PolicyConfig = { origins: APP };
const SEALED: PolicyConfig = { ...CONFIG, sessions: { secret: 'a secret of more than 32 characters' } };

const open: FastifyInstance[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((app) => app.close()));
});

type Send = (text: string) => Promise<WireResponse>;

/** Serves a Fastify application on a free port. */
async function start(
  build: (app: FastifyInstance) => unknown,
  options: FastifyServerOptions = {},
): Promise<Send> {
  const app = Fastify({ forceCloseConnections: true, ...options });
  open.push(app);
  await build(app);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  return async (text) => {
    const responses = await exchange(port, text, { isHead: text.startsWith('HEAD') });
    expect(responses).toHaveLength(1);
    return responses[0] as WireResponse;
  };
}

/** Holds a response to what every answer to a page of an allowed origin carries. */
function expectReadable(response: WireResponse): void {
  expect(corsNames(response)).toEqual(['access-control-allow-origin', 'access-control-expose-headers']);
  expect(values(response, 'access-control-allow-origin')).toEqual([APP]);
  expect(varyNames(response)).toEqual(['origin']);
}

const get = (path: string, headers = {}): string => request(`GET ${path}`, { Origin: APP, ...headers });

describe('mcpCors for Fastify', () => {
  it('refuses a configuration that is not valid, when it is made', () => {
    expect(() => mcpCors({ origins: 'null' })).toThrow(PolicyConfigError);
  });

  it('is a plugin for Fastify 5 under its own name', async () => {
    const app = Fastify();
    open.push(app);
    await app.register(mcpCors(CONFIG));
    expect(app.hasPlugin('mcp-cors')).toBe(true);
    expect(app.printPlugins()).toContain('mcp-cors');
  });

  it('holds for the whole instance, also when register is not awaited and comes behind the routes', async () => {
    const send = await start((app) => {
      app.get('/before', () => 'ok');
      app.register((child, _, done) => {
        child.get('/child', () => 'ok');
        done();
      });
      app.register(mcpCors(CONFIG));
    });
    for (const path of ['/before', '/child']) {
      expectReadable(await send(get(path)));
      expect((await send(get(path, { Origin: EVIL }))).status).toBe(403);
    }
    expect((await send(get('/missing'))).status).toBe(404);
  });

  it('holds inside of the plugin that registers it alone', async () => {
    const send = await start((app) => {
      app.get('/outside', () => 'ok');
      app.register(async (child) => {
        await child.register(mcpCors(CONFIG));
        child.get('/inside', () => 'ok');
      });
    });
    expectReadable(await send(get('/inside')));
    expect(corsNames(await send(get('/outside', { Origin: EVIL })))).toEqual([]);
  });

  it('works without a socket', async () => {
    const app = Fastify();
    open.push(app);
    await app.register(mcpCors(CONFIG));
    app.get('/mcp', () => 'ok');
    const allowed = await app.inject({ url: '/mcp', headers: { host: 'localhost', origin: APP } });
    expect([allowed.statusCode, allowed.headers['access-control-allow-origin']]).toEqual([200, APP]);
    const refused = await app.inject({ url: '/mcp', headers: { host: 'localhost', origin: EVIL } });
    expect([refused.statusCode, refused.headers['access-control-allow-origin']]).toEqual([403, undefined]);
  });

  it('lets no hook behind it see what it has answered, and lets onResponse', async () => {
    const seen: string[] = [];
    const send = await start(async (app) => {
      await app.register(mcpCors(CONFIG));
      app.addHook('onRequest', async () => void seen.push('onRequest'));
      app.addHook('onSend', async () => void seen.push('onSend'));
      app.addHook('onResponse', async (_, reply) => void seen.push(`onResponse ${reply.statusCode}`));
      app.get('/mcp', () => 'ok');
    });
    expect((await send(get('/mcp', { Origin: EVIL }))).status).toBe(403);
    await expect.poll(() => seen).toEqual(['onResponse 403']);
  });
});

describe('what Fastify answers is readable:', () => {
  test.each<[name: string, build: (app: FastifyInstance) => unknown, text: string, status: number]>([
    ['HEAD of a GET route', (app) => app.get('/mcp', () => 'ok'), request('HEAD /mcp', { Origin: APP }), 200],
    ['no route', () => {}, get('/mcp'), 404],
    ['no method of the route', (app) => app.post('/mcp', () => 'ok'), get('/mcp'), 404],
    [
      'a type that nobody parses',
      (app) => app.put('/upload', () => 'ok'),
      request('PUT /upload', { Origin: APP, 'Content-Type': 'image/png' }, 'x'),
      415,
    ],
    [
      'a body that is no JSON',
      (app) => app.post('/mcp', () => 'ok'),
      request('POST /mcp', { Origin: APP, ...JSON_TYPE }, '{'),
      400,
    ],
    [
      'a body that the schema refuses',
      (app) => app.post('/mcp', { schema: { body: { type: 'object', required: ['a'] } } }, () => 'ok'),
      request('POST /mcp', { Origin: APP, ...JSON_TYPE }, '{}'),
      400,
    ],
    [
      'an error in a hook',
      (app) =>
        app
          .addHook('preHandler', async () => {
            throw Object.assign(new Error('not now'), { statusCode: 503 });
          })
          .get('/mcp', () => 'ok'),
      get('/mcp'),
      503,
    ],
    [
      'an error in a hook of the response',
      (app) =>
        app
          .addHook('onSend', async () => {
            throw new Error('too late');
          })
          .get('/mcp', () => 'ok'),
      get('/mcp'),
      500,
    ],
    [
      'an error handler of the application',
      (app) =>
        app
          .get('/mcp', () => {
            throw new Error('broken');
          })
          .setErrorHandler((_, _request, reply) =>
            reply.code(502).header('access-control-allow-origin', '*').send('mended'),
          ),
      get('/mcp'),
      502,
    ],
    [
      'a not-found handler of the application',
      (app) => app.setNotFoundHandler((_, reply) => reply.code(410).send('gone')),
      get('/mcp'),
      410,
    ],
    ['a redirect', (app) => app.get('/mcp', (_, reply) => reply.redirect('/other')), get('/mcp'), 302],
    [
      'a stream',
      (app) =>
        app.get('/mcp', (_, reply) => reply.type('text/event-stream').send(Readable.from(['data: 1\n\n']))),
      get('/mcp'),
      200,
    ],
    [
      'a stream that breaks before its first byte',
      (app) =>
        app.get('/mcp', (_, reply) =>
          reply.send(
            new Readable({
              read() {
                this.destroy(new Error('broken'));
              },
            }),
          ),
        ),
      get('/mcp'),
      500,
    ],
    [
      'a reply that was taken over',
      (app) =>
        app.get('/mcp', (_, reply) => {
          reply.hijack();
          reply.raw.writeHead(202, { 'access-control-allow-origin': '*' }).end();
        }),
      get('/mcp'),
      202,
    ],
    [
      'a web response',
      (app) =>
        app.get(
          '/mcp',
          () => new Response('ok', { status: 201, headers: { 'access-control-allow-origin': '*' } }),
        ),
      get('/mcp'),
      201,
    ],
  ])('%s', async (_, build, text, status) => {
    const send = await start(async (app) => {
      await app.register(mcpCors(CONFIG));
      await build(app);
    });
    const response = await send(text);
    expect(response.status).toBe(status);
    expectReadable(response);
  });
});

describe('what Fastify answers before any hook', () => {
  const routes = (app: FastifyInstance): unknown => app.get('/mcp/:id', () => 'ok');
  const cases: [name: string, path: string, status: number][] = [
    ['a broken path', '/mcp/%zz', 400],
    ['a parameter that is too long', `/mcp/${'x'.repeat(200)}`, 414],
  ];

  // Nobody can read these answers, and nothing of the application is reached.
  test.each(cases)('%s: the plugin does not see it', async (_, path, status) => {
    const send = await start(async (app) => {
      await app.register(mcpCors(CONFIG));
      routes(app);
    });
    const response = await send(get(path));
    expect([response.status, corsNames(response)]).toEqual([status, []]);
  });

  test.each(cases)('%s: the adapter for Node in front does', async (_, path, status) => {
    const send = await start(routes, {
      serverFactory: (handler) => createServer(mcpCorsNode(CONFIG)(handler)),
    });
    const response = await send(get(path));
    expect(response.status).toBe(status);
    expectReadable(response);
    expect((await send(get(path, { Origin: EVIL }))).status).toBe(403);
  });

  test('frameworkErrors: the adapter for Node in front sees it', async () => {
    const send = await start(routes, {
      serverFactory: (handler) => createServer(mcpCorsNode(CONFIG)(handler)),
      frameworkErrors: (_, _request, { raw }) => void raw.writeHead(418).end('own'),
    });
    const response = await send(get('/mcp/%zz'));
    expect(response.status).toBe(418);
    expectReadable(response);
  });
});

describe('sealed sessions', () => {
  async function sealedId(send: Send): Promise<string> {
    return values(await send(get('/open')), 'mcp-session-id')[0] ?? '';
  }
  const post = (path: string): string => request(`POST ${path}`, { Origin: APP, ...JSON_TYPE }, '{}');
  const routes = async (app: FastifyInstance): Promise<void> => {
    await app.register(mcpCors(SEALED));
    app.get('/open', (_, reply) => reply.header('Mcp-Session-Id', 'a b').send('ok'));
    app.post('/messages', ({ query, url, originalUrl }) => ({ query, url, originalUrl }));
  };

  it('shows the query opened to a schema and to the handler', async () => {
    const send = await start(async (app) => {
      await routes(app);
      const querystring = {
        type: 'object',
        properties: { session_id: { type: 'string', pattern: '^a b$' } },
      };
      app.post('/checked', { schema: { querystring } }, ({ query }) => query);
    });
    const id = encodeURIComponent(await sealedId(send));
    const response = await send(post(`/messages?x=1&session_id=${id}&x=2`));
    const opened = '/messages?x=1&session_id=a%20b&x=2';
    expect(JSON.parse(response.body)).toEqual({
      query: { x: ['1', '2'], session_id: 'a b' },
      url: opened,
      originalUrl: opened,
    });
    expect(JSON.parse((await send(post(`/checked?session_id=${id}`))).body)).toEqual({ session_id: 'a b' });
  });

  it('shows a query of a parser of one’s own opened', async () => {
    const send = await start(routes, {
      routerOptions: { querystringParser: (text) => Object.fromEntries(new URLSearchParams(text)) },
    });
    const id = encodeURIComponent(await sealedId(send));
    expect(JSON.parse((await send(post(`/messages?sessionId=${id}`))).body).query).toEqual({
      sessionId: 'a b',
    });
  });

  it('looks at the target that came in, and opens the one that it was rewritten to', async () => {
    const send = await start(routes, {
      rewriteUrl: ({ url = '' }) => url.replace(/^\/v1/, ''),
    });
    const id = encodeURIComponent(await sealedId(send));
    const response = await send(post(`/v1/messages?sessionId=${id}`));
    expect(JSON.parse(response.body)).toEqual({
      query: { sessionId: 'a b' },
      url: '/messages?sessionId=a%20b',
      originalUrl: '/v1/messages?sessionId=a%20b',
    });
  });
});

describe('a listener that throws', () => {
  const fault = new Error('the listener failed');
  const onDecision = (): void => {
    throw fault;
  };

  it('is an error of the request that passes', async () => {
    const send = await start(async (app) => {
      await app.register(mcpCors(CONFIG, { onDecision }));
      app.get('/mcp', () => 'ok');
    });
    const response = await send(get('/mcp'));
    expect([response.status, JSON.parse(response.body).message]).toEqual([500, fault.message]);
  });

  it('is logged when the request was answered', async () => {
    const lines: string[] = [];
    const send = await start((app) => app.register(mcpCors(CONFIG, { onDecision })), {
      logger: { level: 'error', stream: { write: (line) => void lines.push(line) } },
    });
    expect((await send(get('/mcp', { Origin: EVIL }))).status).toBe(403);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(fault.message);
  });

  it('may throw what is no error', async () => {
    const options = {
      onDecision: () => {
        throw 'a text';
      },
    };
    const send = await start((app) => app.register(mcpCors(CONFIG, options)));
    expect(JSON.parse((await send(get('/mcp'))).body).message).toBe('a text');
  });
});

import { Readable } from 'node:stream';
import Koa from 'koa';
import { afterEach, describe, expect, it, test } from 'vitest';
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
import { type PolicyConfig, PolicyConfigError } from '../policy/index.js';
import { mcpCors } from './koa.js';

const APP = 'https://app.example.com';
const EVIL = 'https://evil.example';
const CONFIG: PolicyConfig = { origins: APP };

const open: Listening[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

/** Serves a Koa application that prints no errors. */
async function start(build: (app: Koa) => unknown): Promise<(text: string) => Promise<WireResponse>> {
  const app = new Koa();
  app.silent = true;
  build(app);
  const server = await serve(app.callback());
  open.push(server);
  return async (text) => {
    const responses = await exchange(server.port, text, { isHead: text.startsWith('HEAD') });
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

describe('mcpCors for Koa', () => {
  it('refuses a configuration that is not valid, when it is made', () => {
    expect(() => mcpCors({ origins: 'null' })).toThrow(PolicyConfigError);
  });

  test.each<[name: string, answer: Koa.Middleware, status: number, body: string]>([
    ['no answer', () => {}, 404, 'Not Found'],
    [
      'a thrown error',
      () => {
        throw new Error('broken');
      },
      500,
      'Internal Server Error',
    ],
    ['a refusal', (context) => context.throw(401, 'who are you'), 401, 'who are you'],
    [
      'an error with headers of its own',
      (context) =>
        context.throw(503, 'later', { headers: { 'Access-Control-Allow-Origin': '*', 'Retry-After': '1' } }),
      503,
      'Service Unavailable',
    ],
    [
      'what is thrown and no error',
      () => {
        throw 'a text';
      },
      500,
      'Internal Server Error',
    ],
    [
      'headers that are set before an error',
      (context) => {
        context.set({ 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Credentials': 'true' });
        throw new Error('broken');
      },
      500,
      'Internal Server Error',
    ],
    [
      'an object',
      (context) => {
        context.body = { ok: true };
      },
      200,
      '{"ok":true}',
    ],
    [
      'nothing',
      (context) => {
        context.status = 204;
      },
      204,
      '',
    ],
    [
      'a redirect',
      (context) => {
        context.redirect('/other');
        context.body = 'there';
      },
      302,
      'there',
    ],
    [
      'a stream',
      (context) => {
        context.type = 'text/event-stream';
        context.body = Readable.from(['data: 1\n\n', 'data: 2\n\n']);
      },
      200,
      'data: 1\n\ndata: 2\n\n',
    ],
    [
      'a response that was taken over',
      (context) => {
        context.respond = false;
        context.res.writeHead(202, { 'Access-Control-Allow-Origin': '*' }).end('own');
      },
      202,
      'own',
    ],
  ])('%s is readable', async (_, answer, status, body) => {
    const send = await start((app) => app.use(mcpCors(CONFIG)).use(answer));
    const response = await send(get('/mcp'));
    expect([response.status, response.body]).toEqual([status, body]);
    expectReadable(response);
  });

  it('hands control back to the middleware in front when it has answered', async () => {
    const order: string[] = [];
    const send = await start((app) => {
      app.use(async (context, next) => {
        await next();
        order.push(`${context.status}`);
        context.set('X-Late', 'no');
      });
      app.use(mcpCors(CONFIG));
      app.use((context) => {
        order.push('reached');
        context.body = 'ok';
      });
    });
    const refused = await send(get('/mcp', { Origin: EVIL }));
    expect([refused.status, corsNames(refused), values(refused, 'x-late')]).toEqual([403, [], []]);
    const preflight = await send(
      request('OPTIONS /mcp', { Origin: APP, 'Access-Control-Request-Method': 'POST' }),
    );
    expect(preflight.status).toBe(204);
    expect((await send(get('/mcp'))).body).toBe('ok');
    expect(order).toEqual(['403', '204', 'reached', '200']);
  });

  it('hands what middleware behind throws to the one in front', async () => {
    const send = await start((app) => {
      app.use(async (context, next) => {
        await next().catch((error: Error) => {
          context.status = 502;
          context.body = error.message;
        });
      });
      app.use(mcpCors(CONFIG));
      app.use(() => {
        throw new Error('broken');
      });
    });
    const response = await send(get('/mcp'));
    expect([response.status, response.body]).toEqual([502, 'broken']);
    expectReadable(response);
  });

  it('looks at the whole target where the path was changed', async () => {
    const paths: string[] = [];
    const send = await start((app) => {
      app.use((context, next) => {
        context.path = context.path.replace(/^\/api/, '');
        return next();
      });
      app.use(mcpCors(CONFIG, { onDecision: ({ path }) => void paths.push(path) }));
      app.use((context) => {
        context.body = context.path;
      });
    });
    expect((await send(get('/api/token'))).body).toBe('/token');
    expect(paths).toEqual(['/api/token']);
  });

  it('gives a request that passes, and what its listener throws, to the error handler', async () => {
    const errors: unknown[] = [];
    const fault = new Error('the listener failed');
    const send = await start((app) => {
      app.on('error', (error) => errors.push(error));
      app.use(
        mcpCors(CONFIG, {
          onDecision: () => {
            throw fault;
          },
        }),
      );
    });
    expect((await send(get('/mcp'))).status).toBe(500);
    expect((await send(get('/mcp', { Origin: EVIL }))).status).toBe(403);
    expect(errors).toEqual([fault, fault]);
  });

  it('shows opened sessions in every place of the context', async () => {
    const sessions = { secret: 'a secret of more than 32 characters' };
    const send = await start((app) => {
      app.use(mcpCors({ ...CONFIG, sessions }));
      app.use((context) => {
        const { query, querystring, url, originalUrl, href, request: framed, req } = context;
        context.set('Mcp-Session-Id', 'a b');
        context.body = {
          query,
          texts: [querystring, url, originalUrl, href, framed.url, framed.originalUrl, framed.href, req.url],
          search: context.URL.search,
          id: context.get('Mcp-Session-Id'),
        };
      });
    });
    const [sealed = ''] = values(await send(get('/mcp')), 'mcp-session-id');
    const response = await send(
      request(
        `POST /messages?sessionId=${encodeURIComponent(sealed)}`,
        { Origin: APP, 'Content-Type': 'application/json', 'Mcp-Session-Id': sealed },
        '{}',
      ),
    );
    const { query, texts, search, id } = JSON.parse(response.body);
    expect([query, search, id]).toEqual([{ sessionId: 'a b' }, '?sessionId=a%20b', 'a b']);
    for (const text of texts) expect(text).toMatch(/sessionId=a%20b$/);
  });
});

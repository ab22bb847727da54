import type { RequestListener } from 'node:http';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { afterEach, describe, expect, it, test, vi } from 'vitest';
import { APPLICATIONS } from '../../../../test/fixtures/applications.js';
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
import { createDirectory, type Decision, type PolicyConfig, PolicyConfigError } from '../policy/index.js';
import { mcpCors } from './express.js';

const APP = 'https://app.example.com';
const EVIL = 'https://evil.example';
const JSON_TYPE = { 'Content-Type': 'application/json' };
const CONFIG: PolicyConfig = { origins: APP, endpoints: { '/api/upload': 'other' } };

const open: Listening[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

/** Serves an Express application that answers 500 quietly when it throws. */
async function start(
  build: (app: Express) => void,
  { before = mcpCors(CONFIG) as express.Handler | null } = {},
) {
  const app = express();
  app.set('env', 'test'); // the default error handler prints nothing
  if (before !== null) app.use(before);
  build(app);
  const server = await serve(app as unknown as RequestListener);
  open.push(server);
  return async (text: string, isHead = false): Promise<WireResponse> => {
    const responses = await exchange(server.port, text, { isHead });
    expect(responses).toHaveLength(1);
    return responses[0] as WireResponse;
  };
}

/** Holds a response to what every answer to a page of an allowed origin carries. */
function expectReadable(response: WireResponse, vary: readonly string[] = []): void {
  expect(corsNames(response)).toEqual(['access-control-allow-origin', 'access-control-expose-headers']);
  expect(values(response, 'access-control-allow-origin')).toEqual([APP]);
  expect(varyNames(response)).toEqual([...vary, 'origin'].sort());
}

describe('mcpCors for Express', () => {
  it('refuses a configuration that is not valid, when it is made', () => {
    expect(() => mcpCors({ origins: 'null' })).toThrow(PolicyConfigError);
  });

  describe('an application that', () => {
    test.each(APPLICATIONS)('$name', async ({ answer, status, body, keeps = {}, vary = [], phrase }) => {
      const send = await start((app) => app.use(answer));
      const response = await send(request('POST /mcp', { Origin: APP, ...JSON_TYPE }, '{}'));
      expect([response.status, response.body]).toEqual([status, body]);
      if (phrase !== undefined) expect(response.phrase).toBe(phrase);
      expectReadable(response, vary);
      for (const [name, expected] of Object.entries(keeps)) expect(values(response, name)).toEqual(expected);
    });
  });

  // Starlette #1116 and express cors: what an error handler writes must carry the headers too.
  describe('errors are readable:', () => {
    test.each<[name: string, build: (app: Express) => void, text: string, status: number]>([
      ['404 of no route', () => {}, request('GET /mcp', { Origin: APP }), 404],
      [
        'a thrown error',
        (app) =>
          app.get('/mcp', () => {
            throw new Error('broken');
          }),
        request('GET /mcp', { Origin: APP }),
        500,
      ],
      [
        'a thrown error with a status and headers',
        (app) =>
          app.get('/mcp', () => {
            throw Object.assign(new Error('slow down'), {
              status: 429,
              headers: { 'Retry-After': '1', 'Access-Control-Allow-Origin': '*' },
            });
          }),
        request('GET /mcp', { Origin: APP }),
        429,
      ],
      [
        'a rejected promise of an async handler',
        (app) =>
          app.get('/mcp', async () => {
            await Promise.resolve();
            throw new Error('broken later');
          }),
        request('GET /mcp', { Origin: APP }),
        500,
      ],
      [
        'an error passed on',
        (app) =>
          app.get('/mcp', (_request: Request, _response: Response, next: NextFunction) =>
            next(new Error('broken')),
          ),
        request('GET /mcp', { Origin: APP }),
        500,
      ],
      [
        'a body too large',
        (app) => app.use(express.json({ limit: 10 })),
        request('POST /mcp', { Origin: APP, ...JSON_TYPE }, JSON.stringify({ x: 'x'.repeat(100) })),
        413,
      ],
      [
        'a body that is no JSON',
        (app) => app.use(express.json()),
        request('POST /mcp', { Origin: APP, ...JSON_TYPE }, '{'),
        400,
      ],
      [
        'an error handler of the application',
        (app) => {
          app.get('/mcp', () => {
            throw new Error('broken');
          });
          app.use((_error: unknown, _request: Request, response: Response, _next: NextFunction) => {
            response.status(503).set('Access-Control-Allow-Origin', '*').json({ error: 'own' });
          });
        },
        request('GET /mcp', { Origin: APP }),
        503,
      ],
      [
        'a broken path',
        (app) => app.get('/mcp/:id', (_, response) => void response.end()),
        request('GET /mcp/%zz', { Origin: APP }),
        400,
      ],
    ])('%s', async (_, build, text, status) => {
      const send = await start(build);
      const response = await send(text);
      expect(response.status).toBe(status);
      expectReadable(response);
    });
  });

  it('works with what Express answers by itself', async () => {
    const send = await start((app) => {
      app.get('/json', (_, response) => void response.vary('Accept').json({ ok: true }));
      app.get('/redirect', (_, response) => response.redirect('/json'));
      app.get('/status', (_, response) => void response.sendStatus(405));
    });
    const json = await send(request('GET /json', { Origin: APP }));
    expect([json.status, json.body]).toEqual([200, '{"ok":true}']);
    expectReadable(json, ['accept']);

    const [etag = ''] = values(json, 'etag');
    const notModified = await send(request('GET /json', { Origin: APP, 'If-None-Match': etag }));
    expect(notModified.status).toBe(304);
    expectReadable(notModified, ['accept']);

    expectReadable(await send(request('HEAD /json', { Origin: APP }), true), ['accept']);
    const redirect = await send(request('GET /redirect', { Origin: APP }));
    expect(redirect.status).toBe(302);
    expect(values(redirect, 'location')).toEqual(['/json']);
    expect(values(redirect, 'access-control-allow-origin')).toEqual([APP]);
    expectReadable(await send(request('GET /status', { Origin: APP })));
  });

  it('answers preflights and refuses foreign pages before anything else', async () => {
    const handler = vi.fn((_: Request, response: Response) => void response.end('own'));
    const send = await start((app) => app.all('/mcp', handler));
    const preflight = await send(
      request('OPTIONS /mcp', { Origin: APP, 'Access-Control-Request-Method': 'DELETE' }),
    );
    expect([preflight.status, preflight.body]).toEqual([204, '']);
    expect((await send(request('GET /mcp', { Origin: EVIL }))).status).toBe(403);
    expect((await send(request('GET /mcp', { Host: 'evil.example' }))).status).toBe(403);
    expect(handler).not.toHaveBeenCalled();
    expect((await send(request('OPTIONS /mcp', { Origin: APP }))).body).toBe('own');
    expect(handler).toHaveBeenCalledTimes(1);
  });

  it('calls next once, without an argument', () => {
    const next = vi.fn();
    const headers = new Map<string, unknown>();
    const response = {
      getHeaderNames: () => [],
      getHeader: () => undefined,
      setHeader: (name: string, value: unknown) => headers.set(name, value),
      writeHead: () => {},
    };
    const incoming = { method: 'GET', url: undefined, rawHeaders: ['Host', 'localhost'], socket: {} };
    const handler = mcpCors(CONFIG) as unknown as (...args: unknown[]) => void;
    handler(incoming, response, next);
    expect(next.mock.calls).toEqual([[]]);
    expect(headers.get('vary')).toBe('Origin');
  });

  describe('mounted below a path', () => {
    const reasons: string[] = [];
    const mounted = (config: PolicyConfig) => (app: Express) => {
      app.use(
        '/api',
        mcpCors(config, {
          onDecision: ({ reason, decision: { kind } }) => reasons.push(`${kind} ${reason}`),
        }) as express.Handler,
      );
      app.use((incoming: Request, response: Response) => void response.end(incoming.url));
    };
    const form = { 'Content-Type': 'application/x-www-form-urlencoded' };

    // `/api/token` is not `/token`: looked at below its mount, a form would reach an MCP endpoint of that name.
    test.each([
      ['/api/token', 415, 'mcp content-type-not-allowed'],
      ['/api/upload', 200, 'other no-origin'],
      ['/api/upload?x=/token', 200, 'other no-origin'],
      ['/api', 415, 'mcp content-type-not-allowed'],
      ['/api/upload/x', 415, 'mcp content-type-not-allowed'],
    ])('a form to %s is answered %i', async (path, status, reason) => {
      reasons.length = 0;
      const send = await start(mounted(CONFIG), { before: null });
      expect((await send(request(`POST ${path}`, form, 'a=b'))).status).toBe(status);
      expect(reasons).toEqual([reason]);
    });

    it('leaves other paths alone', async () => {
      reasons.length = 0;
      const send = await start(mounted(CONFIG), { before: null });
      expect((await send(request('GET /elsewhere', { Origin: EVIL }))).body).toBe('/elsewhere');
      expect(reasons).toEqual([]);
    });

    it('works in a router in a router', async () => {
      const decisions: Decision[] = [];
      const send = await start(
        (app) => {
          const inner = express.Router();
          inner.use(
            mcpCors(CONFIG, { onDecision: ({ decision }) => decisions.push(decision) }) as express.Handler,
          );
          inner.post('/upload', (_, response) => void response.end('ok'));
          app.use('/api', express.Router().use(inner));
        },
        { before: null },
      );
      const response = await send(request('POST /api/upload', { Origin: APP, ...form }, 'a=b'));
      expect([response.status, response.body]).toEqual([200, 'ok']);
      expect(decisions.map(({ kind }) => kind)).toEqual(['other']);
    });
  });

  it('lets the inner of two policies have the last word', async () => {
    const send = await start(
      (app) => {
        app.use('/inner', mcpCors({ origins: [APP, EVIL] }) as express.Handler);
        app.use((_: Request, response: Response) => void response.end('ok'));
      },
      { before: mcpCors({ origins: [APP, EVIL], exposedHeaders: ['X-Outer'] }) as express.Handler },
    );
    const response = await send(request('GET /inner/mcp', { Origin: APP }));
    expect(values(response, 'access-control-allow-origin')).toEqual([APP]);
    expect(values(response, 'access-control-expose-headers')).toHaveLength(1);
    expect(varyNames(response)).toEqual(['origin']);
  });

  it('hands what onDecision throws after a directory has answered to the error handler', async () => {
    const later = createDirectory({ lookup: async () => true });
    const before = mcpCors(
      { origins: later },
      {
        onDecision: () => {
          throw new Error('the listener failed');
        },
      },
    ) as express.Handler;
    const send = await start((app) => app.use((_, response) => void response.end('reached')), { before });
    const first = await send(request('GET /mcp', { Origin: APP })); // the source is asked
    const second = await send(request('GET /mcp', { Origin: APP })); // it is remembered
    expect([first.status, second.status]).toEqual([500, 500]);
  });

  it('hands what onDecision throws to the error handler', async () => {
    const broken = mcpCors(CONFIG, {
      onDecision: () => {
        throw new Error('the journal is full');
      },
    }) as express.Handler;
    const handler = vi.fn((_: Request, response: Response) => void response.end('ok'));
    const send = await start((app) => app.use(handler), { before: broken });
    const response = await send(request('GET /mcp', { Origin: APP }));
    expect(response.status).toBe(500);
    expect(handler).not.toHaveBeenCalled();
    expectReadable(response);
  });

  it('reports only, when it shall', async () => {
    const send = await start(
      (app) =>
        app.get('/mcp', (_, response) => void response.set('Access-Control-Allow-Origin', '*').send('own')),
      { before: mcpCors({ ...CONFIG, reportOnly: true }) as express.Handler },
    );
    const response = await send(request('GET /mcp', { Origin: EVIL }));
    expect([response.status, response.body]).toEqual([200, 'own']);
    expect(values(response, 'access-control-allow-origin')).toEqual(['*']);
    expect(values(response, 'vary')).toEqual([]);
  });
});

describe('a directory that has to be asked', () => {
  /** Names APP, after a while. */
  const before = (): express.Handler => {
    const directory = createDirectory({
      lookup: async (origin) => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        return origin === APP;
      },
    });
    return mcpCors({ origins: directory }) as express.Handler;
  };
  const post = request('POST /mcp', { Origin: APP, ...JSON_TYPE }, '{"a":1}');

  it('lets what it names go on to body parsers and routes', async () => {
    const send = await start(
      (app) => {
        app.use(express.json());
        app.post('/mcp', (incoming, response) => void response.json({ got: incoming.body.a }));
      },
      { before: before() },
    );
    for (const _ of ['asked', 'remembered']) {
      const response = await send(post);
      expect([response.status, response.body]).toEqual([200, '{"got":1}']);
      expectReadable(response);
    }
  });

  it('refuses what it does not name before anything sees it', async () => {
    const seen = vi.fn();
    const send = await start((app) => void app.use((_, response) => void response.end(seen())), {
      before: before(),
    });
    const response = await send(request('POST /mcp', { Origin: EVIL, ...JSON_TYPE }, '{}'));
    expect(response.status).toBe(403);
    expect(corsNames(response)).toEqual([]);
    expect(seen).not.toHaveBeenCalled();
  });

  test.each<[string, (app: Express) => void, number]>([
    [
      'throws',
      (app) =>
        void app.use(() => {
          throw new Error('bang');
        }),
      500,
    ],
    ['rejects', (app) => void app.use(async () => Promise.reject(new Error('bang'))), 500],
    ['passes an error on', (app) => void app.use((_, _response, next) => next(new Error('bang'))), 500],
    ['has no route', () => {}, 404],
    [
      'has an error handler of its own',
      (app) => {
        app.use(() => {
          throw new Error('bang');
        });
        app.use((_: Error, _request: Request, response: Response, _next: NextFunction) => {
          response.status(502).end('mended');
        });
      },
      502,
    ],
  ])('lets the page read the error of an application that %s', async (_, build, status) => {
    const send = await start(build, { before: before() });
    const response = await send(post);
    expect(response.status).toBe(status);
    expectReadable(response);
  });
});

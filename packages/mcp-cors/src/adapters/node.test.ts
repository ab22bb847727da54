import { createServer, request as httpRequest, type IncomingMessage, type RequestListener } from 'node:http';
import {
  connect as connectHttp2,
  createServer as createHttp2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, describe, expect, it, test } from 'vitest';
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
import {
  createDirectory,
  createLivePolicy,
  createPolicy,
  type Decision,
  type OriginDirectory,
  type PolicyConfig,
  PolicyConfigError,
  type RequestHead,
} from '../policy/index.js';
import { type CarrierOptions, type DecisionEvent, mcpCors } from './node.js';

const APP = 'https://app.example.com';
const EVIL = 'https://evil.example';
const JSON_TYPE = { 'Content-Type': 'application/json' };

const open: Listening[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

/** Serves an application behind a policy, and counts what reaches it. */
async function start(
  listener: RequestListener = (_, response) => void response.end('ok'),
  config: PolicyConfig = { origins: APP },
  options?: CarrierOptions,
) {
  const reached: string[] = [];
  const server = await serve(
    mcpCors(
      config,
      options,
    )((incoming, response) => {
      reached.push(`${incoming.method} ${incoming.url}`);
      listener(incoming, response);
    }),
  );
  open.push(server);
  return {
    reached,
    port: server.port,
    send: (text: string, isHead = false) => exchange(server.port, text, { isHead }),
    async one(text: string, isHead = false): Promise<WireResponse> {
      const responses = await exchange(server.port, text, { isHead });
      expect(responses).toHaveLength(1);
      return responses[0] as WireResponse;
    },
  };
}

describe('mcpCors for node:http', () => {
  it('refuses a configuration that is not valid, when it is made', () => {
    expect(() => mcpCors({ origins: [] })).toThrow(PolicyConfigError);
    expect(() => (mcpCors as () => unknown)()).toThrow(PolicyConfigError);
  });

  it('takes a policy that was made before', async () => {
    const { one } = await start(undefined, createPolicy({ origins: APP }) as unknown as PolicyConfig);
    expect((await one(request('GET /mcp', { Origin: APP }))).status).toBe(200);
    expect((await one(request('GET /mcp', { Origin: EVIL }))).status).toBe(403);
  });

  describe('an application that', () => {
    test.each(APPLICATIONS)('$name', async ({ answer, status, body, keeps = {}, vary = [], phrase }) => {
      const { one } = await start(answer);
      const response = await one(request('POST /mcp', { Origin: APP, ...JSON_TYPE }, '{}'));
      expect([response.status, response.body]).toEqual([status, body]);
      if (phrase !== undefined) expect(response.phrase).toBe(phrase);
      expect(corsNames(response)).toEqual(['access-control-allow-origin', 'access-control-expose-headers']);
      expect(values(response, 'access-control-allow-origin')).toEqual([APP]);
      expect(values(response, 'access-control-expose-headers')[0]).toContain('Mcp-Session-Id');
      expect(varyNames(response)).toEqual([...vary, 'origin'].sort());
      for (const [name, expected] of Object.entries(keeps)) expect(values(response, name)).toEqual(expected);
    });

    test.each(APPLICATIONS)('$name: to nobody’s page', async ({ answer, status, body, vary = [] }) => {
      const { one } = await start(answer);
      const response = await one(request('POST /mcp', JSON_TYPE, '{}'));
      expect([response.status, response.body]).toEqual([status, body]);
      expect(corsNames(response)).toEqual([]);
      expect(varyNames(response)).toEqual([...vary, 'origin'].sort());
    });

    test.each(APPLICATIONS)('$name: is never reached by a foreign page', async ({ answer }) => {
      const { one, reached } = await start(answer);
      const response = await one(request('POST /mcp', { Origin: EVIL, ...JSON_TYPE }, '{}'));
      expect(response.status).toBe(403);
      expect(corsNames(response)).toEqual([]);
      expect(varyNames(response)).toEqual(['origin']);
      expect(reached).toEqual([]);
    });

    test('says Vary: * keeps it', async () => {
      const { one } = await start((_, response) => void response.setHeader('Vary', '*').end());
      expect(values(await one(request('GET /mcp', { Origin: APP })), 'vary')).toEqual(['*']);
    });

    test('looks for headers sees its own alone, until the head is written with both', async () => {
      let before: readonly string[] = [];
      let after: readonly string[] = [];
      const { one } = await start((_, response) => {
        response.setHeader('X-Own', 'a');
        before = response.getHeaderNames();
        response.flushHeaders();
        after = response.getHeaderNames();
        response.end();
      });
      const answer = await one(request('GET /mcp', { Origin: APP }));
      expect(before).toEqual(['x-own']);
      expect(after.toSorted()).toEqual([
        'access-control-allow-origin',
        'access-control-expose-headers',
        'vary',
        'x-own',
      ]);
      expect(values(answer, 'access-control-allow-origin')).toEqual([APP]);
    });

    describe.each<[string, unknown]>([
      [
        'an object',
        { 'X-Own': 'a', 'Access-Control-Allow-Origin': '*', VARY: 'Accept', Vary: ['X-A', 'X-B'] },
      ],
      [
        'a flat list',
        ['X-Own', 'a', 'access-control-allow-origin', '*', 'VARY', 'Accept', 'Vary', 'X-A, X-B'],
      ],
      [
        'pairs',
        [
          ['X-Own', 'a'],
          ['Access-Control-Allow-origin', '*'],
          ['VARY', 'Accept'],
          ['Vary', 'X-A, X-B'],
        ],
      ],
    ])('gives writeHead %s', (_, headers) => {
      test.each([false, true])('when others were set before: %s', async (set) => {
        const { one } = await start((__, response) => {
          if (set) response.setHeader('X-Set', 'b');
          response.writeHead(201, 'Made', headers as OutgoingHttpHeaders).end('ok');
        });
        const answer = await one(request('GET /mcp', { Origin: APP }));
        expect([answer.status, answer.body]).toEqual([201, 'ok']);
        expect(values(answer, 'access-control-allow-origin')).toEqual([APP]);
        expect(values(answer, 'x-own')).toEqual(['a']);
        expect(values(answer, 'x-set')).toEqual(set ? ['b'] : []);
        // Node keeps the last of two spellings when headers were set before, and so did whoever wrote them.
        expect(varyNames(answer)).toEqual(expect.arrayContaining(['origin', 'x-a', 'x-b']));
        expect(new Set(varyNames(answer)).size).toBe(varyNames(answer).length);
      });
    });

    test('writes its head twice hears of it', async () => {
      let error: unknown;
      const { one } = await start((_, response) => {
        response.writeHead(200, { 'X-Own': 'a' });
        response.write('o');
        try {
          response.writeHead(500, { 'X-Own': 'b' });
        } catch (thrown) {
          error = thrown;
        }
        response.end('k');
      });
      const response = await one(request('GET /mcp', { Origin: APP }));
      expect([response.status, response.body]).toEqual([200, 'ok']);
      expect(values(response, 'x-own')).toEqual(['a']);
      expect(error).toMatchObject({ code: 'ERR_HTTP_HEADERS_SENT' });
    });

    test('writes a header that would split the response is stopped as Node does', async () => {
      const errors: unknown[] = [];
      const { one } = await start((_, response) => {
        for (const headers of [{ 'X-A': 'b\r\nC: d' }, ['X-A', 'b\r\nC: d'], { 'X A': 'b' }]) {
          try {
            response.writeHead(200, headers);
          } catch (thrown) {
            errors.push((thrown as { code: string }).code);
          }
        }
        response.end('ok');
      });
      const response = await one(request('GET /mcp', { Origin: APP }));
      expect(values(response, 'c')).toEqual([]);
      expect(errors).toEqual(['ERR_INVALID_CHAR', 'ERR_INVALID_CHAR', 'ERR_INVALID_HTTP_TOKEN']);
    });

    // Node sends these heads, so they must not be a way around the policy.
    test.each([5, true, 'x'])(
      'gives %j for headers still leaves with those of the policy',
      async (headers) => {
        const { one } = await start((_, response) => {
          response
            .setHeader('Access-Control-Allow-Origin', '*')
            .setHeader('Access-Control-Allow-Methods', 'TRACE');
          response.writeHead(200, 'OK', headers as unknown as OutgoingHttpHeaders).end('ok');
        });
        const response = await one(request('GET /mcp', { Origin: APP }));
        expect(response.body).toBe('ok');
        expect(corsNames(response)).toEqual(['access-control-allow-origin', 'access-control-expose-headers']);
        expect(values(response, 'access-control-allow-origin')).toEqual([APP]);
      },
    );

    test.each<[string, OutgoingHttpHeaders | string[], string]>([
      ['a list of odd length', ['X-A', 'b', 'X-C'], 'ERR_INVALID_ARG_VALUE'],
      ['a header without a value', { 'X-A': undefined }, 'ERR_HTTP_INVALID_HEADER_VALUE'],
    ])('gives %s hears of it as from Node', async (_, headers, code) => {
      const codes: unknown[] = [];
      const tryIt: RequestListener = (_request, response) => {
        try {
          response.setHeader('X-Before', 'a').writeHead(200, headers);
        } catch (thrown) {
          codes.push((thrown as { code: string }).code);
        }
        response.end();
      };
      const bare = await serve(tryIt);
      open.push(bare);
      await exchange(bare.port, request('GET /mcp'));
      const { one } = await start(tryIt);
      await one(request('GET /mcp', { Origin: APP }));
      expect(codes).toEqual([code, code]);
    });
  });

  it('keeps credentials and any origin apart on the wire', async () => {
    const cookies = await start(undefined, { origins: APP, credentials: true });
    const allowed = await cookies.one(request('GET /mcp', { Origin: APP }));
    expect(values(allowed, 'access-control-allow-credentials')).toEqual(['true']);
    expect(corsNames(await cookies.one(request('GET /mcp', { Origin: EVIL })))).toEqual([]);

    const anybody = await start(
      (_, response) => void response.setHeader('Access-Control-Allow-Credentials', 'true').end(),
      {
        origins: '*',
      },
    );
    const response = await anybody.one(request('GET /mcp', { Origin: EVIL }));
    expect(values(response, 'access-control-allow-origin')).toEqual(['*']);
    expect(values(response, 'access-control-allow-credentials')).toEqual([]);
    expect(values(response, 'vary')).toEqual([]);
  });
});

describe('preflights', () => {
  const preflight = (headers: Record<string, string | string[]> = {}): string =>
    request('OPTIONS /mcp', { Origin: APP, 'Access-Control-Request-Method': 'POST', ...headers });

  it('are answered without the application', async () => {
    const { one, reached } = await start();
    const response = await one(
      preflight({ 'Access-Control-Request-Headers': 'content-type,mcp-protocol-version' }),
    );
    expect([response.status, response.body]).toEqual([204, '']);
    expect(corsNames(response)).toEqual([
      'access-control-allow-headers',
      'access-control-allow-methods',
      'access-control-allow-origin',
      'access-control-max-age',
    ]);
    expect(values(response, 'access-control-allow-headers')).toEqual(['content-type,mcp-protocol-version']);
    expect(varyNames(response)).toEqual([
      'access-control-request-headers',
      'access-control-request-method',
      'origin',
    ]);
    expect(values(response, 'content-length')).toEqual([]);
    expect(reached).toEqual([]);
  });

  it('may have their list in several lines', async () => {
    const { one } = await start();
    const response = await one(
      preflight({ 'Access-Control-Request-Headers': ['content-type', 'mcp-session-id'] }),
    );
    expect(response.status).toBe(204);
    expect(values(response, 'access-control-allow-headers')).toEqual(['content-type, mcp-session-id']);
  });

  it('are refused with a reason and without CORS headers', async () => {
    const { one, reached } = await start();
    const response = await one(preflight({ 'Access-Control-Request-Headers': 'x-evil' }));
    expect(response.status).toBe(403);
    expect(JSON.parse(response.body).error.data.reason).toBe('request-header-not-allowed');
    expect(values(response, 'content-type')).toEqual(['application/json']);
    expect(corsNames(response)).toEqual([]);
    expect(reached).toEqual([]);
  });

  it('lose headers that were set before', async () => {
    const carry = mcpCors({ origins: APP })((_, response) => void response.end());
    const server = await serve((incoming, response) => {
      response.setHeader('Access-Control-Allow-Origin', '*');
      response.setHeader('Access-Control-Allow-Credentials', 'true');
      response.setHeader('Vary', 'Accept-Encoding');
      carry(incoming, response);
    });
    open.push(server);
    const [allowed] = await exchange(server.port, preflight());
    expect(values(allowed as WireResponse, 'access-control-allow-origin')).toEqual([APP]);
    expect(values(allowed as WireResponse, 'access-control-allow-credentials')).toEqual([]);
    expect(varyNames(allowed as WireResponse)).toContain('accept-encoding');
    const [refused] = await exchange(server.port, request('GET /mcp', { Origin: EVIL }));
    expect(corsNames(refused as WireResponse)).toEqual([]);
    expect(varyNames(refused as WireResponse)).toEqual(['accept-encoding', 'origin']);
  });

  it('are told from the application’s own OPTIONS', async () => {
    const { one, reached } = await start(
      (_, response) => void response.writeHead(200, { Allow: 'GET' }).end('own'),
    );
    expect((await one(request('OPTIONS /mcp', { Origin: APP }))).body).toBe('own');
    expect((await one(request('OPTIONS /mcp', { 'Access-Control-Request-Method': 'POST' }))).body).toBe(
      'own',
    );
    expect(reached).toHaveLength(2);
  });
});

describe('hostile requests', () => {
  test.each([
    ['a foreign Host', request('GET /mcp', { Host: 'evil.example' }), 403],
    ['two Host lines', request('GET /mcp', { Host: ['localhost', 'evil.example'] }), 403],
    ['two Origin lines', request('GET /mcp', { Origin: [APP, EVIL] }), 403],
    ['two equal Origin lines', request('GET /mcp', { Origin: [APP, APP] }), 403],
    ['an empty Origin', request('GET /mcp', { Origin: '' }), 403],
    ['a null Origin', request('GET /mcp', { Origin: 'null' }), 403],
    ['an Origin in Latin-1', request('GET /mcp', { Origin: `${APP}\u00a0` }), 403],
    ['an absolute form', request('GET http://localhost/mcp', {}), 400],
    ['an absolute form with another Host', request('GET http://evil.example/mcp', {}), 400],
    ['text/plain', request('POST /mcp', { 'Content-Type': 'text/plain' }, '{}'), 415],
    [
      'text/plain with a parameter',
      request('POST /mcp', { 'Content-Type': 'text/plain; a=application/json' }, '{}'),
      415,
    ],
    ['no type', request('POST /mcp', {}, '{}'), 415],
    ['two types', request('POST /mcp', { 'Content-Type': ['application/json', 'text/plain'] }, '{}'), 415],
    [
      'two types the other way',
      request('POST /mcp', { 'Content-Type': ['text/plain', 'application/json'] }, '{}'),
      415,
    ],
    ['HTTP/1.0 without Host', 'GET /mcp HTTP/1.0\r\n\r\n', 403],
  ])('%s: never reaches the application', async (_, text, status) => {
    const { one, reached } = await start();
    const response = await one(text);
    expect(response.status).toBe(status);
    expect(JSON.parse(response.body)).toMatchObject({ jsonrpc: '2.0', error: { code: -32000 } });
    expect(JSON.parse(response.body)).not.toHaveProperty('id');
    expect(corsNames(response)).toEqual([]);
    expect(reached).toEqual([]);
  });

  it('cannot hide a request in the body of a refused one', async () => {
    const { send, reached } = await start();
    const hidden = request('GET /hidden', { Origin: APP });
    const responses = await send(
      request('POST /mcp', { Origin: EVIL, Connection: 'keep-alive', ...JSON_TYPE }, hidden) +
        request('GET /shown', { Origin: APP }),
    );
    expect(responses.map(({ status }) => status)).toEqual([403, 200]);
    expect(reached).toEqual(['GET /shown']);
  });

  it('are answered although their body is large', async () => {
    const { one, reached } = await start();
    const response = await one(request('POST /mcp', { Origin: EVIL, ...JSON_TYPE }, 'x'.repeat(1_000_000)));
    expect(response.status).toBe(403);
    expect(reached).toEqual([]);
  });
});

describe('HTTP', () => {
  it('HEAD has the headers of GET and no body', async () => {
    const { one } = await start(
      (_, response) => void response.writeHead(200, { 'Content-Length': 2 }).end('ok'),
    );
    const response = await one(request('HEAD /mcp', { Origin: APP }), true);
    expect(response.status).toBe(200);
    expect(corsNames(response)).toEqual(['access-control-allow-origin', 'access-control-expose-headers']);
    expect(varyNames(response)).toEqual(['origin']);
  });

  it('a refused HEAD has no body', async () => {
    const { one } = await start();
    const response = await one(request('HEAD /mcp', { Origin: EVIL }), true);
    expect(response.status).toBe(403);
    expect(corsNames(response)).toEqual([]);
  });

  it('HTTP/1.0 is served', async () => {
    const { one } = await start();
    const response = await one(`GET /mcp HTTP/1.0\r\nHost: localhost\r\nOrigin: ${APP}\r\n\r\n`);
    expect([response.status, response.body]).toEqual([200, 'ok']);
    expect(values(response, 'access-control-allow-origin')).toEqual([APP]);
  });

  it('pipelined requests over one connection get each their own answer', async () => {
    const keep = { Connection: 'keep-alive' };
    const { send, reached } = await start((incoming, response) => void response.end(incoming.url), {
      origins: [APP, 'https://b.example'],
    });
    const responses = await send(
      [
        request('GET /1', { ...keep, Origin: APP }),
        request('GET /2', { ...keep, Origin: EVIL }),
        request('GET /3', { ...keep, Origin: 'https://b.example' }),
        request('OPTIONS /4', { ...keep, Origin: APP, 'Access-Control-Request-Method': 'POST' }),
        request('POST /5', { ...keep, Origin: APP, 'Content-Type': 'text/plain' }, 'hello'),
        request('GET /6', keep),
        request('GET /7', { Origin: APP }),
      ].join(''),
    );
    expect(responses.map(({ status }) => status)).toEqual([200, 403, 200, 204, 415, 200, 200]);
    expect(responses.map((response) => values(response, 'access-control-allow-origin')[0])).toEqual([
      APP,
      undefined,
      'https://b.example',
      APP,
      APP,
      undefined,
      APP,
    ]);
    expect(reached).toEqual(['GET /1', 'GET /3', 'GET /6', 'GET /7']);
  });

  it('a stream is sent as it is written, with the headers first', async () => {
    let finish = (): void => {};
    const { reached, ...rest } = await start((_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.flushHeaders();
      response.write('data: 1\n\n');
      finish = () => void response.end();
    });
    expect(rest).toBeDefined();
    const server = open[0] as Listening;
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      httpRequest(
        {
          port: server.port,
          host: '127.0.0.1',
          path: '/mcp',
          headers: { Host: 'localhost', Origin: APP },
          agent: false,
        },
        resolve,
      )
        .on('error', reject)
        .end();
    });
    expect(response.headers).toMatchObject({ 'access-control-allow-origin': APP, vary: 'Origin' });
    const first = await new Promise((resolve) => response.once('data', (chunk) => resolve(String(chunk))));
    expect(first).toBe('data: 1\n\n'); // while the response is still open
    expect(reached).toHaveLength(1);
    finish();
    await new Promise((resolve) => response.on('end', resolve).resume());
  });
});

describe('report-only mode', () => {
  const config: PolicyConfig = { origins: APP, reportOnly: true };
  const own = { 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Methods': 'GET', Vary: 'Accept' };

  test.each([
    ['a foreign origin', request('GET /mcp', { Origin: EVIL })],
    ['a foreign host', request('GET /mcp', { Host: 'evil.example' })],
    ['a content type', request('POST /mcp', { Origin: APP, 'Content-Type': 'text/plain' }, '{}')],
    [
      'a foreign preflight',
      request('OPTIONS /mcp', { Origin: EVIL, 'Access-Control-Request-Method': 'POST' }),
    ],
    [
      'a preflight for a method',
      request('OPTIONS /mcp', { Origin: APP, 'Access-Control-Request-Method': 'PUT' }),
    ],
  ])('leaves the response to %s as the application wrote it', async (_, text) => {
    const decisions: Decision[] = [];
    const { one, reached } = await start(
      (_request, response) => void response.writeHead(200, own).end('own'),
      config,
      {
        onDecision: ({ decision }) => decisions.push(decision),
      },
    );
    const response = await one(text);
    expect([response.status, response.body]).toEqual([200, 'own']);
    expect(values(response, 'access-control-allow-origin')).toEqual(['*']);
    expect(corsNames(response)).toEqual(['access-control-allow-methods', 'access-control-allow-origin']);
    expect(values(response, 'vary')).toEqual(['Accept']);
    expect(reached).toHaveLength(1);
    expect(decisions.map(({ outcome, wouldDeny }) => [outcome, wouldDeny?.outcome])).toEqual([
      ['pass', 'deny'],
    ]);
  });

  it('keeps headers that were set before', async () => {
    const carry = mcpCors(config)((_, response) => void response.end());
    const server = await serve((incoming, response) => {
      response.setHeader('Access-Control-Allow-Origin', EVIL);
      carry(incoming, response);
    });
    open.push(server);
    const [response] = await exchange(server.port, request('GET /mcp', { Origin: EVIL }));
    expect(values(response as WireResponse, 'access-control-allow-origin')).toEqual([EVIL]);
    expect(values(response as WireResponse, 'vary')).toEqual([]);
  });

  it('applies what it allows: the response to an allowed origin carries the headers of the policy', async () => {
    const { one, reached } = await start(
      (_, response) => void response.writeHead(200, own).end('own'),
      config,
    );
    const response = await one(request('POST /mcp', { Origin: APP, ...JSON_TYPE }, '{}'));
    expect([response.status, response.body]).toEqual([200, 'own']);
    expect(values(response, 'access-control-allow-origin')).toEqual([APP]);
    expect(corsNames(response)).toEqual(['access-control-allow-origin', 'access-control-expose-headers']);
    expect(varyNames(response)).toEqual(['accept', 'origin']);
    expect(reached).toHaveLength(1);
  });

  it('applies what it allows: the preflight of an allowed origin is answered as it would be in earnest', async () => {
    const text = request('OPTIONS /mcp', { Origin: APP, 'Access-Control-Request-Method': 'POST' });
    const reporting = await start(undefined, config);
    const response = await reporting.one(text);
    expect(response.status).toBe(204);
    expect(reporting.reached).toEqual([]);
    const enforcing = await start(undefined, { origins: APP });
    const stable = ({ headers }: WireResponse) => headers.filter(([name]) => name !== 'Date');
    expect(stable(response)).toEqual(stable(await enforcing.one(text)));
  });

  it('applies what it allows: a request without an origin gets the Vary of the policy', async () => {
    const { one } = await start((_, response) => void response.writeHead(200, own).end('own'), config);
    const response = await one(request('POST /mcp', JSON_TYPE, '{}'));
    expect(corsNames(response)).toEqual([]);
    expect(varyNames(response)).toEqual(['accept', 'origin']);
  });
});

describe('onDecision', () => {
  it('hears of every request once, with its decision and head', async () => {
    const heard: [Decision, RequestHead][] = [];
    const { send } = await start(
      undefined,
      { origins: APP },
      { onDecision: ({ decision, head }) => heard.push([decision, head]) },
    );
    const keep = { Connection: 'keep-alive' };
    await send(
      [
        request('GET /a?b', { ...keep, Origin: APP }),
        request('GET /c', { ...keep, Origin: EVIL }),
        request('OPTIONS /d', { ...keep, Origin: APP, 'Access-Control-Request-Method': 'POST' }),
        request('GET /e', {}),
      ].join(''),
    );
    expect(heard.map(([{ reason }, { method, path }]) => [reason, method, path])).toEqual([
      ['origin-allowed', 'GET', '/a'],
      ['origin-not-allowed', 'GET', '/c'],
      ['preflight-allowed', 'OPTIONS', '/d'],
      ['no-origin', 'GET', '/e'],
    ]);
  });

  it('hears before the application answers', async () => {
    const order: string[] = [];
    const { one } = await start(
      (_, response) => {
        order.push('application');
        response.end();
      },
      { origins: APP },
      { onDecision: () => order.push('decision') },
    );
    await one(request('GET /mcp', { Origin: APP }));
    expect(order).toEqual(['decision', 'application']);
  });
});

describe('a directory that has to be asked', () => {
  /** Named: `https://b...`; the answer takes so long. */
  function directory(delayMs = 5): OriginDirectory & { readonly asked: string[] } {
    const asked: string[] = [];
    const { has } = createDirectory({
      lookup: async (origin) => {
        asked.push(origin);
        await new Promise((resolve) => setTimeout(resolve, delayMs));
        return origin.startsWith('https://b');
      },
    });
    return { has, asked };
  }
  const B = 'https://b.example';
  const readBody: RequestListener = async (incoming, response) => {
    let body = '';
    for await (const chunk of incoming) body += String(chunk);
    response.end(`got ${body.length}`);
  };

  it('lets pass what it names, with the headers of any other and the whole body', async () => {
    const { one, reached } = await start(readBody, { origins: [APP, directory()] });
    const text = request('POST /mcp', { Origin: B, ...JSON_TYPE }, 'x'.repeat(100_000));
    for (const _ of ['asked', 'remembered']) {
      const response = await one(text);
      expect([response.status, response.body]).toEqual([200, 'got 100000']);
      expect(values(response, 'access-control-allow-origin')).toEqual([B]);
      expect(corsNames(response)).toEqual(['access-control-allow-origin', 'access-control-expose-headers']);
      expect(varyNames(response)).toEqual(['origin']);
    }
    expect(reached).toHaveLength(2);
  });

  it('refuses what it does not name, and what it cannot find out', async () => {
    const broken: OriginDirectory = { has: () => Promise.reject(new Error('down')) };
    for (const origins of [[directory()], [broken], [directory(), broken]]) {
      const { one, reached } = await start(undefined, { origins });
      const response = await one(request('POST /mcp', { Origin: EVIL, ...JSON_TYPE }, '{}'));
      expect(response.status).toBe(403);
      expect(corsNames(response)).toEqual([]);
      expect(varyNames(response)).toEqual(['origin']);
      expect(reached).toEqual([]);
    }
  });

  it('answers preflights and refuses content types when it has waited', async () => {
    const { one, reached } = await start(undefined, { origins: directory() });
    const preflight = await one(
      request('OPTIONS /mcp', { Origin: B, 'Access-Control-Request-Method': 'POST' }),
    );
    expect(preflight.status).toBe(204);
    expect(values(preflight, 'access-control-allow-origin')).toEqual([B]);
    const c = await one(
      request('POST /mcp', { Origin: 'https://b2.example', 'Content-Type': 'text/plain' }, '{}'),
    );
    expect(c.status).toBe(415);
    expect(values(c, 'access-control-allow-origin')).toEqual(['https://b2.example']);
    expect(reached).toEqual([]);
  });

  it('answers the requests of a connection in their order', async () => {
    const { send } = await start((incoming, response) => void response.end(incoming.url), {
      origins: [APP, directory(30)],
    });
    const keep = { Connection: 'keep-alive' };
    const responses = await send(
      request('GET /slow', { ...keep, Origin: B }) +
        request('GET /foreign', { ...keep, Origin: EVIL }) +
        request('GET /quick', { Origin: APP }),
    );
    expect(responses.map(({ status }) => status)).toEqual([200, 403, 200]);
    expect(responses.map(({ body }) => body)[0]).toBe('/slow');
    expect(responses.map(({ body }) => body)[2]).toBe('/quick');
  });

  it('is asked once for many that come at once', async () => {
    const named = directory(30);
    const { one, reached } = await start(undefined, { origins: named });
    const text = request('GET /mcp', { Origin: B });
    const responses = await Promise.all(Array.from({ length: 20 }, () => one(text)));
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
    expect(reached).toHaveLength(20);
    expect(named.asked).toEqual([B]);
  });

  it('does not keep others waiting', async () => {
    const { one } = await start(undefined, { origins: [APP, directory(2000)] });
    let slowIsAnswered = false;
    const slow = one(request('GET /mcp', { Origin: B })).then(() => {
      slowIsAnswered = true;
    });
    expect((await one(request('GET /mcp', { Origin: APP }))).status).toBe(200);
    expect((await one(request('GET /mcp', { Host: 'evil.example', Origin: B }))).status).toBe(403);
    expect(slowIsAnswered).toBe(false);
    await slow;
  });

  it('survives a client that is gone by the time of the answer', async () => {
    const { one, port } = await start(undefined, { origins: [APP, directory(40)] });
    for (const text of [
      request('GET /mcp', { Origin: B }),
      request('GET /mcp', { Origin: 'https://evil2.example' }),
      request('OPTIONS /mcp', { Origin: 'https://b3.example', 'Access-Control-Request-Method': 'POST' }),
    ]) {
      const socket = connect(port, '127.0.0.1', () => socket.write(text));
      socket.on('error', () => {});
      await new Promise((resolve) => setTimeout(resolve, 10));
      socket.destroy();
    }
    await new Promise((resolve) => setTimeout(resolve, 80));
    // An unhandled rejection or an exception would fail this run.
    expect((await one(request('GET /mcp', { Origin: APP }))).status).toBe(200);
    expect((await one(request('GET /mcp', { Origin: B }))).status).toBe(200);
  });

  it('reports only, when it has waited', async () => {
    const heard: (string | undefined)[] = [];
    const { one, reached } = await start(
      undefined,
      { origins: directory(), reportOnly: true },
      { onDecision: ({ wouldDeny }) => heard.push(wouldDeny) },
    );
    const denied = await one(request('GET /mcp', { Origin: EVIL }));
    expect([denied.status, corsNames(denied), values(denied, 'vary')]).toEqual([200, [], []]);
    const allowed = await one(request('GET /mcp', { Origin: B }));
    expect(values(allowed, 'access-control-allow-origin')).toEqual([B]);
    expect(heard).toEqual(['origin-not-allowed', undefined]);
    expect(reached).toHaveLength(2);
  });
});

describe('a live policy', () => {
  it('is followed by a server that holds it', async () => {
    const live = createLivePolicy({ origins: APP });
    const { one } = await start(undefined, live as unknown as PolicyConfig);
    const ask = async (origin: string) => (await one(request('GET /mcp', { Origin: origin }))).status;
    expect([await ask(APP), await ask(EVIL)]).toEqual([200, 403]);
    live.replace({ origins: EVIL });
    expect([await ask(APP), await ask(EVIL)]).toEqual([403, 200]);
    expect(() => live.replace({ origins: 'null' })).toThrow(PolicyConfigError);
    expect([await ask(APP), await ask(EVIL)]).toEqual([403, 200]);
  });
});

describe('HTTP/2', () => {
  interface H2Response {
    readonly status: number | undefined;
    readonly headers: (readonly [string, string])[];
    readonly body: string;
  }

  /** One request over cleartext HTTP/2 to an application behind the node adapter. */
  async function h2(
    headers: OutgoingHttpHeaders,
    answer: (request: Http2ServerRequest, response: Http2ServerResponse) => void = (_, response) =>
      void response.end('ok'),
  ): Promise<{ response: H2Response; reached: number }> {
    let reached = 0;
    const listener = mcpCors({ origins: APP })(((incoming: unknown, response: unknown) => {
      reached++;
      answer(incoming as Http2ServerRequest, response as Http2ServerResponse);
    }) as unknown as RequestListener);
    const server = createHttp2Server(listener as unknown as Parameters<typeof createHttp2Server>[1] & object);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const session = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    try {
      const response = await new Promise<H2Response>((resolve, reject) => {
        session.on('error', reject);
        const stream = session.request({ ':authority': 'localhost', ':path': '/mcp', ...headers });
        let status: number | undefined;
        let received: (readonly [string, string])[] = [];
        let body = '';
        stream.on('response', (head) => {
          status = head[':status'];
          received = Object.entries(head).flatMap(([name, value]) =>
            [value ?? []].flat().map((one) => [name, String(one)] as const),
          );
        });
        stream.on('data', (chunk) => {
          body += String(chunk);
        });
        stream.on('error', reject);
        stream.on('end', () => resolve({ status, headers: received, body }));
        stream.setTimeout(5000, () => reject(new Error('no answer')));
        stream.end();
      });
      return { response, reached };
    } finally {
      session.destroy();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  it('passes an allowed origin', async () => {
    const { response } = await h2({ origin: APP });
    expect([response.status, response.body]).toEqual([200, 'ok']);
    expect(values(response, 'access-control-allow-origin')).toEqual([APP]);
    expect(varyNames(response)).toEqual(['origin']);
  });

  it('answers preflights', async () => {
    const { response, reached } = await h2({
      ':method': 'OPTIONS',
      origin: APP,
      'access-control-request-method': 'POST',
    });
    expect(response.status).toBe(204);
    expect(values(response, 'access-control-allow-methods')[0]).toContain('POST');
    expect(reached).toBe(0);
  });

  test.each([
    ['a foreign origin', { origin: EVIL }, 403],
    ['a foreign authority', { ':authority': 'evil.example' }, 403],
    ['a foreign authority with an allowed origin', { ':authority': 'evil.example', origin: APP }, 403],
    ['text/plain', { ':method': 'POST', origin: APP, 'content-type': 'text/plain' }, 415],
  ])('refuses %s', async (_, headers, status) => {
    const { response, reached } = await h2(headers);
    expect(response.status).toBe(status);
    expect(JSON.parse(response.body)).toMatchObject({ jsonrpc: '2.0' });
    expect(reached).toBe(0);
  });

  test.each<[string, (response: Http2ServerResponse) => void, status: number]>([
    [
      'an object',
      (response) => response.writeHead(201, { 'X-Own': 'a', 'Access-Control-Allow-Origin': '*' }).end('ok'),
      201,
    ],
    [
      'set headers',
      (response) => {
        response.setHeader('X-Own', 'a');
        response.setHeader('Access-Control-Allow-Origin', '*');
        response.setHeader('Access-Control-Allow-Credentials', 'true');
        response.end('ok');
      },
      200,
    ],
    [
      'a stream',
      (response) => {
        response.setHeader('X-Own', 'a');
        (response as unknown as { flushHeaders(): void }).flushHeaders();
        response.write('o');
        setTimeout(() => response.end('k'), 5);
      },
      200,
    ],
    [
      'no headers at all',
      (response) => {
        for (const name of response.getHeaderNames()) response.removeHeader(name);
        response.setHeader('X-Own', 'a');
        response.end('ok');
      },
      200,
    ],
  ])('has the last word over %s', async (_, answer, status) => {
    const { response } = await h2({ origin: APP }, (_incoming, outgoing) => answer(outgoing));
    expect([response.status, response.body]).toEqual([status, 'ok']);
    expect(values(response, 'access-control-allow-origin')).toEqual([APP]);
    expect(values(response, 'access-control-allow-credentials')).toEqual([]);
    expect(values(response, 'x-own')).toEqual(['a']);
    expect(varyNames(response)).toEqual(['origin']);
  });
});

test('a request without a target is one for the root', () => {
  const incoming = {
    method: 'GET',
    headers: { host: 'localhost' },
    rawHeaders: ['Host', 'localhost'],
    socket: {},
  } as unknown as IncomingMessage;
  const paths: string[] = [];
  const response = {
    getHeaderNames: () => [],
    hasHeader: () => false,
    getHeader: () => undefined,
    setHeader: () => {},
  };
  const onDecision = ({ path }: DecisionEvent) => void paths.push(path);
  mcpCors({ origins: APP }, { onDecision })(() => {})(
    incoming,
    response as unknown as Parameters<RequestListener>[1],
  );
  expect(paths).toEqual(['/']);
});

test('a server that listens on every address checks Host on loopback connections', async () => {
  const server = createServer(mcpCors({ origins: APP })((_, response) => void response.end('ok')));
  await new Promise<void>((resolve) => server.listen(0, resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const [refused] = await exchange(port, request('GET /mcp', { Host: 'evil.example' }));
    const [passed] = await exchange(port, request('GET /mcp', { Host: `localhost:${port}` }));
    expect([refused?.status, passed?.status]).toEqual([403, 200]);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

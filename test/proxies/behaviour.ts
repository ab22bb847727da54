import { get, request as startRequest } from 'node:http';
import { createPolicy, type StaticPolicyConfig } from 'mcp-cors';
import { describe, expect, test, vi } from 'vitest';
import { originProbes } from '../../packages/mcp-cors/src/doctor/attacks/origins.js';
import { createApplication } from '../carriers/application.js';
import { createLatch } from '../fixtures/latch.js';
import {
  APP,
  bodyOf,
  corsOf,
  EVIL,
  fromPage,
  headerOf,
  noticesLate,
  POLICY,
  preflightOf,
  readsUrls,
  stage,
} from './scene.js';

/** What every target that stands in front of a server must do besides the vectors, shown on the real thing. */
export function runProxyBehaviour(target: string): void {
  describe(`${target}: the server behind it`, () => {
    test('is down: the page can read that, and a foreign page nothing', async () => {
      const { send, stopUpstream } = await stage(target, createApplication().listener);
      expect((await send('POST', '/mcp', fromPage(APP))).status).toBe(200);
      await stopUpstream();

      const down = await send('POST', '/mcp', fromPage(APP));
      expect([502, 503, 504]).toContain(down.status);
      expect(headerOf(down, 'Access-Control-Allow-Origin')).toBe(APP);
      expect(headerOf(down, 'Vary')?.toLowerCase()).toContain('origin');

      const foreign = await send('POST', '/mcp', fromPage(EVIL));
      expect(foreign.status).toBe(403);
      expect(corsOf(foreign)).toEqual([]);

      expect((await send('OPTIONS', '/mcp', preflightOf(APP))).status).toBe(204);
    });

    test('breaks off before it answers: the page can read that', async () => {
      const { send } = await stage(target, (request) => request.socket.destroy());
      const broken = await send('POST', '/mcp', fromPage(APP));
      expect([502, 503, 504]).toContain(broken.status);
      expect(headerOf(broken, 'Access-Control-Allow-Origin')).toBe(APP);
    });

    test('gets the request without what the policy has answered for, and with everything else', async () => {
      let seen: Readonly<Record<string, unknown>> = {};
      let body = '';
      const { send } = await stage(target, async (request, response) => {
        seen = request.headers;
        body = await bodyOf(request);
        response.end('{}');
      });
      const answer = await send('POST', '/mcp?a=%2F&b', [
        ...fromPage(APP),
        ['Accept', 'application/json, text/event-stream'],
        ['Authorization', 'Bearer t'],
        ['DPoP', 'proof'],
        ['Mcp-Session-Id', 's'],
        ['Mcp-Method', 'tools/call'],
        ['Mcp-Name', 'echo'],
        ['Mcp-Param-City', 'Z%C3%BCrich'],
        ['MCP-Protocol-Version', '2026-07-28'],
        ['Last-Event-ID', '7'],
        ['Sec-Fetch-Site', 'cross-site'],
        ['Sec-Fetch-Mode', 'cors'],
        ['Sec-Fetch-Dest', 'empty'],
      ]);
      expect(answer.status).toBe(200);
      expect(seen).toMatchObject({
        accept: 'application/json, text/event-stream',
        authorization: 'Bearer t',
        'content-type': 'application/json',
        dpop: 'proof',
        'mcp-session-id': 's',
        'mcp-method': 'tools/call',
        'mcp-name': 'echo',
        'mcp-param-city': 'Z%C3%BCrich',
        'mcp-protocol-version': '2026-07-28',
        'last-event-id': '7',
      });
      for (const name of ['origin', 'sec-fetch-site', 'sec-fetch-mode', 'sec-fetch-dest'])
        expect(seen).not.toHaveProperty(name);
      expect(JSON.parse(body)).toMatchObject({ method: 'ping' });
    });

    test('is sent back whole: what it says to clients arrives', async () => {
      const said = {
        'WWW-Authenticate': 'Bearer resource_metadata="https://mcp.example.com/.well-known/x"',
        'Mcp-Session-Id': 'abc',
        'Retry-After': '3',
        'X-Request-Id': '1',
      };
      const { send } = await stage(target, (_, response) => response.writeHead(401, said).end('no'));
      const answer = await send('POST', '/mcp', fromPage(APP));
      expect(answer).toMatchObject({ status: 401, body: 'no' });
      for (const [name, value] of Object.entries(said)) expect(headerOf(answer, name)).toBe(value);
      expect(headerOf(answer, 'Access-Control-Expose-Headers')?.toLowerCase()).toContain('www-authenticate');
    });

    test('takes bodies of two megabytes', async () => {
      let length = 0;
      const { port } = await stage(target, async (request, response) => {
        length = (await bodyOf(request)).length;
        response.end('{}');
      });
      const status = await new Promise<number | undefined>((resolve, reject) => {
        const request = startRequest(
          {
            port,
            host: '127.0.0.1',
            method: 'POST',
            path: '/mcp',
            headers: { 'Content-Type': 'application/json', Origin: APP },
          },
          (response) => {
            response.resume();
            resolve(response.statusCode);
          },
        );
        request.once('error', reject);
        request.end(`"${'a'.repeat(2_000_000)}"`);
      });
      expect(status).toBe(200);
      expect(length).toBe(2_000_002);
    });
  });

  runStreamBehaviour(target);

  describe(`${target}: hostile pages`, () => {
    test.each([
      [APP, { origins: [APP], credentials: true }],
      ['https://pr-7.preview.example.com', { origins: ['https://*.preview.example.com'] }],
      ['http://localhost:5173', { origins: ['http://localhost:*'] }],
      ['https://a.example.com', { origins: ['/^https:\\/\\/[a-z]+\\.example\\.com$/'] }],
    ] satisfies [string, StaticPolicyConfig][])('no look-alike of %s gets in', async (origin, policy) => {
      const application = createApplication();
      const { send, port } = await stage(target, application.listener, policy);
      const probes = originProbes(origin, [origin], `http://127.0.0.1:${port}`).filter(
        ({ lines: [line = '', ...more] }) => more.length === 0 && line !== '' && !isAdmitted(line, policy),
      );
      expect(probes.length).toBeGreaterThan(60);
      for (const { lines } of probes) {
        const [line = ''] = lines;
        // Values with line breaks or NUL are for the parser; here the policy is asked.
        if (/[\0\r\n]/.test(line)) continue;
        for (const answer of [
          await send('POST', '/mcp', fromPage(line)),
          await send('OPTIONS', '/mcp', preflightOf(line)),
        ]) {
          expect(answer.status, line).toBeGreaterThanOrEqual(400);
          expect(answer.status, line).toBeLessThan(500);
          expect(corsOf(answer), line).toEqual([]);
        }
      }
      expect(application.reached()).toBe(0);
      expect((await send('POST', '/mcp', fromPage(origin))).status).toBe(200);
    });
  });

  describe(`${target}: sizes and values`, () => {
    test('10,000 origins, each admitted as it is and no other', async () => {
      const origins = Array.from({ length: 10_000 }, (_, i) => `https://tenant-${i}.customers.example.com`);
      const longest = `https://${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.example.com:12345`;
      const { send } = await stage(target, createApplication().listener, {
        origins: [...origins, longest, 'https://*.example.net'],
      });
      for (const origin of [
        'https://a.b.example.net',
        longest,
        ...origins.filter((_, i) => i % 1_111 === 0),
      ]) {
        const answer = await send('POST', '/mcp', fromPage(origin));
        expect(headerOf(answer, 'Access-Control-Allow-Origin')).toBe(origin);
      }
      for (const origin of [
        'https://tenant-10000.customers.example.com',
        'https://tenant-1.customers.example.co',
        'https://xtenant-1.customers.example.com',
        'https://TENANT-1.customers.example.com',
        'http://tenant-1.customers.example.com',
        'https://tenant-1.customers.example.com:444',
        `${longest}6`,
      ]) {
        const answer = await send('POST', '/mcp', fromPage(origin));
        expect(answer.status, origin).toBe(403);
        expect(corsOf(answer), origin).toEqual([]);
      }
    });

    test('an expression that can match in very many ways keeps nobody waiting', async () => {
      const { send } = await stage(target, createApplication().listener, {
        origins: ['/^https:\\/\\/([a-z]+-?)+\\.example\\.com$/'],
      });
      expect((await send('POST', '/mcp', fromPage('https://a-b.example.com'))).status).toBe(200);
      // One way after the other, the first of these alone would take longer than the test may.
      for (let i = 0; i < 200; i++) {
        const hostile = `https://${'a'.repeat(200)}_.example.com`;
        expect((await send('POST', '/mcp', fromPage(hostile))).status).toBe(403);
      }
    });

    test('names and paths with every sign that a name and a path can have mean themselves', async () => {
      // What URLs escape cannot stand in a path there.
      const hostile = readsUrls(target) ? "/a'b;c$host!&()|~[]=+,@:x" : `/a"b'c;d{e}$host\`!&()<>|^~[]=+,@:x`;
      const below = readsUrls(target) ? "/'!~/" : '/"}/';
      const names = ["x-!$&'*+.^_`|~-y", 'x-$host', "x-'", 'x-`id`'];
      const application = createApplication();
      const { send } = await stage(target, application.listener, {
        ...POLICY,
        methods: ["A!$&'*+-.^_`|~Z", '$request_method'],
        allowedHeaders: names,
        exposedHeaders: names,
        endpoints: { [hostile]: 'other', [`${below}*`]: 'other' },
      });
      const answer = await send('POST', '/mcp', fromPage(APP));
      const exposed = headerOf(answer, 'Access-Control-Expose-Headers')?.split(', ') ?? [];
      expect(exposed).toEqual(expect.arrayContaining(names));

      const asked = names.join(',').toLowerCase();
      const preflight = await send('OPTIONS', '/mcp', [
        ['Origin', APP],
        ['Access-Control-Request-Method', '$request_method'],
        ['Access-Control-Request-Headers', asked],
      ]);
      expect(preflight.status).toBe(204);
      expect(headerOf(preflight, 'Access-Control-Allow-Headers')).toBe(asked);
      expect(headerOf(preflight, 'Access-Control-Allow-Methods')?.split(', ')).toEqual(
        expect.arrayContaining(["A!$&'*+-.^_`|~Z", '$request_method']),
      );
      expect((await send('OPTIONS', '/mcp', preflightOf(APP, 'x-host'))).status).toBe(403);

      const plain = [
        ['Origin', APP],
        ['Content-Type', 'text/plain'],
      ] as const;
      expect((await send('POST', hostile, plain)).status).toBe(200);
      expect((await send('POST', `${below}x`, plain)).status).toBe(200);
      expect((await send('POST', hostile.slice(0, -1), plain)).status).toBe(415);
    });
  });
}

/** Streams: opened at once, spaced as they were sent, ended with their page. */
export function runStreamBehaviour(target: string): void {
  describe(`${target}: streams`, () => {
    test('a stream that is silent has opened for the page already', async () => {
      const over = createLatch();
      const { port } = await stage(target, async (_, response) => {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders();
        await over.opened;
        response.end();
      });
      const response = await openStream(port);
      expect(response.headers['access-control-allow-origin']).toBe(APP);
      over.open();
      response.resume();
    });

    // Each event is sent when the one before it has arrived: what holds anything back stops here for good.
    test('arrive event by event, uncompressed', async () => {
      const arrivals = [1, 2, 3, 4, 5].map(createLatch);
      const { port } = await stage(target, async (_, response) => {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' });
        for (const [i, arrival] of arrivals.entries()) {
          response.write(`data: ${i}\n\n`);
          await arrival.opened;
        }
        response.end();
      });
      const response = await openStream(port, { 'Accept-Encoding': 'gzip, br' });
      let text = '';
      for await (const bytes of response) {
        text += bytes;
        arrivals[text.split('\n\n').length - 2]?.open();
      }
      expect(text).toBe([0, 1, 2, 3, 4].map((i) => `data: ${i}\n\n`).join(''));
      expect(response.headers['content-encoding']).toBeUndefined();
    });

    test('end at the server when the page goes', async () => {
      const gone = createLatch();
      const { port } = await stage(target, (request, response) => {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' });
        response.write('data: 1\n\n');
        // Some notice that a page has gone only when they write to it.
        const events = noticesLate(target) ? setInterval(() => response.write(':\n\n'), 50) : undefined;
        request.socket.once('close', () => {
          clearInterval(events);
          gone.open();
        });
      });
      const response = await openStream(port);
      response.destroy();
      await gone.opened;
    });
  });
}

/** What only targets with routes do, and targets that write a report. */
export function runRouteBehaviour(target: string): void {
  test(`${target}: several servers under paths and policies of their own`, async () => {
    const seen: string[] = [];
    const { send } = await stage(
      target,
      ({ url = '' }, response) => {
        seen.push(url);
        response.end('{}');
      },
      POLICY,
      (upstream) => ({
        routes: [
          { path: '/mcp', upstream: `${upstream}/mcp` },
          { path: '/v2', upstream: `${upstream}/inner/v1`, policy: { origins: [EVIL] } },
          { path: '/v2/deep', upstream },
          { path: '/v2/deep', exact: true, upstream: `${upstream}/alone`, policy: { origins: [EVIL] } },
        ],
      }),
    );
    const statusOf = async (path: string, origin: string): Promise<number> =>
      (await send('POST', path, fromPage(origin))).status;

    for (const path of ['/mcp', '/mcp/x?y=1', '/mcp/a%20b', '/v2/deep/', '/v2/deep/x?z'])
      expect(await statusOf(path, APP), path).toBe(200);
    for (const path of ['/v2', '/v2/x?y=1', '/v2/deeper', '/v2/deep?q'])
      expect(await statusOf(path, EVIL), path).toBe(200);
    expect(seen).toEqual([
      '/mcp',
      '/mcp/x?y=1',
      '/mcp/a%20b',
      '/',
      '/x?z',
      '/inner/v1',
      '/inner/v1/x?y=1',
      '/inner/v1/deeper',
      '/alone?q',
    ]);

    for (const path of ['/mcp', '/v2/deep/', '/v2/deep/x'])
      expect(await statusOf(path, EVIL), path).toBe(403);
    for (const path of ['/v2', '/v2/deep', '/v2/deeper']) expect(await statusOf(path, APP), path).toBe(403);
    for (const path of ['/', '/mcpx', '/v', '/other']) expect(await statusOf(path, APP), path).toBe(404);
    expect(seen).toHaveLength(9);
  });

  test(`${target}: report-only mode writes down what it would refuse`, async () => {
    const { send, report } = await stage(target, createApplication().listener, {
      ...POLICY,
      reportOnly: true,
    });
    expect((await send('POST', '/mcp', fromPage(EVIL))).status).toBe(200);
    expect((await send('POST', '/mcp', fromPage(APP))).status).toBe(200);
    await vi.waitFor(() => {
      const written = report().replaceAll('\\/', '/'); // as JSON may write a slash
      expect(written).toContain('origin-not-allowed');
      expect(written).toContain(EVIL);
      expect(written).not.toContain(APP);
    });
  });
}

/**
 * What keeps a path to its own route and policy, whatever the server behind makes of it. A target that gets a URL for a path
 * may take the one for the other, throughout.
 */
export function runConfinement(target: string, getsUrls = false): void {
  // A server that takes such an offer would hear the rest of the connection unchecked.
  test(`${target}: the server behind is offered no protocol but HTTP/1.1 and WebSockets`, async () => {
    const offered: (string | undefined)[] = [];
    const { send } = await stage(target, ({ headers }, response) => {
      offered.push(headers.upgrade);
      response.end('{}');
    });
    const protocols = ['h2c', 'H2C', 'TLS/1.0', 'websocketx', 'h2c,websocket'];
    for (const protocol of protocols) {
      await send('GET', '/mcp', [
        ['Origin', APP],
        ['Connection', 'Upgrade, HTTP2-Settings'],
        ['Upgrade', protocol],
        ['HTTP2-Settings', 'AAMAAABkAARAAAAAAAIAAAAA'],
      ]);
    }
    expect(offered.filter((protocol) => protocol !== undefined)).toEqual([]);
    expect(offered.length).toBeGreaterThan(3);
  });

  test(`${target}: paths of routes with every sign that they can have mean themselves`, async () => {
    const seen: string[] = [];
    const hostile = '/ab&e(f)gh~!@,+=[x].y:z-_';
    const { send } = await stage(
      target,
      ({ url = '' }, response) => {
        seen.push(url);
        response.end('{}');
      },
      POLICY,
      (upstream) => ({
        routes: [
          { path: hostile, upstream: `${upstream}/i&(n)1+.*,` },
          { path: '/x&(y)+.z', exact: true, upstream: `${upstream}/o!~@=ne` },
        ],
      }),
    );
    for (const path of [`${hostile}/1`, hostile, '/x&(y)+.z'])
      expect((await send('POST', path, fromPage(APP))).status, path).toBe(200);
    for (const path of [
      hostile.replace('.', 'x'),
      hostile.replace('b&', 'b/&'),
      '/a',
      '/x&(y)+.z/1',
      '/xx&y+.z',
    ])
      expect((await send('POST', path, fromPage(APP))).status, path).toBe(404);
    expect(seen.map((url) => decodeURIComponent(url))).toEqual(['/i&(n)1+.*,/1', '/i&(n)1+.*,', '/o!~@=ne']);
  });

  test(`${target}: no second spelling of a path leads from one route into another, or out of it`, async () => {
    const seen: string[] = [];
    const { send } = await stage(
      target,
      ({ url = '' }, response) => {
        seen.push(url);
        response.end('{}');
      },
      POLICY,
      (upstream) => ({
        routes: [
          { path: '/', upstream },
          { path: '/inner', upstream: `${upstream}/inner/v1`, policy: { origins: [EVIL] } },
          { path: '/alone', exact: true, upstream, policy: { origins: [EVIL] } },
        ],
      }),
    );
    for (const path of [
      ...[
        '/%69nner/x',
        '/inne%72',
        '/inner%2fx',
        '/inner;/x',
        '/inner%00',
        '/INNER/x',
        '/Inner',
        '//inner',
        '/./inner',
      ],
      ...[
        '/x/../inner',
        '/x/%2e%2e/inner',
        '/x/..%2finner',
        '/x/..%5cinner',
        '/x/..;/inner',
        '/x\\..\\inner',
      ],
      ...[
        '/inner/../x',
        '/inner/%2E%2e/x',
        '/inner/..%2Fx',
        '/inner/x%2f..%2f..%2fx',
        '/inner/..\\x',
        '/inner/a%0ab',
      ],
      ...[
        '/inner/%0a',
        '/inner/a%0d%0aX:%20y',
        '/alone%0a',
        '/Alone',
        '/alon%65',
        '/x//inner',
        '/x/.',
        '/x/..',
      ],
    ]) {
      const read = getsUrls ? new URL(`http://localhost${path}`).pathname : path;
      for (const origin of [APP, EVIL]) {
        const { status } = await send('POST', path, fromPage(origin));
        if (read === path) expect([400, 404, 431], `${path} from ${origin}`).toContain(status);
        else {
          const reached = seen.splice(0);
          expect((await send('POST', read, fromPage(origin))).status, path).toBe(status);
          expect(seen.splice(0), path).toEqual(reached);
        }
      }
    }
    expect(seen).toEqual([]);
    for (const path of ['/', '/x%20y/...', '/innerx', '/alone/x', '/x/inner'])
      expect((await send('POST', path, fromPage(APP))).status, path).toBe(200);
    for (const path of ['/inner/x', '/alone'])
      expect((await send('POST', path, fromPage(EVIL))).status, path).toBe(200);
    expect(seen).toEqual(['/', '/x%20y/...', '/innerx', '/alone/x', '/x/inner', '/inner/v1/x', '/']);
  });
}

/** Whether the policy itself admits an origin: some probes are made to miss an exact origin, not a pattern. */
export function isAdmitted(origin: string, config: StaticPolicyConfig): boolean {
  const head = { method: 'GET', path: '/mcp', host: 'localhost', origin };
  return createPolicy(config).decide(head).outcome !== 'deny';
}

function openStream(
  port: number,
  headers: Record<string, string> = {},
): Promise<import('node:http').IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(
      {
        port,
        host: '127.0.0.1',
        path: '/mcp',
        headers: { Origin: APP, Accept: 'text/event-stream', ...headers },
      },
      resolve,
    ).once('error', reject);
  });
}

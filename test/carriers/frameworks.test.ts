import { createDirectory, type PolicyConfig } from 'mcp-cors';
import type { DecisionEvent, Limiter, NodeCarrierOptions } from 'mcp-cors/node';
import { afterEach, describe, expect, test } from 'vitest';
import { corsNames, exchange, request, values, varyNames, type WireResponse } from '../fixtures/wire.js';
import { type Answer, ask, type Headers, openStream } from './frameworkClient.js';
import { type Behind, BODY_LIMIT, FRAMEWORKS, type Running, SESSION_ID } from './frameworks.js';

const APP = 'https://app.example.com';
const OTHER = 'https://other.example.com';
const EVIL = 'https://evil.example';
const JSON_TYPE: Headers = { 'Content-Type': 'application/json' };
const CONFIG: PolicyConfig = { origins: [APP, OTHER] };
const SEALED: PolicyConfig = { ...CONFIG, sessions: { secret: 'a secret of more than 32 characters' } };

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

/** Holds an answer to what every answer to a page of an allowed origin carries. */
function expectReadable(answer: Answer, { vary = [] as readonly string[], origin = APP } = {}): void {
  expect(corsNames(answer)).toEqual(['access-control-allow-origin', 'access-control-expose-headers']);
  expect(values(answer, 'access-control-allow-origin')).toEqual([origin]);
  expect(varyNames(answer)).toEqual([...vary, 'origin'].sort());
}

describe.each(FRAMEWORKS)('$name', (framework) => {
  async function start(behind: readonly Behind[] = [[CONFIG]], extra?: { cors?: boolean }): Promise<Running> {
    const running = await framework.start(behind, extra);
    open.push(running);
    return running;
  }

  test.each([
    ['a thrown error', 'GET /throw', 500],
    ['a rejected promise', 'GET /reject', 500],
    ['no such path', 'GET /missing', 404],
    ['an answer', 'GET /mcp', 200],
    ['HEAD', 'HEAD /mcp', 200],
    ['HEAD of no such path', 'HEAD /missing', 404],
  ])('%s is readable', async (_, line, status) => {
    const answer = await ask(await start(), line, { Origin: APP });
    expect(answer.status).toBe(status);
    expectReadable(answer);
    if (line.startsWith('HEAD')) expect(answer.body).toBe('');
  });

  test('a body that the framework finds too large is readable', async () => {
    const running = await start();
    const small = await ask(running, 'POST /mcp', { Origin: APP, ...JSON_TYPE }, '{"a":1}');
    expect([small.status, small.body]).toEqual([200, '{"a":1}']);
    const body = JSON.stringify({ x: 'x'.repeat(BODY_LIMIT) });
    const answer = await ask(running, 'POST /mcp', { Origin: APP, ...JSON_TYPE }, body);
    expect(answer.status).toBe(413);
    expectReadable(answer);
  });

  test('what the application says of CORS and Vary gives way, and its own Vary stays', async () => {
    const answer = await ask(await start(), 'GET /own', { Origin: APP });
    expect(answer.body).toBe('own');
    expectReadable(answer, { vary: ['accept'] });
    expect(values(answer, 'access-control-expose-headers')[0]).not.toContain('x-own');
  });

  test('the framework’s own CORS package behind it changes nothing', async () => {
    const running = await start([[CONFIG]], { cors: true });
    expectReadable(await ask(running, 'GET /mcp', { Origin: APP }));
    const failed = await ask(running, 'GET /throw', { Origin: APP });
    expect(failed.status).toBe(500);
    expectReadable(failed);
    const preflight: Headers = { 'Access-Control-Request-Method': 'POST' };
    const refused = await ask(running, 'OPTIONS /mcp', { Origin: EVIL, ...preflight });
    expect([refused.status, corsNames(refused)]).toEqual([403, []]);
    const allowed = await ask(running, 'OPTIONS /mcp', { Origin: APP, ...preflight });
    expect(allowed.status).toBe(204);
    expect(values(allowed, 'access-control-allow-origin')).toEqual([APP]);
  });

  test('the inner of two policies has the last word, and either may refuse', async () => {
    const outer: PolicyConfig = { ...CONFIG, exposedHeaders: ['X-Outer'] };
    const running = await start([[outer], [{ origins: APP, exposedHeaders: ['X-Inner'] }]]);
    for (const line of ['GET /mcp', 'GET /throw', 'GET /missing', 'GET /own']) {
      const answer = await ask(running, line, { Origin: APP });
      expectReadable(answer, { vary: line === 'GET /own' ? ['accept'] : [] });
      const [exposed] = values(answer, 'access-control-expose-headers');
      expect([exposed?.includes('X-Outer'), exposed?.includes('X-Inner')]).toEqual([false, true]);
    }
    const refused = await ask(running, 'GET /mcp', { Origin: OTHER });
    expect([refused.status, corsNames(refused), varyNames(refused)]).toEqual([403, [], ['origin']]);
  });

  test('report-only: the application is reached and its response stays its own', async () => {
    const heard: DecisionEvent[] = [];
    const running = await start([
      [
        { ...CONFIG, reportOnly: true },
        { onDecision: (event) => heard.push(event), requestId: false },
      ],
    ]);
    const answer = await ask(running, 'GET /own', { Origin: EVIL });
    expect([answer.status, answer.body]).toEqual([200, 'own']);
    expect(values(answer, 'access-control-allow-origin')).toEqual(['*']);
    expect(varyNames(answer)).toEqual(['accept']);
    expect(heard.map(({ wouldDeny }) => wouldDeny)).toEqual(['origin-not-allowed']);
  });

  test('a directory that answers late: pass, preflight and denial', async () => {
    const lookup = async (origin: string): Promise<boolean> => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return origin === APP;
    };
    const running = await start([[{ origins: createDirectory({ lookup }) }]]);
    const body = '{"a":1}';
    const passed = await ask(running, 'POST /mcp', { Origin: APP, ...JSON_TYPE }, body);
    expect([passed.status, passed.body]).toEqual([200, body]);
    expectReadable(passed);
    const refused = await ask(running, 'POST /mcp', { Origin: EVIL, ...JSON_TYPE }, body);
    expect([refused.status, corsNames(refused)]).toEqual([403, []]);
    expect(JSON.parse(refused.body).error.data.reason).toBe('origin-not-allowed');
    const preflight = await ask(running, 'OPTIONS /mcp', {
      Origin: APP,
      'Access-Control-Request-Method': 'POST',
    });
    expect(preflight.status).toBe(204);
    const failed = await ask(running, 'GET /throw', { Origin: APP });
    expect(failed.status).toBe(500);
    expectReadable(failed);
  });

  test('a limiter that answers late: 429 is readable, and so is what is left', async () => {
    let left = 2;
    const limiter: Limiter = {
      points: 2,
      duration: 60,
      consume: async () => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        const answer = { msBeforeNext: 1_000, remainingPoints: Math.max(0, --left) };
        return left < 0 ? Promise.reject(answer) : answer;
      },
    };
    const running = await start([[CONFIG, { limiter }]]);
    const passed = await ask(running, 'POST /mcp', { Origin: APP, ...JSON_TYPE }, '{}');
    expect([passed.status, values(passed, 'ratelimit')]).toEqual([200, ['"requests";r=1;t=1']]);
    expectReadable(passed);
    const failed = await ask(running, 'GET /throw', { Origin: APP });
    expect(failed.status).toBe(500);
    expect(values(failed, 'ratelimit')).toHaveLength(1);
    const limited = await ask(running, 'GET /mcp', { Origin: APP });
    expect([limited.status, values(limited, 'retry-after')]).toEqual([429, ['1']]);
    expectReadable(limited);
  });

  test('a stream arrives event by event', async () => {
    const running = await start();
    const stream = await openStream(running, '/stream', { Origin: APP });
    open.push(stream);
    expect(stream.headers).toMatchObject({ 'access-control-allow-origin': APP, vary: 'Origin' });
    expect(await stream.next()).toBe('data: 1\n\n'); // the second is not written yet
    running.proceed();
    expect(await stream.next()).toBe('data: 2\n\n');
    running.proceed();
    expect(await stream.next()).toBeUndefined();
  });

  describe('sealed sessions', () => {
    test('in the header: the page that opened one can use it, no other can', async () => {
      const running = await start([[SEALED]]);
      const opened = await ask(running, 'GET /session', { Origin: APP });
      const [sealed = ''] = values(opened, 'mcp-session-id');
      expect(sealed).toMatch(new RegExp(`^[\\w-]{43}\\.${SESSION_ID}$`));
      const post = (origin: Headers, id: string): Promise<Answer> =>
        ask(running, 'POST /seen', { ...origin, ...JSON_TYPE, 'Mcp-Session-Id': id }, '{}');
      const used = await post({ Origin: APP }, sealed);
      expect(JSON.parse(used.body)).toMatchObject({ sessionId: SESSION_ID });
      expectReadable(used);
      for (const [origin, id] of [
        [{ Origin: OTHER }, sealed],
        [{}, sealed],
        [{ Origin: APP }, SESSION_ID],
      ] as const) {
        expect((await post(origin, id)).status).toBe(404);
      }
    });

    test.each(['lf', 'crlf', 'cr'])(
      'in an endpoint event whose lines end with %s, written in parts',
      async (newline) => {
        const running = await start([[SEALED]]);
        const stream = await openStream(running, `/sse?newline=${newline}`, { Origin: APP });
        open.push(stream);
        for (const _ of ['the second part', 'the third']) {
          await expect.poll(running.waiting).toBe(1);
          running.proceed();
        }
        const text = (await stream.next()) ?? '';
        const end = { lf: '\n', crlf: '\r\n', cr: '\r' }[newline];
        const [, path = '', id] =
          /^event: endpoint\r?\n?data: (\/messages\?sessionId=[\w-]{43}\.([\w-]+))/.exec(text) ?? [];
        expect(id).toBe(SESSION_ID);
        expect(text).toBe(`event: endpoint${end}data: ${path}${end}${end}`);
        await expect.poll(running.waiting).toBe(1);
        running.proceed();
        expect(await stream.next()).toBe(`data: 2${end}${end}`);

        const target = `${path}&x=a%20b`;
        const used = await ask(running, `POST ${target}`, { Origin: APP, ...JSON_TYPE }, '{}');
        expect(used.status).toBe(200);
        const opened = `/messages?sessionId=${SESSION_ID}&x=a%20b`;
        expect(JSON.parse(used.body)).toEqual({
          query: { sessionId: SESSION_ID, x: 'a b' },
          url: opened,
          originalUrl: opened,
        });
        expect((await ask(running, `POST ${target}`, { Origin: OTHER, ...JSON_TYPE }, '{}')).status).toBe(
          404,
        );
      },
    );

    test('beside brackets, which some parsers make objects of', async () => {
      const running = await start([[SEALED]]);
      const [sealed = ''] = values(await ask(running, 'GET /session', { Origin: APP }), 'mcp-session-id');
      const target = `/messages?a[b]=c&session_id=${sealed}&a[d]=${sealed}`;
      const used = await ask(running, `POST ${target}`, { Origin: APP, ...JSON_TYPE }, '{}');
      expect(JSON.parse(used.body).query).toMatchObject({ session_id: SESSION_ID });
      expect(JSON.parse(used.body).url).toBe(`/messages?a[b]=c&session_id=${SESSION_ID}&a[d]=${sealed}`);
      const hidden = await ask(
        running,
        `POST /messages?a[sessionId]=${sealed}`,
        { Origin: APP, ...JSON_TYPE },
        '{}',
      );
      expect(hidden.status).toBe(404);
    });
  });
});

describe.each(FRAMEWORKS.filter(({ name }) => name !== 'http2'))('$name over HTTP/1', (framework) => {
  async function start(options: NodeCarrierOptions = {}): Promise<Running> {
    const running = await framework.start([[CONFIG, options]]);
    open.push(running);
    return running;
  }

  // Over HTTP/2 here, no framework stands around the listener.
  test('what a listener throws is an error of the framework, also after an answer', async () => {
    const onDecision = (): void => {
      throw new Error('the listener failed');
    };
    const running = await start({ onDecision });
    const failed = await ask(running, 'GET /mcp', { Origin: APP });
    expect(failed.status).toBe(500);
    expect(values(failed, 'access-control-allow-origin')).toEqual([APP]);
    expect((await ask(running, 'GET /mcp', { Origin: EVIL })).status).toBe(403);
    expect((await ask(running, 'GET /mcp', { Origin: EVIL })).status).toBe(403);
  });

  test('HTTP/1.0 is served', async () => {
    const { port } = await start();
    const [answer] = await exchange(port, `GET /mcp HTTP/1.0\r\nHost: localhost\r\nOrigin: ${APP}\r\n\r\n`);
    expect([answer?.status, answer?.body]).toEqual([200, 'ok']);
    expectReadable(answer as WireResponse);
  });

  test('requests that are sent at once over one connection get each their own answer', async () => {
    const { port } = await start();
    const keep = { Connection: 'keep-alive' };
    const answers = await exchange(
      port,
      [
        request('GET /mcp', { ...keep, Origin: APP }),
        request('GET /mcp', { ...keep, Origin: EVIL }),
        request('GET /throw', { ...keep, Origin: OTHER }),
        request('OPTIONS /mcp', { ...keep, Origin: APP, 'Access-Control-Request-Method': 'POST' }),
        request('POST /mcp', { ...keep, Origin: APP, 'Content-Type': 'text/plain' }, 'hello'),
        request('GET /missing', keep),
        request('GET /mcp', { Origin: OTHER }),
      ].join(''),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 403, 500, 204, 415, 404, 200]);
    expect(answers.map((answer) => values(answer, 'access-control-allow-origin'))).toEqual([
      [APP],
      [],
      [OTHER],
      [APP],
      [APP],
      [],
      [OTHER],
    ]);
  });
});

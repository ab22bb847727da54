import { request as startRequest } from 'node:http';
import type { StaticPolicyConfig } from 'mcp-cors';
import { render } from 'mcp-cors/render';
import { expect, onTestFinished, test } from 'vitest';
import { createSessionSealer } from '../../../packages/mcp-cors/src/session/index.js';
import type { Line } from '../../carriers/vectors.js';
import { exchange, type WireResponse } from '../../carriers/wire.js';
import { startServer } from '../place.js';
import { APP, corsOf, EVIL, fromPage, headerOf, POLICY } from '../scene.js';
import { describeGo } from './describe.js';
import { buildModule, goSource } from './toolchain.js';

const SECRET = 'x'.repeat(32);
const SEALED: StaticPolicyConfig = { ...POLICY, sessions: { secret: SECRET } };

/** Starts the application behind a rendered policy. */
async function startApplication(policy: StaticPolicyConfig = POLICY, secrets = SECRET) {
  const started = await startServer(1, ([port], folder) => ({
    command: [`${folder}/server`, String(port)],
    environment: { MCP_CORS_SESSION_SECRETS: secrets },
    prepare: () =>
      buildModule(folder, { 'application.go': goSource('application.go') }, [
        { 'mcpcors.go': render('go', policy) },
      ]),
    files: {},
  }));
  onTestFinished(started.stop);
  const [port = 0] = started.ports;
  const send = (method: string, target: string, lines: readonly Line[] = []): Promise<WireResponse> =>
    exchange(port, method, target, [['Host', `127.0.0.1:${port}`], ...lines]);
  return { ...started, port, send };
}

/** All that comes of a response, whether or not it ends as it should. */
function readAll(port: number, path: string, headers: Readonly<Record<string, string>>) {
  return new Promise<{ readonly text: string; readonly head: Readonly<Record<string, unknown>> }>(
    (resolve, reject) => {
      startRequest({ port, host: '127.0.0.1', path, headers, agent: false }, (response) => {
        let text = '';
        response.on('data', (bytes) => {
          text += bytes;
        });
        response.on('error', () => {});
        response.on('close', () => resolve({ text, head: response.headers }));
      })
        .on('error', reject)
        .end();
    },
  );
}

function expectReadable(answer: WireResponse): void {
  expect(headerOf(answer, 'Access-Control-Allow-Origin')).toBe(APP);
  expect(headerOf(answer, 'Access-Control-Allow-Credentials')).toBeUndefined();
  expect(headerOf(answer, 'Access-Control-Expose-Headers')).toContain('WWW-Authenticate');
  expect(headerOf(answer, 'Vary')).toBe('Origin');
}

describeGo('a Go application', () => {
  test('is readable whatever its handlers do', async () => {
    const { send, output } = await startApplication();
    const get = (path: string): Promise<WireResponse> => send('GET', path, [['Origin', APP]]);

    for (const [path, status] of [
      ['/nothing', 200],
      ['/missing', 404],
    ] as const) {
      const answer = await get(path);
      expectReadable(answer);
      expect(answer.status).toBe(status);
    }

    const panicked = await get('/panics');
    expectReadable(panicked);
    expect(panicked.status).toBe(500);
    expect(headerOf(panicked, 'Content-Encoding')).toBeUndefined();
    expect(JSON.parse(panicked.body)).toEqual({
      jsonrpc: '2.0',
      error: { code: -32603, message: 'Internal error' },
    });
    const head = await send('HEAD', '/panics', [['Origin', APP]]);
    expectReadable(head);
    expect(head).toMatchObject({ status: 500, body: '' });
    // The server's log has it, with where it happened.
    expect(output()).toContain('this is not for pages');
    expect(output()).toContain('application.go');

    const controlled = await get('/controlled');
    expectReadable(controlled);
    expect(controlled.body).toMatch(/^a0{100000}$/);
    const foreign = await send('GET', '/panics', [['Origin', EVIL]]);
    expect(foreign.status).toBe(403);
    expect(corsOf(foreign)).toEqual([]);
  });

  test('says nothing twice, however a handler spells it', async () => {
    const { send } = await startApplication(SEALED);
    const answer = await send('GET', '/spelled', [['Origin', APP]]);
    expect(answer.status).toBe(401);
    expect(headerOf(answer, 'Access-Control-Allow-Origin')).toBe(APP);
    expect(headerOf(answer, 'Vary')).toBe('accept, origin');
    expect(headerOf(answer, 'Mcp-Session-Id')).toBe(createSessionSealer([SECRET]).seal(APP, 'one'));
  });

  test('early hints come before an answer that is readable', async () => {
    const { port } = await startApplication();
    const hints: unknown[] = [];
    const answer = await new Promise<Readonly<Record<string, unknown>>>((resolve, reject) => {
      startRequest({ port, host: '127.0.0.1', path: '/early', headers: { Origin: APP } }, (response) => {
        response.resume();
        resolve({ ...response.headers, status: response.statusCode });
      })
        .on('information', ({ statusCode }) => hints.push(statusCode))
        .on('error', reject)
        .end();
    });
    expect(hints).toEqual([103]);
    expect(answer).toMatchObject({ status: 418, 'access-control-allow-origin': APP });
  });

  test('an answer that is given up stays so, and a stream that breaks off has come so far', async () => {
    const { port } = await startApplication();
    await expect(readAll(port, '/aborts', { Origin: APP })).rejects.toThrow();
    const { text, head } = await readAll(port, '/breaks-off', { Origin: APP });
    expect(text).toBe('data: 1\n\n');
    expect(head['access-control-allow-origin']).toBe(APP);
  });

  test('WebSockets of foreign pages are refused, others get their connection', async () => {
    const { send } = await startApplication();
    const upgrade: readonly Line[] = [
      ['Connection', 'Upgrade'],
      ['Upgrade', 'websocket'],
    ];
    expect((await send('GET', '/hijacked', [...upgrade, ['Origin', APP]])).status).toBe(101);
    expect((await send('GET', '/hijacked', [...upgrade, ['Origin', EVIL]])).status).toBe(403);
  });

  test('the endpoint event is sealed byte by byte, and handlers read the id as their own', async () => {
    const { port, send } = await startApplication(SEALED);
    const sealed = createSessionSealer([SECRET]).seal(APP, 'abc');
    const { text, head } = await readAll(port, '/sse', { Origin: APP });
    expect(text).toBe(`event: endpoint\ndata: /messages?sessionId=${sealed}\n\n:`);
    expect(head).not.toHaveProperty('content-length');
    expect((await readAll(port, '/sse/', { Origin: APP })).text).toBe('event: endpoint\ndata: /messages');

    const target = `/messages?a=%2F;b&sessionId=${sealed}`;
    const own = await send('POST', target, fromPage(APP));
    expect(own.body).toBe('/messages?a=%2F;b&sessionId=abc a=%2F;b&sessionId=abc abc');
    const stolen = await send('POST', target, fromPage(`http://127.0.0.1:${port}`));
    expect(stolen.status).toBe(404);
    expect(stolen.body).toContain('session-not-found');
  });

  test('report-only mode writes down what it would refuse, and leaves the response alone', async () => {
    const { send, output } = await startApplication({ ...SEALED, reportOnly: true });
    const foreign = await send('GET', '/spelled', [['Origin', EVIL]]);
    expect(foreign.status).toBe(401);
    expect(headerOf(foreign, 'Access-Control-Allow-Origin')).toBe('*');
    expect(headerOf(foreign, 'Mcp-Session-Id')).toBe('one');
    expect(output()).toContain('WARN mcp-cors: origin-not-allowed method=GET path=/spelled');
    expect(output()).toContain(EVIL);
    expect(headerOf(await send('GET', '/nothing', [['Origin', APP]]), 'Access-Control-Allow-Origin')).toBe(
      APP,
    );
  });

  test.each(['', '\n', `${SECRET}\nshort`])('does not start without its secret: %j', async (secrets) => {
    await expect(startApplication(SEALED, secrets)).rejects.toThrow(/panic: mcp-cors: .*secret/);
  });
});

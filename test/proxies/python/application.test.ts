import { readFileSync } from 'node:fs';
import { request as startRequest } from 'node:http';
import type { StaticPolicyConfig } from 'mcp-cors';
import { render } from 'mcp-cors/render';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Line } from '../../carriers/vectors.js';
import { exchange, type WireResponse } from '../../carriers/wire.js';
import { type Started, startServer } from '../place.js';
import { APP, corsOf, EVIL, fromPage, headerOf, POLICY, preflightOf } from '../scene.js';
import { scriptPath } from './run.js';
import { PYTHON } from './server.js';

/** How the middleware is put in front of an application. */
const MODES = ['around', 'added'] as const;
type Mode = (typeof MODES)[number];

interface Python extends Started {
  readonly port: number;
  readonly send: (method: string, target: string, lines?: readonly Line[]) => Promise<WireResponse>;
}

/** Starts uvicorn by its own command. */
async function startUvicorn(
  application: string,
  files: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string>> = {},
): Promise<Python> {
  const started = await startServer(1, ([port]) => ({
    command: [PYTHON, '-B', '-m', 'uvicorn', application, '--port', String(port), '--log-level', 'warning'],
    files,
    environment,
  }));
  onTestFinished(started.stop);
  const [port = 0] = started.ports;
  return {
    ...started,
    port,
    send: (method, target, lines = []) =>
      exchange(port, method, target, [['Host', `127.0.0.1:${port}`], ...lines]),
  };
}

function startApplication(mode: Mode, policy: StaticPolicyConfig = POLICY): Promise<Python> {
  const files = {
    'mcp_cors.py': render('starlette-middleware', policy),
    'application.py': readFileSync(scriptPath('application.py'), 'utf8'),
  };
  return startUvicorn('application:application', files, { MODE: mode });
}

function expectReadable(answer: WireResponse): void {
  expect(headerOf(answer, 'Access-Control-Allow-Origin')).toBe(APP);
  expect(headerOf(answer, 'Access-Control-Allow-Credentials')).toBeUndefined();
  expect(headerOf(answer, 'Access-Control-Expose-Headers')).toContain('WWW-Authenticate');
  expect(headerOf(answer, 'Vary')).toBe('Origin');
}

describe.each(MODES)('an application with the middleware %s', (mode) => {
  test('errors of every kind are readable, and tell nothing of themselves', async () => {
    const { send } = await startApplication(mode);
    const get = (path: string): Promise<WireResponse> => send('GET', path, [['Origin', APP]]);

    const broken = await get('/broken');
    expectReadable(broken);
    expect(broken.status).toBe(500);
    expect(JSON.parse(broken.body)).toEqual(
      mode === 'around'
        ? { own: 'error' }
        : { jsonrpc: '2.0', error: { code: -32603, message: 'Internal error' } },
    );
    expect((await send('HEAD', '/broken', [['Origin', APP]])).body).toBe('');

    for (const [path, status] of [
      ['/refused', 401],
      ['/numbers/x', 422],
      ['/nothing', 404],
    ] as const) {
      const answer = await get(path);
      expectReadable(answer);
      expect(answer.status).toBe(status);
    }
    expect(headerOf(await get('/refused'), 'WWW-Authenticate')).toBe('Bearer');
    expectReadable(await send('POST', '/numbers/1', fromPage(APP))); // 405
  });

  test('a native client and a foreign page are told apart, errors included', async () => {
    const { send, output } = await startApplication(mode);
    const native = await send('GET', '/broken');
    expect(native.status).toBe(500);
    expect(corsOf(native)).toEqual([]);
    expect(headerOf(native, 'Vary')).toBe('Origin');
    const foreign = await send('GET', '/broken', [['Origin', EVIL]]);
    expect(foreign.status).toBe(403);
    expect(corsOf(foreign)).toEqual([]);
    // The server's log has the error, and has it once: that of the native client.
    expect(output().match(/RuntimeError: this is not for pages/g)).toHaveLength(1);
  });

  test('a stream that breaks off has come so far, with its headers', async () => {
    const { port } = await startApplication(mode);
    const text = await new Promise<string>((resolve, reject) => {
      const request = startRequest(
        { port, host: '127.0.0.1', path: '/breaks-off', headers: { Origin: APP } },
        (response) => {
          expect(response.headers['access-control-allow-origin']).toBe(APP);
          let got = '';
          response.on('data', (bytes) => {
            got += bytes;
          });
          response.on('close', () => resolve(got));
          response.on('error', () => {});
        },
      );
      request.on('error', reject);
      request.end();
    });
    expect(text).toBe('data: 1\n\n');
  });

  test('WebSockets of foreign pages are refused', async () => {
    const { port } = await startApplication(mode);
    const upgrade = (headers: Record<string, string>): Promise<number> =>
      new Promise((resolve, reject) => {
        const request = startRequest({
          port,
          host: '127.0.0.1',
          path: '/socket',
          agent: false,
          headers: {
            Connection: 'Upgrade',
            Upgrade: 'websocket',
            'Sec-WebSocket-Version': '13',
            'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
            ...headers,
          },
        });
        request.on('upgrade', (_, socket) => {
          socket.destroy();
          resolve(101);
        });
        request.on('response', (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        });
        request.on('error', reject);
        request.end();
      });
    expect(await upgrade({ Origin: APP })).toBe(101);
    expect(await upgrade({})).toBe(101);
    expect(await upgrade({ Origin: `http://127.0.0.1:${port}` })).toBe(101);
    expect(await upgrade({ Origin: EVIL })).toBe(403);
    expect(await upgrade({ Origin: APP, Host: 'evil.example' })).toBe(403);
  });

  test('report-only mode writes down what it would refuse, and leaves the response alone', async () => {
    const { send, output } = await startApplication(mode, { ...POLICY, reportOnly: true });
    const foreign = await send('GET', '/state', [['Origin', EVIL]]);
    expect(foreign.status).toBe(200);
    // The author's own CORSMiddleware answers, as it did before: newer releases send the origin back.
    expect(['*', EVIL]).toContain(headerOf(foreign, 'Access-Control-Allow-Origin'));
    expect(output()).toContain(`origin-not-allowed: GET '/state' for '127.0.0.1:`);
    expect(output()).toContain(EVIL);
    expectReadable(await send('GET', '/state', [['Origin', APP]]));
  });
});

test('what starts and ends an application gets through', async () => {
  const { send } = await startApplication('around');
  expect((await send('GET', '/state')).body).toBe('{"started":true}');
});

test('behind a proxy that ends TLS, pages of the server itself are told by X-Forwarded-Proto', async () => {
  const { port, send } = await startApplication('around');
  const own: Line = ['Origin', `https://127.0.0.1:${port}`];
  expect((await send('GET', '/state', [own])).status).toBe(403);
  const answer = await send('GET', '/state', [own, ['X-Forwarded-Proto', 'https']]);
  expect(answer.status).toBe(200);
  expect(headerOf(answer, 'Access-Control-Allow-Origin')).toBe(own[1]);
});

describe('the application that fastapi renders', () => {
  test('runs as it is', async () => {
    const { send } = await startUvicorn('main:app', { 'main.py': render('fastapi', POLICY) });
    const answer = await send('GET', '/healthz', [['Origin', APP]]);
    expectReadable(answer);
    expect(answer).toMatchObject({ status: 200, body: '{"status":"ok"}' });
    expect((await send('OPTIONS', '/mcp', preflightOf(APP))).status).toBe(204);
    expect((await send('POST', '/mcp', fromPage(EVIL))).status).toBe(403);
  });

  test.each([{}, { MCP_CORS_SESSION_SECRETS: `short\n${'x'.repeat(32)}` }])(
    'does not start without the secret of its sessions: %j',
    async (environment) => {
      const policy = { ...POLICY, sessions: { secret: 'x'.repeat(32) } };
      await expect(
        startUvicorn('main:app', { 'main.py': render('fastapi', policy) }, environment),
      ).rejects.toThrow(/ValueError: The policy seals sessions\. Put the secret/);
    },
  );
});

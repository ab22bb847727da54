import { mkdirSync, writeFileSync } from 'node:fs';
import type { StaticPolicyConfig } from 'mcp-cors';
import { render } from 'mcp-cors/render';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Line } from '../carriers/vectors.js';
import { exchange, type WireResponse } from '../carriers/wire.js';
import { compile, hasSpring, hostFile, javaCommand } from './hosts/spring.js';
import { startServer } from './place.js';
import { APP, corsOf, EVIL, fromPage, headerOf, POLICY, preflightOf } from './scene.js';

/** What @CrossOrigin says of Vary is kept. */
const OWN_VARY = 'Access-Control-Request-Method, Access-Control-Request-Headers, Origin';

interface Application {
  readonly send: (method: string, target: string, lines?: readonly Line[]) => Promise<WireResponse>;
  readonly output: () => string;
}

/** Starts a Spring Boot application that imports the rendered filter. */
async function startApplication(
  policy: StaticPolicyConfig = POLICY,
  environment: Readonly<Record<string, string>> = {},
): Promise<Application> {
  const started = await startServer(1, ([port], folder) => ({
    command: javaCommand(
      folder,
      'host.Application',
      `--server.port=${port}`,
      '--server.address=127.0.0.1',
      '--logging.level.root=WARN',
      '--logging.level.mcpcors=INFO',
    ),
    environment,
    prepare: () => {
      mkdirSync(`${folder}/mcpcors`);
      const filter = `${folder}/mcpcors/McpCorsFilter.java`;
      writeFileSync(filter, render('spring', policy));
      compile(`${folder}/host`, filter, hostFile('Application.java'));
    },
    files: {},
  }));
  onTestFinished(started.stop);
  const [port = 0] = started.ports;
  return {
    output: started.output,
    send: (method, target, lines = []) =>
      exchange(port, method, target, [['Host', `127.0.0.1:${port}`], ...lines]),
  };
}

function expectReadable(answer: WireResponse, vary = 'Origin'): void {
  expect(headerOf(answer, 'Access-Control-Allow-Origin')).toBe(APP);
  expect(headerOf(answer, 'Access-Control-Allow-Credentials')).toBeUndefined();
  expect(headerOf(answer, 'Access-Control-Expose-Headers')).toContain('WWW-Authenticate');
  expect(headerOf(answer, 'Access-Control-Expose-Headers')).not.toContain('X-Own');
  expect(headerOf(answer, 'Vary'), answer.body).toBe(vary);
}

// As in spring.test.ts.
if (hasSpring()) describe('a Spring Boot application with the filter', defineTests);
else
  test('spring: MCP_CORS_SPRING_JARS names no jars, so that no application with the filter was started', () =>
    expect(hasSpring()).toBe(false));

function defineTests(): void {
  test('whatever answers, errors and what comes later included, is readable, once', async () => {
    const { send } = await startApplication();
    for (const [path, status, body] of [
      ['/own', 200, 'own'],
      ['/later', 200, 'later'],
      ['/sse/plain', 200, 'pl\u00c3\u00a9in'], // UTF-8, read byte by byte
      ['/events', 200, 'data:1\n\ndata:2\n\n'],
      ['/broken', 500, undefined],
      ['/broken-later', 500, undefined],
      ['/sent-error', 503, undefined],
      ['/refused', 401, ''],
      ['/numbers/x', 400, undefined],
      ['/nothing', 404, undefined],
    ] as const) {
      const answer = await send('GET', path, [['Origin', APP]]);
      expect(answer.status, path).toBe(status);
      // Spring says the same itself of what it has CORS for, and of what is not there.
      expectReadable(answer, path === '/own' || path === '/nothing' ? OWN_VARY : 'Origin');
      if (body !== undefined) expect(answer.body, path).toBe(body);
    }
    expectReadable(await send('POST', '/numbers/1', fromPage(APP))); // 405
    await expect(send('GET', '/breaks-off', [['Origin', APP]])).rejects.toThrow(
      'the chunked body breaks off',
    );
    const reset = await send('GET', '/reset', [['Origin', APP]]);
    expectReadable(reset, 'Accept-Encoding, Accept-Language, Origin');
    expect(reset.body).toBe('reset');
  });

  test('foreign pages reach nothing, native clients everything, and the application has no say', async () => {
    const { send, output } = await startApplication();
    for (const path of ['/own', '/broken', '/events']) {
      const foreign = await send('GET', path, [['Origin', EVIL]]);
      expect(foreign.status).toBe(403);
      expect(corsOf(foreign)).toEqual([]);
      const native = await send('GET', path);
      expect(native.status).toBe(path === '/broken' ? 500 : 200);
      expect(corsOf(native)).toEqual([]);
      expect(headerOf(native, 'Vary')).toBe(path === '/own' ? OWN_VARY : 'Origin');
    }
    // The origin that @CrossOrigin names is not the policy's, and the policy's is not one of @CrossOrigin.
    expect((await send('GET', '/own', [['Origin', 'https://other.example']])).status).toBe(403);
    expect((await send('OPTIONS', '/own', preflightOf(APP))).status).toBe(204);
    expect((await send('GET', '/own', [['Host', 'evil.example']])).status).toBe(400); // two Host lines
    expect(output()).toContain(`origin-not-allowed: 'GET' '/own' for '127.0.0.1:`);
  });

  test('sessions are sealed, in headers, in the endpoint event and in the query of messages', async () => {
    const secret = 'a secret of more than thirty-two characters';
    const policy = { ...POLICY, sessions: { secret } };
    const { send } = await startApplication(policy, { MCP_CORS_SESSION_SECRETS: `${secret}\n` });

    const opened = await send('POST', '/mcp', fromPage(APP));
    const sealed = headerOf(opened, 'Mcp-Session-Id') ?? '';
    expect(sealed).toMatch(/^[\w-]{43}\.server-1$/);
    const again = await send('POST', '/mcp', [...fromPage(APP), ['Mcp-Session-Id', sealed]]);
    expect(JSON.parse(again.body)).toEqual({ session: 'server-1' });
    const native = await send('POST', '/mcp', [
      ['Content-Type', 'application/json'],
      ['Mcp-Session-Id', sealed],
    ]);
    expect(native.status).toBe(404);

    const stream = await send('GET', '/sse', [['Origin', APP]]);
    const [endpoint = '', id] = /\/messages\?sessionId=(\S+)/.exec(stream.body) ?? [];
    expect(stream.body).toBe(
      `:hello\n\nevent:endpoint\ndata:${endpoint}\n\nevent:message\ndata:/messages?sessionId=server-1\n\n`,
    );
    expect(id).toBe(sealed);
    const message = await send('POST', `${endpoint}&x=1`, fromPage(APP));
    expect(JSON.parse(message.body)).toEqual({ session: 'server-1', query: 'sessionId=server-1&x=1' });
    expect((await send('POST', '/messages?sessionId=server-1', fromPage(APP))).status).toBe(404);
    expectReadable(await send('GET', '/sse/plain', [['Origin', APP]]));
    expect((await send('GET', '/sse/plain', [['Origin', APP]])).body).toBe('pl\u00c3\u00a9in');
  });

  test('does not start without the secret of its sessions', async () => {
    const policy = { ...POLICY, sessions: { secret: 'x'.repeat(32) } };
    await expect(startApplication(policy, { MCP_CORS_SESSION_SECRETS: 'short' })).rejects.toThrow(
      /The policy seals sessions\. Put the secret/,
    );
  });

  test('report-only mode writes down what it would refuse, and leaves the response alone', async () => {
    const { send, output } = await startApplication({ ...POLICY, reportOnly: true });
    const foreign = await send('GET', '/own', [['Origin', 'https://other.example']]);
    expect(foreign.status).toBe(200);
    expect(headerOf(foreign, 'Access-Control-Allow-Credentials')).toBe('true');
    expect(output()).toMatch(/WARN.*origin-not-allowed: 'GET' '\/own'.* from 'https:\/\/other\.example'/);
    expect((await send('GET', '/broken', [['Origin', EVIL]])).status).toBe(500);
    expectReadable(await send('GET', '/events', [['Origin', APP]]));
  });
}

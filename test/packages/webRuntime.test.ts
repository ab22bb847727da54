import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { build } from 'esbuild';
import { Hono } from 'hono';
import type * as FetchAdapter from 'mcp-cors/fetch';
import type * as HonoAdapter from 'mcp-cors/hono';
import { describe, expect, test } from 'vitest';

const DIST = fileURLToPath(new URL('../../packages/mcp-cors/dist/', import.meta.url));
const APP = 'https://app.example.com';
const POLICY = { origins: APP, sessions: { secret: '0123456789abcdef0123456789abcdef' } };

/** What the library may use besides the language: all of it is in the Minimum Common Web API of WinterTC. */
const WEB_STANDARD = {
  Headers,
  Request,
  Response,
  TextEncoder,
  TransformStream,
  clearTimeout,
  console,
  crypto,
  performance,
  queueMicrotask,
  setTimeout,
};

/** Puts an entry point of the build and all that it imports into one script; fails where it needs a module of Node. */
async function bundle(
  entry: string,
): Promise<{ readonly script: string; readonly inputs: readonly string[] }> {
  const { outputFiles, metafile } = await build({
    entryPoints: [`${DIST}${entry}`],
    bundle: true,
    format: 'iife',
    globalName: 'adapter',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    metafile: true,
    write: false,
    logLevel: 'silent',
  });
  return { script: outputFiles[0]?.text ?? '', inputs: Object.keys(metafile.inputs) };
}

/** Runs a script in a realm that has the language and web standards, and gives what it exports. */
function runInRealm<T>(script: string): T {
  const realm = createContext({ ...WEB_STANDARD });
  return runInContext(`'use strict'; ${script}; adapter`, realm) as T;
}

describe('what is to run everywhere', () => {
  test.each([
    ['policy/index.js', []],
    ['carrier/index.js', ['/carrier/', '/session/']],
    ['adapters/fetch.js', ['/adapters/webRequest.js', '/adapters/webResponse.js']],
    ['adapters/hono.js', ['/adapters/request.js', '/adapters/webRequest.js']],
  ])('%s imports nothing of Node', async (entry, parts) => {
    const { script, inputs } = await bundle(entry);
    for (const part of parts)
      expect(
        inputs.some((input) => input.includes(part)),
        part,
      ).toBe(true);
    expect(() => runInRealm(script)).not.toThrow();
  });

  test('this would be noticed', async () => {
    await expect(bundle('adapters/node.js')).rejects.toThrow('Could not resolve "node:');
    expect(() => runInRealm('var adapter = process.env;')).toThrow('process is not defined');
    expect(() => runInRealm('var adapter = Buffer.from([]);')).toThrow('Buffer is not defined');
  });
});

const preflight = new Request('http://localhost/mcp', { method: 'OPTIONS' });
preflight.headers.set('origin', APP);
preflight.headers.set('access-control-request-method', 'DELETE');

function incoming(path: string, origin: string, init: RequestInit = {}): Request {
  const given = new Request(`http://localhost${path}`, init);
  given.headers.set('origin', origin);
  return given;
}

const endpointEvent = (): Response =>
  new Response('event: endpoint\ndata: /messages?sessionId=abc\n\n', {
    headers: { 'Content-Type': 'text/event-stream' },
  });

/** Asks for all that an adapter does: a preflight, a denial, a pass, a stream, a sealed session, a limit. */
async function expectCarried(carry: (request: Request) => Promise<Response>): Promise<void> {
  expect((await carry(preflight.clone())).status).toBe(204);
  const denied = await carry(incoming('/sse', 'https://evil.example'));
  expect([denied.status, denied.headers.get('access-control-allow-origin')]).toEqual([403, null]);

  const stream = await carry(incoming('/sse', APP));
  expect(stream.headers.get('access-control-allow-origin')).toBe(APP);
  const endpoint = /data: (.*)/.exec(await stream.text())?.[1] ?? '';
  expect(endpoint).toMatch(/^\/messages\?sessionId=[\w-]{43}\.abc$/);

  const json = { method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json' } };
  const message = await carry(incoming(endpoint, APP, json));
  expect([message.status, await message.text()]).toEqual([200, '?sessionId=abc {}']);
  expect(message.headers.get('x-request-id')).toMatch(/^[\w-]{36}$/);
  expect(message.headers.get('ratelimit')).toBe('"requests";r=9;t=60');
}

const limiter = {
  points: 10,
  duration: 60,
  consume: async () => ({ msBeforeNext: 60_000, remainingPoints: 9 }),
};

async function answer(request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  return pathname === '/sse' ? endpointEvent() : new Response(`${search} ${await request.text()}`);
}

describe('in a realm without Node', () => {
  test('the adapter for fetch handlers carries a policy', async () => {
    const { mcpCors } = runInRealm<typeof FetchAdapter>((await bundle('adapters/fetch.js')).script);
    await expectCarried(mcpCors(POLICY, { limiter })(answer));
  });

  test('the adapter for Hono carries a policy', async () => {
    const { mcpCors } = runInRealm<typeof HonoAdapter>((await bundle('adapters/hono.js')).script);
    const app = new Hono();
    app.use(mcpCors(POLICY, { limiter }));
    app.all('*', (c) => answer(c.req.raw));
    await expectCarried(async (request) => app.fetch(request));
  });
});

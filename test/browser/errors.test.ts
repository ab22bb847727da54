import type { RequestListener } from 'node:http';
import { listen } from '@mcp-cors/demo';
import { startGateway } from '@mcp-cors/gateway';
import { describe, expect, it } from 'vitest';
import { read } from './page.js';
import { createScene } from './scene.js';
import { bare, CARRIERS } from './stage.js';

const scene = createScene();

const INITIALIZE: RequestInit = {
  method: 'POST',
  headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' },
  body: '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}',
};
const CHALLENGE = 'Bearer resource_metadata="http://127.0.0.1/.well-known/oauth-protected-resource/mcp"';

const wantsSignIn: RequestListener = (_, response) => {
  response.writeHead(401, { 'WWW-Authenticate': CHALLENGE, 'Content-Type': 'application/json' });
  response.end('{"error":"invalid_token"}');
};

const fails: RequestListener = (_, response) => {
  response.writeHead(500, { 'Content-Type': 'text/plain' });
  response.end('broken');
};

describe.each(Object.entries(CARRIERS))('through the %s', (_, start) => {
  it('a page reads a 401 and its challenge, which is where sign-in begins', async () => {
    const front = scene.use(await start(wantsSignIn, scene.allowed));

    const reading = await read(await scene.open(scene.allowed), `${front.origin}/mcp`, INITIALIZE);

    expect(reading).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': CHALLENGE },
      body: '{"error":"invalid_token"}',
    });
  });

  it('a page reads that the server failed', async () => {
    const front = scene.use(await start(fails, scene.allowed));

    const reading = await read(await scene.open(scene.allowed), `${front.origin}/mcp`, INITIALIZE);

    expect(reading).toMatchObject({ status: 500, body: 'broken' });
  });
});

it('a page reads from the gateway that the upstream is down', async () => {
  const { origin: upstream, close } = await listen(fails, '127.0.0.1', 0);
  await close();
  const gateway = scene.use(
    await startGateway({
      listen: '127.0.0.1:0',
      policy: { origins: [scene.allowed] },
      routes: [{ path: '/', upstream }],
    }),
  );

  const reading = await read(await scene.open(scene.allowed), `${gateway.url}/mcp`, INITIALIZE);

  expect(reading.status).toBe(502);
});

it('without mcp-cors a page reads none of it', async () => {
  const front = scene.use(await bare(wantsSignIn, scene.allowed));

  const reading = await read(await scene.open(scene.allowed), `${front.origin}/mcp`, INITIALIZE);

  expect(reading).toEqual({ error: 'TypeError: Failed to fetch' });
});

import { get } from 'node:http';
import { expect, test } from 'vitest';
import { createLatch } from '../fixtures/latch.js';
import { runConfinement, runProxyBehaviour, runRouteBehaviour } from './behaviour.js';
import { runProxyJourneys } from './journeys.js';
import { runProxyVectors } from './runner.js';
import { APP, fromPage, headerOf, stage } from './scene.js';

runProxyVectors('nginx');
runProxyBehaviour('nginx');
runRouteBehaviour('nginx');
runConfinement('nginx');
runProxyJourneys('nginx');

test('nginx: the server behind does not steer it: not to another path, and not to hold a stream back', async () => {
  const seen: string[] = [];
  const arrived = createLatch();
  const { port } = await stage('nginx', async ({ url = '' }, response) => {
    seen.push(url);
    response.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'X-Accel-Redirect': '/steered',
      'X-Accel-Buffering': url === '/mcp' ? 'yes' : 'no',
      'X-Accel-Limit-Rate': '1',
    });
    response.write(`data: ${'1'.repeat(100)}\n\n`);
    await arrived.opened;
    response.end();
  });
  for (const path of ['/mcp', '/sse']) {
    await new Promise<void>((resolve, reject) => {
      get({ port, host: '127.0.0.1', path, headers: { Origin: APP } }, (response) => {
        expect(response.headers['access-control-allow-origin']).toBe(APP);
        expect(response.headers['x-accel-buffering']).toBe(path === '/mcp' ? 'yes' : 'no');
        // The event comes while the server waits for it.
        response.once('data', (bytes) => {
          expect(String(bytes)).toContain('data: ');
          response.destroy();
          resolve();
        });
      }).once('error', reject);
    });
  }
  arrived.open();
  expect(seen).toEqual(['/mcp', '/sse']);
});

test('nginx: its own error in place of a broken response depends on Origin, whatever that response said', async () => {
  const { send } = await stage('nginx', (request) => {
    request.socket.end('HTTP/1.1 200 OK\r\nVary: Origin\r\nContent-Length: many\r\nbroken\0\r\n\r\n');
  });
  const answer = await send('POST', '/mcp', fromPage(APP));
  expect(answer.status).toBe(502);
  expect(headerOf(answer, 'Vary')).toBe('Origin');
  expect(headerOf(answer, 'Access-Control-Allow-Origin')).toBe(APP);
});

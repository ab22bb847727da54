import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { runConfinement, runProxyBehaviour, runRouteBehaviour } from './behaviour.js';
import { runProxyJourneys } from './journeys.js';
import { runProxyVectors } from './runner.js';
import { APP, stage } from './scene.js';

runProxyVectors('caddy');
runProxyBehaviour('caddy');
runRouteBehaviour('caddy');
runConfinement('caddy');
runProxyJourneys('caddy');

test('caddy: what a 103 of the server says about CORS takes nothing from the response behind it', async () => {
  const { port } = await stage('caddy', (_, response) => {
    response.writeEarlyHints(
      { link: '</x>; rel=preload', 'access-control-allow-origin': '*', vary: 'x' },
      () => {
        response.writeHead(200, { 'Access-Control-Allow-Origin': '*' }).end('{}');
      },
    );
  });
  const text = await new Promise<string>((resolve, reject) => {
    let received = '';
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(
        `GET /mcp HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nOrigin: ${APP}\r\nConnection: close\r\n\r\n`,
      );
    });
    socket.on('data', (bytes) => {
      received += bytes;
    });
    socket.once('end', () => resolve(received));
    socket.once('error', reject);
  });
  const final = text.slice(text.indexOf('HTTP/1.1 200'));
  expect(final.match(/access-control-allow-origin: .*/gi)).toEqual([`Access-Control-Allow-Origin: ${APP}`]);
  expect(final).toMatch(/^vary: origin/im);
});

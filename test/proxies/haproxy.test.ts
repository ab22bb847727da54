import { connect } from 'node:http2';
import { expect, onTestFinished, test } from 'vitest';
import { createApplication } from '../carriers/application.js';
import { runConfinement, runProxyBehaviour, runRouteBehaviour } from './behaviour.js';
import { runProxyJourneys } from './journeys.js';
import { runProxyVectors } from './runner.js';
import { APP, EVIL, stage } from './scene.js';

runProxyVectors('haproxy');
runProxyBehaviour('haproxy');
runRouteBehaviour('haproxy');
runConfinement('haproxy');
runProxyJourneys('haproxy');

test('haproxy: the checks are the same over HTTP/2', async () => {
  const application = createApplication();
  const { port } = await stage('haproxy', application.listener);
  const session = connect(`http://127.0.0.1:${port}`);
  onTestFinished(() => session.destroy());
  const send = (headers: Record<string, string>): Promise<Record<string, unknown>> =>
    new Promise((resolve, reject) => {
      const request = session.request({
        ':method': 'POST',
        ':path': '/mcp',
        'content-type': 'application/json',
        ...headers,
      });
      request.once('error', reject);
      request.once('response', (response) => {
        request.resume();
        resolve(response);
      });
      request.end('{}');
    });
  expect(await send({ origin: APP })).toMatchObject({ ':status': 200, 'access-control-allow-origin': APP });
  expect(application.reached()).toBe(1);
  const preflight = { ':method': 'OPTIONS', 'access-control-request-method': 'POST' };
  expect(await send({ ...preflight, origin: APP })).toMatchObject({ ':status': 204 });
  for (const refused of [
    { origin: EVIL },
    { ...preflight, origin: EVIL },
    { origin: APP, ':authority': 'evil.example' },
    { origin: 'http://evil.example', ':authority': 'evil.example' },
  ] as const) {
    const answer = await send(refused);
    expect(answer).toMatchObject({ ':status': 403 });
    expect(answer).not.toHaveProperty('access-control-allow-origin');
  }
  expect(application.reached()).toBe(1);
});

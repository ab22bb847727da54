import { createPolicy } from 'mcp-cors';
import { RenderError, render } from 'mcp-cors/render';
import { describe, expect, test } from 'vitest';
import { originProbes } from '../../packages/mcp-cors/src/doctor/attacks/origins.js';
import { createApplication } from '../carriers/application.js';
import { isAdmitted, runStreamBehaviour } from './behaviour.js';
import { runProxyJourneys } from './journeys.js';
import { runProxyVectors } from './runner.js';
import { APP, corsOf, EVIL, fromPage, headerOf, POLICY, preflightOf, stage } from './scene.js';

runProxyVectors('express');
runStreamBehaviour('express');
runProxyJourneys('express', ['host-not-checked', 'origin-not-checked', 'session-not-bound']);

describe('express: what is weaker, and what is not', () => {
  test('it is not rendered unless that is allowed', () => {
    expect(() => render('express', createPolicy(POLICY))).toThrow(RenderError);
  });

  test('a foreign page reaches the application, and reads nothing', async () => {
    const application = createApplication();
    const { send } = await stage('express', application.listener);
    const answer = await send('POST', '/mcp', fromPage(EVIL));
    expect(application.reached()).toBe(1);
    expect(corsOf(answer)).not.toContain('access-control-allow-origin');
    expect(corsOf(await send('OPTIONS', '/mcp', preflightOf(EVIL)))).not.toContain(
      'access-control-allow-origin',
    );
  });

  test.each([
    [APP, POLICY],
    ['https://pr-7.preview.example.com', { origins: ['https://*.preview.example.com'] }],
    ['https://a.example.com', { origins: ['/^https:\\/\\/[a-z]+\\.example\\.com$/'] }],
  ])('no look-alike of %s may read anything', async (origin, policy) => {
    const { send, port } = await stage('express', createApplication().listener, policy);
    const probes = originProbes(origin, [origin], `http://127.0.0.1:${port}`).flatMap(({ lines }) => lines);
    const foreign = probes.filter(
      (line) => !/[\0\r\n]/.test(line) && line !== '' && !isAdmitted(line, policy),
    );
    expect(foreign.length).toBeGreaterThan(60);
    for (const line of foreign) {
      for (const answer of [
        await send('POST', '/mcp', fromPage(line)),
        await send('OPTIONS', '/mcp', preflightOf(line)),
      ]) {
        expect(corsOf(answer), line).not.toContain('access-control-allow-origin');
      }
    }
  });

  test("an application's own headers win: limit application-headers", async () => {
    const { send } = await stage('express', createApplication().listener);
    const own = await send('POST', '/mcp?own-cors', fromPage(EVIL));
    expect(headerOf(own, 'Access-Control-Allow-Origin')).toBe('*');
    const without = await send('POST', '/mcp', fromPage(APP));
    expect(headerOf(without, 'Access-Control-Allow-Origin')).toBe(APP);
  });
});

import { createPolicy } from 'mcp-cors';
import { RenderError, render } from 'mcp-cors/render';
import { describe, expect, test } from 'vitest';
import { createApplication } from '../carriers/application.js';
import { runProxyVectors } from './runner.js';
import { APP, corsOf, EVIL, fromPage, headerOf, POLICY, preflightOf, stage } from './scene.js';

runProxyVectors('express');

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

  test("an application's own headers win: limit application-headers", async () => {
    const { send } = await stage('express', createApplication().listener);
    const own = await send('POST', '/mcp?own-cors', fromPage(EVIL));
    expect(headerOf(own, 'Access-Control-Allow-Origin')).toBe('*');
    const without = await send('POST', '/mcp', fromPage(APP));
    expect(headerOf(without, 'Access-Control-Allow-Origin')).toBe(APP);
  });
});

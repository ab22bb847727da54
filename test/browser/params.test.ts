import type { IncomingMessage } from 'node:http';
import { listen } from '@mcp-cors/demo';
import { startGateway } from '@mcp-cors/gateway';
import { describe, expect, it } from 'vitest';
import { createMirroredTools, MIRRORED_TOOL } from '../fixtures/mirroredTools.js';
import { createScene } from './scene.js';
import { callTool, serveToolPage } from './toolPage.js';

const scene = createScene();
const ARGS = { region: 'Zürich', replicas: 3, note: 'not mirrored', options: { dry: true } };

/** The page, the gateway and the server; and the heads of all requests that reached the server. */
async function startAll(completeParams: boolean | undefined) {
  const tools = scene.use(createMirroredTools());
  const seen: IncomingMessage['headers'][] = [];
  const server = scene.use(
    await listen(
      (request, response) => {
        seen.push(request.headers);
        tools.listener(request, response);
      },
      '127.0.0.1',
      0,
    ),
  );
  const page = scene.use(await serveToolPage());
  const gateway = scene.use(
    await startGateway({
      listen: '127.0.0.1:0',
      policy: { origins: [page.origin] },
      routes: [{ path: '/mcp', upstream: `${server.origin}/mcp`, completeParams }],
    }),
  );
  const { page: tab } = await scene.open(page.origin);
  return { tab, seen, gateway, url: `${gateway.url}/mcp` };
}

const methodsOf = (seen: readonly IncomingMessage['headers'][]) => seen.map((head) => head['mcp-method']);

describe('the official client in Chromium calls a tool that wants headers', () => {
  it.each([
    { listFirst: true, methods: ['server/discover', 'tools/list', 'tools/call'], asked: 0 },
    { listFirst: false, methods: ['server/discover', 'tools/list', 'tools/call'], asked: 1 },
  ])('and gets its result, listing tools first: $listFirst', async ({ listFirst, methods, asked }) => {
    const { tab, seen, gateway, url } = await startAll(undefined);

    const report = await callTool(tab, { url, tool: MIRRORED_TOOL, args: ARGS, listFirst });

    expect(JSON.parse(report.text ?? JSON.stringify(report))).toEqual(ARGS);
    expect(methodsOf(seen)).toEqual(methods);
    expect(seen.at(-1)).toMatchObject({
      'mcp-param-region': '=?base64?WsO8cmljaA==?=',
      'mcp-param-replicas': '3',
      'mcp-param-dry-run': 'true',
    });
    expect(seen.filter(({ origin }) => origin !== undefined)).toEqual([]);
    expect(gateway.completions()).toEqual({ completed: 1, asked, refused: 0 });
  });

  it('and is refused with -32020 when the route leaves its calls as they are', async () => {
    const { tab, seen, gateway, url } = await startAll(false);

    const report = await callTool(tab, { url, tool: MIRRORED_TOOL, args: ARGS, listFirst: true });

    expect(report).toMatchObject({ code: -32020, message: expect.stringContaining('Mcp-Param-Region') });
    expect(methodsOf(seen)).toEqual(['server/discover', 'tools/list', 'tools/call']);
    expect(gateway.completions()).toEqual({ completed: 0, asked: 0, refused: 0 });
  });
});

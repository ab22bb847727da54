import type { RequestListener } from 'node:http';
import type { Listening } from '@mcp-cors/demo';
import cors from 'cors';
import express from 'express';
import { mcpCors } from 'mcp-cors/node';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { JOURNEYS } from '../../../packages/mcp-cors/src/doctor/journeys/index.js';
import { openPage } from '../../../packages/mcp-cors/src/doctor/page.js';
import { createTransport } from '../../../packages/mcp-cors/src/doctor/transport.js';
import { walk } from '../../../packages/mcp-cors/src/doctor/walk.js';
import { type Chromium, startChromium } from '../../browser/chromium.js';
import { behindLayer } from '../servers/layer.js';
import { startFront } from '../servers/start.js';
import { BROWSER_CLIENTS, type BrowserClient, serveClients } from './clientPage.js';
import { recording } from './recording.js';

/** Servers at which clients get through, fall back, and fail at various steps. */
const FRONTS: Readonly<Record<string, (listener: RequestListener, page: string) => RequestListener>> = {
  'the Node adapter': (listener, page) => mcpCors({ origins: [page] })(listener),
  'the published recipe': (listener, page) =>
    express()
      .use(
        cors({
          origin: page,
          methods: ['GET', 'POST', 'OPTIONS'],
          allowedHeaders: ['Content-Type', 'Authorization', 'Mcp-Session-Id'],
          exposedHeaders: ['Mcp-Session-Id'],
        }),
      )
      .use(listener),
  'no CORS at all': (listener) => listener,
  'a hidden session id': (listener, page) => behindLayer(listener, page, { expose: undefined }),
  'a list from before 2026-07-28': (listener, page) =>
    behindLayer(listener, page, {
      requestHeaders: 'Content-Type, Mcp-Session-Id, MCP-Protocol-Version, Authorization',
    }),
  'a redirect': (listener, page) =>
    behindLayer(listener, page, {
      before: (request, response) => {
        if (request.method === 'OPTIONS') return false;
        response.writeHead(307, { Location: '/elsewhere', 'Access-Control-Allow-Origin': page }).end();
        return true;
      },
    }),
};

let browser: Chromium;
let page: Listening;

beforeAll(async () => {
  [browser, page] = await Promise.all([startChromium(), serveClients()]);
});
afterAll(async () => {
  await browser.close();
  await page.close();
});

/** What reaches a server at a front when something is done with it. */
async function record(
  front: string,
  id: BrowserClient,
  act: (url: string) => Promise<void>,
): Promise<string[]> {
  const log: string[] = [];
  const make = FRONTS[front];
  const path = id === 'http-sse' ? '/sse' : '/mcp';
  const server = await startFront(
    (listener) => recording(make?.(listener, page.origin) ?? listener, log),
    path,
  );
  onTestFinished(server.close);
  await act(server.url);
  return log;
}

describe.each(Object.keys(FRONTS))('before %s', (front) => {
  it.each(BROWSER_CLIENTS.filter((id) => id !== 'sign-in'))(
    '%s does in Chromium what its journey says',
    async (id) => {
      const blocked: string[] = [];
      const real = await record(front, id, async (url) => {
        const tab = await browser.open(page.origin);
        await tab.page.waitForFunction(() => 'runClient' in globalThis);
        await tab.page.evaluate(([client, address]) => globalThis.runClient(client, address), [
          id,
          url,
        ] as const);
        await tab.settled();
        for (const { method, path, corsError, failedParameter } of tab.blocked) {
          blocked.push(`${method} ${path} ${corsError} ${failedParameter}`.trimEnd());
        }
        await tab.page.close();
      });

      const predicted: string[] = [];
      const plan = JOURNEYS.find(({ client }) => client === id);
      const walked = await record(front, id, async (url) => {
        const transport = createTransport({ timeoutMs: 5000 });
        if (plan !== undefined) {
          const { journey } = await walk(plan, openPage(page.origin, transport), transport, url);
          for (const step of journey.steps) {
            if (step.corsError === null || step.name === 'tools/call') continue;
            const path = new URL(step.url).pathname;
            predicted.push(
              `${step.method} ${path} ${step.corsError} ${step.failedParameter ?? ''}`.trimEnd(),
            );
          }
        }
        transport.close();
      });
      expect(predicted.sort()).toEqual(blocked.sort());

      // The real client was given no tool to call, and where it cannot end its session the doctor does.
      const told = (log: readonly string[]): string[] => log.filter((line) => !isDoctors(line, real)).sort();
      expect(told(walked)).toEqual([...real].sort());
    },
  );
});

/** Whether a request is one that the doctor adds: the preflight of a call, the end of a session that the client left open. */
function isDoctors(line: string, real: readonly string[]): boolean {
  const ending = line.startsWith('DELETE ') && !real.some((one) => one.startsWith('DELETE '));
  const call = /access-control-request-headers: .*mcp-name/.test(line);
  return ending || call;
}

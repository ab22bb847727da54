import { randomUUID } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { describe, expect, it } from 'vitest';
import { runAttacks } from '../../packages/mcp-cors/src/doctor/attacks/index.js';
import { reach } from '../../packages/mcp-cors/src/doctor/reach.js';
import { createTransport } from '../../packages/mcp-cors/src/doctor/transport.js';
import { createPlainMcp, type PlainChecks } from '../doctor/servers/plainMcp.js';
import { type Started, serve } from '../doctor/servers/start.js';
import type { Tab } from './chromium.js';
import { read } from './page.js';
import { createScene } from './scene.js';

// Every name leads to this machine, as the attacker's own would after DNS rebinding.
const scene = createScene(['--host-resolver-rules=MAP * 127.0.0.1']);

const INITIALIZE = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'page', version: '1' } },
});

const JSON_POST: RequestInit = {
  method: 'POST',
  headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' },
  body: INITIALIZE,
};

const simplePost = (type: string): RequestInit => ({
  method: 'POST',
  mode: 'no-cors',
  headers: { 'Content-Type': type },
  body: INITIALIZE,
});

/** The page's server under another name. */
const named = (host: string): string => scene.foreign.replace('127.0.0.1', host);
const allowedPage = (): string => scene.allowed.replace('127.0.0.1', 'app.example.com');
const portOf = (origin: string): string => new URL(origin).port;

interface Watched extends Started {
  /** Types of the messages that were read. */
  readonly read: readonly (string | undefined)[];
}

/** A server made by hand whose bodies are counted when they are read. */
async function start(
  checks: PlainChecks,
  around: (listener: RequestListener) => RequestListener = (listener) => listener,
): Promise<Watched> {
  const seen: (string | undefined)[] = [];
  const { isJson = (type) => type === 'application/json' } = checks;
  const server = await serve((base) =>
    around(
      createPlainMcp(allowedPage(), () => base.origin, {
        ...checks,
        isJson: (type) => {
          const reads = isJson(type);
          if (reads) seen.push(type);
          return reads;
        },
      }),
    ),
  );
  return scene.use({ ...server, read: seen });
}

/** What the attacks call the hole, with its severity. */
async function diagnosed(url: string): Promise<Readonly<Record<string, string>>> {
  const transport = createTransport();
  try {
    const target = await reach(url, transport, []);
    const origins = [allowedPage()];
    const { findings } = await runAttacks({ target, origins, send: transport.send, totalMs: 60_000 });
    return Object.fromEntries(findings.map(({ id, severity }) => [id, severity]));
  } finally {
    transport.close();
  }
}

/** Fetches in a frame without an origin of its own. */
function readInSandbox({ page }: Tab, url: string, init: RequestInit): Promise<string> {
  return page.evaluate(
    ([target, options]) =>
      new Promise<string>((resolve) => {
        addEventListener('message', ({ data }) => resolve(String(data)), { once: true });
        const frame = document.createElement('iframe');
        frame.sandbox.add('allow-scripts');
        const call = `fetch(${JSON.stringify(target)}, ${JSON.stringify(options)})`;
        frame.srcdoc = `<script>${call}.then((r) => r.text()).catch(String).then((t) => parent.postMessage(t, '*'))</script>`;
        document.body.append(frame);
      }),
    [url, init] as const,
  );
}

describe('what a hostile page reads in Chromium', () => {
  it.each<readonly [name: string, finding: string, page: () => string, PlainChecks]>([
    [
      'any page where origins are reflected',
      'foreign-origin-reflected',
      () => named('evil.example'),
      { isOrigin: () => true },
    ],
    [
      'a page whose domain ends like the allowed one',
      'origin-suffix-matched',
      () => named('evilexample.com'),
      { isOrigin: (origin) => /example\.com(?::\d+)?$/.test(origin) },
    ],
    [
      'a page whose domain begins like the allowed one',
      'origin-prefix-matched',
      () => named('app.example.com.mcp-cors-check.example'),
      { isOrigin: (origin) => origin.startsWith('http://app.example.com') },
    ],
    [
      'a page with another character in place of a dot',
      'origin-dot-unescaped',
      () => named('appxexample.com'),
      { isOrigin: (origin) => /^http:\/\/app.example\.com(?::\d+)?$/.test(origin) },
    ],
    [
      'a page whose host goes on after an underscore',
      'origin-special-character-matched',
      () => named('app.example.com_.mcp-cors-check.example'),
      { isOrigin: (origin) => /^http:\/\/app\.example\.com(?![.a-z0-9])/.test(origin) },
    ],
    [
      'a page whose host begins with localhost',
      'localhost-prefix-matched',
      () => named('localhost.mcp-cors-check.example'),
      { isOrigin: (origin) => origin === allowedPage() || origin.startsWith('http://localhost') },
    ],
  ])('%s', async (_, finding, page, checks) => {
    const server = await start(checks);
    const reading = await read(await scene.open(page()), server.url, JSON_POST);

    expect(reading).toMatchObject({ status: 200 });
    expect(reading.body).toContain('"protocolVersion"');
    expect(await diagnosed(server.url)).toMatchObject({ [finding]: 'error' });
  });

  it('a sandboxed frame where null is allowed', async () => {
    const server = await start({ isOrigin: (origin) => origin === allowedPage() || origin === 'null' });
    const text = await readInSandbox(await scene.open(named('evil.example')), server.url, JSON_POST);

    expect(text).toContain('"protocolVersion"');
    expect(await diagnosed(server.url)).toMatchObject({ 'null-origin-allowed': 'error' });
  });

  it('a page that got there by DNS rebinding', async () => {
    // The attacker's own page, which the browser fetched before the name came to lead here.
    const server = await start(
      { isHost: () => true, isOrigin: (origin, { headers }) => origin === `http://${headers.host}` },
      (listener) => (request, response) => {
        if (request.url === '/') response.setHeader('Content-Type', 'text/html').end('<!doctype html>');
        else listener(request, response);
      },
    );
    const tab = await scene.open(`http://rebound.example:${portOf(new URL(server.url).origin)}/`);
    const reading = await read(tab, '/mcp', JSON_POST);

    expect(reading.body).toContain('"protocolVersion"');
    expect(await diagnosed(server.url)).toMatchObject({ 'host-not-checked': 'error' });
  });
});

describe('what a hostile page does in Chromium without reading anything', () => {
  it.each([
    ['simple-post-accepted', 'text/plain', () => true],
    [
      'content-type-substring',
      'text/plain; a=application/json',
      (type?: string) => /application\/json/.test(type ?? ''),
    ],
    [
      'content-type-substring',
      'text/plain;application/json',
      (type?: string) => /application\/json/.test(type ?? ''),
    ],
  ] as const)('%s, with %s', async (finding, type, isJson) => {
    const server = await start({ isJson, refuses: false, keepsSessions: false });
    const tab = await scene.open(named('evil.example'));
    const reading = await read(tab, server.url, simplePost(type));

    expect(reading).toMatchObject({ status: 0 });
    expect(server.read).toEqual([type]);
    expect(await diagnosed(server.url)).toMatchObject({ [finding]: 'error', 'origin-not-checked': 'error' });
  });

  it('nothing where the type is compared, though origins are not: a warning and no more', async () => {
    const server = await start({ refuses: false, newId: randomUUID });
    const tab = await scene.open(named('evil.example'));
    const readings = [
      await read(tab, server.url, JSON_POST),
      await read(tab, server.url, simplePost('text/plain; a=application/json')),
    ];

    expect(readings).toEqual([
      { error: 'TypeError: Failed to fetch' },
      expect.objectContaining({ status: 0 }),
    ]);
    expect(server.read).toEqual([]);
    expect(await diagnosed(server.url)).toMatchObject({ 'origin-not-checked': 'warning' });
  });
});

import { readFileSync } from 'node:fs';
import cors, { type CorsOptions } from 'cors';
import express from 'express';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ImportedPlace, importPolicy } from '../../packages/mcp-cors/src/import/index.js';
import { listen, type Served } from '../carriers/carriers.js';
import type { Line } from '../carriers/vectors.js';
import { exchange, type WireResponse } from '../carriers/wire.js';
import { type Started, startServer } from './place.js';
import { scriptPath } from './python/run.js';
import { PYTHON } from './python/server.js';
import { EVIL, fromPage, headerOf, preflightOf } from './scene.js';

/** Origins near those of the configurations. */
const PROBES = [
  'https://app.example.com',
  'https://a.b.example.com',
  'https://evilexample.com',
  'https://app.example.com.evil.example',
  'https://appxexample.com',
  'http://localhost:3000',
  'null',
  EVIL,
];

/** Holds what was imported to how the real thing behaves. */
async function holdToIt({ enforced, holes }: ImportedPlace, port: number): Promise<void> {
  const ids = holes.map(({ id }) => id);
  const send = (method: string, target: string, lines: readonly Line[]): Promise<WireResponse> =>
    exchange(port, method, target, [['Host', `127.0.0.1:${port}`], ...lines]);
  const matches = (origin: string): boolean =>
    enforced.anyOrigin !== 'no' ||
    (enforced.origins ?? []).some((one) =>
      one.type === 'regexp' ? new RegExp(one.source, one.flags).test(origin) : one.text === origin,
    );

  for (const origin of PROBES) {
    const answer = await send('POST', '/mcp', fromPage(origin));
    const allowed = headerOf(answer, 'Access-Control-Allow-Origin');
    const sent =
      enforced.anyOrigin === 'star' ? ['*'] : [origin, ...(enforced.anyOrigin === 'reflected' ? ['*'] : [])];
    if (matches(origin)) expect(sent, origin).toContain(allowed);
    else expect(allowed, origin).not.toBe(origin);
    // Nobody is refused: that is one of the holes.
    expect(answer.status).toBe(200);
  }
  if (enforced.anyOrigin !== 'star') expect(ids).toContain('foreign-origins-pass');

  const [admitted = ''] = PROBES.filter(matches);
  const answer = await send('POST', '/mcp', fromPage(admitted));
  expect(headerOf(answer, 'Access-Control-Allow-Credentials')).toBe(
    enforced.credentials ? 'true' : undefined,
  );
  expect(headerOf(answer, 'Access-Control-Expose-Headers')?.split(/, ?/) ?? []).toEqual(
    enforced.exposedHeaders,
  );
  const rebound = await exchange(port, 'POST', '/mcp', [
    ['Host', 'evil.example'],
    ['Content-Type', 'text/plain'],
  ]);
  expect(rebound.status).toBe(200);
  expect(ids).toEqual(expect.arrayContaining(['hosts-unchecked', 'content-type-unchecked']));

  const preflight = await send('OPTIONS', '/mcp', preflightOf(admitted, 'content-type,mcp-session-id'));
  const granted = headerOf(preflight, 'Access-Control-Allow-Methods')?.split(/, ?/);
  if (enforced.methods !== 'any') expect(granted).toEqual(enforced.methods);
  const asked = headerOf(preflight, 'Access-Control-Allow-Headers')?.toLowerCase().split(/, ?/) ?? [];
  const wanted = enforced.allowedHeaders;
  if (wanted === 'any') expect(asked).toContain('mcp-session-id');
  else expect(asked).toEqual(expect.arrayContaining(wanted?.map((name) => name.toLowerCase()) ?? []));
  expect(asked.includes('mcp-session-id')).toBe(!ids.includes('request-headers-missing'));
  const age = headerOf(preflight, 'Access-Control-Max-Age');
  expect(age === undefined ? undefined : Number(age)).toBe(enforced.maxAgeSeconds);

  const own = await send('OPTIONS', '/mcp', []);
  expect(own.body.includes('own')).toBe(!ids.includes('options-swallowed'));
  const broken = await send('GET', '/broken', [['Origin', admitted]]);
  expect(broken.status).toBe(500);
  expect(headerOf(broken, 'Access-Control-Allow-Origin') === undefined).toBe(
    ids.includes('unhandled-errors-uncovered'),
  );
}

describe('CORSMiddleware behaves as the import says', () => {
  test.each([
    'allow_origins=["https://app.example.com", "http://localhost:3000"]',
    'allow_origins=["*"]',
    'allow_origins=["*"], allow_credentials=True, allow_methods=["*"], allow_headers=["*"]',
    'allow_origin_regex=r"https://.*example.com", allow_credentials=True, expose_headers=["Mcp-Session-Id", "X-A"]',
    'allow_origin_regex=r"https://.*\\.example\\.com$", allow_methods=["GET", "POST"], max_age=5',
    'allow_origins=["https://app.example.com"], allow_headers=["Mcp-Session-Id", "MCP-Protocol-Version", "Authorization", ' +
      '"DPoP", "Last-Event-ID", "Mcp-Method", "Mcp-Name"]',
  ])('%s', async (options) => {
    const text = readFileSync(scriptPath('cors_middleware.py'), 'utf8').replace('OPTIONS)', `${options})`);
    const started: Started = await startServer(1, ([port]) => ({
      command: [PYTHON, '-B', '-m', 'uvicorn', 'main:app', '--port', String(port), '--log-level', 'critical'],
      files: { 'main.py': text },
    }));
    try {
      const { places, unread } = importPolicy(text, { file: 'main.py' });
      expect([places.length, unread]).toEqual([1, []]);
      await holdToIt(places[0] as ImportedPlace, started.ports[0] as number);
    } finally {
      await started.stop();
    }
  });
});

describe('cors() behaves as the import says', () => {
  const CONFIGURATIONS: readonly CorsOptions[] = [
    {},
    { origin: true, credentials: true },
    { origin: ['https://app.example.com', /example\.com$/], exposedHeaders: ['Mcp-Session-Id'], maxAge: 60 },
    {
      origin: /^https:\/\/[a-z]+\.example\.com$/,
      methods: ['GET', 'POST'],
      allowedHeaders: ['Content-Type'],
    },
  ];
  const servers: Served[] = [];
  beforeAll(async () => {
    for (const options of CONFIGURATIONS) {
      const app = express();
      app.set('env', 'test'); // the default handler of errors prints nothing
      app.use(cors(options));
      app.post('/mcp', (_, response) => void response.json({}));
      app.options('/mcp', (_, response) => void response.send('own'));
      app.get('/broken', () => {
        throw new Error('broken');
      });
      servers.push(await listen(app));
    }
  });
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.close()));
  });

  test.each(CONFIGURATIONS.map((options, i) => [sourceOf(options), i] as const))('%s', async (source, i) => {
    const { places, unread } = importPolicy(`import cors from 'cors';\napp.use(cors(${source}));\n`, {
      file: 'app.js',
    });
    expect([places.length, unread]).toEqual([1, []]);
    await holdToIt(places[0] as ImportedPlace, servers[i]?.port as number);
  });
});

/** Options as source. */
function sourceOf(value: unknown): string {
  if (value instanceof RegExp) return String(value);
  if (Array.isArray(value)) return `[${value.map(sourceOf).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{ ${Object.entries(value)
    .map(([key, inner]) => `${key}: ${sourceOf(inner)}`)
    .join(', ')} }`;
}

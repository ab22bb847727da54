import { expect, it } from 'vitest';
import { FIXED_STACKS, fixFor } from './fixes.js';
import { byPreflights, recogniseStacks } from './stacks.js';

const rpc = (message: string): string =>
  JSON.stringify({ jsonrpc: '2.0', error: { code: -32000, message }, id: null });

it.each([
  ['typescript-sdk', [], rpc('Bad Request: Server not initialized')],
  ['typescript-sdk', [], rpc('Invalid Origin: evil.example')],
  ['python-sdk', [], '{"jsonrpc":"2.0","id":"server-error","error":{"code":-32600}}'],
  ['fastapi', [['server', 'uvicorn']], ''],
  ['fastapi', [], '{"detail":"Method Not Allowed"}'],
  ['express', [['X-Powered-By', 'Express']], ''],
  ['express', [], '<pre>Cannot OPTIONS /mcp</pre>'],
  ['fastify', [], '{"message":"Route OPTIONS:/mcp not found","error":"Not Found","statusCode":404}'],
  ['go', [], '404 page not found\n'],
  ['aspnet', [['Server', 'Kestrel']], ''],
  ['spring', [], '{"timestamp":"2026-01-01","status":404,"error":"Not Found","path":"/mcp"}'],
  ['nginx', [['Server', 'nginx/1.27.1']], ''],
  ['caddy', [['Server', 'Caddy']], ''],
  ['cloudflare', [['CF-RAY', '8f']], ''],
  [
    'supergateway',
    [],
    '<pre>SyntaxError: x<br> at parse (/srv/node_modules/supergateway/node_modules/body-parser',
  ],
  [
    'haproxy',
    [],
    '<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.',
  ],
] as const)('%s is recognised', (stack, headers, body) => {
  expect(recogniseStacks([{ headers, body }])[0]?.stack).toBe(stack);
});

it('nothing is recognised in nothing', () => {
  expect(recogniseStacks([{ headers: [['Server', 'x']], body: '{}' }])).toEqual([]);
});

it('the application comes before what stands in front of it', () => {
  const found = recogniseStacks([
    { headers: [['Server', 'nginx']], body: '' },
    { headers: [['X-Powered-By', 'Express']], body: rpc('Server not initialized') },
  ]);
  expect(found.map(({ stack }) => stack)).toEqual(['typescript-sdk', 'express', 'nginx']);
});

const REMEDY = { remedy: 'Do it.', byPolicy: true } as const;
const ORIGINS = ['https://app.example.com', 'http://localhost:3000'];
const TARGET = 'http://127.0.0.1:3001/mcp?key=SECRET';

it.each(FIXED_STACKS)('the fix for %s names every origin and what clients need', (stack) => {
  const fix = fixFor(REMEDY, { stacks: [{ stack, because: '' }], origins: ORIGINS, target: TARGET });
  for (const origin of ORIGINS) expect(fix.replaceAll('\\', '')).toContain(origin);
  // Ours knows what clients need, and supergateway allows whatever is asked for; everything else is told.
  if (stack !== 'supergateway' && !fix.split('Or put the gateway')[0]?.includes('mcp-cors/')) {
    for (const name of ['MCP-Protocol-Version', 'Mcp-Method', 'DELETE', 'WWW-Authenticate']) {
      expect(fix).toContain(name);
    }
  }
  expect(fix).not.toContain('SECRET');
});

it('without a known stack the fix is the gateway', () => {
  const fix = fixFor(REMEDY, { stacks: [], origins: ['https://it’s.example'], target: TARGET });
  expect(fix).toContain('npx mcp-cors gateway \\\n  --upstream http://127.0.0.1:3001/mcp \\\n  --origin ');
  expect(fix).toContain("'https://it’s.example'");
});

it('what no policy mends gets no lines', () => {
  expect(fixFor({ remedy: 'Do it.' }, { stacks: [], origins: ORIGINS, target: TARGET })).toBe('Do it.');
});

const NGINX = { headers: [['Server', 'nginx']], body: '' } as const;
const EXPRESS = { headers: [['X-Powered-By', 'Express']], body: '' } as const;
const BOTH = { headers: [...NGINX.headers, ...EXPRESS.headers], body: '' };

it.each([
  ['nginx', 'nginx answers preflights', [NGINX]],
  ['express', 'the application does', [BOTH]],
  ['express', 'nobody does', []],
] as const)('%s is to be mended where %s', (first, _, preflights) => {
  const [fingerprint] = byPreflights(recogniseStacks([BOTH]), preflights);
  expect(fingerprint?.stack).toBe(first);
});

it('two layers that both answer are mended in the outer one', () => {
  const patient = { stacks: recogniseStacks([BOTH]), origins: ORIGINS, target: TARGET };
  expect(fixFor(REMEDY, patient)).toContain('In Express:');
  expect(fixFor({ ...REMEDY, layers: true }, patient)).toContain('In nginx:');
});

it('what is about streams is mended in the proxy, and nowhere else', () => {
  const patient = { stacks: recogniseStacks([BOTH]), origins: ORIGINS, target: TARGET };
  const streams = { remedy: 'Do it.', byProxy: true } as const;
  expect(fixFor(streams, patient)).toMatch(/In nginx:[\s\S]*location \/mcp \{[\s\S]*proxy_buffering off/);
  expect(fixFor(streams, { ...patient, stacks: recogniseStacks([EXPRESS]) })).toBe('Do it.');
});

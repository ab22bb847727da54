import { describe, expect, it } from 'vitest';
import { commandLine } from './commandLine.js';
import { createFixes, FIXED_STACKS } from './fixes.js';
import { createPatient } from './patient.js';
import { RENDERED_STACKS } from './prescription.js';
import type { Fingerprint } from './report.js';
import { byPreflights, isFront, recogniseStacks } from './stacks.js';

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
  ['apache', [['Server', 'Apache/2.4.62 (Debian)']], ''],
  ['apache', [['Server', 'Apache']], ''],
  ['envoy', [['server', 'istio-envoy']], ''],
  ['envoy', [['x-envoy-upstream-service-time', '3']], ''],
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
const STREAMS = { remedy: 'Do it.', byProxy: true } as const;
const ORIGINS = ['https://app.example.com', 'http://localhost:3000'];
const LOCAL = { url: 'http://127.0.0.1:3001/mcp?key=S3CR3T', sse: false, tokenAsked: false };
const PUBLIC = { ...LOCAL, url: 'https://mcp.example.com/v1/mcp' };

const patientOf = (stacks: readonly Fingerprint[], target = LOCAL, origins: readonly string[] = ORIGINS) =>
  createFixes(createPatient(stacks, origins, target));
const known = (stack: string): Fingerprint[] => [{ stack, because: '' }];

describe.each(FIXED_STACKS)('the fix for %s', (stack) => {
  it.each([LOCAL, PUBLIC])('names every origin and what clients need, at $url', (target) => {
    const { fixFor, renderings } = patientOf(known(stack), target);
    const fix = fixFor(REMEDY);
    const whole = [fix, ...renderings().map(({ text }) => text)].join('\n').replaceAll('\\', '');
    for (const origin of ORIGINS) expect(whole).toContain(origin);
    // Ours knows what clients need, and supergateway allows whatever is asked for; everything else is told.
    if (stack !== 'supergateway' && !/from 'mcp-cors\/|mcp-cors\.yaml/.test(whole)) {
      for (const name of ['mcp-protocol-version', 'mcp-method', 'delete', 'www-authenticate']) {
        expect(whole.toLowerCase()).toContain(name);
      }
    }
    expect(whole).not.toContain('S3CR3T');
    expect(fix).not.toContain('undefined');
  });

  it('has nothing to copy that a terminal would break', () => {
    const { fixFor, renderings } = patientOf(known(stack), PUBLIC, ['https://app.example.com']);
    const [, ...told] = fixFor(REMEDY).split('\n\n');
    const [file] = renderings();
    // Of a file a few lines are shown, as they are in it; nobody copies them.
    const copied = told.filter(
      (part) => !part.split('\n').every((line) => line === '…' || file?.text.includes(line)),
    );
    for (const line of copied.join('\n').split('\n')) {
      expect(file?.text.includes(line) || line.length <= 72, line).toBe(true);
    }
  });
});

describe.each(RENDERED_STACKS)('what is rendered for %s', (stack) => {
  it.each(['policy', 'streams'] as const)('is whole, and is shown in a few of its lines: %s', (concern) => {
    const { fixFor, renderings } = patientOf(known(stack), PUBLIC);
    const fix = fixFor(concern === 'policy' ? REMEDY : STREAMS);
    if (concern === 'streams' && !isFront(stack)) {
      expect([fix, renderings()]).toEqual(['Do it.', []]);
      return;
    }
    const [file] = renderings();
    expect(renderings()).toHaveLength(1);
    expect(file?.text).toMatch(/An mcp-cors policy for/);
    expect(file?.text).not.toMatch(/WEAKER/);
    // On a terminal the whole would bury what was found.
    expect(fix.split('\n').length).toBeLessThan(50);
    for (const part of fix.split('\n')) expect(part.length).toBeLessThan(400);
    expect(fix).toContain(file?.command);
    // Every part that is meant is found in the file, and is really of it.
    const shown = / its heart is:\n\n([\s\S]*?)(?:\n\nOr put|$)/.exec(fix)?.[1]?.split('\n…\n') ?? [];
    for (const part of shown) {
      expect(part).not.toBe('');
      for (const line of part.split('\n')) expect(file?.text).toContain(line);
    }
  });
});

it('the command of a fix says what is known of the server, and nothing else', () => {
  expect(patientOf(known('nginx'), PUBLIC).fixFor(REMEDY)).toContain(
    [
      'npx mcp-cors render nginx',
      '--origin https://app.example.com',
      '--origin http://localhost:3000',
      '--host mcp.example.com',
      '--upstream http://127.0.0.1:3001/v1/mcp',
      '--output mcp-cors.conf\n\n',
    ].join(' \\\n  '),
  );
  expect(patientOf(known('nginx')).fixFor(REMEDY)).toMatch(
    /--upstream http:\/\/127\.0\.0\.1:3001\/mcp \\\n {2}--listen 127\.0\.0\.1:3001 \\\n {2}--output mcp-cors\.conf\n/,
  );
});

it('pages that need more than the endpoint get all of the server', () => {
  for (const more of [{ sse: true }, { tokenAsked: true }]) {
    expect(patientOf(known('caddy'), { ...PUBLIC, ...more }).fixFor(REMEDY)).toContain(
      '--upstream http://127.0.0.1:3001 \\',
    );
  }
});

it('adapters are given the public name', () => {
  expect(patientOf(known('express'), PUBLIC).fixFor(REMEDY)).toContain("hosts: ['mcp.example.com']");
  expect(patientOf(known('express')).fixFor(REMEDY)).not.toContain('hosts');
});

it('a page that no policy may name is let in by no fix', () => {
  expect(patientOf(known('nginx'), LOCAL, ['null']).fixFor(REMEDY)).toBe('Do it.');
  expect(
    patientOf(known('express'), LOCAL, ['null', 'https://app.example.com']).fixFor(REMEDY),
  ).not.toContain("'null'");
});

it('where a path has no place in a configuration, the gateway is left', () => {
  const fix = patientOf(known('nginx'), { ...LOCAL, url: 'http://127.0.0.1:3001/a;b$c/mcp' }).fixFor(REMEDY);
  expect(fix).toContain("npx mcp-cors gateway \\\n  --upstream 'http://127.0.0.1:3001/a;b$c/mcp'");
});

/** What servers call themselves for which there is no fix, or another one. */
it.each([
  'Apache-Coyote/1.1',
  'Apache Tomcat/9.0',
  'Jetty(12.0.1)',
  'Microsoft-IIS/10.0',
  'gunicorn',
  'Werkzeug/3.0',
  'AmazonS3',
  'awselb/2.0',
  'kong/3.4',
  'Varnish',
  'LiteSpeed',
  'Google Frontend',
  'not-nginx',
])('%s gets no fix for a product that it is not', (server) => {
  const stacks = recogniseStacks([{ headers: [['Server', server]], body: '' }]);
  const { fixFor, renderings } = patientOf(stacks);
  expect([fixFor(REMEDY), renderings()]).toEqual([expect.not.stringMatching(/In [A-Z]/), []]);
});

it('without a known stack the fix is the gateway', () => {
  const fix = patientOf([], LOCAL, ['https://app.example.com']).fixFor(REMEDY);
  expect(fix).toContain('npx mcp-cors gateway \\\n  --upstream http://127.0.0.1:3001/mcp \\\n  --origin ');
});

it('what a shell would take for something else is quoted', () => {
  expect(commandLine('x', [['origin', "it's; $(rm)"]])).toBe(
    "npx mcp-cors x \\\n  --origin 'it'\\''s; $(rm)'",
  );
});

it('what no policy mends gets no lines', () => {
  expect(patientOf([]).fixFor({ remedy: 'Do it.' })).toBe('Do it.');
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
  const { fixFor } = patientOf(recogniseStacks([BOTH]));
  expect(fixFor(REMEDY)).toContain('In Express:');
  expect(fixFor({ ...REMEDY, layers: true })).toContain('In nginx:');
});

it('what is about streams is mended in the proxy, and nowhere else', () => {
  expect(patientOf(recogniseStacks([BOTH])).fixFor(STREAMS)).toMatch(/In nginx:[\s\S]*proxy_buffering off/);
  expect(patientOf(recogniseStacks([EXPRESS])).fixFor(STREAMS)).toBe('Do it.');
});

import { describe, expect, it, test } from 'vitest';
import { GatewayConfigError } from '../errors.js';
import { readGatewayConfig } from './config.js';

const ROUTE = { path: '/mcp', upstream: 'http://127.0.0.1:3001/mcp' };
const CONFIG = { policy: { origins: ['https://app.example.com'] }, routes: [ROUTE] };

/** The settings of a route with these keys besides. */
const routeWith = (keys: object) =>
  readGatewayConfig({ ...CONFIG, routes: [{ ...ROUTE, ...keys }] }).routes[0];

/** The issues of a configuration, as `code path`. */
function issuesOf(keys: object, routeKeys: object = {}): string[] {
  try {
    readGatewayConfig({ ...CONFIG, ...keys, routes: [{ ...ROUTE, ...routeKeys }] });
    return [];
  } catch (error) {
    if (!(error instanceof GatewayConfigError)) throw error;
    for (const { message, remedy } of error.issues) {
      expect(message).not.toBe('');
      expect(remedy).not.toMatch(/\.$|^$/);
    }
    return error.issues.map(({ code, path }) => `${code} ${path}`);
  }
}

it('has defaults', () => {
  const settings = readGatewayConfig(CONFIG);
  expect(settings).toMatchObject({ publicUrl: undefined, rewritesOauth: false });
  expect(settings.limits.keepAliveCommentMs).toBe(15_000);
  expect(routeWith({})).toMatchObject({
    present: { origin: 'drop', host: 'upstream', fetchMetadata: 'drop' },
    followRedirects: true,
    oauth: 'passthrough',
    mendLostSessions: true,
    upstreamNames: [],
  });
});

it('may be set', () => {
  const keys = {
    present: { origin: 'https://a.example', host: 'localhost:3001', fetchMetadata: 'keep' },
    followRedirects: false,
    oauth: 'rewrite',
    mendLostSessions: false,
    upstreamNames: ['http://internal:3001', 'https://mcp.example'],
  };
  expect(routeWith(keys)).toMatchObject(keys);
  expect(routeWith({ upstreamNames: 'http://internal:3001' })?.upstreamNames).toEqual([
    'http://internal:3001',
  ]);
  expect(readGatewayConfig({ ...CONFIG, routes: [{ ...ROUTE, oauth: 'rewrite' }] }).rewritesOauth).toBe(true);
});

it('holds for each of several upstreams', () => {
  const upstream = ['http://127.0.0.1:1', 'http://127.0.0.1:2'];
  const replicas = routeWith({ upstream, oauth: 'rewrite', present: { origin: 'keep' } })?.replicas ?? [];
  for (const { route } of replicas)
    expect(route).toMatchObject({ oauth: 'rewrite', present: { origin: 'keep' } });
  expect(replicas).toHaveLength(2);
});

describe('publicUrl', () => {
  test.each(['https://mcp.example.com', 'http://127.0.0.1:8808', 'https://mcp.example.com/'])(
    'may be %s',
    (publicUrl) => {
      expect(readGatewayConfig({ ...CONFIG, publicUrl }).publicUrl).toBe(publicUrl.replace(/\/$/, ''));
    },
  );

  test.each([
    'mcp.example.com',
    'https://mcp.example.com/mcp',
    'https://u:p@mcp.example.com',
    'ftp://a',
    '',
    7,
    null,
  ])('may not be %j', (publicUrl) => {
    expect(issuesOf({ publicUrl })).toEqual(['public-url-syntax publicUrl']);
  });
});

test.each<[string, object, string]>([
  ['no object', { present: 'keep' }, 'wrong-type routes[0].present'],
  ['an unknown key', { present: { orgin: 'keep' } }, 'unknown-key routes[0].present.orgin'],
  [
    'an origin with a path',
    { present: { origin: 'https://a.example/b' } },
    'present-syntax routes[0].present.origin',
  ],
  ['an origin that is none', { present: { origin: 'Keep' } }, 'present-syntax routes[0].present.origin'],
  ['a host with a path', { present: { host: 'a.example/b' } }, 'present-syntax routes[0].present.host'],
  ['a host with a line in it', { present: { host: 'a\r\nX: y' } }, 'present-syntax routes[0].present.host'],
  ['no host', { present: { host: '' } }, 'present-syntax routes[0].present.host'],
  ['another word', { present: { fetchMetadata: 'pass' } }, 'present-syntax routes[0].present.fetchMetadata'],
  ['a word for a switch', { followRedirects: 'yes' }, 'wrong-type routes[0].followRedirects'],
  ['a number for a switch', { mendLostSessions: 1 }, 'wrong-type routes[0].mendLostSessions'],
  ['another way with OAuth', { oauth: true }, 'oauth-syntax routes[0].oauth'],
  [
    'a name that is no origin',
    { upstreamNames: ['internal:3001'] },
    'upstream-name-syntax routes[0].upstreamNames[0]',
  ],
  ['a name of another type', { upstreamNames: 7 }, 'upstream-name-syntax routes[0].upstreamNames'],
])('%s is an issue', (_, keys, expected) => {
  expect(issuesOf({}, keys)).toEqual([expected]);
});

import type { IncomingMessage } from 'node:http';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, test } from 'vitest';
import { expectReadable, send, valuesOf } from '../../../../test/gateway/client.js';
import { type Setting, startTestGateway } from '../../../../test/gateway/gateway.js';
import { startUpstream, type Upstream } from '../../../../test/gateway/upstream.js';
import type { Exchange } from '../journal.js';

const PRM = '/.well-known/oauth-protected-resource';
const ASM = '/.well-known/oauth-authorization-server';

/** What an upstream answers a request with; `UP` stands for its own origin. */
type Answering = (request: IncomingMessage) => {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer;
};

async function start(answering: Answering): Promise<Upstream> {
  const upstream: Upstream = await startUpstream((request, response) => {
    const own = (text: string): string => text.replaceAll('UP', upstream.url);
    const { status = 200, headers = {}, body = '' } = answering(request);
    response.statusCode = status;
    for (const [name, value] of Object.entries(headers)) {
      response.setHeader(name, typeof value === 'string' ? own(value) : value.map(own));
    }
    response.end(typeof body === 'string' ? own(body) : body);
  });
  return upstream;
}

const JSON_TYPE = { 'Content-Type': 'application/json' };
const rewriting = (upstream: Upstream, settings: object = {}): Setting => ({
  routes: [{ path: '/', upstream: upstream.url, oauth: 'rewrite', ...settings }],
});
const get = (url: string, target: string) => send(url, { method: 'GET', target });

/** What a client reads of a document, with `PUBLIC` for the gateway's origin and `UP` for the upstream's. */
async function read(document: object, target = `${PRM}/mcp`, settings: object = {}): Promise<unknown> {
  const upstream = await start(() => ({ headers: JSON_TYPE, body: JSON.stringify(document) }));
  const gateway = await startTestGateway(upstream, rewriting(upstream, settings));
  const answer = await get(gateway.url, target);
  expectReadable(answer);
  const text = answer.body.toString();
  for (const length of valuesOf(answer, 'content-length')) expect(Number(length)).toBe(answer.body.length);
  return JSON.parse(text.replaceAll(gateway.url, 'PUBLIC').replaceAll(upstream.url, 'UP'));
}

describe('protected-resource metadata', () => {
  it('name the gateway wherever they named the upstream, and nothing else changes', async () => {
    const document = {
      resource: 'UP/mcp',
      authorization_servers: ['UP', 'UP/t/', 'https://login.example/'],
      scopes_supported: ['UP/scope', 'read'],
      resource_documentation: 'UP/docs#a',
      jwks_uri: 'UP/keys?a=1',
      resource_name: 'UP',
      bearer_methods_supported: ['header'],
      dpop_bound_access_tokens_required: false,
    };
    expect(await read(document)).toEqual({
      ...document,
      resource: 'PUBLIC/mcp',
      authorization_servers: ['PUBLIC', 'PUBLIC/t/', 'https://login.example/'],
      resource_documentation: 'PUBLIC/docs#a',
      jwks_uri: 'PUBLIC/keys?a=1',
    });
  });

  test.each<[string, object, object?]>([
    ['of another resource', { resource: 'https://other.example/mcp', jwks_uri: 'UP/keys' }],
    ['without a resource', { authorization_servers: ['UP'] }],
    ['with a resource that is no address', { resource: 7, jwks_uri: 'UP/keys' }],
    ['on a route that passes them', { resource: 'UP/mcp' }, { oauth: 'passthrough' }],
  ])('%s stay as they are', async (_, document, settings = {}) => {
    expect(await read(document, `${PRM}/mcp`, settings)).toEqual(document);
  });

  it('that are signed stay as they are, and the journal says so', async () => {
    const document = { resource: 'UP/mcp', signed_metadata: 'a.b.c' };
    const upstream = await start(() => ({ headers: JSON_TYPE, body: JSON.stringify(document) }));
    const exchanges: Exchange[] = [];
    const gateway = await startTestGateway(upstream, {
      ...rewriting(upstream),
      onExchange: (exchange) => exchanges.push(exchange),
    });
    const { body } = await get(gateway.url, `${PRM}/mcp`);
    expect(JSON.parse(body.toString()).resource).toBe(`${upstream.url}/mcp`);
    expect(exchanges.map(({ fault }) => fault)).toContain('metadata-signed');
  });
});

describe('authorization-server metadata', () => {
  const document = {
    issuer: 'UP/t',
    authorization_endpoint: 'UP/t/authorize?a=b',
    token_endpoint: 'UP/t/token',
    registration_endpoint: 'UP/t/register',
    mtls_endpoint_aliases: { token_endpoint: 'UP/mtls/token' },
    userinfo_endpoint: 'https://login.example/me',
    scopes_supported: ['UP/scope'],
  };

  test.each([`${ASM}/t`, '/.well-known/openid-configuration/t', '/t/.well-known/openid-configuration'])(
    'name the gateway at %s',
    async (target) => {
      expect(await read(document, target)).toEqual({
        ...document,
        issuer: 'PUBLIC/t',
        authorization_endpoint: 'PUBLIC/t/authorize?a=b',
        token_endpoint: 'PUBLIC/t/token',
        registration_endpoint: 'PUBLIC/t/register',
        mtls_endpoint_aliases: { token_endpoint: 'PUBLIC/mtls/token' },
      });
    },
  );

  it('of another issuer stay as they are', async () => {
    const other = { ...document, issuer: 'https://login.example' };
    expect(await read(other, `${ASM}/t`)).toEqual(other);
  });

  it('elsewhere are no metadata', async () => {
    expect(await read(document, '/t/anything')).toEqual(document);
  });
});

describe('a document passes as it is', () => {
  const large = JSON.stringify({ resource: 'UP/mcp', filling: 'x'.repeat(70_000) });
  test.each<[string, ReturnType<Answering>]>([
    ['when it is larger than 64 KiB', { headers: JSON_TYPE, body: large }],
    [
      'when it is coded all the same',
      { headers: { ...JSON_TYPE, 'Content-Encoding': 'gzip' }, body: gzipSync('{}') },
    ],
    ['when it is no JSON', { headers: JSON_TYPE, body: '{"resource": "UP/mcp"' }],
    ['when it is a list', { headers: JSON_TYPE, body: '["UP/mcp"]' }],
    ['when it is an error', { status: 404, headers: JSON_TYPE, body: '{"resource":"UP/mcp"}' }],
    [
      'when it is of another type',
      { headers: { 'Content-Type': 'text/plain' }, body: '{"resource":"UP/mcp"}' },
    ],
  ])('%s', async (_, answering) => {
    const upstream = await start(() => answering);
    const gateway = await startTestGateway(upstream, rewriting(upstream));
    const { body, status } = await get(gateway.url, `${PRM}/mcp`);
    expect(status).toBe(answering.status ?? 200);
    const given = Buffer.from(answering.body ?? '').toString('latin1');
    expect(body.toString('latin1')).toBe(given.replaceAll('UP', upstream.url));
  });

  it('is asked for without a coding, and its digests go with what they were of', async () => {
    const digests = { 'Content-MD5': 'x', Digest: 'sha-256=x', 'Repr-Digest': 'sha-256=:eA==:' };
    const upstream = await start(() => ({
      headers: { ...JSON_TYPE, ...digests },
      body: '{"resource":"UP/mcp"}',
    }));
    const gateway = await startTestGateway(upstream, rewriting(upstream));
    const headers = [['Accept-Encoding', 'gzip, br']] as const;
    const answer = await send(gateway.url, { method: 'GET', target: `${PRM}/mcp`, headers });
    expect(upstream.requests[0]?.headers['accept-encoding']).toBe('identity');
    for (const name of Object.keys(digests)) expect(valuesOf(answer, name.toLowerCase())).toEqual([]);
    await send(gateway.url, { method: 'GET', target: '/mcp', headers });
    expect(upstream.requests[1]?.headers['accept-encoding']).toBe('gzip, br');
  });
});

describe('a path of metadata leads', () => {
  const reached = async (
    routes: (upstream: string) => Setting['routes'],
    target: string,
  ): Promise<string> => {
    const upstream = await start(() => ({ headers: JSON_TYPE, body: '{}' }));
    const gateway = await startTestGateway(upstream, { routes: routes(upstream.url) ?? [] });
    const { status } = await get(gateway.url, target);
    return status === 200 ? (upstream.requests[0]?.url ?? '') : String(status);
  };
  const parts = (upstream: string) => [
    { path: '/api', upstream: `${upstream}/v1/mcp`, oauth: 'rewrite' as const },
    { path: '/login', upstream: `${upstream}/`, oauth: 'rewrite' as const },
    { path: '/plain', upstream: `${upstream}/plain` },
  ];

  test.each([
    [`${PRM}/api`, `${PRM}/v1/mcp`],
    [`${PRM}/api/deep?a=1`, `${PRM}/v1/mcp/deep?a=1`],
    [`${ASM}/login`, ASM],
    [PRM, PRM],
    [`${PRM}/plain`, '404'],
    [`${PRM}/nowhere`, '404'],
    ['/.well-known/other/api', '404'],
    [`${PRM}/api/../x`, '400'],
  ])('%s to %s', async (target, expected) => {
    expect(await reached(parts, target)).toBe(expected);
  });

  it('where the owner has said, before anything else', async () => {
    const routes = (upstream: string) => [
      ...parts(upstream),
      { path: '/.well-known', upstream: `${upstream}/documents` },
    ];
    expect(await reached(routes, `${PRM}/api`)).toBe('/documents/oauth-protected-resource/api');
  });

  it('nowhere at the root when several servers could be meant', async () => {
    const routes = (upstream: string) => [
      ...parts(upstream),
      { path: '/b', upstream: 'http://127.0.0.1:1', oauth: 'rewrite' as const },
    ];
    expect(await reached(routes, PRM)).toBe('404');
  });
});

describe('a challenge', () => {
  test.each([
    [`Bearer resource_metadata="UP${PRM}/mcp"`, `Bearer resource_metadata="PUBLIC${PRM}/mcp"`],
    [
      `Bearer error="invalid_token", Resource_Metadata = "UP${PRM}/mcp", scope="UP/a"`,
      `Bearer error="invalid_token", Resource_Metadata = "PUBLIC${PRM}/mcp", scope="UP/a"`,
    ],
    [`Bearer resource_metadata="UP${PRM}"`, `Bearer resource_metadata="PUBLIC${PRM}"`],
    [
      `Bearer resource_metadata="https://login.example${PRM}"`,
      `Bearer resource_metadata="https://login.example${PRM}"`,
    ],
    ['Basic realm="UP"', 'Basic realm="UP"'],
  ])('%s', async (challenge, expected) => {
    const upstream = await start(() => ({ status: 401, headers: { 'WWW-Authenticate': challenge } }));
    const gateway = await startTestGateway(upstream, rewriting(upstream));
    const shown = expected.replaceAll('UP', upstream.url).replaceAll('PUBLIC', gateway.url);
    expect(valuesOf(await send(gateway.url), 'www-authenticate')).toEqual([shown]);
    const passing = await startTestGateway(upstream);
    const given = challenge.replaceAll('UP', upstream.url);
    expect(valuesOf(await send(passing.url), 'www-authenticate')).toEqual([given]);
  });
});

describe('a sign-in', () => {
  it('names the resource as the upstream knows it, and its issuer as the client knows it', async () => {
    const upstream = await start(({ url = '' }) => ({
      status: 302,
      headers: {
        Location: `https://app.example.com/cb?a=1&iss=${encodeURIComponent('UP')}&x=${url.length}#f`,
      },
    }));
    const gateway = await startTestGateway(upstream, rewriting(upstream));
    const resource = encodeURIComponent(`${gateway.url}/mcp`);
    const target = `/authorize?response_type=code&scope=a%20b&resource=${resource}&state=%2f`;
    const answer = await get(gateway.url, target);
    expect(upstream.requests[0]?.url).toBe(
      target.replace(resource, encodeURIComponent(`${upstream.url}/mcp`)),
    );
    // Node writes the placeholder's replacement unescaped; what counts is whom the client is told of.
    const back = new URL(valuesOf(answer, 'location')[0] ?? '');
    expect([back.searchParams.get('iss'), back.searchParams.get('a'), back.hash]).toEqual([
      gateway.url,
      '1',
      '#f',
    ]);
  });

  test.each([
    ['a token request', '/token', 'application/x-www-form-urlencoded', true],
    ['a form elsewhere', '/other', 'application/x-www-form-urlencoded', false],
    ['another type', '/token', 'application/json', false],
  ])('changes %s: %s %s %s', async (_, target, type, changes) => {
    const bodies: string[] = [];
    const upstream = await startUpstream(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      bodies.push(body);
      response.end('{}');
    });
    const gateway = await startTestGateway(upstream, {
      ...rewriting(upstream),
      policy: { endpoints: { '/other': 'other' } },
    });
    const body = `grant_type=authorization_code&resource=${encodeURIComponent(`${gateway.url}/mcp`)}&code=a%2Fb+c`;
    await send(gateway.url, { target, body, headers: [['Content-Type', type]] });
    const own = body.replace(encodeURIComponent(gateway.url), encodeURIComponent(upstream.url));
    expect(bodies).toEqual([changes ? own : body]);
  });
});

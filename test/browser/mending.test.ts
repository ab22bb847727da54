import type { RequestListener } from 'node:http';
import { createMcpServer, type Listening, listen } from '@mcp-cors/demo';
import { type Gateway, type RouteConfig, startGateway } from '@mcp-cors/gateway';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type SignInTraits, startSignInServer } from '../fixtures/signInServer.js';
import { createScene } from './scene.js';
import { createSessionPage, listAgain, openSession } from './sessionPage.js';
import { createSignInPage, finishSignIn, signIn } from './signInPage.js';

const HOST = '127.0.0.1';
const scene = createScene();

async function serve(listener: RequestListener): Promise<Listening> {
  return scene.use(await listen(listener, HOST, 0));
}

async function startFor(page: Listening, routes: readonly RouteConfig[], sessions = {}): Promise<Gateway> {
  const policy = { origins: [page.origin], ...sessions };
  return scene.use(await startGateway({ listen: `${HOST}:0`, policy, routes }));
}

describe('a server that announces an address inside its own network', () => {
  /** The real server, with an absolute address in its endpoint event. */
  function announcing(name: string): RequestListener {
    const app = createMcpServer();
    onTestFinished(() => app.close());
    return (request, response) => {
      const { write } = response;
      response.write = function namingWrite(this: typeof response, chunk: unknown, ...rest: never[]) {
        const named = String(chunk).replace('data: /messages', `data: ${name}/messages`);
        return (write as (...given: unknown[]) => boolean).call(this, named, ...rest);
      } as typeof response.write;
      app.listener(request, response);
    };
  }

  it.each([
    ['under the same path', '/', '', {}],
    ['under another path', '/api', '/api', {}],
    ['with sealed sessions', '/api', '/api', { sessions: { secret: 'a secret of at least 32 characters' } }],
  ])('is reached by the official client in Chromium, %s', async (_, path, prefix, sessions) => {
    const upstream = await serve(announcing('http://internal:3001'));
    const page = await serve(await createSessionPage());
    const gateway = await startFor(page, [{ path, upstream: upstream.origin }], sessions);
    const tab = await scene.open(page.origin);

    const channel = await openSession(tab.page, 'sse', `${gateway.url}${prefix}/sse`);

    expect(channel.session).toMatch(new RegExp(`^${gateway.url}${prefix}/messages\\?sessionId=`));
    expect(channel.tools).toEqual(['echo', 'count']);
    expect(await listAgain(tab.page)).toBe(2);
    expect(tab.blocked).toEqual([]);
  });

  it('is not reached when it announces another server', async () => {
    const upstream = await serve(announcing('https://evil.example'));
    const page = await serve(await createSessionPage());
    const gateway = await startFor(page, [{ path: '/', upstream: upstream.origin }]);
    const tab = await scene.open(page.origin);
    await expect(openSession(tab.page, 'sse', `${gateway.url}/sse`)).rejects.toThrow(/SSE error/);
  });
});

it('a server that redirects to a slash at the end is reached by the official client, which follows nothing', async () => {
  const app = createMcpServer();
  onTestFinished(() => app.close());
  const upstream = await serve((request, response) => {
    if (request.url === '/mcp') {
      response.writeHead(307, { Location: `http://${request.headers.host}/mcp/` }).end();
    } else {
      request.url = request.url?.replace('/mcp/', '/mcp') ?? '';
      app.listener(request, response);
    }
  });
  const page = await serve(await createSessionPage());
  const route = { path: '/', upstream: upstream.origin };
  const gateway = await startFor(page, [route]);
  const tab = await scene.open(page.origin);
  const channel = await openSession(tab.page, 'streamable', `${gateway.url}/mcp`);
  expect(channel).toMatchObject({ tools: ['echo', 'count'], streams: true });

  const passing = await startFor(page, [{ ...route, followRedirects: false }]);
  const other = await scene.open(page.origin);
  await expect(openSession(other.page, 'streamable', `${passing.url}/mcp`)).rejects.toThrow();
});

describe('sign-in at a server that knows itself by another name', () => {
  it.each<[string, SignInTraits, string, (upstream: string) => readonly RouteConfig[]]>([
    ['as a whole', {}, '/mcp', (upstream) => [{ path: '/', upstream }]],
    [
      'with an issuer that has a path',
      { issuerPath: '/auth' },
      '/mcp',
      (upstream) => [{ path: '/', upstream }],
    ],
    [
      'in parts, under other paths',
      { mcpPath: '/v1/mcp', issuerPath: '/auth' },
      '/api',
      (upstream) => [
        { path: '/api', upstream: `${upstream}/v1/mcp` },
        { path: '/login', upstream: `${upstream}/auth` },
      ],
    ],
    [
      'under a name that only its network knows',
      { name: 'http://internal:3001' },
      '/mcp',
      (upstream) => [{ path: '/', upstream, upstreamNames: ['http://internal:3001'] }],
    ],
    [
      'in parts, with an issuer at the root',
      {},
      '/mcp',
      (upstream) =>
        ['/mcp', '/authorize', '/token', '/register'].map((path) => ({
          path,
          upstream: `${upstream}${path}`,
        })),
    ],
  ])(
    '%s: the official client in Chromium finds it, gets a token and lists the tools',
    async (_, traits, path, routesTo) => {
      const server = scene.use(await startSignInServer(traits));
      const page = await serve(await createSignInPage());
      const routes = routesTo(server.origin);
      const gateway = await startFor(
        page,
        routes.map((route) => ({ ...route, oauth: 'rewrite' as const })),
        {
          endpoints: { '/auth/*': 'oauth', '/login/*': 'oauth' },
        },
      );
      const tab = await scene.open(page.origin);

      const asked = await signIn(tab.page, `${gateway.url}${path}`);
      expect(asked.error).toMatch(/Unauthorized/);
      const authorization = new URL(asked.authorizationUrl ?? '');
      expect(authorization.origin).toBe(gateway.url);
      expect(authorization.searchParams.get('resource')).toBe(`${gateway.url}${path}`);
      const user = await scene.open(authorization.href);
      const callback = user.page.url();
      expect(callback).toMatch(new RegExp(`^${page.origin}/callback\\?code=`));

      const { tools, error } = await finishSignIn(tab.page, `${gateway.url}${path}`, callback);
      expect(error).toBeUndefined();
      expect(tools).toEqual(['echo', 'count']);
      expect(server.clients.size).toBe(1);
      expect(tab.blocked).toEqual([]);
    },
  );

  it('comes to nothing when metadata are passed as they are', async () => {
    const server = scene.use(await startSignInServer({ name: 'http://internal.invalid:3001' }));
    const page = await serve(await createSignInPage());
    const gateway = await startFor(page, [{ path: '/', upstream: server.origin }]);
    const tab = await scene.open(page.origin);
    const { authorizationUrl } = await signIn(tab.page, `${gateway.url}/mcp`);
    expect(authorizationUrl).toBeUndefined();
  });
});

import { expect, it, test } from 'vitest';
import {
  begin,
  eventually,
  FOREIGN_PAGE,
  headOf,
  open,
  PAGE,
  partsOf,
  readWhole,
  send,
} from '../../../test/gateway/client.js';
import { startTestGateway } from '../../../test/gateway/gateway.js';
import { startUpstream, type Upstream } from '../../../test/gateway/upstream.js';
import type { GatewayConfig } from './config/config.js';
import { GatewayConfigError, type GatewayIssue } from './errors.js';

const LISTEN = '127.0.0.1:0';

function startEcho(name: string): Promise<Upstream> {
  return startUpstream((request, response) => {
    request.resume();
    response.end(name);
  });
}

const leadingTo = (upstream: Upstream, more: Partial<GatewayConfig> = {}): GatewayConfig => ({
  listen: LISTEN,
  policy: { origins: [PAGE] },
  routes: [{ path: '/', upstream: upstream.url }],
  ...more,
});

async function issuesOf(reload: Promise<void>): Promise<readonly GatewayIssue[]> {
  const error = await reload.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(GatewayConfigError);
  return (error as GatewayConfigError).issues;
}

it('a reload replaces policy and routes at once', async () => {
  const [a, b] = [await startEcho('a'), await startEcho('b')];
  const gateway = await startTestGateway(a);
  expect((await send(gateway.url)).body.toString()).toBe('a');
  await gateway.reload(leadingTo(b, { policy: { origins: [FOREIGN_PAGE] } }));
  expect((await send(gateway.url)).status).toBe(403);
  expect((await send(gateway.url, { origin: FOREIGN_PAGE })).body.toString()).toBe('b');
});

it('requests under way keep what they began with', async () => {
  const [a, b] = [await startEcho('a'), await startEcho('b')];
  let admitted = false;
  const onDecision = () => {
    admitted = true;
  };
  const gateway = await startTestGateway(a, { onDecision });
  const slow = begin(gateway.url, { headers: [['Content-Length', '2']] }, { hold: true });
  slow.write('{');
  await eventually(() => expect(admitted).toBe(true));
  await gateway.reload(leadingTo(b, { policy: { origins: [FOREIGN_PAGE] } }));
  slow.end('}');
  const answer = await readWhole(await headOf(slow));
  expect([answer.status, answer.body.toString()]).toEqual([200, 'a']);
});

it('a stream goes on through a reload, and ends with the gateway', async () => {
  const upstream = await startUpstream((_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write('data: 1\n\n');
    tell = () => response.write('data: 2\n\n');
  });
  let tell = (): unknown => undefined;
  const gateway = await startTestGateway(upstream);
  const parts = partsOf((await open(gateway.url)).response);
  expect(await parts.next()).toBe('data: 1\n\n');
  await gateway.reload(leadingTo(await startEcho('b')));
  tell();
  expect(await parts.next()).toBe('data: 2\n\n');
  await gateway.close();
  expect(await parts.next()).toBeUndefined();
  await eventually(() => expect(upstream.sockets.size).toBe(0));
});

it('connections of the configuration before are closed when they carry nothing more', async () => {
  const [a, b] = [await startEcho('a'), await startEcho('b')];
  const gateway = await startTestGateway(a);
  await send(gateway.url);
  expect(a.sockets.size).toBe(1);
  await gateway.reload(leadingTo(b));
  await eventually(() => expect(a.sockets.size).toBe(0));
});

it('a bad configuration is told of whole, and the last good one stays', async () => {
  const a = await startEcho('a');
  const gateway = await startTestGateway(a);
  const bad = { listen: LISTEN, listne: 1, policy: { origins: [] }, routes: [] } as never;
  const issues = await issuesOf(gateway.reload(bad));
  expect(issues.map(({ code }) => code)).toEqual(['unknown-key', 'origins-missing', 'routes-missing']);
  expect((await send(gateway.url)).body.toString()).toBe('a');
  await gateway.reload(leadingTo(await startEcho('b')));
  expect((await send(gateway.url)).body.toString()).toBe('b');
});

test.each(['127.0.0.1:1', '[::1]:0', undefined])('listen cannot become %s', async (listen) => {
  const a = await startEcho('a');
  const gateway = await startTestGateway(a);
  const issues = await issuesOf(gateway.reload(leadingTo(a, { listen })));
  expect(issues.map(({ code, path }) => `${code} ${path}`)).toEqual(['listen-changed listen']);
});

it('a route that leads back to the gateway is refused', async () => {
  const a = await startEcho('a');
  const gateway = await startTestGateway(a);
  const routes = [{ path: '/', upstream: gateway.url }];
  const issues = await issuesOf(gateway.reload(leadingTo(a, { routes })));
  expect(issues.map(({ code }) => code)).toEqual(['upstream-is-gateway']);
  expect((await send(gateway.url)).status).toBe(200);
});

it('reloads that overlap happen in their order', async () => {
  const upstreams = await Promise.all(['a', 'b', 'c'].map(startEcho));
  const gateway = await startTestGateway(upstreams[0] as Upstream);
  const reloads = upstreams.map((upstream) => gateway.reload(leadingTo(upstream)));
  await Promise.all(reloads);
  expect((await send(gateway.url)).body.toString()).toBe('c');
});

it('every new configuration has limits of its own', async () => {
  const silent = await startUpstream(() => {});
  const gateway = await startTestGateway(silent);
  await gateway.reload(leadingTo(silent, { limits: { headersTimeoutMs: 50 } }));
  expect((await send(gateway.url)).status).toBe(504);
});

it('takes nothing over while it closes or when it is closed', async () => {
  const upstream = await startEcho('first');
  const other = await startEcho('other');
  const gateway = await startTestGateway(upstream);
  const begun = gateway.reload(leadingTo(other));
  const closed = gateway.close();
  await expect(begun).resolves.toBeUndefined();
  await closed;
  await expect(gateway.reload(leadingTo(other))).resolves.toBeUndefined();
});

import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client, SSEClientTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import express from 'express';
import { describe, expect, it, onTestFinished, test } from 'vitest';
import { addServers } from '../../../test/carriers/sdkV1.js';
import {
  begin,
  eventually,
  expectReadable,
  FOREIGN_PAGE,
  headOf,
  PAGE,
  readWhole,
  reasonOf,
  send,
  valuesOf,
} from '../../../test/gateway/client.js';
import { type Setting, startTestGateway } from '../../../test/gateway/gateway.js';
import { freePort, startUpstream, type Upstream } from '../../../test/gateway/upstream.js';

/** A server that opens a session for a request without one, and knows no sessions but its own. */
function startSessions(name: string): Promise<Upstream> {
  let opened = 0;
  const known = new Set<string>();
  return startUpstream((request, response) => {
    request.resume();
    const given = request.headers['mcp-session-id'];
    if (given === undefined) {
      const id = `${name}-${++opened}`;
      known.add(id);
      response.writeHead(200, { 'Content-Type': 'application/json', 'Mcp-Session-Id': id });
    } else response.writeHead(known.has(String(given)) ? 200 : 404, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(name));
  });
}

const behind = (upstreams: readonly { readonly url: string }[], setting: Setting = {}): Setting => ({
  ...setting,
  routes: [{ path: '/', upstream: upstreams.map(({ url }) => url) }],
});

async function startDead(): Promise<{ url: string }> {
  return { url: `http://127.0.0.1:${await freePort()}` };
}

const nameOf = ({ body }: { readonly body: Buffer }): unknown => JSON.parse(body.toString());

describe('several upstreams', () => {
  it('are taken in turns', async () => {
    const upstreams = await Promise.all(['a', 'b', 'c'].map(startSessions));
    const gateway = await startTestGateway(upstreams[0] as Upstream, behind(upstreams));
    const names: unknown[] = [];
    for (let i = 0; i < 6; i++) names.push(nameOf(await send(gateway.url, { body: '{}' })));
    expect(names).toEqual(['a', 'b', 'c', 'a', 'b', 'c']);
  });

  test.each<[string, Setting]>([
    ['as they are', {}],
    ['sealed', { policy: { sessions: { secret: 'a secret of at least 32 characters' } } }],
    ['in report-only mode', { policy: { reportOnly: true, origins: [FOREIGN_PAGE] } }],
  ])('get the requests of the sessions that they opened: ids %s', async (_, setting) => {
    const upstreams = await Promise.all(['a', 'b', 'c'].map(startSessions));
    const gateway = await startTestGateway(upstreams[0] as Upstream, behind(upstreams, setting));
    const sessions: [string, string][] = [];
    for (let i = 0; i < 12; i++) {
      const opened = await send(gateway.url);
      sessions.push([valuesOf(opened, 'mcp-session-id')[0] as string, String(nameOf(opened))]);
    }
    expect(new Set(sessions.map(([id]) => id)).size).toBe(12);
    for (let round = 0; round < 3; round++) {
      for (const [id, name] of sessions) {
        const answer = await send(gateway.url, { headers: [['Mcp-Session-Id', id]] });
        expect([answer.status, nameOf(answer)]).toEqual([200, name]);
      }
    }
  });

  it('get them after a reload in another order, and from another gateway', async () => {
    const upstreams = await Promise.all(['a', 'b'].map(startSessions));
    const first = await startTestGateway(upstreams[0] as Upstream, behind(upstreams));
    const reversed = behind([...upstreams].reverse());
    const second = await startTestGateway(upstreams[0] as Upstream, reversed);
    const ids: string[] = [];
    for (let i = 0; i < 4; i++) ids.push(valuesOf(await send(first.url), 'mcp-session-id')[0] as string);
    await first.reload({
      listen: '127.0.0.1:0',
      policy: { origins: [PAGE] },
      routes: reversed.routes ?? [],
    });
    for (const { url } of [first, second]) {
      for (const id of ids) expect((await send(url, { headers: [['Mcp-Session-Id', id]] })).status).toBe(200);
    }
  });

  it('keep the sessions of the first from the time when it was the only one', async () => {
    const upstreams = await Promise.all(['a', 'b'].map(startSessions));
    const gateway = await startTestGateway(upstreams[0] as Upstream);
    const id = valuesOf(await send(gateway.url), 'mcp-session-id')[0] as string;
    expect(id).toBe('a-1');
    const { routes = [] } = behind(upstreams);
    await gateway.reload({ listen: '127.0.0.1:0', policy: { origins: [PAGE] }, routes });
    for (let i = 0; i < 4; i++)
      expect(nameOf(await send(gateway.url, { headers: [['Mcp-Session-Id', id]] }))).toBe('a');
  });

  it('are not asked for the session of one that is gone', async () => {
    const upstreams = await Promise.all(['a', 'b'].map(startSessions));
    const gateway = await startTestGateway(upstreams[0] as Upstream, behind(upstreams));
    const answer = await send(gateway.url, { headers: [['Mcp-Session-Id', '~~~x']] });
    expect([answer.status, nameOf(answer)]).toEqual([404, 'a']); // no mark: the first may know it
    for (const mark of ['AA', 'zz', '__']) {
      const gone = await send(gateway.url, { headers: [['Mcp-Session-Id', `${mark}~x`]] });
      expect([gone.status, reasonOf(gone)]).toEqual([404, 'session-upstream-gone']);
      expectReadable(gone);
    }
  });
});

describe('an upstream that cannot be connected to', () => {
  it('is passed over, and no request fails', async () => {
    const upstreams = [
      await startDead(),
      await startSessions('b'),
      await startDead(),
      await startSessions('d'),
    ];
    const gateway = await startTestGateway({ url: '' }, behind(upstreams));
    const names: unknown[] = [];
    for (let i = 0; i < 8; i++) names.push(nameOf(await send(gateway.url, { body: '{"x":1}' })));
    expect(new Set(names)).toEqual(new Set(['b', 'd']));
  });

  it('gets the body of a request whole when it is back', async () => {
    const port = await freePort();
    const alive = await startSessions('alive');
    const gateway = await startTestGateway(alive, behind([{ url: `http://127.0.0.1:${port}` }, alive]));
    expect(nameOf(await send(gateway.url, { body: '{}' }))).toBe('alive');
    const bodies: string[] = [];
    const back = createServer(async (request: IncomingMessage, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      bodies.push(body);
      response.end('"back"');
    });
    await new Promise<void>((resolve) => back.listen(port, '127.0.0.1', resolve));
    onTestFinished(() => {
      back.close();
      back.closeAllConnections();
    });
    // A reload forgets who was passed over.
    const { port: alivePort } = alive;
    await gateway.reload({
      listen: '127.0.0.1:0',
      policy: { origins: [PAGE] },
      routes: [{ path: '/', upstream: [`http://127.0.0.1:${port}`, `http://127.0.0.1:${alivePort}`] }],
    });
    expect(nameOf(await send(gateway.url, { body: '{"whole":true}' }))).toBe('back');
    expect(bodies).toEqual(['{"whole":true}']);
  });

  it('is answered for when there is no other', async () => {
    const gateway = await startTestGateway({ url: '' }, behind([await startDead(), await startDead()]));
    for (let i = 0; i < 3; i++) {
      const answer = await send(gateway.url);
      expect([answer.status, reasonOf(answer)]).toEqual([502, 'upstream-unreachable']);
      expectReadable(answer);
    }
  });

  it('is answered for when the session is its own', async () => {
    const a = await startSessions('a');
    const port = await freePort();
    const b = createServer((_, response) => response.writeHead(200, { 'Mcp-Session-Id': 'b-1' }).end());
    await new Promise<void>((resolve) => b.listen(port, '127.0.0.1', resolve));
    const gateway = await startTestGateway(a, behind([{ url: `http://127.0.0.1:${port}` }, a]));
    const id = valuesOf(await send(gateway.url), 'mcp-session-id')[0] as string;
    b.closeAllConnections();
    await new Promise((resolve) => b.close(resolve));
    const answer = await eventually(async () => {
      const lost = await send(gateway.url, { headers: [['Mcp-Session-Id', id]] });
      expect(reasonOf(lost)).toBe('upstream-unreachable');
      return lost;
    });
    expect(answer.status).toBe(502);
    expect(a.requests).toHaveLength(0);
  });

  it('gets no second try with a body that flows: that cannot be sent again', async () => {
    const alive = await startSessions('alive');
    const gateway = await startTestGateway(alive, behind([await startDead(), alive]));
    const request = begin(gateway.url, { headers: [['Transfer-Encoding', 'chunked']] }, { hold: true });
    request.end('{}');
    const answer = await readWhole(await headOf(request));
    expect([answer.status, reasonOf(answer)]).toEqual([502, 'upstream-unreachable']);
    expect(nameOf(await send(gateway.url))).toBe('alive');
  });

  it('is not tried twice by a request that was sent already', async () => {
    const breaking = await startUpstream((request) => request.socket.destroy());
    const alive = await startSessions('alive');
    const gateway = await startTestGateway(alive, behind([breaking, alive]));
    const answer = await send(gateway.url, { body: '{}' });
    expect([answer.status, reasonOf(answer)]).toEqual([502, 'upstream-broke-off']);
    expect(alive.requests).toHaveLength(0);
  });
});

describe('servers of the official SDK with sessions, two of them', () => {
  async function startGreeter(name: string): Promise<{ url: string }> {
    const server = createServer(addServers(express().use(express.json()), {}, name));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  }

  test.each(['/mcp', '/sse'])('serve the official client at %s', async (path) => {
    const upstreams = [await startGreeter('first'), await startGreeter('second')];
    const gateway = await startTestGateway({ url: '' }, behind(upstreams));
    const names = new Set<string | undefined>();
    for (let i = 0; i < 4; i++) {
      const client = new Client({ name: 'test', version: '1.0.0' });
      const url = new URL(path, gateway.url);
      const requestInit = { headers: { Origin: PAGE } };
      await client.connect(
        path === '/sse'
          ? new SSEClientTransport(url, { requestInit })
          : new StreamableHTTPClientTransport(url, { requestInit }),
      );
      names.add(client.getServerVersion()?.name);
      for (let call = 0; call < 3; call++) {
        const result = await client.callTool({ name: 'greet', arguments: { name: 'Ada' } });
        expect(result.content).toEqual([{ type: 'text', text: 'Good day, Ada' }]);
      }
      await client.close();
    }
    expect(names).toEqual(new Set(['first', 'second']));
  });
});

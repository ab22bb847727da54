import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createTransport, type Transport, type TransportOptions } from './transport.js';

function open(options: TransportOptions = {}): Transport {
  const transport = createTransport({ timeoutMs: 10_000, ...options });
  onTestFinished(() => transport.close());
  return transport;
}

async function serve(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function serveBytes(answer: (socket: Socket) => void): Promise<number> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => answer(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

describe('a request', () => {
  it('goes as it is given: Host, Origin and lines of the same name included', async () => {
    let seen: readonly string[] = [];
    const port = await serve((request, response) => {
      seen = request.rawHeaders;
      response.end();
    });
    await open().send({
      method: 'POST',
      url: `http://127.0.0.1:${port}/mcp`,
      headers: [
        ['Host', 'evil.example'],
        ['Origin', 'https://a.example'],
        ['X-Twice', '1'],
        ['X-Twice', '2'],
      ],
      body: 'ü',
    });
    const lines = seen.join('|');
    expect(lines).toContain('Host|evil.example|Origin|https://a.example|X-Twice|1|X-Twice|2');
    expect(lines).toContain('content-length|2');
    expect(lines.match(/host\|/gi)).toHaveLength(1);
  });

  it('names the URL’s own host unless told otherwise', async () => {
    const port = await serve(({ headers }, response) => void response.end(headers.host));
    const { body } = await open().send({ method: 'GET', url: `http://127.0.0.1:${port}/`, headers: [] });
    expect(await body.text(1000)).toBe(`127.0.0.1:${port}`);
  });

  it('reaches every name under localhost', async () => {
    const port = await serve(({ headers }, response) => void response.end(headers.host));
    const url = `http://mcp.app.localhost:${port}/`;
    const { body } = await open().send({ method: 'GET', url, headers: [] });
    expect(await body.text(1000)).toBe(`mcp.app.localhost:${port}`);
  });

  it('is counted, and refused beyond the bound', async () => {
    const port = await serve((_, response) => void response.end());
    const counts: number[] = [];
    const transport = open({ requestLimit: 2, onRequest: (_, count) => counts.push(count) });
    const request = { method: 'GET', url: `http://127.0.0.1:${port}/`, headers: [] };
    await transport.send(request);
    await transport.send(request);
    await expect(transport.send(request)).rejects.toThrow('has sent 2 requests');
    expect(counts).toEqual([1, 2]);
    expect(transport.exchanges).toHaveLength(2);
  });
});

describe('a response', () => {
  it('keeps every line, in order', async () => {
    const port = await serve((_, response) => {
      response.setHeader('Access-Control-Allow-Origin', ['https://a.example', '*']);
      response.end();
    });
    const { headers } = await open().send({ method: 'GET', url: `http://127.0.0.1:${port}/`, headers: [] });
    expect(headers.filter(([name]) => name === 'Access-Control-Allow-Origin')).toEqual([
      ['Access-Control-Allow-Origin', 'https://a.example'],
      ['Access-Control-Allow-Origin', '*'],
    ]);
  });

  it('is not followed where it points', async () => {
    const port = await serve((_, response) => void response.writeHead(307, { Location: '/other' }).end());
    const transport = open();
    const { status } = await transport.send({ method: 'GET', url: `http://127.0.0.1:${port}/`, headers: [] });
    expect(status).toBe(307);
    expect(transport.exchanges).toHaveLength(1);
  });

  it('is read no further than the bound', async () => {
    const port = await serve((_, response) => {
      const write = (): void => {
        while (!response.destroyed && response.write('x'.repeat(16_384)));
      };
      response.on('drain', write);
      write();
    });
    const { body } = await open({ bodyLimit: 50_000 }).send({
      method: 'GET',
      url: `http://127.0.0.1:${port}/`,
      headers: [],
    });
    const text = await body.text(10_000);
    expect(body.ended).toBe(true);
    expect(text.length).toBeGreaterThanOrEqual(50_000);
    expect(text.length).toBeLessThan(200_000);
  });

  it('gives the events of a stream one by one, and none when none comes', async () => {
    const port = await serve((_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write(': hello\n\nevent: endpoint\ndata: /messages\n\ndata: a\r\ndata: b\r\n\r\nda');
    });
    const { body } = await open().send({ method: 'GET', url: `http://127.0.0.1:${port}/`, headers: [] });
    expect(await body.nextEvent(5000)).toEqual({ event: 'endpoint', data: '/messages' });
    expect(await body.nextEvent(5000)).toEqual({ event: 'message', data: 'a\nb' });
    expect(await body.nextEvent(20)).toBeUndefined();
    body.close();
  });
});

describe('no answer has a name:', () => {
  const fault = (url: string, options?: TransportOptions): Promise<unknown> =>
    open(options)
      .send({ method: 'GET', url, headers: [] })
      .then(
        () => 'answered',
        ({ fault: name, message, hint }) => ({ name, message, hint }),
      );
  const told = (name: string) => ({ name, message: expect.any(String), hint: expect.any(String) });

  it('host-unknown', async () => {
    expect(await fault('http://no-such-host.invalid/')).toEqual(told('host-unknown'));
  });
  it('connection-refused', async () => {
    const port = await serve(() => {});
    const server = createTcpServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port: closed } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    expect(port).not.toBe(closed);
    expect(await fault(`http://127.0.0.1:${closed}/`)).toEqual(told('connection-refused'));
  });
  it('time-out of one request, where less than the transport’s own will do, and never more', async () => {
    const port = await serve(() => {});
    const request = { method: 'GET', url: `http://127.0.0.1:${port}/`, headers: [] };
    await expect(open().send(request, 30)).rejects.toThrow('did not answer within 30 milliseconds');
    await expect(open({ timeoutMs: 20 }).send(request, 10_000)).rejects.toThrow('within 20 milliseconds');
  });

  it('closing ends what is still waited for, and asks for nothing again', async () => {
    const seen: (string | undefined)[] = [];
    const port = await serve(({ url }, response) => {
      seen.push(url);
      if (url === '/first') response.end('kept alive');
    });
    const transport = createTransport({ timeoutMs: 600_000 });
    const ask = (path: string) =>
      transport.send({ method: 'GET', url: `http://127.0.0.1:${port}${path}`, headers: [] });
    await (await ask('/first')).body.text(10_000);
    // Over the same connection, whose end would look like that of one that the server had closed meanwhile.
    const second = ask('/second');
    await expect.poll(() => seen.length).toBe(2);
    transport.close();
    await expect(second).rejects.toMatchObject({ fault: 'connection-closed' });
    expect(seen).toEqual(['/first', '/second']);
  });

  it('time-out', async () => {
    const port = await serve(() => {});
    expect(await fault(`http://127.0.0.1:${port}/`, { timeoutMs: 30 })).toEqual(told('time-out'));
  });
  it('not-http', async () => {
    const port = await serveBytes((socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n'));
    expect(await fault(`http://127.0.0.1:${port}/`)).toEqual(told('not-http'));
  });
  it('connection-closed', async () => {
    const port = await serveBytes((socket) => socket.destroy());
    expect(await fault(`http://127.0.0.1:${port}/`)).toEqual(told('connection-closed'));
  });
  it('tls-not-spoken', async () => {
    const port = await serve((_, response) => void response.end());
    expect(await fault(`https://127.0.0.1:${port}/`)).toEqual(told('tls-not-spoken'));
  });
  it('request-not-possible', async () => {
    const port = await serve((_, response) => void response.end());
    const sending = open().send({
      method: 'GET',
      url: `http://127.0.0.1:${port}/`,
      headers: [['x-a', 'line\nbreak']],
    });
    await expect(sending).rejects.toMatchObject({ fault: 'request-not-possible' });
  });
});

import { once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createNetServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createFolder, eventually, run, start, startGateway, startScript } from './command.js';

const PAGE = 'http://localhost:3000';
const EVIL = 'https://evil.example';
const FREE = ['--listen', '127.0.0.1:0'];

async function startUpstream(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** An upstream that answers with its name and the path. */
function startEcho(): Promise<string> {
  return startUpstream((request, response) => response.end(`${request.method} ${request.url}`));
}

function post(url: string, origin: string): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { Origin: origin, 'Content-Type': 'application/json' },
    body: '{}',
  });
}

async function freePort(): Promise<number> {
  const server = createNetServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('mcp-cors gateway in front of server-everything', () => {
  async function startEverything(): Promise<string> {
    const port = await freePort();
    const script = fileURLToPath(
      import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'),
    );
    const server = startScript([script, 'streamableHttp'], { environment: { PORT: String(port) } });
    await eventually(() => expect(server.out() + server.err()).toContain(String(port)));
    return `http://127.0.0.1:${port}/mcp`;
  }

  it('serves the official client of an allowed page, and refuses a foreign one', async () => {
    const gateway = await startGateway(['--upstream', await startEverything(), ...FREE, '--origin', PAGE]);
    expect(new URL(gateway.url).pathname).toBe('/mcp');
    const connect = async (origin: string): Promise<Client> => {
      const client = new Client({ name: 'test', version: '1.0.0' });
      const requestInit = { headers: { Origin: origin } };
      await client.connect(new StreamableHTTPClientTransport(new URL(gateway.url), { requestInit }));
      return client;
    };

    const client = await connect(PAGE);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toContain('echo');
    const result = await client.callTool({ name: 'echo', arguments: { message: 'through the gateway' } });
    expect(JSON.stringify(result.content)).toContain('through the gateway');
    expect(gateway.err()).toBe('');

    await expect(connect(EVIL)).rejects.toThrow();
    await eventually(() =>
      expect(gateway.err()).toMatch(/^refused POST \/mcp origin-not-allowed: .*evil\.example/m),
    );
    expect(gateway.err()).toContain(`origins: ['${EVIL}']`);

    // The client's GET stream is still open.
    gateway.process.kill('SIGINT');
    const { code, out, err } = await gateway.ending;
    expect(code).toBe(0);
    expect(out).toBe(`listening on ${gateway.url}\n`);
    expect(err).not.toContain('Error');
    await client.close().catch(() => {});
  });
});

describe('mcp-cors gateway', () => {
  it('prints its URL on standard output, and nothing else', async () => {
    const gateway = await startGateway([
      '--upstream',
      `${await startEcho()}/deep/mcp`,
      ...FREE,
      '--origin',
      PAGE,
    ]);
    expect(gateway.url).toMatch(/^http:\/\/127\.0\.0\.1:[0-9]+\/deep\/mcp$/);
    const response = await post(gateway.url, PAGE);
    expect(await response.text()).toBe('POST /deep/mcp');
    expect(response.headers.get('access-control-allow-origin')).toBe(PAGE);
    expect(gateway.out()).toBe(`listening on ${gateway.url}\n`);
    expect(gateway.err()).toBe('');
  });

  it('prints it as JSON', async () => {
    const running = start([
      'gateway',
      '--upstream',
      await startEcho(),
      ...FREE,
      '--origin',
      PAGE,
      '--format',
      'json',
    ]);
    await eventually(() => expect(running.out()).toMatch(/\n$/));
    expect(JSON.parse(running.out())).toEqual({
      listening: expect.stringMatching(/^http:\/\/127\.0\.0\.1:[0-9]+/),
    });
  });

  it('admits each page that is named', async () => {
    const pages = ['--origin', PAGE, '--origin', 'https://*.example.com'];
    const gateway = await startGateway(['--upstream', await startEcho(), ...FREE, ...pages]);
    expect((await post(gateway.url, PAGE)).status).toBe(200);
    expect((await post(gateway.url, 'https://app.example.com')).status).toBe(200);
    expect((await post(gateway.url, EVIL)).status).toBe(403);
  });

  it('tells of the same refusal once', async () => {
    const gateway = await startGateway(['--upstream', await startEcho(), ...FREE, '--origin', PAGE]);
    for (let i = 0; i < 5; i++) await post(gateway.url, EVIL);
    await post(gateway.url, 'https://other.example');
    await eventually(() => expect(gateway.err()).toContain('other.example'));
    expect(gateway.err().match(/^refused /gm)).toHaveLength(2);
    expect(gateway.err()).not.toContain('\u001b');
  });

  it('tells of an upstream that cannot be reached', async () => {
    const upstream = `http://127.0.0.1:${await freePort()}/mcp`;
    const gateway = await startGateway(['--upstream', upstream, ...FREE, '--origin', PAGE]);
    const response = await post(gateway.url, PAGE);
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([502, PAGE]);
    await eventually(() =>
      expect(gateway.err()).toMatch(/^502 POST \/mcp: the MCP server cannot be reached/m),
    );
  });

  it('in report-only mode refuses nothing and tells what it would', async () => {
    const gateway = await startGateway([
      '--upstream',
      await startEcho(),
      ...FREE,
      '--origin',
      PAGE,
      '--report-only',
    ]);
    expect((await post(gateway.url, EVIL)).status).toBe(200);
    await eventually(() => expect(gateway.err()).toMatch(/^would refuse POST \/ origin-not-allowed/m));
  });

  it.each(['0.0.0.0:0', '[::]:0'])('on %s demands hosts, and says how to name them', async (listen) => {
    const args = ['gateway', '--upstream', 'http://127.0.0.1:1/mcp', '--origin', PAGE, '--listen', listen];
    const { code, out, err } = await run(args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/^error: policy\.hosts: .*DNS rebinding\nhint: .*--host mcp\.example\.com/);
  });

  it('on 0.0.0.0 serves under the host that is named', async () => {
    const args = [
      '--upstream',
      await startEcho(),
      '--origin',
      PAGE,
      '--listen',
      '0.0.0.0:0',
      '--host',
      '127.0.0.1',
    ];
    const gateway = await startGateway(args);
    const { port } = new URL(gateway.url);
    expect((await post(`http://127.0.0.1:${port}/`, PAGE)).status).toBe(200);
    expect((await post(`http://localhost:${port}/`, PAGE)).status).toBe(403);
  });

  it('says that a port is taken', async () => {
    const first = await startGateway(['--upstream', await startEcho(), ...FREE, '--origin', PAGE]);
    const listen = new URL(first.url).host;
    const args = ['gateway', '--upstream', 'http://127.0.0.1:1', '--origin', PAGE, '--listen', listen];
    const { code, out, err } = await run(args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/^error: listen: cannot listen on .* taken .*\nhint: .*another port/);
  });
});

describe('mcp-cors gateway with a configuration', () => {
  const yaml = (upstream: string): string => `# comments are welcome
listen: 127.0.0.1:0
policy:
  origins: ['${PAGE}']
routes:
  - path: /agent
    upstream: ${upstream}/mcp
  - path: /other
    upstream: ${upstream}/v1
    policy: { origins: ['https://other.example'] }
`;

  it('serves its routes, and prints the URL of the first', async () => {
    const folder = createFolder({ 'my.yaml': yaml(await startEcho()) });
    const gateway = await startGateway(['--config', 'my.yaml'], folder);
    expect(new URL(gateway.url).pathname).toBe('/agent');
    expect(await (await post(`${gateway.url}/x?y=1`, PAGE)).text()).toBe('POST /mcp/x?y=1');
    const other = new URL('/other', gateway.url).href;
    expect(await (await post(other, 'https://other.example')).text()).toBe('POST /v1');
    expect((await post(other, PAGE)).status).toBe(403);
    const nowhere = await post(new URL('/nowhere', gateway.url).href, PAGE);
    expect([nowhere.status, nowhere.headers.get('access-control-allow-origin')]).toEqual([404, PAGE]);
  });

  it('is found under its usual name', async () => {
    const folder = createFolder({ 'mcp-cors.yaml': yaml(await startEcho()) });
    const gateway = await startGateway([], folder);
    expect(await (await post(gateway.url, PAGE)).text()).toBe('POST /mcp');
  });

  it('gives way to flags', async () => {
    const folder = createFolder({ 'my.yaml': yaml('http://127.0.0.1:1') });
    const port = await freePort();
    const flags = [
      '--upstream',
      `${await startEcho()}/flag`,
      '--listen',
      `127.0.0.1:${port}`,
      '--origin',
      EVIL,
    ];
    const gateway = await startGateway(['--config', 'my.yaml', ...flags], folder);
    expect(gateway.url).toBe(`http://127.0.0.1:${port}/flag`);
    expect(await (await post(gateway.url, EVIL)).text()).toBe('POST /flag');
    expect((await post(gateway.url, PAGE)).status).toBe(403);
  });

  it('that is wrong is told of whole, with its places', async () => {
    const folder = createFolder({
      'my.yaml': "listne: 1\npolicy: { origins: ['x'] }\nroutes: [{ path: mcp, upstream: nowhere }]\n",
    });
    const { code, out, err } = await run(['gateway', '--config', 'my.yaml'], folder);
    expect([code, out]).toEqual([2, '']);
    const places = [
      '1:1: listne',
      '2:21: policy.origins[0]',
      '3:18: routes[0].path',
      '3:33: routes[0].upstream',
    ];
    for (const place of places) expect(err).toContain(`error: my.yaml:${place}: `);
    expect(err).toContain('Did you mean listen?');
    expect(err.match(/^error: /gm)?.length).toBe(err.match(/^hint: /gm)?.length);
  });

  it('tells of what a flag says as that of a flag', async () => {
    const folder = createFolder({ 'my.yaml': yaml('http://127.0.0.1:1') });
    const flags = ['--origin', 'https://a.example/', '--listen', 'x'];
    const { code, err } = await run(['gateway', '--config', 'my.yaml', ...flags], folder);
    expect(code).toBe(2);
    expect(err).toMatch(/^error: listen: .*\nhint: .*\nerror: policy\.origins\[0\]: .*\nhint: .*\n$/);
  });

  it.each([
    ['a list', '- 1\n'],
    ['a text', 'hello\n'],
    ['nothing', ''],
    ['a policy that is a text', "policy: x\nroutes: [{ path: /, upstream: 'http://127.0.0.1:1' }]\n"],
    ['routes that are null', 'policy: { origins: [a] }\nroutes:\n'],
    ['routes that hold null', "policy: { origins: ['https://a.example'] }\nroutes: [null]\n"],
  ])('that is %s is told of', async (_, text) => {
    const folder = createFolder({ 'my.yaml': text });
    for (const flags of [[], ['--origin', PAGE]]) {
      const { code, out, err } = await run(['gateway', '--config', 'my.yaml', ...flags], folder);
      expect([code, out]).toEqual([2, '']);
      expect(err).toMatch(/^error: .*\nhint: \S/);
      expect(err).not.toMatch(/\n {4}at /);
    }
  });
});

describe('ending mcp-cors gateway', () => {
  /** For a gateway that waits for requests in flight longer than any test may take. */
  const patientYaml = (upstream: string): string =>
    `listen: 127.0.0.1:0\npolicy: { origins: ['${PAGE}'] }\nroutes: [{ path: /, upstream: '${upstream}' }]\nlimits: { shutdownTimeoutMs: 600000 }\n`;

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'with %s is clean and prompt, though a stream is open',
    async (signal) => {
      let upstreamClosed = false;
      const upstream = await startUpstream((_, response) => {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' });
        response.write('data: 1\n\n');
        response.on('close', () => {
          upstreamClosed = true;
        });
      });
      const gateway = await startGateway(
        ['--config', 'my.yaml'],
        createFolder({ 'my.yaml': patientYaml(upstream) }),
      );
      const headers = { Origin: PAGE, Accept: 'text/event-stream' };
      const response = await fetch(gateway.url, { headers });
      const reader = (response.body as ReadableStream<Uint8Array>).getReader();
      await reader.read();
      gateway.process.kill(signal);
      expect((await reader.read()).done).toBe(true);
      expect((await gateway.ending).code).toBe(0); // long before the bound, or this test runs out of time
      await eventually(() => expect(upstreamClosed).toBe(true));
    },
  );

  it('by whoever reads that it listens is clean, however soon', async () => {
    const upstream = await startUpstream((_, response) => response.end());
    // What it takes a busy machine to go on after the line is written.
    const pause = `const { write } = process.stdout; process.stdout.write = function (...all) {
      const written = write.apply(this, all);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
      return written;
    };`;
    const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(pause)}`;
    const args = ['gateway', '--upstream', upstream, ...FREE, '--origin', PAGE];
    const gateway = start(args, createFolder(), { NODE_OPTIONS });
    gateway.process.stdout?.once('data', () => gateway.process.kill('SIGTERM'));
    const { code, out, err } = await gateway.ending;
    expect(out).toMatch(/^listening on \S+\n$/);
    expect([code, err]).toEqual([0, 'closing\n']);
  });

  /** A gateway with a request in flight, which ends when it is answered. */
  async function startWaiting() {
    const waiting: ServerResponse[] = [];
    const upstream = await startUpstream((_, response) => waiting.push(response));
    const gateway = await startGateway(
      ['--config', 'my.yaml'],
      createFolder({ 'my.yaml': patientYaml(upstream) }),
    );
    const answer = post(gateway.url, PAGE).then(
      ({ status }) => status,
      () => 'broken off',
    );
    await eventually(() => expect(waiting).toHaveLength(1));
    return { gateway, answer, reply: () => waiting[0]?.end() };
  }

  it('with a second SIGINT does not wait for requests in flight', async () => {
    const { gateway, answer } = await startWaiting();
    gateway.process.kill('SIGINT');
    await eventually(() => expect(gateway.err()).toContain('closing'));
    gateway.process.kill('SIGINT');
    expect((await gateway.ending).code).toBe(130);
    expect(await answer).toBe('broken off');
  });

  it('is not cut short by a SIGHUP that wanted a reload', async () => {
    const { gateway, answer, reply } = await startWaiting();
    gateway.process.kill('SIGTERM');
    await eventually(() => expect(gateway.err()).toContain('closing'));
    gateway.process.kill('SIGHUP');
    await new Promise((resolve) => setTimeout(resolve, 300)); // for a signal that would end it
    reply();
    expect(await answer).toBe(200);
    expect((await gateway.ending).code).toBe(0);
    expect(gateway.err()).toBe('closing\n');
  });
});

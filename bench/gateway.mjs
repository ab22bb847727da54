// What does the gateway cost beside other proxies for Node?
//
// Every proxy runs in a process of its own in front of the same upstream, and tells its own CPU time. The proxies take
// turns, and the median round counts. CPU time per request is the figure to trust: requests per second depend on
// how the upstream and the load share the cores. A silent stream is one whose head was sent and whose first event was
// not: a client that cannot see its head believes that the server is down.
import { LOAD, listen, load, serve, startProcess } from './processes.mjs';
import { median, printTable } from './table.mjs';

const ROUNDS = 5;
const REQUESTS = 3_000;
const ORIGIN = 'http://localhost:3000';
const SILENCE_MS = 2_000;
const BODY = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: 'echo', arguments: { text: 'x'.repeat(200) } },
});

const CANDIDATES = ['mcp-cors gateway', 'http-proxy-3', '@fastify/http-proxy'];

/** Milliseconds until the head of a stream without events is seen; undefined when it is not. */
async function silentStream(url) {
  const started = performance.now();
  try {
    const response = await fetch(`${url}/silent`, {
      headers: { origin: ORIGIN, accept: 'text/event-stream' },
      signal: AbortSignal.timeout(SILENCE_MS),
    });
    const elapsed = performance.now() - started;
    await response.body.cancel();
    return elapsed;
  } catch {
    return undefined;
  }
}

async function main() {
  const upstream = await startProcess(import.meta.url, 'upstream');
  const direct = { name: 'direct', process: upstream };
  const proxies = [];
  for (const name of CANDIDATES)
    proxies.push({ name, process: await startProcess(import.meta.url, name, upstream.url) });
  const all = [direct, ...proxies];
  const figures = new Map(all.map(({ name }) => [name, { cpu: [], rate: [], silent: [] }]));

  for (let round = -1; round < ROUNDS; round++) {
    for (const { name, process: proxy } of all) {
      const before = await proxy.cpuMs();
      const started = performance.now();
      await load(proxy.url, REQUESTS, { origin: ORIGIN, body: BODY });
      const elapsed = performance.now() - started;
      const cpu = (await proxy.cpuMs()) - before;
      const silent = await silentStream(proxy.url);
      if (round < 0) continue; // warm-up
      const figure = figures.get(name);
      figure.cpu.push((cpu * 1000) / REQUESTS);
      figure.rate.push((REQUESTS * 1000) / elapsed);
      if (silent !== undefined) figure.silent.push(silent);
    }
  }
  const ours = figures.get(CANDIDATES[0]);
  printTable(
    `node ${process.version}; POST of ${BODY.length} bytes, ${LOAD}, median of ${ROUNDS} rounds of ${REQUESTS}`,
    ['', 'CPU us/request', 'ratio', 'requests/s', 'silent stream: ms to head'],
    all.map(({ name }) => {
      const { cpu, rate, silent } = figures.get(name);
      const isProxy = name !== 'direct';
      return [
        name,
        isProxy ? median(cpu).toFixed(0) : '-',
        isProxy ? (median(cpu) / median(ours.cpu)).toFixed(2) : '-',
        median(rate).toFixed(0),
        silent.length === 0 ? `none in ${SILENCE_MS}` : median(silent).toFixed(1),
      ];
    }),
  );
  for (const { process: proxy } of all.reverse()) await proxy.end();
}

/** The processes that are measured. */
const PROCESSES = {
  async upstream() {
    const { createServer } = await import('node:http');
    const answer = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      result: { content: [{ type: 'text', text: 'x'.repeat(200) }] },
    });
    const server = createServer((request, response) => {
      if (request.url === '/silent') {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders();
        return;
      }
      request.resume().on('end', () => {
        response
          .writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(answer) })
          .end(answer);
      });
    });
    return listen(server);
  },
  async 'mcp-cors gateway'(upstream) {
    const { startGateway } = await import('@mcp-cors/gateway');
    const gateway = await startGateway({
      listen: '127.0.0.1:0',
      policy: { origins: [ORIGIN] },
      routes: [{ path: '/', upstream }],
    });
    return gateway.url;
  },
  async 'http-proxy-3'(upstream) {
    const { createServer, Agent } = await import('node:http');
    const { createProxyServer } = await import('http-proxy-3');
    const proxy = createProxyServer({ target: upstream, agent: new Agent({ keepAlive: true }) });
    proxy.on('error', () => {});
    return listen(createServer((request, response) => proxy.web(request, response)));
  },
  async '@fastify/http-proxy'(upstream) {
    const { fastify } = await import('fastify');
    const app = fastify();
    const { default: httpProxy } = await import('@fastify/http-proxy');
    await app.register(httpProxy, { upstream });
    return app.listen({ host: '127.0.0.1', port: 0 });
  },
};

const [role, ...args] = process.argv.slice(2);
if (role === undefined) await main();
else await serve(() => PROCESSES[role](...args));

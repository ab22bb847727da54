// The proxies that bench/gateway.mjs compares: each is started in a process of its own, in front of the same upstream.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpuMsOf, listen, serve, startProcess } from './processes.mjs';

export const ORIGIN = 'http://localhost:3000';

/** What the upstream answers to every POST. */
export const ANSWER = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  result: { content: [{ type: 'text', text: 'x'.repeat(200) }] },
});

/** Proxies for Node, as their documentation shows them. */
const NODE_PROXIES = {
  // The load is one client's, and far beyond what one client may send by default: it is counted, and let through.
  'mcp-cors gateway': (upstream) => startOurs(upstream, { requests: { points: 1e9, seconds: 60 } }),
  'mcp-cors gateway, rates off': (upstream) => startOurs(upstream, 'off'),
  async 'http-proxy-3'(upstream) {
    const { Agent } = await import('node:http');
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
  async httpxy(upstream) {
    const { Agent } = await import('node:http');
    const { createProxyServer } = await import('httpxy');
    const proxy = createProxyServer({ target: upstream, agent: new Agent({ keepAlive: true }) });
    proxy.on('error', () => {});
    return listen(createServer((request, response) => proxy.web(request, response)));
  },
};

async function startOurs(upstream, rates) {
  const { startGateway } = await import('@mcp-cors/gateway');
  const gateway = await startGateway({
    listen: '127.0.0.1:0',
    policy: { origins: [ORIGIN] },
    routes: [{ path: '/', upstream }],
    limits: { rates },
  });
  return gateway.url;
}

/** Starts the server behind all proxies. */
async function upstream() {
  const length = Buffer.byteLength(ANSWER);
  const server = createServer((request, response) => {
    if (request.url === '/silent') {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders();
      return;
    }
    request.resume().on('end', () => {
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': length }).end(ANSWER);
    });
  });
  return listen(server);
}

export const startUpstream = () => startProcess(import.meta.url, 'upstream');

/** Every candidate, by name; each starts in front of an upstream. */
export const CANDIDATES = {
  ...Object.fromEntries(
    Object.keys(NODE_PROXIES).map((name) => [name, (url) => startProcess(import.meta.url, name, url)]),
  ),
  'nginx, rendered policy': (upstream) => startNginx(upstream, false),
  'nginx, and connections kept': (upstream) => startNginx(upstream, true),
  'mcp-proxy, stdio': startMcpProxy,
};

/** Starts one nginx worker with the same policy. */
async function startNginx(upstream, keepsConnections) {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-cors-nginx-'));
  const port = await freePort();
  mkdirSync(join(folder, 'temporary'));
  writeFileSync(
    join(folder, 'nginx.conf'),
    await nginxConfiguration({ folder, port, upstream, keepsConnections }),
  );
  const master = spawn('nginx', ['-p', folder, '-c', 'nginx.conf', '-e', 'error.log'], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
  });
  const exited = once(master, 'exit');
  const end = async () => {
    master.kill('SIGTERM');
    await exited;
    rmSync(folder, { recursive: true });
  };
  try {
    const url = `http://127.0.0.1:${port}`;
    await answering(url, exited);
    const [worker] = childrenOf(master.pid);
    return { url, cpuMs: async () => cpuMsOf(worker), end };
  } catch (error) {
    await end();
    throw error;
  }
}

/**
 * The policy as `mcp-cors render nginx` writes it. It opens a connection to the server for each request; that is what most
 * configurations of nginx do, and the other candidates do not: `keepsConnections` lets nginx keep them too.
 */
async function nginxConfiguration({ folder, port, upstream, keepsConnections }) {
  const { render } = await import('mcp-cors/render');
  const listen = `127.0.0.1:${port}`;
  const text = render('nginx', { origins: [ORIGIN] }, { upstream, listen });
  const kept = keepsConnections
    ? `upstream kept { server ${upstream.replace('http://', '')}; keepalive 64; }\n${text.replaceAll(`proxy_pass ${upstream}`, 'proxy_pass http://kept')}`
    : text;
  if (keepsConnections && !kept.includes('proxy_pass http://kept'))
    throw new Error('no proxy_pass to replace');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${folder}/temporary/${kind};`)
    .join(' ');
  return `
daemon off; master_process on; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
events { worker_connections 4096; }
http {
access_log off; keepalive_requests 1000000; ${temporary}
${kept}
}
`;
}

/** Starts mcp-proxy, which fronts stdio servers alone: a session with one, as its clients have it. */
async function startMcpProxy() {
  const port = await freePort();
  const bin = join(createRequire(import.meta.url).resolve('mcp-proxy'), '../bin/mcp-proxy.mjs');
  const proxy = spawn(
    process.execPath,
    [
      bin,
      '--host',
      '127.0.0.1',
      '--port',
      String(port),
      '--',
      process.execPath,
      fileURLToPath(import.meta.url),
      'stdio',
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const exited = once(proxy, 'exit');
  const url = `http://127.0.0.1:${port}`;
  await answering(url, exited);
  return {
    url,
    headers: { 'mcp-session-id': await openSession(`${url}/mcp`) },
    cpuMs: async () => cpuMsOf(proxy.pid),
    end: async () => {
      proxy.kill('SIGTERM');
      await exited;
    },
  };
}

/** Opens a session of revision 2025-11-25 and gives its id. */
async function openSession(url) {
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const params = {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'bench', version: '1' },
  };
  const opened = await fetch(url, {
    method: 'POST',
    headers,
    body: JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params }),
  });
  await opened.text();
  const id = opened.headers.get('mcp-session-id');
  await fetch(url, {
    method: 'POST',
    headers: { ...headers, 'mcp-session-id': id },
    body: JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' }),
  });
  return id;
}

/** A server on standard input and output that gives the same answer as the upstream, without an SDK to be slow in. */
async function serveStdio() {
  const { createInterface } = await import('node:readline');
  const { result } = JSON.parse(ANSWER);
  const initialized = {
    protocolVersion: '2025-11-25',
    capabilities: { tools: {} },
    serverInfo: { name: 'bench', version: '1' },
  };
  for await (const line of createInterface({ input: process.stdin })) {
    const { id, method } = JSON.parse(line);
    if (id === undefined) continue;
    const answer =
      method === 'server/discover'
        ? { error: { code: -32601, message: 'Method not found' } }
        : { result: method === 'initialize' ? initialized : result };
    process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...answer })}\n`);
  }
}

async function freePort() {
  const server = createServer();
  const url = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return Number(new URL(url).port);
}

/** Waits until something answers. */
async function answering(url, exited) {
  let running = true;
  exited.then(() => {
    running = false;
  });
  while (running) {
    const answered = await fetch(url).then(
      () => true,
      () => false,
    );
    if (answered) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`nothing answers at ${url}`);
}

function childrenOf(pid) {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
}

const [, script, role, ...args] = process.argv;
if (script === fileURLToPath(import.meta.url)) {
  if (role === 'stdio') await serveStdio();
  else await serve(() => (role === 'upstream' ? upstream() : NODE_PROXIES[role](...args)));
}

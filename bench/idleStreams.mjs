// What does an open stream that says nothing cost the gateway?
//
// Streams are opened through a gateway in a process of its own; then its memory is compared with that before, behind a
// garbage collection, and its CPU time is taken over a while in which nothing but comments goes out. A stream that is open
// through the gateway is two connections for it. What Node itself needs for two connections is measured beside it.
import { connect } from 'node:net';
import { listen, serve, startProcess } from './processes.mjs';
import { printTable } from './table.mjs';

const [role, ...args] = process.argv.slice(2);
const isProof = role === '--json'; // as a test runs it: smaller, one candidate, figures for a program
const STREAMS = isProof ? 1_000 : 5_000;
const AT_ONCE = 200;
const WARM_UP = isProof ? 600 : 3_000;
const WATCH_MS = isProof ? 2_000 : 10_000;
const KEEP_ALIVE_MS = isProof ? 500 : 2_000;
const PATIENCE_MS = 60_000; // of a test, on a machine that is busy
const ORIGIN = 'http://localhost:3000';
const CANDIDATES = ['mcp-cors gateway', 'mcp-cors gateway without comments', 'node:http by hand'];

/** Opens a stream with as little of its own as a client can have; gives the number of comments heard so far. */
function openStream(url) {
  const { hostname, port, host } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    const stream = { comments: 0, alive: true, close: () => socket.destroy() };
    let opened = false;
    socket.on('data', (bytes) => {
      if (!opened) {
        if (!bytes.includes(' 200 ')) reject(new Error(bytes.toString()));
        opened = true;
        resolve(stream);
      }
      if (bytes.includes('\n: keep-alive\n\n')) stream.comments++;
    });
    socket.on('error', reject);
    socket.on('close', () => {
      stream.alive = false;
    });
    socket.write(
      `GET /mcp HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${ORIGIN}\r\nAccept: text/event-stream\r\n\r\n`,
    );
  });
}

async function measure(name, upstream) {
  const proxy = await startProcess(import.meta.url, name, upstream.url);
  // V8 takes space for young objects as it needs it, and keeps it: that is no stream's.
  for (let opened = 0; opened < WARM_UP; opened += AT_ONCE) {
    const streams = await Promise.all(Array.from({ length: AT_ONCE }, () => openStream(proxy.url)));
    for (const stream of streams) stream.close();
  }
  const before = await proxy.memory();
  const streams = [];
  const openingCpuBefore = await proxy.cpuMs();
  const started = performance.now();
  while (streams.length < STREAMS) {
    streams.push(...(await Promise.all(Array.from({ length: AT_ONCE }, () => openStream(proxy.url)))));
  }
  const openingMs = performance.now() - started;
  const openingCpuMs = (await proxy.cpuMs()) - openingCpuBefore;
  const after = await proxy.memory();
  const cpuBefore = await proxy.cpuMs();
  const isQuiet = () => streams.some(({ comments }) => comments === 0);
  for (let watched = 0; watched < WATCH_MS || (isProof && watched < PATIENCE_MS && isQuiet()); watched += 100)
    await new Promise((resolve) => setTimeout(resolve, 100));
  const cpu = (await proxy.cpuMs()) - cpuBefore;
  const alive = streams.filter((stream) => stream.alive).length;
  await proxy.end();
  const per = (key) => (after[key] - before[key]) / streams.length / 1000;
  return {
    name,
    rssKb: per('rss'),
    heapKb: per('heapUsed'),
    externalKb: per('external'),
    openedPerSecond: (streams.length / openingMs) * 1000,
    openingCpuUs: (openingCpuMs / streams.length) * 1000,
    cpuPercent: (cpu / WATCH_MS) * 100,
    commentsPerSecond: streams.reduce((sum, { comments }) => sum + comments, 0) / (WATCH_MS / 1000),
    alive,
    spokenTo: streams.filter(({ comments }) => comments > 0).length,
  };
}

async function main() {
  const upstream = await startProcess(import.meta.url, 'upstream');
  const figures = [];
  for (const name of isProof ? CANDIDATES.slice(0, 1) : CANDIDATES)
    figures.push(await measure(name, upstream));
  if (isProof) console.log(JSON.stringify({ streams: STREAMS, ...figures[0] }));
  else print(figures);
  await upstream.end();
  process.exit();
}

function print(figures) {
  printTable(
    `node ${process.version}; ${STREAMS} silent streams, a comment every ${KEEP_ALIVE_MS} ms (default 15000), watched for ${WATCH_MS} ms`,
    ['', 'kB/stream', 'of it heap', 'external', 'opened/s', 'CPU us to open', 'CPU %', 'comments/s', 'alive'],
    [
      [
        'wanted of the gateway',
        'at most 20',
        '',
        '',
        'at least 1000',
        '',
        '',
        '',
        `${STREAMS} of ${STREAMS}`,
      ],
      ...figures.map((figure) => [
        figure.name,
        figure.rssKb.toFixed(1),
        figure.heapKb.toFixed(1),
        figure.externalKb.toFixed(1),
        figure.openedPerSecond.toFixed(0),
        figure.openingCpuUs.toFixed(0),
        figure.cpuPercent.toFixed(1),
        figure.commentsPerSecond.toFixed(0),
        `${figure.alive} of ${STREAMS}`,
      ]),
    ],
  );
}

async function startGatewayFor(upstream, keepAliveCommentMs) {
  const { startGateway } = await import('@mcp-cors/gateway');
  const gateway = await startGateway({
    listen: '127.0.0.1:0',
    policy: { origins: [ORIGIN] },
    routes: [{ path: '/', upstream }],
    // All streams are one client's, which may not open so many by default: they are counted, and let through.
    limits: { keepAliveCommentMs, maxStreamsPerClient: 0, rates: { streams: { points: 1e9, seconds: 60 } } },
  });
  return gateway.url;
}

/** The processes that are measured. */
const PROCESSES = {
  async upstream() {
    const { createServer } = await import('node:http');
    return listen(
      createServer((_, response) => {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders();
      }),
    );
  },
  'mcp-cors gateway': (upstream) => startGatewayFor(upstream, KEEP_ALIVE_MS),
  'mcp-cors gateway without comments': (upstream) => startGatewayFor(upstream, 0),
  async 'node:http by hand'(upstream) {
    const { createServer, request } = await import('node:http');
    return listen(
      createServer((incoming, response) => {
        const outgoing = request(`${upstream}${incoming.url}`, { agent: false }, (answer) => {
          response.writeHead(answer.statusCode, { 'Content-Type': answer.headers['content-type'] });
          response.flushHeaders();
          answer.pipe(response);
        });
        response.on('close', () => outgoing.destroy());
        outgoing.end();
      }),
    );
  },
};

if (role === undefined || isProof) await main();
else await serve(() => PROCESSES[role](...args));

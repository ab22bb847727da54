// What do streams cost? How much later does an event arrive through the gateway than directly, what does a stream that says
// nothing hold, and do many streams lose or reorder events?
//
// `node bench/streams.mjs [idle streams] [busy streams]`. Each open stream needs a file in the load and in the
// upstream, and two in the gateway: mind `ulimit -n`.
import { createServer, get } from 'node:http';
import { listen, serve, startProcess } from './processes.mjs';
import { printTable } from './table.mjs';

const ORIGIN = 'http://localhost:3000';
const EVENTS_PER_SECOND = 200;
const LATENCY_EVENTS = 600;
const BUSY_SECONDS = 5;
const OPENING_AT_ONCE = 64;
const KEEP_ALIVE_MS = 1_000;

const now = () => Number(process.hrtime.bigint()); // the same clock in every process of a Linux machine

/** Opens a stream and hears of each of its events. */
function openStream(url, onEvent = () => {}) {
  return new Promise((resolve, reject) => {
    const request = get(`${url}/stream`, {
      agent: false,
      headers: { origin: ORIGIN, accept: 'text/event-stream' },
    });
    request.on('error', reject);
    request.on('response', (response) => {
      if (response.statusCode !== 200) reject(new Error(`status ${response.statusCode}`));
      let rest = '';
      const stream = { request, events: 0, comments: 0, disordered: 0, isOpen: true };
      response.setEncoding('latin1');
      response.on('data', (text) => {
        const blocks = (rest + text).split('\n\n');
        rest = blocks.pop();
        for (const block of blocks) {
          if (block.startsWith(':')) stream.comments++;
          else {
            const [n, sentAt] = block.slice('data: '.length).split(' ').map(Number);
            if (n !== stream.events) stream.disordered++;
            stream.events++;
            onEvent(now() - sentAt);
          }
        }
      });
      response.on('error', () => {});
      response.on('close', () => {
        stream.isOpen = false;
      });
      resolve(stream);
    });
  });
}

async function openMany(url, count) {
  const streams = [];
  const worker = async () => {
    while (streams.length < count) {
      const at = streams.push(undefined) - 1;
      streams[at] = await openStream(url);
    }
  };
  await Promise.all(Array.from({ length: OPENING_AT_ONCE }, worker));
  return streams;
}

function closeAll(streams) {
  for (const { request } of streams) request.destroy();
}

async function until(condition, milliseconds) {
  const end = performance.now() + milliseconds;
  while (!condition() && performance.now() < end) await pause(20);
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const percentile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];

/** Latencies in microseconds of events on one stream, in turns over both ways. */
async function latencies(upstream, ways) {
  const figures = new Map(ways.map(({ name }) => [name, []]));
  for (let round = -1; round < 4; round++) {
    for (const { name, url } of ways) {
      const heard = [];
      const stream = await openStream(url, (nanoseconds) => heard.push(nanoseconds / 1000));
      const perRound = LATENCY_EVENTS / 4;
      await upstream.ask({ name: 'emit', count: perRound, perSecond: EVENTS_PER_SECOND });
      await until(() => stream.events === perRound, 5_000);
      closeAll([stream]);
      await upstream.ask({ name: 'cleared' });
      if (round >= 0) figures.get(name).push(...heard);
    }
  }
  for (const list of figures.values()) list.sort((a, b) => a - b);
  return figures;
}

async function main() {
  const [idleStreams = 5_000, busyStreams = 500] = process.argv.slice(2).map(Number);
  const upstream = await startProcess(import.meta.url, 'upstream');
  const gateway = await startProcess(import.meta.url, 'gateway', upstream.url);

  const figures = await latencies(upstream, [
    { name: 'direct', url: upstream.url },
    { name: 'through the gateway', url: gateway.url },
  ]);
  const direct = figures.get('direct');
  printTable(
    `node ${process.version}; an event on one stream, ${EVENTS_PER_SECOND} a second, ${LATENCY_EVENTS} of them`,
    ['', 'p50 us', 'p99 us', 'extra p50', 'extra p99'],
    [...figures].map(([name, list]) => [
      name,
      percentile(list, 0.5).toFixed(0),
      percentile(list, 0.99).toFixed(0),
      (percentile(list, 0.5) - percentile(direct, 0.5)).toFixed(0),
      (percentile(list, 0.99) - percentile(direct, 0.99)).toFixed(0),
    ]),
  );

  // V8 takes space for young objects as it needs it, and keeps it: that is no stream's.
  const warm = await openMany(gateway.url, Math.ceil(idleStreams * 0.6));
  closeAll(warm);
  await upstream.ask({ name: 'cleared' });
  const before = await gateway.memory();
  const opening = performance.now();
  const idle = await openMany(gateway.url, idleStreams);
  const openingSeconds = (performance.now() - opening) / 1000;
  const held = await gateway.memory();
  const cpuBefore = await gateway.cpuMs();
  await pause(3 * KEEP_ALIVE_MS);
  const silenceMs = (await gateway.cpuMs()) - cpuBefore;
  const commented = idle.filter(({ comments }) => comments > 0).length;
  await upstream.ask({ name: 'emit', count: 1, perSecond: 1 });
  await until(() => idle.every(({ events }) => events === 1), 10_000);
  printTable(
    `${idleStreams} streams that say nothing`,
    ['', 'figure', 'wanted'],
    [
      ['opened a second', (idleStreams / openingSeconds).toFixed(0), 'at least 1000'],
      ['heap a stream, kB', ((held.heapUsed - before.heapUsed) / idleStreams / 1000).toFixed(1), ''],
      [
        'resident memory a stream, kB',
        ((held.rss - before.rss) / idleStreams / 1000).toFixed(1),
        'at most 20',
      ],
      [`CPU of a second of silence, ms`, (silenceMs / ((3 * KEEP_ALIVE_MS) / 1000)).toFixed(1), ''],
      ['had a keep-alive', commented, idleStreams],
      ['alive after that', idle.filter(({ isOpen, events }) => isOpen && events === 1).length, idleStreams],
    ],
  );
  closeAll(idle);
  await upstream.ask({ name: 'cleared' });

  const busy = await openMany(gateway.url, busyStreams);
  const each = EVENTS_PER_SECOND * BUSY_SECONDS;
  const cpuStart = await gateway.cpuMs();
  const started = performance.now();
  await upstream.ask({ name: 'emit', count: each, perSecond: EVENTS_PER_SECOND });
  await until(() => busy.every(({ events }) => events >= each), 60_000);
  const seconds = (performance.now() - started) / 1000;
  const cpu = (await gateway.cpuMs()) - cpuStart;
  const total = busy.reduce((sum, { events }) => sum + events, 0);
  printTable(
    `${EVENTS_PER_SECOND} events a second to ${busyStreams} streams for ${BUSY_SECONDS} s`,
    ['', 'figure', 'wanted'],
    [
      ['events received', total, each * busyStreams],
      ['out of order', busy.reduce((sum, { disordered }) => sum + disordered, 0), 0],
      ['seconds until the last', seconds.toFixed(1), ''],
      ['CPU us an event', ((cpu * 1000) / total).toFixed(1), ''],
    ],
  );
  closeAll(busy);

  await gateway.end();
  await upstream.end();
}

const streams = new Set();

/** The processes that are measured. */
const PROCESSES = {
  upstream: () =>
    listen(
      createServer((_, response) => {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders();
        streams.add(response);
        response.on('close', () => streams.delete(response));
      }),
    ),
  async gateway(upstream) {
    const { startGateway } = await import('@mcp-cors/gateway');
    const gateway = await startGateway({
      listen: '127.0.0.1:0',
      policy: { origins: [ORIGIN] },
      routes: [{ path: '/', upstream }],
      limits: { rates: 'off', maxStreamsPerClient: 0, keepAliveCommentMs: KEEP_ALIVE_MS },
    });
    return gateway.url;
  },
};

/** What the upstream does when it is told to. */
const DEEDS = {
  /** Sends events to all streams at a steady pace; what the clock was late for is made up for. */
  async emit({ count, perSecond }) {
    const started = performance.now();
    for (let n = 0; n < count; ) {
      const due = Math.min(count, Math.floor(((performance.now() - started) * perSecond) / 1000) + 1);
      for (; n < due; n++) for (const stream of streams) stream.write(`data: ${n} ${now()}\n\n`);
      await pause(1);
    }
    return {};
  },
  /** Waits until every stream is gone. */
  async cleared() {
    await until(() => streams.size === 0, 20_000);
    return { left: streams.size };
  },
};

const [role, ...args] = process.argv.slice(2);
if (role in PROCESSES) await serve(() => PROCESSES[role](...args), DEEDS);
else await main();

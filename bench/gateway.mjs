// What does the gateway cost beside other proxies?
//
// Every proxy runs in a process of its own in front of the same upstream, and its own CPU time is read. The proxies take
// turns, and the median round counts. CPU time per request is the figure to trust: requests per second depend on
// how the upstream and the load share the cores. The rounds begin when the compilers have done their work. A silent
// stream is one whose head was sent and whose first event was not: a client that cannot see its head believes that the
// server is down. mcp-proxy fronts stdio servers only: it does other work there, and is shown for what its users pay.
import { LOAD, load } from './processes.mjs';
import { CANDIDATES, ORIGIN, startUpstream } from './proxies.mjs';
import { median, printTable } from './table.mjs';

const [, , chosen, rounds = '7', requests = '4000', warmUp = '12000'] = process.argv;
const ROUNDS = Number(rounds);
const WARM_UP_TURNS = 8;
const REQUESTS = Number(requests);
const WARM_UP_REQUESTS = Number(warmUp);
const SILENCE_MS = 2_000;
/** The ids differ: a session takes two requests of the same id for one. */
const body = (id) =>
  JSON.stringify({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { name: 'echo', arguments: { text: 'x'.repeat(200) } },
  });
/** What is wanted of the ratio to the gateway's own figure; of all the others, that it is above 1. */
const WANTED = {
  'mcp-cors gateway': '',
  'mcp-cors gateway, rates off': '',
  'nginx, rendered policy': 'at least 0.40',
  'nginx, and connections kept': '',
};

/** A proxy with more work to do for each request needs fewer of them to be measured. */
const SLOW = { 'mcp-proxy, stdio': 0.25 };

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
    return response.ok ? elapsed : undefined;
  } catch {
    return undefined;
  }
}

const upstream = await startUpstream();
const names = Object.keys(CANDIDATES).filter((name) => chosen === undefined || name.includes(chosen));
const all = [{ name: 'direct', process: upstream }];
for (const name of names) all.push({ name, process: await CANDIDATES[name](upstream.url) });

const figures = new Map(all.map(({ name }) => [name, { cpu: [], rate: [], silent: undefined }]));
// In turns, as later: who is warm first and then waits for the others is slower for it.
for (let turn = 0; turn < WARM_UP_TURNS; turn++) {
  for (const { name, process: proxy } of all) {
    const count = Math.ceil((WARM_UP_REQUESTS * (SLOW[name] ?? 1)) / WARM_UP_TURNS);
    await load(proxy.url, count, { origin: ORIGIN, body, headers: proxy.headers });
  }
}
for (const { name, process: proxy } of all) figures.get(name).silent = await silentStream(proxy.url);
for (let round = 0; round < ROUNDS; round++) {
  // Neither is always first, nor always behind the same other.
  for (const { name, process: proxy } of round % 2 === 0 ? all : all.toReversed()) {
    const count = REQUESTS * (SLOW[name] ?? 1);
    const before = await proxy.cpuMs();
    const started = performance.now();
    await load(proxy.url, count, { origin: ORIGIN, body, headers: proxy.headers });
    const elapsed = performance.now() - started;
    const figure = figures.get(name);
    figure.cpu.push((((await proxy.cpuMs()) - before) * 1000) / count);
    figure.rate.push((count * 1000) / elapsed);
  }
}

const ours = figures.get('mcp-cors gateway');
printTable(
  `node ${process.version}; POST of ${body(1).length} bytes, ${LOAD}, median of ${ROUNDS} rounds of ${REQUESTS} after ${WARM_UP_REQUESTS}`,
  ['', 'CPU us/request', 'least', 'ratio', 'wanted', 'requests/s', 'silent stream: ms to head'],
  all.map(({ name }) => {
    const { cpu, rate, silent } = figures.get(name);
    const isProxy = name !== 'direct';
    return [
      name,
      isProxy ? median(cpu).toFixed(0) : '-',
      isProxy ? Math.min(...cpu).toFixed(0) : '-',
      isProxy && ours !== undefined ? (median(cpu) / median(ours.cpu)).toFixed(2) : '-',
      isProxy ? (WANTED[name] ?? 'above 1.00') : '',
      median(rate).toFixed(0),
      silent === undefined ? `none in ${SILENCE_MS}` : silent.toFixed(1),
    ];
  }),
);
for (const { process: proxy } of all.reverse()) await proxy.end();

// npm run soak -- --minutes 10: the gateway at load, with faults: a server that fails in every way and is killed and started
// again, clients that leave, stall and close halfway, other configurations. Ends with a report, and with 1 when a response was not
// what it must be or when the gateway has kept something.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent } from 'node:http';
import { createServer } from 'node:net';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { printTable } from '../bench/table.mjs';
import { DEEDS, ORIGIN } from './soak/deeds.mjs';
import { createRandom } from './soak/random.mjs';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    requests: { type: 'string' },
    clients: { type: 'string', default: '48' },
    seed: { type: 'string', default: '1' },
    /** Only JSON answers and clients that leave, with a server that stays. */
    aborts: { type: 'boolean', default: false },
    format: { type: 'string', default: 'pretty' },
  },
});
const MINUTES = Number(values.minutes ?? (values.requests === undefined ? 10 : 600));
const REQUESTS = Number(values.requests ?? Number.POSITIVE_INFINITY);
/** A restart of the server excuses what was under way, and what came while it was away. */
const RESTART_EVERY_MS = 4_000;
const RELOAD_EVERY_MS = 1_500;
/** What may stay of a heap once it is warm: caches that are bounded, and code that was compiled. */
const HEAP_GROWTH_MB = 5;

function startProcess(name, args, flags = []) {
  const child = fork(new URL(`soak/${name}.mjs`, import.meta.url), args, { execArgv: flags });
  const told = async () => (await once(child, 'message'))[0];
  let turn = Promise.resolve();
  return {
    child,
    told,
    ask(message) {
      turn = turn.then(() => {
        const answer = told();
        child.send(message);
        return answer;
      });
      return turn;
    },
  };
}

async function closedPort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

let upstream = startProcess('upstream', []);
const { port: upstreamPort } = await upstream.told();
const gateway = startProcess(
  'gateway',
  [ORIGIN, `http://127.0.0.1:${upstreamPort}`, String(await closedPort())],
  ['--expose-gc'],
);
const { url } = await gateway.told();
let crashed = false;
gateway.child.once('exit', () => {
  crashed = true;
});

const agent = new Agent({ keepAlive: true, maxSockets: 256 });
const outcomes = new Map();
const unexpected = [];
const latencies = [];
let done = 0;
let restarts = 0;
let reloads = 0;
let lastRestart = -Infinity;
let isAway = false;
let over = false;

/** What the deeds of one client find. */
function placeOf(startedAt) {
  const excused = () => isAway || lastRestart >= startedAt;
  return {
    url,
    agent,
    excused,
    /** Says whether a restart is to blame for an outcome that is otherwise a fault. */
    excuse(outcome, ...fine) {
      if (!fine.includes(outcome) && !excused()) throw new Error(`${outcome} without a reason`);
      return `${outcome}, server restarted`;
    },
  };
}

async function client(random, weighted, requests) {
  while (!over && !crashed && done < requests) {
    done++;
    const name = random.pick(weighted);
    const startedAt = performance.now();
    let outcome;
    try {
      outcome = await within(PATIENCE_MS, DEEDS[name].act(placeOf(startedAt), random));
      if (DEEDS[name].timed) latencies.push(performance.now() - startedAt);
    } catch (error) {
      outcome = 'UNEXPECTED';
      unexpected.push(`${name}: ${error.message}`);
    }
    const key = `${name}\u0000${outcome}`;
    outcomes.set(key, (outcomes.get(key) ?? 0) + 1);
  }
}

/** Nothing may take longer than that, on a machine that may be busy: it would be held by nobody's fault but the gateway's. */
const PATIENCE_MS = 20_000;

async function within(milliseconds, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing came in ${milliseconds} ms`)), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

async function restartServer() {
  isAway = true;
  upstream.child.kill('SIGKILL');
  await once(upstream.child, 'exit');
  await delay(100);
  upstream = startProcess('upstream', [String(upstreamPort)]);
  await upstream.told();
  lastRestart = performance.now();
  isAway = false;
  restarts++;
}

async function every(milliseconds, action) {
  while (!over) {
    for (let waited = 0; waited < milliseconds && !over; waited += 50) await delay(50);
    if (!over && !crashed) await action();
  }
}

const weighted = Object.entries(DEEDS)
  .filter(([name, { aborts }]) => !values.aborts || aborts === true || name === 'JSON answer')
  .map(([name, { weight }]) => [name, weight]);

async function work(untilMs, requests, phase) {
  over = false;
  done = 0;
  const limit = setTimeout(() => {
    over = true;
  }, untilMs);
  const faults = values.aborts
    ? []
    : [
        every(RESTART_EVERY_MS, restartServer),
        every(RELOAD_EVERY_MS, async () => {
          await gateway.ask('reload');
          reloads++;
        }),
      ];
  const seed = Number(values.seed);
  const clients = Array.from({ length: Number(values.clients) }, (_, i) =>
    client(createRandom(seed * 7919 + i * 104_729 + phase), weighted, requests),
  );
  await Promise.all(clients);
  over = true;
  clearTimeout(limit);
  await Promise.all(faults);
}

/** What the gateway holds when nothing is under way: connections that wait for more are closed first. */
async function settledHoldings() {
  agent.destroy();
  let holdings = await gateway.ask('holdings');
  for (let i = 0; i < 40; i++) {
    await delay(250);
    const later = await gateway.ask('holdings');
    if (later.sockets === holdings.sockets && later.handles === holdings.handles && i > 24) break;
    holdings = later;
  }
  return gateway.ask('holdings');
}

// Warm: everything was compiled once, and every cache has its first entries.
await work(Math.min(8_000, MINUTES * 15_000), REQUESTS / 4, 1);
outcomes.clear();
latencies.length = 0;
const atStart = crashed ? undefined : await settledHoldings();
const startedAt = performance.now();
await work(MINUTES * 60_000, REQUESTS, 2);
const seconds = (performance.now() - startedAt) / 1000;
const atEnd = crashed ? undefined : await settledHoldings();

if (crashed) unexpected.push('the gateway ended');
if (atEnd !== undefined) {
  if (atEnd.handles > atStart.handles)
    unexpected.push(`handles grew from ${atStart.handles} to ${atEnd.handles}`);
  if (atEnd.heapMb > atStart.heapMb + HEAP_GROWTH_MB)
    unexpected.push(`the heap grew from ${atStart.heapMb.toFixed(1)} to ${atEnd.heapMb.toFixed(1)} MB`);
  gateway.child.send('close');
}
upstream.child.kill('SIGKILL');

const counts = {};
for (const [key, count] of [...outcomes].sort()) {
  const [name, outcome] = key.split('\u0000');
  counts[name] = { ...counts[name], [outcome]: count };
}
const sorted = latencies.sort((a, b) => a - b);
const percentile = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
const report = {
  seconds,
  requests: [...outcomes.values()].reduce((sum, count) => sum + count, 0),
  restarts,
  reloads,
  p50Ms: percentile(0.5),
  p99Ms: percentile(0.99),
  atStart,
  atEnd,
  outcomes: counts,
  unexpected,
};
if (values.format === 'json') console.log(JSON.stringify(report));
else print(report);
process.exitCode = unexpected.length === 0 ? 0 : 1;

function print({ atStart: start, atEnd: end, ...told }) {
  printTable(
    `${told.requests} requests in ${told.seconds.toFixed(0)} s, ${values.clients} clients, seed ${values.seed}; the server was restarted ${told.restarts} times, the configuration ${told.reloads} times`,
    ['', 'count'],
    Object.entries(told.outcomes).flatMap(([name, byOutcome]) =>
      Object.entries(byOutcome).map(([outcome, count]) => [`${name}: ${outcome}`, count]),
    ),
  );
  if (start !== undefined && end !== undefined) {
    printTable(
      'What the gateway holds when nothing is under way',
      ['', 'heap MB', 'handles', 'sockets'],
      [
        ['at the start', start.heapMb.toFixed(1), start.handles, start.sockets],
        ['at the end', end.heapMb.toFixed(1), end.handles, end.sockets],
      ],
    );
    const cpu = ((end.cpuSeconds - start.cpuSeconds) * 1000) / told.requests;
    console.log(
      `\nJSON answers: p50 ${told.p50Ms.toFixed(1)} ms, p99 ${told.p99Ms.toFixed(1)} ms; ${cpu.toFixed(2)} ms of CPU a request`,
    );
  }
  for (const fault of [...new Set(told.unexpected)].slice(0, 20)) console.error(`UNEXPECTED ${fault}`);
  console.log(told.unexpected.length === 0 ? 'nothing unexpected' : `${told.unexpected.length} unexpected`);
}

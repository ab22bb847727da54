// What does a reload cost those who are being served?
//
// The real command serves a steady load while its file, with 10,000 origins, is changed and taken over again and again. The
// figure is the longest time for which the gateway's event loop was held up during a reload, beside the same figure
// for as long a time of the same load without one: what the machine and the garbage collector add is in both.
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { listen } from './processes.mjs';
import { median, printTable } from './table.mjs';

const ORIGINS = 10_000;
const RELOADS = 20;
const WARM_UP = 3;
const CONNECTIONS = 8;
const PAGE = 'https://app.example.com';
const COMMAND = new URL('../packages/mcp-cors/bin/mcp-cors.js', import.meta.url);

const configuration = (upstream, version) =>
  JSON.stringify({
    listen: '127.0.0.1:0',
    policy: {
      origins: [
        PAGE,
        ...Array.from({ length: ORIGINS - 1 }, (_, i) =>
          i % 10 === 0
            ? `https://*.team${i}.v${version}.example.com`
            : `https://app${i}.v${version}.example.com`,
        ),
      ],
    },
    routes: [{ path: '/', upstream }],
    limits: { rates: { requests: { points: 1e9, seconds: 60 } } }, // the load is one client's: counted, and let through
  }).replaceAll('",', '",\n');

const upstream = createServer((request, response) => {
  request.resume().on('end', () => response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}'));
});
const upstreamUrl = await listen(upstream);
const folder = mkdtempSync(join(tmpdir(), 'mcp-cors-bench-'));
const file = join(folder, 'mcp-cors.yaml');
writeFileSync(file, configuration(upstreamUrl, 0));

const gateway = fork(COMMAND, ['gateway', '--config', file, '--no-watch'], {
  execArgv: ['--import', new URL('eventLoop.mjs', import.meta.url).href],
  stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
});
let out = '';
let err = '';
gateway.stdout.on('data', (bytes) => {
  out += bytes;
});
gateway.stderr.on('data', (bytes) => {
  err += bytes;
});
const until = async (condition) => {
  while (!condition()) {
    if (gateway.exitCode !== null) throw new Error(`the gateway ended: ${err}`);
    await sleep(2);
  }
};
await until(() => out.includes('\n'));
const url = out.replace(/^listening on /, '').trim();

const longest = () =>
  new Promise((resolve) => {
    gateway.once('message', resolve);
    gateway.send('longest');
  });

let running = true;
let requests = 0;
let failures = 0;
const pool = new Pool(url, { connections: CONNECTIONS });
const workers = Array.from({ length: CONNECTIONS }, async () => {
  while (running) {
    requests++;
    const headers = { origin: PAGE, 'content-type': 'application/json' };
    const answer = await pool
      .request({ path: '/', method: 'POST', headers, body: '{}' })
      .catch(() => undefined);
    await answer?.body.dump();
    if (answer?.statusCode !== 200) failures++;
    await sleep(2);
  }
});

const pauses = { reload: [], quiet: [] };
const durations = [];
for (let i = 1 - WARM_UP; i <= RELOADS; i++) {
  writeFileSync(file, configuration(upstreamUrl, i));
  const told = err.length;
  await longest();
  const started = performance.now();
  gateway.kill('SIGHUP');
  await until(() => err.slice(told).includes('\n'));
  const elapsed = performance.now() - started;
  const pause = await longest();
  await sleep(elapsed);
  const quiet = await longest();
  if (i < 1) continue;
  durations.push(elapsed);
  pauses.reload.push(pause);
  pauses.quiet.push(quiet);
}
running = false;
await Promise.all(workers);
const reloaded = err.match(/^reloaded /gm)?.length ?? 0;

const figures = (name, list, wanted = '') => [
  name,
  median(list).toFixed(1),
  Math.max(...list).toFixed(1),
  wanted,
];
printTable(
  `node ${process.version}; ${ORIGINS} origins, ${CONNECTIONS} connections; ${reloaded} reloads, ${requests} requests, ${failures} failed`,
  ['', 'median', 'longest', 'wanted'],
  [
    ['requests that failed', '', failures, '0'],
    figures(
      'event loop held up in a reload, ms',
      pauses.reload.map(({ longestMs }) => longestMs),
    ),
    figures(
      '  by its own work alone: CPU, ms',
      pauses.reload.map(({ longestCpuMs }) => longestCpuMs),
      'below 20',
    ),
    figures(
      'in as long a time without one, ms',
      pauses.quiet.map(({ longestMs }) => longestMs),
    ),
    figures(
      '  by its own work alone: CPU, ms',
      pauses.quiet.map(({ longestCpuMs }) => longestCpuMs),
    ),
    figures('from SIGHUP to the new policy, ms', durations),
  ],
);
await pool.close();
gateway.kill();
upstream.close();
rmSync(folder, { recursive: true });
process.exitCode = failures > 0 || reloaded < RELOADS ? 1 : 0;

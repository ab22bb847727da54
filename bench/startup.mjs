// How long is it from the command to a gateway that listens? The first line on standard output says that it does.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { cpuMsOf } from './processes.mjs';
import { median, printTable } from './table.mjs';

const STARTS = 15;
const COMMAND = fileURLToPath(new URL('../packages/mcp-cors/bin/mcp-cors.js', import.meta.url));
const GATEWAY = ['gateway', '--upstream', 'http://127.0.0.1:9/mcp', '--origin', 'http://localhost:3000'];

/** What is started, by name: the gateway, and beside it what is not its own. */
const CANDIDATES = {
  'mcp-cors gateway': [COMMAND, ...GATEWAY, '--listen', '127.0.0.1:0'],
  'node, and nothing else': ['-e', 'console.log()'],
};

/** Milliseconds, by the clock and of CPU time: on a busy machine they differ much. */
async function start(args) {
  const started = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const elapsed = performance.now() - started;
  const cpu = cpuMsOf(child.pid);
  child.kill('SIGKILL'); // it has nothing to finish
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return { elapsed, cpu };
}

const figures = new Map(Object.keys(CANDIDATES).map((name) => [name, []]));
for (let round = 0; round < STARTS; round++)
  for (const [name, args] of Object.entries(CANDIDATES)) figures.get(name).push(await start(args));

printTable(
  `node ${process.version}; from the command to its first line, ms, ${STARTS} starts in turns`,
  ['', 'median', 'least', 'wanted', 'CPU'],
  [...figures].map(([name, times]) => [
    name,
    median(times.map(({ elapsed }) => elapsed)).toFixed(0),
    Math.min(...times.map(({ elapsed }) => elapsed)).toFixed(0),
    name === 'mcp-cors gateway' ? 'below 300' : '',
    median(times.map(({ cpu }) => cpu)).toFixed(0),
  ]),
);

// Servers in processes of their own that tell their own CPU time and memory, and a load for them.
import { fork } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { Pool } from 'undici';

const CONNECTIONS = 16;

/** The load of one measurement, in words. */
export const LOAD = `${CONNECTIONS} connections`;

/** Starts a process of a script: the script's own `serve` answers with the URL. */
export async function startProcess(script, name, ...args) {
  const child = fork(new URL(script), [name, ...args], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    execArgv: ['--expose-gc'],
  });
  const next = () => new Promise((resolve) => child.once('message', resolve));
  const ready = await Promise.race([next(), new Promise((resolve) => child.once('exit', () => resolve({})))]);
  if (ready.url === undefined) throw new Error(`${name} did not start`);
  const ask = (question) => {
    const answer = next();
    child.send(question);
    return answer;
  };
  return {
    url: ready.url,
    cpuMs: () => ask({ name: 'cpu' }).then(({ cpu }) => cpu),
    /** What the process holds, in bytes, behind a garbage collection. */
    memory: () => ask({ name: 'memory' }).then(({ memory }) => memory),
    /** What else the process can be asked, by `name`. */
    ask,
    end: () => new Promise((resolve) => child.once('exit', resolve) && child.kill()),
  };
}

/** The other side of startProcess: starts a server, tells its URL, and then what it is asked. */
export async function serve(start, others = {}) {
  const answers = {
    cpu() {
      const { user, system } = process.cpuUsage();
      return { cpu: (user + system) / 1000 };
    },
    memory() {
      globalThis.gc();
      return { memory: process.memoryUsage() };
    },
    ...others,
  };
  process.on('message', async (question) => process.send(await answers[question.name](question)));
  process.on('disconnect', () => process.exit()); // the benchmark has ended, well or badly
  process.send({ url: await start() });
}

/** CPU time of a process, of all its threads, as Linux counts it in nanoseconds. */
export function cpuMsOf(pid) {
  const threads = readdirSync(`/proc/${pid}/task`);
  const times = threads.map((id) =>
    Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8').split(' ')[0]),
  );
  return times.reduce((sum, time) => sum + time, 0) / 1e6;
}

/**
 * Sends so many POSTs of a page, each with the body for its number; each must be answered with 200. With `awake` the client does
 * not sleep while it waits: waking it is the server's CPU time, and the more of it the longer the server lets it wait.
 */
export async function load(url, requests, { origin, body, headers = {}, prove = () => {}, awake = false }) {
  const pool = new Pool(url, { connections: CONNECTIONS });
  let next = 0;
  let waiting = awake;
  const stayAwake = () => void (waiting && setImmediate(stayAwake));
  stayAwake();
  const worker = async () => {
    while (next < requests) {
      const number = next++;
      const answer = await pool.request({
        path: '/mcp',
        method: 'POST',
        headers: {
          origin,
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          ...headers,
        },
        body: typeof body === 'function' ? body(number) : body,
      });
      await answer.body.dump();
      if (answer.statusCode !== 200) throw new Error(`status ${answer.statusCode}`);
      prove(answer.headers);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker)).finally(() => {
    waiting = false;
  });
  await pool.close();
}

/** Listens on a free loopback port. */
export function listen(server) {
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${server.address().port}`)),
  );
}

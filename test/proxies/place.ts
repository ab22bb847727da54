import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where programs for administrators are on Debian, also for those who are not. */
const ADMIN_PATHS = '/usr/local/sbin:/usr/sbin:/sbin';
/** How often a start is tried anew when another program has taken one of the ports meanwhile. */
const MOST_STARTS = 5;
/** How long a server may take to listen, on a busy machine. */
const START_TIMEOUT_MS = 30_000;
/** How long a server may take to end: Apache gives its own children ten seconds, and one that is killed leaves them. */
const STOP_TIMEOUT_MS = 20_000;

/** Free loopback ports: the kernel names them, and all are held until the last is named. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(0, '127.0.0.1', resolve);
      });
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** What is to be started: a program in the foreground, its files, and the ports on which it will listen. */
export interface Program {
  readonly command: readonly [string, ...string[]];
  /** Files by their names in the folder; folders are made by `prepare`. */
  readonly files: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly prepare?: (folder: string) => void;
}

/** A server that runs. */
export interface Started {
  readonly ports: readonly number[];
  readonly folder: string;
  /** What it has written so far. */
  readonly output: () => string;
  readonly stop: () => Promise<void>;
}

/**
 * Starts a real server on free ports, with its files in a folder of its own that goes with it. Between the naming of a
 * port and its use another program may take it: then everything begins again.
 */
export async function startServer(
  count: number,
  program: (ports: readonly number[], folder: string) => Program,
): Promise<Started> {
  for (let i = 1; ; i++) {
    const folder = mkdtempSync(join(tmpdir(), 'mcp-cors-proxy-'));
    const ports = await freePorts(count);
    const started = await tryToStart(program(ports, folder), ports, folder);
    if ('stop' in started) return started;
    rmSync(folder, { recursive: true, force: true });
    if (i === MOST_STARTS || !/in use|EADDRINUSE|cannot bind/i.test(started.fault)) {
      throw new Error(`the server did not start: ${started.fault}`);
    }
  }
}

/** Writes the files of a program into its folder. */
export function writeProgram({ files, prepare }: Program, folder: string): void {
  prepare?.(folder);
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
}

async function tryToStart(
  program: Program,
  ports: readonly number[],
  folder: string,
): Promise<Started | { readonly fault: string }> {
  const [name, ...args] = program.command;
  writeProgram(program, folder);
  const child = spawn(name, args, {
    cwd: folder,
    env: { ...process.env, PATH: `${process.env.PATH}:${ADMIN_PATHS}`, ...program.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const note = (bytes: Buffer): void => {
    output += bytes;
  };
  child.stdout.on('data', note);
  child.stderr.on('data', note);
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      output += error.message;
      resolve();
    });
    child.once('close', () => resolve());
  });
  let over = false;
  void ended.then(() => {
    over = true;
  });
  const stop = async (): Promise<void> => {
    await end(child, ended);
    rmSync(folder, { recursive: true, force: true });
  };
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (const port of ports) {
    while (!(await accepts(port))) {
      if (over) return { fault: output };
      if (Date.now() > deadline) {
        await end(child, ended);
        return { fault: `port ${port} was not opened in ${START_TIMEOUT_MS} ms: ${output}` };
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  // A port that another program has taken accepts too.
  if (over) return { fault: output };
  return { ports, folder, output: () => output, stop };
}

async function end(child: ChildProcess, ended: Promise<void>): Promise<void> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const finish = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => finish(true));
    socket.once('error', () => finish(false));
  });
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const START = fileURLToPath(new URL('../../examples/two-way-sessions/start.js', import.meta.url));
const PROBE = new URL('./probe.mjs', import.meta.url).href;

/** What a process holds, after garbage was collected. */
export interface Holdings {
  readonly heapBytes: number;
  /** Kinds of what keeps the process busy, sorted: timers, sockets, servers. */
  readonly resources: readonly string[];
  /** Listeners to events of the process itself. */
  readonly listeners: number;
  /** Names of warnings so far, such as of too many listeners. */
  readonly warnings: readonly string[];
}

/** The example, in a process of its own. */
export interface Example {
  /** The origin of the server. */
  readonly server: string;
  /** The origins of the two pages. */
  readonly pages: readonly [string, string];
  /** How many sessions the server says are open. */
  sessions(): Promise<number>;
  holdings(): Promise<Holdings>;
  close(): Promise<void>;
}

/** Starts examples/two-way-sessions on free ports. */
export async function startExample(): Promise<Example> {
  const child = spawn(process.execPath, ['--expose-gc', '--import', PROBE, START], {
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const [server, ...pages] = await linesOf(child);
  if (server === undefined || pages.length !== 2) throw new Error('the example did not say where it listens');
  return {
    server,
    pages: pages as [string, string],
    async sessions() {
      const response = await fetch(`${server}/sessions`, { headers: { Connection: 'close' } });
      return ((await response.json()) as { readonly open: number }).open;
    },
    async holdings() {
      const told = once(child, 'message') as Promise<[Holdings]>;
      child.send('tell');
      return (await told)[0];
    },
    async close() {
      const closed = once(child, 'close');
      child.kill();
      await closed;
    },
  };
}

/** The origins that the example prints when it listens. */
async function linesOf(child: ChildProcess): Promise<string[]> {
  let text = '';
  for await (const chunk of child.stdout ?? []) {
    text += chunk;
    if (text.split('\n').length > 3) break;
  }
  child.stdout?.resume();
  return [...text.matchAll(/^(?:server|page) (\S+)$/gm)].map(([, url = '']) => new URL(url).origin);
}

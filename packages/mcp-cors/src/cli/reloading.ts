import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { ConfigSource } from './configSource.js';
import type { WorkerAnswer, WorkerTask } from './configWorker.js';
import { isConfigError, issuesOf } from './issues.js';
import { CommandError, reportError, type Terminal } from './terminal.js';

/** Flags about reloading. */
export interface ReloadFlags {
  /** Whether the file is watched. */
  readonly watch: boolean;
}

/** What is used of a gateway that runs. */
export interface RunningGateway {
  reload(config: unknown): Promise<void>;
}

/** What is used of the gateway's package. */
export interface WatchingPackage {
  readGatewayConfig(config: unknown): unknown;
  watchFiles(files: readonly string[], onChange: () => void): () => void;
}

/** Takes over what has changed. */
export interface Reloading {
  /** Begins, with what has changed since the file was first looked at. */
  start(gateway: RunningGateway): void;
  /** Takes over nothing more; SIGHUP is ignored from then on. */
  stop(): void;
}

/**
 * Lets a gateway take over its configuration whenever the file changes, and on SIGHUP. A configuration that is wrong is
 * told of, and the last good one stays. To be made before the file is read, so that no change is missed.
 */
export function createReloading(
  source: ConfigSource,
  { readGatewayConfig, watchFiles }: WatchingPackage,
  { watch }: ReloadFlags,
  terminal: Terminal,
): Reloading {
  const { file } = source;
  if (file === undefined) return { start: () => {}, stop: () => {} };
  let gateway: RunningGateway | undefined;
  let wanted = false;
  let reloading = false;
  let stopped = false;

  async function reload(): Promise<void> {
    if (stopped) return;
    wanted = true;
    if (reloading || gateway === undefined) return;
    reloading = true;
    while (wanted) {
      wanted = false;
      try {
        await reloadOnce(file as string, source, gateway, readGatewayConfig);
        if (!stopped) terminal.err(`reloaded ${file}`);
      } catch (error) {
        if (stopped) break;
        reportError(asCommandError(error, file as string), terminal);
        terminal.err(`${file} is not taken over: what was read before stays in force`);
      }
    }
    reloading = false;
  }

  const onSignal = (): void => void reload();
  process.on('SIGHUP', onSignal);
  const stopWatching = watch ? watchFiles([file], onSignal) : undefined;
  return {
    start(running) {
      gateway = running;
      if (wanted) void reload();
    },
    stop() {
      stopped = true;
      wanted = false;
      stopWatching?.(); // and SIGHUP stays caught: without that, one that comes late would cut the closing short
    },
  };
}

/** What goes wrong while a gateway serves is told, and never ends it. */
function asCommandError(error: unknown, file: string): CommandError {
  if (error instanceof CommandError) return error;
  const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new CommandError(
    `cannot take over ${file}: ${why}`,
    'This is a fault of mcp-cors: please report it.',
  );
}

/** How long a configuration may take to be read, and how much memory: what a path leads to may be anything. */
const MOST_READING_MS = 120_000;
const MOST_READING_MIB = 1_024;
/** The less there is of it, the shorter its collections, which all threads share helpers for. */
const YOUNG_MIB = 8;

/** Reads the file in a thread of its own, since a long one takes a while, and hands it to the gateway. */
async function reloadOnce(
  file: string,
  source: ConfigSource,
  gateway: RunningGateway,
  readGatewayConfig: (config: unknown) => unknown,
): Promise<void> {
  const task: WorkerTask = { file, schema: source.schema };
  const worker = new Worker(new URL('configWorker.js', import.meta.url), {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: MOST_READING_MIB, maxYoungGenerationSizeMb: YOUNG_MIB },
  });
  try {
    const answer = await answerOf(worker).catch((error: Error) => {
      const why =
        error.name === 'AbortError' ? `it takes more than ${MOST_READING_MS / 1000} s` : error.message;
      throw new CommandError(`cannot read ${file}: ${why}`, 'See whether the file is a configuration.');
    });
    if ('failed' in answer) throw new CommandError(answer.failed.message, answer.failed.hint);
    if (!('read' in answer)) return;
    const { read } = answer;
    if (read.value === undefined) throw source.tell(read.problems, []);
    const { config } = source.take(read);
    const issues =
      read.problems.length > 0
        ? issuesOf(() => readGatewayConfig(config))
        : await gateway.reload(config).then(
            () => undefined,
            (error: unknown) => {
              if (isConfigError(error)) return error.issues;
              throw error;
            },
          );
    if (issues === undefined) return;
    worker.postMessage(issues.map(({ code, path, message, remedy }) => ({ code, path, message, remedy })));
    const placed = await answerOf(worker);
    throw source.tell(read.problems, 'placed' in placed ? placed.placed : []);
  } finally {
    await worker.terminate();
  }
}

async function answerOf(worker: Worker): Promise<WorkerAnswer> {
  // Rejects when the thread fails, or takes too long.
  const [answer] = await once(worker, 'message', { signal: AbortSignal.timeout(MOST_READING_MS) });
  return answer as WorkerAnswer;
}

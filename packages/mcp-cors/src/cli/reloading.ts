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

/**
 * Lets a gateway take over its configuration whenever the file changes, and on SIGHUP. A configuration that is wrong is
 * told of, and the last good one stays. Gives a function that ends this.
 */
export function keepReloading(
  source: ConfigSource,
  gateway: RunningGateway,
  { readGatewayConfig, watchFiles }: WatchingPackage,
  { watch }: ReloadFlags,
  terminal: Terminal,
): () => void {
  const { file } = source;
  if (file === undefined) return () => {};
  let reloading = false;
  let again = false;

  async function reload(): Promise<void> {
    if (reloading) {
      again = true;
      return;
    }
    reloading = true;
    do {
      again = false;
      try {
        await reloadOnce(file as string, source, gateway, readGatewayConfig);
        terminal.err(`reloaded ${file}`);
      } catch (error) {
        reportError(error, terminal);
        terminal.err(`${file} is not taken over: what was read before stays in force`);
      }
    } while (again);
    reloading = false;
  }

  const onSignal = (): void => void reload();
  process.on('SIGHUP', onSignal);
  const stopWatching = watch ? watchFiles([file], onSignal) : undefined;
  return () => {
    process.off('SIGHUP', onSignal);
    stopWatching?.();
  };
}

/** Reads the file in a thread of its own, since a long one takes a while, and hands it to the gateway. */
async function reloadOnce(
  file: string,
  source: ConfigSource,
  gateway: RunningGateway,
  readGatewayConfig: (config: unknown) => unknown,
): Promise<void> {
  const task: WorkerTask = { file, schema: source.schema };
  const worker = new Worker(new URL('configWorker.js', import.meta.url), { workerData: task });
  try {
    const answer = await answerOf(worker);
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
  const [answer] = await once(worker, 'message'); // rejects when the thread fails
  return answer as WorkerAnswer;
}

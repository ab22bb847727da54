import { constants, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import type { JsonSchema } from '../policy/schema.js';
import type { FileReading } from './configSource.js';
import type { PlacedProblem, Problem } from './problem.js';
import { CommandError } from './terminal.js';

/** What the thread that reads a configuration is told at its start. */
export interface WorkerTask {
  readonly file: string;
  readonly schema: JsonSchema;
}

/** What it answers: first what it has read, or why it could not, then the places of each list of problems. */
export type WorkerAnswer =
  | { readonly read: FileReading }
  | { readonly failed: { readonly message: string; readonly hint: string | undefined } }
  | { readonly placed: readonly PlacedProblem[] };

/** Lets requests go first where there are fewer cores than work. On Linux a priority is a thread's own, elsewhere the whole process's. */
function yieldToOthers(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // A sandbox that forbids it: the reading then takes its equal share.
  }
}

async function work({ file, schema }: WorkerTask, answer: (answer: WorkerAnswer) => void): Promise<void> {
  try {
    // Loaded here, since that alone is a good part of the work.
    const [{ readConfigDocument }, { readConfigTextAgain }] = await Promise.all([
      import('./configDocument.js'),
      import('./configFile.js'),
    ]);
    const { value, problems, variables, place } = readConfigDocument(readConfigTextAgain(file), schema);
    parentPort?.on('message', (found: readonly Problem[]) => answer({ placed: place(found) }));
    answer({ read: { value, problems, variables } });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    answer({ failed: { message: error.message, hint: error.hint } });
  }
}

yieldToOthers();
await work(workerData as WorkerTask, (answer) => parentPort?.postMessage(answer));

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished, vi } from 'vitest';

/** The built command. */
export const COMMAND = fileURLToPath(new URL('../../packages/mcp-cors/bin/mcp-cors.js', import.meta.url));

/** How a command ended, and what it wrote. */
export interface Ending {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A command that runs. */
export interface Running {
  readonly process: ChildProcess;
  readonly out: () => string;
  readonly err: () => string;
  readonly ending: Promise<Ending>;
}

/** Starts the built `mcp-cors` in a folder of its own, or the one given. */
export function start(
  args: readonly string[],
  folder: string = createFolder(),
  environment: Record<string, string> = {},
): Running {
  return startScript([COMMAND, ...args], { folder, environment });
}

/** Runs the built `mcp-cors` to its end, with something on its standard input. */
export function runWithInput(args: readonly string[], input: string): Promise<Ending> {
  return startScript([COMMAND, ...args], { folder: createFolder(), input }).ending;
}

/** Runs the built `mcp-cors` to its end. */
export function run(
  args: readonly string[],
  folder?: string,
  environment?: Record<string, string>,
): Promise<Ending> {
  return start(args, folder, environment).ending;
}

/** Starts Node with a script; it is ended with the test. */
export function startScript(
  args: readonly string[],
  {
    folder,
    environment = {},
    input,
  }: {
    readonly folder?: string;
    readonly environment?: Record<string, string>;
    /** For standard input; without it there is none. */
    readonly input?: string;
  } = {},
): Running {
  const { FORCE_COLOR: _, NO_COLOR: __, ...inherited } = process.env;
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { ...inherited, ...environment },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  child.stdin?.end(input);
  onTestFinished(() => void child.kill('SIGKILL'));
  let out = '';
  let err = '';
  child.stdout?.on('data', (bytes) => {
    out += bytes;
  });
  child.stderr?.on('data', (bytes) => {
    err += bytes;
  });
  const ending = new Promise<Ending>((resolve) => {
    child.once('close', (code) => resolve({ code, out, err }));
  });
  return { process: child, out: () => out, err: () => err, ending };
}

/** Makes an empty folder with these files; it lives as long as the test. */
export function createFolder(files: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-cors-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

/** Starts `mcp-cors gateway` and waits for its URL. */
export async function startGateway(
  args: readonly string[],
  folder?: string,
  environment?: Record<string, string>,
): Promise<Running & { readonly url: string }> {
  const running = start(['gateway', ...args], folder, environment);
  const url = await eventually(() => {
    if (running.process.exitCode !== null) return '';
    const found = /^listening on (\S+)\n$/.exec(running.out())?.[1];
    if (found === undefined) throw new Error(`not listening: ${running.out()}${running.err()}`);
    return found;
  });
  if (url === '') throw new Error(`ended: ${running.err()}`);
  return { ...running, url };
}

/** Waits until an expectation holds, however long a busy machine needs. */
export function eventually<T>(expectation: () => T): Promise<T> {
  return vi.waitFor(expectation, { timeout: 30_000, interval: 10 });
}

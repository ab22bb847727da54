import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import type { StaticPolicyConfig } from '../policy/index.js';
import type { PlacedProblem } from './problem.js';
import { CommandError, CommandErrors } from './terminal.js';

/** The file that commands read when none is named. */
export const DEFAULT_CONFIG_FILE = 'mcp-cors.yaml';

/** Stands for standard input where a file is named. */
export const STANDARD_INPUT = '-';

/** Far more than the largest configuration that is known to be of use: 100,000 origins. */
const MOST_CONFIG_BYTES = 16 * 1_048_576;

/** The text of a configuration file, which may be any file that ends, within {@link MOST_CONFIG_BYTES}. */
export function readConfigText(file: string, hint = 'Name the configuration with --config FILE.'): string {
  try {
    return file === STANDARD_INPUT ? readFileSync(0, 'utf8') : readBounded(file);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === 'ENOENT' ? 'there is no such file' : (error as Error).message;
    throw new CommandError(`cannot read ${file}: ${why}`, hint);
  }
}

/** The text of a configuration file that has been read before: a pipe says everything once, and waiting for it has no end. */
export function readConfigTextAgain(file: string): string {
  if (isPipe(file)) {
    throw new CommandError(
      `cannot read ${file}: it is a pipe, which can be read once`,
      'Put a file in its place, or start anew.',
    );
  }
  return readConfigText(file);
}

function isPipe(file: string): boolean {
  try {
    return statSync(file).isFIFO();
  } catch {
    return false; // what is wrong with it, reading will tell
  }
}

/** Reads part by part: what a path leads to may have no size, or no end. */
function readBounded(file: string): string {
  const descriptor = openSync(file, 'r');
  try {
    const parts: Buffer[] = [];
    for (let bytes = 0; bytes <= MOST_CONFIG_BYTES; ) {
      const part = Buffer.allocUnsafe(65_536);
      const read = readSync(descriptor, part);
      if (read === 0) return Buffer.concat(parts).toString('utf8');
      parts.push(part.subarray(0, read));
      bytes += read;
    }
  } finally {
    closeSync(descriptor);
  }
  throw new CommandError(
    `cannot read ${file}: it is larger than ${MOST_CONFIG_BYTES / 1_048_576} MiB`,
    'Name a configuration; for very many origins, let a pattern or a directory say what they have in common.',
  );
}

/** Problems as a command tells them. */
export function placedErrors(file: string, problems: readonly PlacedProblem[]): CommandErrors {
  return new CommandErrors(
    problems.map((problem) => ({ message: placedText(file, problem), hint: asSentence(problem.remedy) })),
  );
}

/** `file:line:column: path: message`, as editors and terminals know to follow it. */
export function placedText(file: string, { line, column, path, message }: PlacedProblem): string {
  return `${fileName(file)}:${line}:${column}: ${path === '' || path === '(file)' ? '' : `${path}: `}${message}`;
}

/** A file as it is named to people. */
export function fileName(file: string): string {
  return file === STANDARD_INPUT ? 'standard input' : file;
}

/** A remedy with its full stop. */
export function asSentence(remedy: string): string {
  return /[.?]$/.test(remedy) ? remedy : `${remedy}.`;
}

/** What commands look at in a configuration of unknown shape. */
interface ConfigDraft {
  readonly policy?: unknown;
  readonly routes?: unknown;
}

/**
 * The policy that holds at a path: that of the route that it leads to, or the one under `policy` in a gateway's
 * configuration, or the file as a whole.
 */
export function policyAt(
  config: unknown,
  path: string,
): { readonly policy: StaticPolicyConfig; readonly prefix: string } {
  if (typeof config !== 'object' || config === null || !('policy' in config)) {
    return { policy: config as StaticPolicyConfig, prefix: '' };
  }
  const route = routesOf(config)
    .filter((one) => leadsFrom(one.path, path))
    .sort((a, b) => b.path.length - a.path.length)[0];
  return route?.policy === undefined
    ? { policy: config.policy as StaticPolicyConfig, prefix: 'policy.' }
    : { policy: route.policy as StaticPolicyConfig, prefix: `routes[${route.index}].policy.` };
}

/** All policies of a file, with what stands before their places. */
export function policiesOf(
  config: unknown,
): readonly { readonly policy: unknown; readonly prefix: string }[] {
  if (typeof config !== 'object' || config === null || !('policy' in config || 'routes' in config))
    return [{ policy: config, prefix: '' }];
  const own = routesOf(config).filter(({ policy }) => policy !== undefined);
  return [
    { policy: (config as ConfigDraft).policy, prefix: 'policy.' },
    ...own.map(({ policy, index }) => ({ policy, prefix: `routes[${index}].policy.` })),
  ];
}

/** The path of the first route of a gateway's configuration. */
export function firstRoutePath(config: unknown): string | undefined {
  return routesOf(config).find(({ index }) => index === 0)?.path;
}

/** A place below a prefix that ends with a dot, or is empty. */
export function joinPath(prefix: string, path: string): string {
  return path === '' ? prefix.replace(/\.$/, '') : `${prefix}${path}`;
}

interface RouteDraft {
  readonly index: number;
  /** Without a slash at its end, and so empty for `/`. */
  readonly path: string;
  readonly policy: unknown;
}

function routesOf(config: unknown): RouteDraft[] {
  const routes = (config as ConfigDraft | null | undefined)?.routes;
  if (!Array.isArray(routes)) return [];
  return routes.flatMap((route: { path?: unknown; policy?: unknown } | null, index) =>
    typeof route?.path === 'string'
      ? [{ index, path: route.path.replace(/\/$/, ''), policy: route.policy }]
      : [],
  );
}

function leadsFrom(route: string, path: string): boolean {
  return path === route || path.startsWith(`${route}/`);
}

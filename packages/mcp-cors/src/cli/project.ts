import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { CommandError } from './terminal.js';

/** A project, as far as its package.json and sources tell. */
export interface Project {
  readonly folder: string;
  /** Dependencies of every kind, by name. */
  readonly dependencies: Readonly<Record<string, string>>;
  /** The command that installs a package. */
  readonly installCommand: string;
}

/** A line of a source file. */
export interface SourceLine {
  /** Relative to the project, with `/`. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

/** Which lock file belongs to which package manager. */
const INSTALL_COMMANDS: readonly (readonly [lockFile: string, command: string])[] = [
  ['pnpm-lock.yaml', 'pnpm add'],
  ['yarn.lock', 'yarn add'],
  ['bun.lock', 'bun add'],
  ['bun.lockb', 'bun add'],
];

/** Reads a project's package.json, given by itself or by its folder. */
export function readProject(path: string): Project {
  const file = basename(path) === 'package.json' ? path : join(path, 'package.json');
  if (!existsSync(file)) {
    throw new CommandError(
      `there is no ${file}`,
      'Run it in the folder of a Node project. A server in another language takes the gateway: mcp-cors gateway --help.',
    );
  }
  let manifest: unknown;
  try {
    manifest = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new CommandError(`${file} is not JSON: ${(error as Error).message}`, 'Correct the file.');
  }
  const folder = dirname(file);
  const found = INSTALL_COMMANDS.find(([lockFile]) => existsSync(join(folder, lockFile)));
  return { folder, dependencies: dependenciesOf(manifest), installCommand: found?.[1] ?? 'npm install' };
}

function dependenciesOf(manifest: unknown): Record<string, string> {
  const kinds = ['peerDependencies', 'devDependencies', 'dependencies'] as const;
  const given = (manifest ?? {}) as Partial<Record<(typeof kinds)[number], unknown>>;
  const texts = kinds.flatMap((kind) => Object.entries(given[kind] ?? {}));
  return Object.fromEntries(texts.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

const SOURCE = /\.[cm]?[jt]sx?$/;
const NOT_SOURCE =
  /(?:^\.|^node_modules$|^dist$|^build$|^out$|^coverage$|\.d\.[cm]?ts$|\.(?:test|spec)\.[cm]?[jt]sx?$)/;
const MAX_FILES = 2_000;
const MAX_FILE_BYTES = 1_000_000;

/** Every line of the project's own sources, up to 2,000 files of up to 1 MB. */
export function readSourceLines({ folder }: Project): readonly SourceLine[] {
  const lines: SourceLine[] = [];
  let files = 0;
  const pending = [folder];
  for (let next = pending.shift(); next !== undefined && files < MAX_FILES; next = pending.shift()) {
    for (const entry of readdirSync(next, { withFileTypes: true }).toSorted((a, b) =>
      a.name < b.name ? -1 : 1,
    )) {
      const path = join(next, entry.name);
      if (NOT_SOURCE.test(entry.name)) continue;
      if (entry.isDirectory()) pending.push(path);
      if (!entry.isFile() || !SOURCE.test(entry.name) || statSync(path).size > MAX_FILE_BYTES) continue;
      if (++files > MAX_FILES) break;
      const file = relative(folder, path).split(sep).join('/');
      for (const [i, text] of readFileSync(path, 'utf8').split(/\r?\n/).entries()) {
        lines.push({ file, line: i + 1, text });
      }
    }
  }
  return lines;
}

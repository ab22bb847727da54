import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The oldest Go that the output is for. */
const OLDEST = [1, 22] as const;

/** Nothing is fetched: the output needs the standard library alone, and another toolchain is not to be looked for. */
const ENVIRONMENT = {
  ...process.env,
  CGO_ENABLED: '0',
  // Without paths of folders in it, what was compiled once is found again; nobody debugs these programs.
  GOFLAGS: '-mod=mod -trimpath -ldflags=-s',
  GOPROXY: 'off',
  GOTOOLCHAIN: 'local',
};

/** Why nothing of Go's can be run here; undefined when it can. */
export function missingGo(): string | undefined {
  const { error, status, stdout } = spawnSync('go', ['version'], { env: ENVIRONMENT, encoding: 'utf8' });
  if (error !== undefined || status !== 0) return 'there is no go on PATH';
  const [, major = 0, minor = 0] = /go(\d+)\.(\d+)/.exec(stdout)?.map(Number) ?? [];
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return undefined;
  return `${stdout.trim()} is older than ${OLDEST.join('.')}`;
}

/** Runs a program of the toolchain in a folder, and gives what it prints. */
export function runGo(
  folder: string,
  command: readonly [string, ...string[]],
  options: { readonly input?: string; readonly environment?: Readonly<Record<string, string>> } = {},
): string {
  const [program, ...args] = command;
  const { error, status, stdout, stderr } = spawnSync(program, args, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...ENVIRONMENT, ...options.environment },
    input: options.input ?? '',
    maxBuffer: 1 << 28,
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command.join(' ')} ended with ${status}: ${stdout}${stderr}`);
  return stdout;
}

/** The source of a file of this folder. */
export function goSource(name: string): string {
  return readFileSync(fileURLToPath(new URL(name, import.meta.url)), 'utf8');
}

/** A rendered package with what stands beside it, by names of files. */
export type GoPackage = Readonly<Record<string, string>>;

/** A folder of its own while something is done. */
export function withModule<T>(action: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-cors-go-'));
  try {
    return action(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Writes a module whose packages are `p0`, `p1`, ..., and builds its program, `server`. */
export function buildModule(folder: string, main: GoPackage, packages: readonly GoPackage[]): void {
  writeModule(folder, main, packages);
  runGo(folder, ['go', 'build', '-o', 'server', '.']);
}

export function writeModule(folder: string, main: GoPackage, packages: readonly GoPackage[]): void {
  const files = [['', main], ...packages.map((one, i) => [`p${i}/`, one] as const)] as const;
  for (const [under, sources] of files) {
    mkdirSync(`${folder}/${under}`, { recursive: true });
    for (const [name, text] of Object.entries(sources)) writeFileSync(`${folder}/${under}${name}`, text);
  }
  writeFileSync(`${folder}/go.mod`, `module site\n\ngo ${OLDEST.join('.')}\n`);
}

/** A file of `package main` that lists something of each package. */
export function listOfPackages(count: number, name: string, type: string, member: string): string {
  const numbers = Array.from({ length: count }, (_, i) => i);
  const imports = [type.includes('http.') && '\t"net/http"', type.includes('json.') && '\t"encoding/json"'];
  return [
    'package main',
    '',
    'import (',
    ...imports.filter((line) => line !== false),
    ...numbers.map((i) => `\tp${i} "site/p${i}"`),
    ')',
    '',
    `var ${name} = []${type}{${numbers.map((i) => `p${i}.${member}`).join(', ')}}`,
    '',
  ].join('\n');
}

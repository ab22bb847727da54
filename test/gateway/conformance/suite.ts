import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scriptOf } from '../../fixtures/servers/program.js';

/** How a check of the suite ended. */
export type Outcome = 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO';

/** Outcomes by `scenario / check`. */
export type Outcomes = ReadonlyMap<string, Outcome>;

/** The suite's releases that are run: the current one, and the one that knows each revision's requirements. */
export const RELEASES = {
  current: '@modelcontextprotocol/conformance/dist/index.js',
  next: 'conformance-next/dist/index.js',
} as const;

/** The suite needs a later Node than the project, which comes as a package. */
const NODE = ['--yes', '-p', 'node@24', 'node'];

/** A check that is made several times counts as its worst outcome. */
const SEVERITY: readonly Outcome[] = ['INFO', 'SKIPPED', 'SUCCESS', 'WARNING', 'FAILURE'];

/** Runs the official suite against a server; the arguments choose the scenarios. */
export async function runSuite(
  url: string,
  release: keyof typeof RELEASES,
  choice: readonly string[],
): Promise<Outcomes> {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-cors-conformance-'));
  try {
    const written = await run([
      ...NODE,
      scriptOf(RELEASES[release]),
      'server',
      '--url',
      url,
      ...choice,
      '--output-dir',
      folder,
    ]);
    const outcomes = new Map<string, Outcome>();
    for (const scenario of readdirSync(folder)) {
      const name = scenario.replace(/^server-/, '').replace(/-\d{4}-\d\d-\d\dT.*$/, '');
      const checks = JSON.parse(readFileSync(join(folder, scenario, 'checks.json'), 'utf8')) as readonly {
        readonly id: string;
        readonly status: Outcome;
      }[];
      for (const { id, status } of checks) {
        const key = `${name} / ${id}`;
        const before = outcomes.get(key) ?? 'INFO';
        outcomes.set(key, SEVERITY.indexOf(status) > SEVERITY.indexOf(before) ? status : before);
      }
    }
    if (outcomes.size === 0) throw new Error(`the suite has checked nothing:\n${written}`);
    return outcomes;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Ends with what was written; the suite's exit code says whether all passed, which is not asked here. */
function run(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('npx', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let written = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (part: string) => {
        written += part;
      });
    }
    child.once('error', reject);
    child.once('close', () => resolve(written));
  });
}

/** Both runs beside each other, a line for each check whose outcome is not the same, and the sums. */
export function tableOf(title: string, direct: Outcomes, through: Outcomes): string {
  const keys = [...new Set([...direct.keys(), ...through.keys()])].sort();
  const lines = keys.map((key) => [key, direct.get(key) ?? '-', through.get(key) ?? '-'] as const);
  const width = Math.max(...keys.map((key) => key.length));
  const sum = (outcomes: Outcomes): string =>
    `${[...outcomes.values()].filter((outcome) => outcome === 'SUCCESS').length} of ${outcomes.size}`;
  const row = (key: string, one: string, other: string): string =>
    `${key.padEnd(width)}  ${one.padEnd(10)}  ${other}`;
  return [
    title,
    row('', 'direct', 'through the gateway'),
    ...lines.filter(([, one, other]) => one !== 'INFO' || other !== 'INFO').map((line) => row(...line)),
    row('passed', sum(direct), sum(through)),
  ].join('\n');
}

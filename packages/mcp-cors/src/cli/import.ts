import { type Command, Option } from 'commander';
import { stringify } from 'yaml';
import {
  type Enforced,
  formats,
  type Hole,
  ImportError,
  type Imported,
  type ImportedPlace,
  importPolicy,
} from '../import/index.js';
import { REVISIONS, type Revision } from '../policy/index.js';
import { fileName, readConfigText } from './configFile.js';
import { collect, formatOption, type OutputFormat } from './options.js';
import { CommandError, EXIT, type Terminal } from './terminal.js';

interface ImportFlags {
  readonly as?: string;
  readonly revision?: readonly Revision[];
  readonly format: OutputFormat;
}

/** Adds `mcp-cors import`. */
export function addImportCommand(
  program: Command,
  terminal: Terminal,
  setExitCode: (code: number) => void,
): void {
  program
    .command('import')
    .summary("say what another's CORS configuration enforces, and where its holes are")
    .description(
      'Reads the CORS configuration of a framework or a proxy, runs nothing of it, and says which policy it really\n' +
        'enforces, which holes it has, and the policy to put in its place. Ends with 1 when there are holes,\n' +
        'or something in it that could not be followed.',
    )
    .argument('<file>', 'the configuration or the source; - reads standard input')
    .addOption(
      new Option('--as <format>', 'what the file is, where its name and text do not tell').choices(
        formats().map(({ name }) => name),
      ),
    )
    .addOption(
      new Option(
        '--revision <revision>',
        'an MCP revision that the server speaks; can be repeated (default: all)',
      ).argParser((value: string, before: readonly string[] | undefined) =>
        collect(readRevision(value), before),
      ),
    )
    .addOption(formatOption())
    .addHelpText('after', IMPORT_EXAMPLES)
    .action((file: string, flags: ImportFlags) => {
      setExitCode(runImport(file, flags, terminal));
    });
}

const IMPORT_EXAMPLES = `
Examples:
  $ mcp-cors import /etc/nginx/conf.d/mcp.conf
  $ mcp-cors import Caddyfile
  $ nginx -T | mcp-cors import - --as nginx
  $ mcp-cors import main.py
  $ mcp-cors import src/server.ts --revision 2025-11-25
  $ mcp-cors import app.py --format json`;

function readRevision(value: string): Revision {
  if ((REVISIONS as readonly string[]).includes(value)) return value as Revision;
  throw new CommandError(
    `${JSON.stringify(value)} is not an MCP revision`,
    `Use some of ${REVISIONS.join(', ')}.`,
  );
}

function runImport(file: string, flags: ImportFlags, terminal: Terminal): number {
  const text = readConfigText(file, 'Name a file that exists, or - for standard input.');
  const imported = importFrom(text, file, flags);
  if (imported.places.length === 0) {
    throw new CommandError(
      `${fileName(file)}: no CORS configuration is found in it (read as ${imported.format})`,
      `Name the file that has it, or another format with --as: ${formats()
        .map(({ name, title }) => `${name} (${title})`)
        .join('; ')}.`,
    );
  }
  if (flags.format === 'json') terminal.out(JSON.stringify({ file, ...imported }, undefined, 2));
  else print(imported, file, terminal);
  const whole = imported.unread.length === 0 && imported.places.every(({ holes }) => holes.length === 0);
  return whole ? EXIT.clean : EXIT.refused;
}

function importFrom(text: string, file: string, { as: format, revision: revisions }: ImportFlags): Imported {
  try {
    return importPolicy(text, { file, format, revisions });
  } catch (error) {
    if (!(error instanceof ImportError)) throw error;
    throw new CommandError(`${fileName(file)}: ${error.message}`, error.remedy);
  }
}

function print({ format, places, unread, rendered }: Imported, file: string, terminal: Terminal): void {
  for (const place of places) {
    printPlace(place, file, terminal);
    terminal.out();
  }
  for (const { text, why, ...at } of unread) {
    terminal.out(`${terminal.paint('warning', 'not read')} ${placeIn(file, at)}: ${text} (${why})`);
  }
  const holes = places.flatMap((place) => place.holes);
  const errors = holes.filter(({ severity }) => severity === 'error').length;
  if (holes.length > 0) {
    terminal.out(
      terminal.paint('bad', `${counted(errors, 'error')}, ${counted(holes.length - errors, 'warning')}`),
    );
  } else {
    terminal.out(
      unread.length === 0
        ? terminal.paint('good', 'no holes')
        : terminal.paint('warning', 'no holes in what was read, which is not everything'),
    );
  }
  if (rendered) {
    terminal.out(
      'mcp-cors render wrote this file: keep the policy that it was made from. The kinds of paths, aliases, sessions and\n' +
        'report-only mode are not read back.',
    );
  } else if (holes.length > 0 && RENDERED.has(format)) {
    terminal.out(
      `To close them: put the policy into mcp-cors.yaml, then mcp-cors render ${format} --config mcp-cors.yaml`,
    );
  }
}

/** Formats that mcp-cors render writes whole. */
const RENDERED: ReadonlySet<string> = new Set(['nginx', 'caddy']);

function placeIn(
  file: string,
  { line, column }: { readonly line: number; readonly column?: number | undefined },
): string {
  return `${fileName(file)}:${line}${column === undefined ? '' : `:${column}`}`;
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

function printPlace({ enforced, holes, policy }: ImportedPlace, file: string, terminal: Terminal): void {
  terminal.out(terminal.paint('strong', `${placeIn(file, enforced)}: ${enforced.name}`));
  for (const [name, value] of factsOf(enforced)) terminal.out(`  ${name.padEnd(17)} ${value}`);
  for (const hole of holes) printHole(hole, file, terminal);
  if (policy === undefined) return;
  terminal.out(`  ${terminal.paint('strong', 'as a policy, without what is refused')}`);
  for (const line of stringify(policy).trimEnd().split('\n')) terminal.out(`    ${line}`);
}

function printHole(
  { id, severity, title, subject, why, remedy, ...at }: Hole,
  file: string,
  terminal: Terminal,
): void {
  const mark = terminal.paint(severity === 'error' ? 'bad' : 'warning', severity);
  terminal.out(
    `  ${mark} ${placeIn(file, at)}: ${id}: ${title}${subject === undefined ? '' : `: ${subject}`}`,
  );
  terminal.out(`    ${terminal.paint('faint', why)}`);
  terminal.out(`    ${remedy}`);
}

const UNKNOWN = 'cannot be told from this file';

/** What is enforced, in words. */
function factsOf(enforced: Enforced): readonly (readonly [name: string, value: string])[] {
  const { anyOrigin, origins, credentials, maxAgeSeconds, hosts } = enforced;
  const list = (names: readonly string[] | 'any' | undefined): string => {
    if (names === undefined) return UNKNOWN;
    if (names === 'any') return 'any that is asked for';
    return names.length === 0 ? 'none' : names.join(', ');
  };
  const texts = origins?.map((origin) =>
    origin.type === 'regexp' ? `/${origin.source}/${origin.flags}` : origin.text,
  );
  const admitted = { no: list(texts), star: 'any (*)', reflected: 'any (sent back unchecked)' }[anyOrigin];
  return [
    ['origins', admitted],
    ['credentials', credentials === undefined ? UNKNOWN : credentials ? 'yes' : 'no'],
    ['methods', list(enforced.methods)],
    ['request headers', list(enforced.allowedHeaders)],
    ['exposed headers', list(enforced.exposedHeaders)],
    ['max age', maxAgeSeconds === undefined ? 'none' : `${maxAgeSeconds} s`],
    ...(hosts === undefined
      ? []
      : [['hosts', hosts === 'unchecked' ? 'any' : hosts.join(', ')] as [string, string]]),
  ];
}

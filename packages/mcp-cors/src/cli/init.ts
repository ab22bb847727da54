import type { Command } from 'commander';
import { PolicyConfigError, toPolicy } from '../policy/index.js';
import { toCommandError } from './issues.js';
import { collect, formatOption, type OutputFormat } from './options.js';
import { type Project, readProject, readSourceLines, type SourceLine } from './project.js';
import { OTHER_CORS, OWN_CHECKS, SDK_PACKAGES, STACKS, type Stack, type StackStep } from './stacks.js';
import { CommandError, EXIT, type Terminal } from './terminal.js';

interface InitFlags {
  readonly origin?: readonly string[];
  readonly format: OutputFormat;
}

/** One thing to do. */
interface Step {
  readonly action: 'install' | 'add' | 'replace' | 'remove';
  /** Where: a file and a line, or words where the sources did not show it. */
  readonly where: string;
  /** The line that stands there now. */
  readonly present?: string;
  readonly text?: string;
}

interface Advice {
  readonly stack: string;
  readonly packages: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
  readonly note: string | undefined;
}

/** What stands for the owner's page until it is named. */
const EXAMPLE_ORIGIN = 'https://app.example.com';

/** Adds `mcp-cors init`. */
export function addInitCommand(program: Command, terminal: Terminal): void {
  program
    .command('init')
    .summary('say which lines to add to a project, and where')
    .description(
      "Looks at a project's package.json and sources, finds the framework and the MCP SDK, and prints the lines\n" +
        'that put mcp-cors in front of the server. It changes nothing.',
    )
    .argument('[file]', 'a package.json or its folder', '.')
    .option('-o, --origin <pattern>', 'an origin that may connect; can be repeated', collect)
    .addOption(formatOption())
    .addHelpText('after', INIT_EXAMPLES)
    .action((path: string, flags: InitFlags) => runInit(path, flags, terminal));
}

const INIT_EXAMPLES = `
Examples:
  $ mcp-cors init
  $ mcp-cors init ../my-server --origin https://app.example.com --origin 'http://localhost:*'`;

function runInit(path: string, { origin = [EXAMPLE_ORIGIN], format }: InitFlags, terminal: Terminal): void {
  try {
    toPolicy({ origins: origin });
  } catch (error) {
    if (error instanceof PolicyConfigError) throw toCommandError(error, () => '--origin');
    throw error;
  }
  const advice = advise(readProject(path), origin);
  if (format === 'json') {
    terminal.out(JSON.stringify({ ...advice, origins: origin }));
    return;
  }
  print(advice, origin, terminal);
}

/** Finds the stack and what to do about it. */
function advise(project: Project, origins: readonly string[]): Advice {
  const lines = readSourceLines(project);
  const named = (stack: Stack): boolean => stack.packages.some((name) => name in project.dependencies);
  const placed = STACKS.find((stack) => named(stack) && lines.some(({ text }) => stack.place.test(text)));
  const stack = placed ?? STACKS.find(named);
  if (stack === undefined) {
    throw new CommandError(
      'no server framework is known here: package.json names none of Express, Fastify, Hono, Koa, Next.js and the MCP SDK',
      'Put the gateway in front: mcp-cors gateway --upstream http://127.0.0.1:3001/mcp --origin http://localhost:3000',
      EXIT.refused,
    );
  }
  const names = [...stack.packages, ...SDK_PACKAGES].filter((name) => name in project.dependencies);
  return {
    stack: stack.name,
    packages: Object.fromEntries(names.map((name) => [name, project.dependencies[name] as string])),
    steps: [
      { action: 'install', where: 'the project', text: `${project.installCommand} mcp-cors` },
      ...sourceSteps(stack, lines, origins),
      ...ownChecks(lines, origins),
      ...otherCors(lines),
    ],
    note: stack.note,
  };
}

function sourceSteps(
  stack: Stack,
  lines: readonly SourceLine[],
  origins: readonly string[],
): readonly Step[] {
  const place = lines.find(({ text }) => stack.place.test(text));
  const app = (place === undefined ? undefined : stack.place.exec(place.text)?.[1]) ?? 'app';
  const fill = (text: string): string =>
    text
      .replaceAll('APP', app)
      .replaceAll('ORIGINS', listOf(origins))
      .replaceAll('HOSTNAMES', listOf(hostnamesOf(origins)));
  const top: Step = {
    action: 'add',
    where:
      place === undefined
        ? 'to the file that makes the server, with its imports'
        : `to ${place.file}, with its imports`,
    text: stack.imports.join('\n'),
  };
  return [top, ...stack.steps.map((step) => sourceStep(step, place, lines, stack, fill))];
}

function sourceStep(
  { at, after, edits = [], otherwise }: StackStep,
  place: SourceLine | undefined,
  lines: readonly SourceLine[],
  stack: Stack,
  fill: (text: string) => string,
): Step {
  const pattern = at === 'place' ? stack.place : new RegExp(fill(at.source));
  const line = lines.find(({ file, text }) => file === place?.file && pattern.test(text));
  if (line === undefined) {
    const action = after === undefined ? 'replace' : 'add';
    return { action, where: 'where the server is made, before anything that answers', text: fill(otherwise) };
  }
  const where = `${line.file}:${line.line}`;
  const present = line.text.trim();
  if (after !== undefined) return { action: 'add', where: `after ${where}`, present, text: fill(after) };
  for (const [part, text] of edits) {
    const found = new RegExp(fill(part.source));
    if (found.test(present)) {
      return {
        action: 'replace',
        where,
        present,
        text: present.replace(found, (_, part: string) => fill(text).replaceAll('PART', () => part)),
      };
    }
  }
  return { action: 'replace', where, present, text: fill(otherwise) };
}

/** Lines in which the SDK checks origins by itself. */
function ownChecks(lines: readonly SourceLine[], origins: readonly string[]): readonly Step[] {
  const hosts = listOf(hostnamesOf(origins)).slice(1, -1);
  return lines.flatMap(({ file, line, text }) => {
    const check = OWN_CHECKS.find(([part]) => part.test(text));
    if (check === undefined) return [];
    const present = text.trim();
    const [part, replacement] = check;
    const changed = present.replace(part, () => replacement.replace('HOSTS', () => hosts));
    return [{ action: 'replace' as const, where: `${file}:${line}`, present, text: changed }];
  });
}

/** Lines of other CORS code. */
function otherCors(lines: readonly SourceLine[]): readonly Step[] {
  return lines
    .filter(({ text }) => OTHER_CORS.test(text) && !text.includes('mcpCors'))
    .map(({ file, line, text }) => ({ action: 'remove', where: `${file}:${line}`, present: text.trim() }));
}

function listOf(texts: readonly string[]): string {
  return `[${texts.map((text) => `'${text.replaceAll("'", "\\'")}'`).join(', ')}]`;
}

/** The hosts of origin patterns, as the SDK's own checks take them: exact ones. */
function hostnamesOf(origins: readonly string[]): readonly string[] {
  const hosts = origins.map((origin) => origin.replace(/^.*:\/\//, '').replace(/:(?:[0-9]+|\*)$/, ''));
  return [...new Set(hosts.filter((host) => !host.includes('*')))];
}

function print(
  { stack, packages, steps, note }: Advice,
  origins: readonly string[],
  terminal: Terminal,
): void {
  const versions = Object.entries(packages).map(([name, version]) => `${name} ${version}`);
  terminal.out(`${terminal.paint('strong', 'found')}  ${stack} (${versions.join(', ')})`);
  for (const [i, { action, where, present, text }] of steps.entries()) {
    terminal.out();
    const title = action === 'install' ? action : `${action} ${action === 'add' ? where : `at ${where}`}`;
    terminal.out(`${i + 1}. ${terminal.paint('strong', title)}`);
    if (present !== undefined) {
      terminal.out(`   ${terminal.paint('faint', `${action === 'add' ? ' ' : '-'} ${present}`)}`);
    }
    for (const line of text?.split('\n') ?? []) {
      terminal.out(`   ${action === 'install' ? '$' : terminal.paint('good', '+')} ${line}`);
    }
  }
  terminal.out();
  if (note !== undefined) terminal.out(`${terminal.paint('strong', 'why')}   ${note}`);
  if (origins.includes(EXAMPLE_ORIGIN)) {
    terminal.out(
      `${terminal.paint('strong', 'then')}  Put the origins of your pages in place of ${EXAMPLE_ORIGIN}.`,
    );
  }
}

import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { createTerminal, EXIT, reportError, type Terminal } from './terminal.js';

/** Adds a command to the program; one that finds something says its exit code. */
type AddCommand = (program: Command, terminal: Terminal, setExitCode: (code: number) => void) => void;

/** The commands by name. What only one of them needs is loaded for no other: a gateway is to listen soon. */
const COMMANDS: Readonly<Record<string, () => Promise<AddCommand>>> = {
  gateway: async () => (await import('./gateway.js')).addGatewayCommand,
  check: async () => (await import('./check.js')).addCheckCommand,
  explain: async () => (await import('./explain.js')).addExplainCommand,
  lint: async () => (await import('./lint.js')).addLintCommand,
  init: async () => (await import('./init.js')).addInitCommand,
  render: async () => (await import('./render.js')).addRenderCommand,
  import: async () => (await import('./import.js')).addImportCommand,
  demo: async () => (await import('./demo.js')).addDemoCommand,
};

/** The command that is named first; all of them for help, and where a name may be misspelt. */
function commandsFor([name = '']: readonly string[]): readonly (() => Promise<AddCommand>)[] {
  return Object.hasOwn(COMMANDS, name)
    ? [COMMANDS[name] as () => Promise<AddCommand>]
    : Object.values(COMMANDS);
}

/** Runs the command line with its arguments (without node and script) and gives the exit code. */
export async function run(args: readonly string[], terminal: Terminal = createTerminal()): Promise<number> {
  let exitCode: number = EXIT.clean;
  const program = new Command('mcp-cors')
    .description(
      'Lets browsers reach an MCP server, and only the browsers, pages and sessions that its owner named.',
    )
    .version(ownVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .showSuggestionAfterError(true)
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: () => {}, // usage errors are reported below, in the form of all others
    })
    .addHelpText('after', MAIN_EXAMPLES)
    .exitOverride();
  for (const load of commandsFor(args)) {
    const add = await load();
    add(program, terminal, (code) => {
      exitCode = code;
    });
  }
  for (const command of program.commands)
    command.copyInheritedSettings(program).helpOption('-h, --help', 'print this help');

  if (args.length === 0) {
    program.outputHelp();
    return EXIT.usage;
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return reportUsage(error, args, program, terminal);
    return reportError(error, terminal);
  }
}

const MAIN_EXAMPLES = `
Examples:
  $ mcp-cors demo
  $ mcp-cors init
  $ mcp-cors gateway --upstream http://127.0.0.1:3001/mcp --origin http://localhost:3000
  $ mcp-cors lint mcp-cors.yaml
  $ mcp-cors check http://127.0.0.1:3001/mcp --origin http://localhost:3000
  $ mcp-cors explain --origin https://evil.example --config mcp-cors.yaml
  $ mcp-cors render nginx --config mcp-cors.yaml
  $ mcp-cors import main.py

Exit codes: 0 clean, 1 findings or refused, 2 usage or configuration, 3 target unreachable.`;

function reportUsage(
  error: CommanderError,
  args: readonly string[],
  program: Command,
  terminal: Terminal,
): number {
  if (error.exitCode === 0) return EXIT.clean; // help or version
  const [message = '', suggestion] = error.message.replace(/^error: /, '').split('\n');
  const command = program.commands.find((known) => known.name() === args[0]);
  const help = ['mcp-cors', ...(command === undefined ? [] : [command.name()]), '--help'].join(' ');
  const hint = suggestion?.replace(/^\((.*)\)$/, '$1') ?? `See ${help}.`;
  terminal.err(`${terminal.paintErr('bad', 'error:')} ${message}`);
  terminal.err(`${terminal.paintErr('strong', 'hint:')} ${hint}`);
  return EXIT.usage;
}

function ownVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { addCheckCommand } from './check.js';
import { addDemoCommand } from './demo.js';
import { addExplainCommand } from './explain.js';
import { addGatewayCommand } from './gateway.js';
import { addImportCommand } from './import.js';
import { addInitCommand } from './init.js';
import { addLintCommand } from './lint.js';
import { addRenderCommand } from './render.js';
import { createTerminal, EXIT, reportError, type Terminal } from './terminal.js';

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
  addGatewayCommand(program, terminal);
  addCheckCommand(program, terminal, (code) => {
    exitCode = code;
  });
  addExplainCommand(program, terminal, (code) => {
    exitCode = code;
  });
  addLintCommand(program, terminal, (code) => {
    exitCode = code;
  });
  addInitCommand(program, terminal);
  addRenderCommand(program, terminal);
  addImportCommand(program, terminal, (code) => {
    exitCode = code;
  });
  addDemoCommand(program, terminal);
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

import type { Command } from 'commander';
import { awaitSignal, closeOn } from './ending.js';
import { toCommandError } from './issues.js';
import { formatOption, type OutputFormat } from './options.js';
import { loadPackage } from './packages.js';
import type { Terminal } from './terminal.js';

/** What this command uses of @mcp-cors/demo, which is loaded by name since it depends on this package. */
interface DemoPackage {
  startDemo(options: { readonly upstream?: string }): Promise<{
    readonly urls: Readonly<Record<string, string>>;
    describe(): string;
    close(): Promise<void>;
  }>;
}

interface DemoFlags {
  readonly upstream?: string;
  readonly format: OutputFormat;
}

/** Adds `mcp-cors demo`. */
export function addDemoCommand(program: Command, terminal: Terminal): void {
  program
    .command('demo')
    .summary('show a page that talks to an MCP server, and one that cannot')
    .description(
      'Starts a real MCP server, a gateway in front of it, and the same page on an allowed and on a foreign origin.\n' +
        'Open the printed page: it runs the official browser client, directly and through the gateway.',
    )
    .option('-u, --upstream <url>', 'put the gateway in front of this MCP server instead')
    .addOption(formatOption())
    .addHelpText('after', DEMO_EXAMPLES)
    .action((flags: DemoFlags) => runDemo(flags, terminal));
}

const DEMO_EXAMPLES = `
Examples:
  $ mcp-cors demo
  $ PORT=3001 npx @modelcontextprotocol/server-everything streamableHttp
  $ mcp-cors demo --upstream http://127.0.0.1:3001/mcp`;

async function runDemo(flags: DemoFlags, terminal: Terminal): Promise<void> {
  const { startDemo } = await loadPackage<DemoPackage>('@mcp-cors/demo', 'demo');
  let demo: Awaited<ReturnType<DemoPackage['startDemo']>>;
  try {
    demo = await startDemo(flags.upstream === undefined ? {} : { upstream: flags.upstream });
  } catch (error) {
    throw toCommandError(error, (path) => path);
  }
  const signalled = awaitSignal();
  terminal.out(flags.format === 'json' ? JSON.stringify(demo.urls) : demo.describe());
  terminal.err('Ctrl-C ends it');
  await closeOn(signalled, () => demo.close(), terminal);
}

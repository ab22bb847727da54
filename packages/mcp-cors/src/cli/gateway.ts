import type { Command } from 'commander';
import type { DecisionEvent } from '../carrier/index.js';
import type { JsonSchema } from '../policy/schema.js';
import {
  type CertificateListener,
  type CertifiedGateway,
  createCertificateLog,
  type TrustPackage,
  tellTrust,
} from './certificate.js';
import { DEFAULT_CONFIG_FILE } from './configFile.js';
import { type ConfigFlags, createConfigSource } from './configSource.js';
import { awaitSignal, closeOn } from './ending.js';
import { hidingTerminal } from './hiding.js';
import { isConfigError, issuesOf } from './issues.js';
import { onReopenSignal } from './logSignals.js';
import { collect, formatOption, type OutputFormat } from './options.js';
import { loadPackage } from './packages.js';
import { createReloading, type ReloadFlags, type RunningGateway, type WatchingPackage } from './reloading.js';
import type { Terminal } from './terminal.js';

/** What this command uses of @mcp-cors/gateway, which is loaded by name since it depends on this package. */
interface GatewayPackage extends WatchingPackage, TrustPackage {
  readonly GATEWAY_FAULTS: Readonly<Record<string, { readonly message: string; readonly remedy: string }>>;
  readonly GATEWAY_SCHEMA: JsonSchema;
  readGatewayConfig(config: unknown): unknown;
  startGateway(
    config: unknown,
    options: Partial<GatewayListeners> & CertificateListener & { onWarning(message: string): void },
  ): Promise<StartedGateway>;
}

interface StartedGateway extends RunningGateway, CertifiedGateway {
  readonly url: string;
  readonly adminUrl: string | undefined;
  reopen(): void;
  close(): Promise<void>;
}

interface GatewayListeners {
  onDecision(event: DecisionEvent): void;
  onExchange(exchange: {
    readonly method: string;
    readonly path: string;
    readonly status: number;
    readonly phase: string;
    readonly verdict: string;
    readonly fault?: string | undefined;
  }): void;
}

interface GatewayFlags extends ConfigFlags, ReloadFlags {
  readonly format: OutputFormat;
}

/** Adds `mcp-cors gateway`. */
export function addGatewayCommand(program: Command, terminal: Terminal): void {
  program
    .command('gateway')
    .summary('put the policy in front of an MCP server')
    .description(
      'Serves an MCP server to the pages that the policy names, and to nobody else.\n' +
        'Flags stand in place of the same settings of the configuration file.',
    )
    .option(
      '-c, --config <file>',
      `configuration (default: ${DEFAULT_CONFIG_FILE} if it exists and no --upstream is given)`,
    )
    .option('-u, --upstream <url>', 'the MCP server; the gateway serves it under the same path')
    .option('-l, --listen <host:port>', 'where to listen; port 0 takes a free one (default: 127.0.0.1:8808)')
    .option('-o, --origin <pattern>', 'a page that may connect; can be repeated', collect)
    .option('--host <host>', 'a name under which clients reach the gateway; can be repeated', collect)
    .option('--report-only', 'decide and report, but refuse nothing')
    .option('--metrics <host:port>', 'where to serve /metrics, /healthz and /readyz (default: nowhere)')
    .option(
      '--no-watch',
      'take over a changed configuration on SIGHUP alone, not as soon as the file changes',
    )
    .addOption(formatOption())
    .addHelpText('after', GATEWAY_EXAMPLES)
    .action((flags: GatewayFlags) => runGateway(flags, terminal));
}

const GATEWAY_EXAMPLES = `
Examples:
  $ mcp-cors gateway --upstream http://127.0.0.1:3001/mcp --origin http://localhost:3000
  $ mcp-cors gateway --upstream http://10.0.0.5:8000/mcp --origin 'https://*.example.com' \\
      --listen 0.0.0.0:8808 --host mcp.example.com
  $ mcp-cors gateway --config mcp-cors.yaml --report-only`;

async function runGateway(flags: GatewayFlags, ownTerminal: Terminal): Promise<void> {
  const gatewayPackage = await loadPackage<GatewayPackage>('@mcp-cors/gateway', 'gateway');
  const source = createConfigSource(flags, gatewayPackage.GATEWAY_SCHEMA);
  const terminal = hidingTerminal(ownTerminal, () => source.variables);
  const reloading = createReloading(source, gatewayPackage, flags, terminal);
  const { config, publicPath, place, problems } = await source.read();
  if (problems.length > 0) throw place(issuesOf(() => gatewayPackage.readGatewayConfig(config)));
  // An audit on standard error tells of refusals too, and whoever reads it expects nothing else there.
  const log = auditFile(config) === '-' ? {} : createRefusalLog(terminal, gatewayPackage.GATEWAY_FAULTS);
  const onWarning = (message: string): void =>
    terminal.err(`${terminal.paintErr('warning', 'warning:')} ${message}`);
  const listeners = { ...log, ...createCertificateLog(terminal), onWarning };
  const gateway = await gatewayPackage.startGateway(config, listeners).catch((error: unknown) => {
    throw isConfigError(error) ? place(error.issues) : error;
  });
  const signalled = awaitSignal();
  const url = `${gateway.url}${publicPath}`;
  if (flags.format === 'json') ownTerminal.out(JSON.stringify({ listening: url }));
  else ownTerminal.out(`listening on ${url}`);
  tellTrust(gateway, gatewayPackage, ownTerminal);
  if (gateway.adminUrl !== undefined) ownTerminal.err(`metrics on ${gateway.adminUrl}/metrics`);
  // Without anything to open or read anew, SIGHUP ends the process as its sender expects.
  const watched = gateway.adminUrl !== undefined || auditFile(config) !== undefined;
  const stopReopening = watched ? onReopenSignal(() => gateway.reopen()) : () => {};
  reloading.start(gateway);
  const close = (): Promise<void> => {
    reloading.stop();
    return gateway.close();
  };
  await closeOn(signalled, close, terminal);
  stopReopening();
}

/** Where the audit of a configuration of unknown shape goes. */
function auditFile(config: unknown): unknown {
  return (config as { readonly audit?: { readonly file?: unknown } | null } | null | undefined)?.audit?.file;
}

/** For how long the same refusal is told once, and the lines of the log are counted. */
const WINDOW_MS = 10_000;
/** Most lines in that time: what is refused is up to strangers, and must not fill a disk. */
const MOST_LINES = 50;

/** Tells standard error of refusals and failures, so that the owner sees why a page is blocked. */
function createRefusalLog(terminal: Terminal, faults: GatewayPackage['GATEWAY_FAULTS']): GatewayListeners {
  const told = new Set<string>();
  let windowEnds = 0;
  let untold = 0;
  const tell = (
    key: string,
    describe: () => { readonly line: string; readonly hint?: string | undefined },
  ): void => {
    const now = Date.now();
    if (now >= windowEnds) {
      if (untold > 0) terminal.err(`and ${untold} more that are not shown`);
      windowEnds = now + WINDOW_MS;
      untold = 0;
      told.clear();
    }
    if (told.has(key)) return;
    if (told.size >= MOST_LINES) {
      untold++;
      return;
    }
    told.add(key);
    const { line, hint } = describe();
    terminal.err(line);
    if (hint !== undefined) terminal.err(`  ${terminal.paintErr('faint', hint)}`);
  };
  return {
    onDecision({ decision, origin, host, method, path, explain }) {
      const refused = decision.wouldDeny ?? decision;
      if (refused.outcome !== 'deny') return;
      tell(`${refused.reason} ${origin} ${host} ${refused.subject}`, () => {
        const { why, remedy } = explain();
        const word =
          decision.wouldDeny === undefined
            ? terminal.paintErr('bad', 'refused')
            : terminal.paintErr('warning', 'would refuse');
        const shown = JSON.stringify(path).slice(1, -1);
        return { line: `${word} ${method} ${shown} ${refused.reason}: ${why}`, hint: remedy };
      });
    },
    onExchange({ method, path, status, phase, verdict, fault }) {
      const plain = path.split('?', 1)[0] as string; // a query can hold secrets
      const found = fault === undefined || phase === 'open' ? undefined : faults[fault];
      if (found !== undefined) {
        const { message, remedy } = found;
        tell(`${fault} ${plain}`, () => ({
          line: `${terminal.paintErr('warning', fault as string)} ${method} ${plain}: ${message}`,
          hint: remedy,
        }));
      }
      if (phase !== 'open' || verdict !== 'pass' || (status !== 502 && status !== 504)) return;
      const what =
        status === 502
          ? 'the MCP server cannot be reached, or broke off'
          : 'the MCP server did not answer in time';
      tell(`${status} ${plain}`, () => ({
        line: `${terminal.paintErr('warning', String(status))} ${method} ${plain}: ${what}`,
      }));
    },
  };
}

import { writeFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import type { Browser, BrowserType } from 'playwright-core';
import { isLoopbackHost } from '../browser/addressSpace.js';
import { PROFILE_NAMES, type ProfileName } from '../browser/index.js';
import {
  examine,
  NotAnMcpServerError,
  type Plan,
  planRequests,
  REPORT_FORMATS,
  REQUESTS_FOR_EACH_FURTHER,
  REQUESTS_FOR_ONE_ORIGIN,
  type Report,
  type ReportFormat,
  reaches,
  redactUrl,
  renderReport,
  TransportError,
} from '../doctor/index.js';
import { isForbiddenRequestHeader, isToken } from '../policy/headers.js';
import type { HeaderField } from '../policy/index.js';
import { parseOrigin } from '../policy/origin.js';
import { collect } from './options.js';
import { loadPackage } from './packages.js';
import { CommandError, EXIT, type Terminal } from './terminal.js';

interface CheckFlags {
  readonly origin: readonly string[];
  readonly format: ReportFormat;
  readonly output?: string;
  readonly header?: readonly string[];
  readonly failOn: 'error' | 'warning';
  readonly attack?: boolean;
  readonly yes?: boolean;
  readonly browser?: boolean;
  readonly dryRun?: boolean;
  readonly timeout: string;
  readonly idle?: string;
  readonly profile: ProfileName;
}

/** Adds `mcp-cors check`. */
export function addCheckCommand(
  program: Command,
  terminal: Terminal,
  setExitCode: (code: number) => void,
): void {
  program
    .command('check')
    .summary('say why a page can or cannot connect to an MCP server')
    .description(
      'Walks an MCP server as each real client does in a browser, says what the\n' +
        'browser would block and why, and prints the fix. Tools are never called.',
    )
    .argument('<url>', 'the endpoint of the MCP server')
    .requiredOption('-o, --origin <origin>', 'the origin of a page; can be repeated', collect)
    .addOption(
      new Option('--format <format>', 'how to print the report').choices(REPORT_FORMATS).default('pretty'),
    )
    .option('--output <file>', 'write the report to a file')
    .option('-H, --header <header>', "a header of the page's own, 'Name: value'; can be repeated", collect)
    .addOption(
      new Option('--fail-on <severity>', 'end with 1 from this severity on')
        .choices(['error', 'warning'])
        .default('error'),
    )
    .option('--attack', 'also attack the server, as a hostile page would; tools are not called')
    .option('--yes', 'attack a server that is not on this machine')
    .option('--browser', 'repeat every request in a real Chromium; needs playwright-core')
    .option('--dry-run', 'list what would be sent, and send nothing')
    .addOption(
      new Option('--profile <browser>', 'the browser that pages are in')
        .choices(PROFILE_NAMES)
        .default('chromium'),
    )
    .option('--idle <seconds>', 'listen to a silent stream for so long, to see whether it is cut')
    .option('--timeout <ms>', 'milliseconds to wait for each answer', '10000')
    .addHelpText('after', CHECK_EXAMPLES)
    .action(async (url: string, flags: CheckFlags) => {
      setExitCode(await runCheck(url, flags, terminal));
    });
}

const CHECK_EXAMPLES = `
Examples:
  $ mcp-cors check http://127.0.0.1:3001/mcp --origin http://localhost:3000
  $ mcp-cors check https://mcp.example.com/mcp --origin https://app.example.com \\
      --header 'Authorization: Bearer TOKEN' --fail-on warning
  $ mcp-cors check http://127.0.0.1:3001/mcp --origin http://localhost:3000 --attack
  $ mcp-cors check https://mcp.example.com/mcp --origin https://app.example.com --dry-run`;

async function runCheck(given: string, flags: CheckFlags, terminal: Terminal): Promise<number> {
  const target = readTarget(given);
  const origins = [...new Set(flags.origin.map(readOrigin))];
  const headers = (flags.header ?? []).map(readHeader);
  const timeoutMs = readTimeout(flags.timeout);
  const idleMs = readIdle(flags.idle);
  const { profile, attack = false } = flags;
  if (attack) checkAttack(target, origins, flags);
  if (flags.browser && profile !== 'chromium') {
    throw new CommandError(
      `--browser asks Chromium, and --profile says ${profile}`,
      'Leave one of the two out: of the profiles Chromium’s alone is judged by a browser.',
    );
  }
  const asked = { target, origins, headers, profile, idleMs, attack };
  if (flags.dryRun) {
    write(listPlan(asked, await planRequests(asked), flags.format), flags, terminal);
    return EXIT.clean;
  }
  const chromium = flags.browser ? await startChromium() : undefined;
  const report = await reportOn(() =>
    examine({
      ...asked,
      chromium,
      timeoutMs,
      onStopped: (why) => terminal.err(`the attacks ended early: ${STOPPED[why] ?? why}`),
      onProgress: (doing, requests) => terminal.progress(`${doing}, request ${requests}`),
    }).finally(async () => {
      terminal.progress('');
      await chromium?.close();
    }),
  );
  const paint = flags.output === undefined ? terminal.paint : undefined;
  write(renderReport(flags.format, report, paint), flags, terminal);
  return reaches(report.findings, flags.failOn) ? EXIT.refused : EXIT.clean;
}

/** Starts Chromium through its driver, which is installed beside this package or not at all. */
async function startChromium(): Promise<Browser> {
  const { chromium } = await loadPackage<{ chromium: BrowserType }>('playwright-core', 'check --browser');
  const executablePath = process.env.CHROMIUM_PATH;
  try {
    return await chromium.launch({
      ...(executablePath !== undefined && { executablePath }),
      // As root there is no sandbox; the only page that runs is an empty one.
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    });
  } catch (error) {
    throw new CommandError(
      `Chromium does not start: ${(error as Error).message.split('\n', 1)[0]}`,
      'Install it with npx playwright-core install chromium, or name one in CHROMIUM_PATH.',
    );
  }
}

/** Why attacks ended before their end. */
const STOPPED: Readonly<Record<string, string>> = {
  bound: 'they have a bound of requests',
  time: 'they have a bound of time',
  limited: 'the server answers 429',
};

/** Hostile requests go to other machines only when somebody says so. */
function checkAttack(target: string, origins: readonly string[], { yes, dryRun }: CheckFlags): void {
  const { hostname } = new URL(target);
  if (yes || dryRun || isLoopbackHost(hostname)) return;
  throw new CommandError(
    `--attack would send up to ${attackBound(origins)} hostile requests to ${hostname}`,
    'Add --yes when the server is yours, or you were asked to.',
  );
}

function attackBound(origins: readonly string[]): number {
  return REQUESTS_FOR_ONE_ORIGIN + REQUESTS_FOR_EACH_FURTHER * (origins.length - 1);
}

/** What keeps a server from being examined ends the command with its own exit code. */
async function reportOn(examination: () => Promise<Report>): Promise<Report> {
  try {
    return await examination();
  } catch (error) {
    if (error instanceof TransportError || error instanceof NotAnMcpServerError) {
      throw new CommandError(error.message, error.hint, EXIT.unreachable);
    }
    throw error;
  }
}

function write(text: string, { output }: CheckFlags, terminal: Terminal): void {
  if (output === undefined) {
    terminal.out(text.trimEnd());
    return;
  }
  try {
    writeFileSync(output, `${text.trimEnd()}\n`);
  } catch (error) {
    throw new CommandError(
      `cannot write ${output}: ${(error as Error).message}`,
      'Name a file in a folder that exists, with --output FILE.',
    );
  }
}

function readTarget(given: string): string {
  const example = 'Name the endpoint, such as http://127.0.0.1:3001/mcp.';
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new CommandError(`${JSON.stringify(given)} is not an http or https URL`, example);
  }
  if (url.username !== '' || url.password !== '') {
    throw new CommandError(
      'the URL contains a user name or password, which no page can fetch',
      `${example} Send secrets with --header 'Authorization: ...'.`,
    );
  }
  url.hash = '';
  return url.href;
}

function readOrigin(given: string): string {
  if (given === 'null' || parseOrigin(given) !== undefined) return given;
  const meant = URL.canParse(given) ? new URL(given).origin : 'null';
  throw new CommandError(
    `--origin ${JSON.stringify(given)} is not an origin as a browser sends it`,
    meant === 'null'
      ? 'Write scheme://host[:port], such as https://app.example.com.'
      : `Write ${meant}: scheme, host and port in lower case, without a path.`,
  );
}

function readHeader(given: string): HeaderField {
  const colon = given.indexOf(':');
  const name = given.slice(0, Math.max(0, colon)).trim();
  const value = given.slice(colon + 1).trim();
  if (!isToken(name) || value === '' || /[^\t\x20-\x7e\x80-\xff]/.test(value)) {
    // The value may be a secret: the name alone is repeated.
    throw new CommandError(
      `--header ${JSON.stringify(name)} is not a header`,
      "Write 'Name: value', such as 'Authorization: Bearer TOKEN'.",
    );
  }
  if (isForbiddenRequestHeader(name.toLowerCase())) {
    throw new CommandError(
      `--header ${name} is set by the browser, not by pages`,
      'Leave it out; the origin is named with --origin.',
    );
  }
  return [name, value];
}

function readTimeout(given: string): number {
  const ms = /^[0-9]{1,7}$/.test(given) ? Number(given) : 0;
  if (ms >= 1 && ms <= 600_000) return ms;
  throw new CommandError(
    `--timeout ${JSON.stringify(given)} is not a number of milliseconds`,
    'Write a number from 1 to 600000.',
  );
}

function readIdle(given: string | undefined): number {
  if (given === undefined) return 0;
  const seconds = /^[0-9]{1,4}$/.test(given) ? Number(given) : 0;
  if (seconds >= 1 && seconds <= 3600) return seconds * 1000;
  throw new CommandError(
    `--idle ${JSON.stringify(given)} is not a number of seconds`,
    'Write a number from 1 to 3600, longer than what is suspected to cut the stream.',
  );
}

/** Every request that would be sent, one by one. */
function listPlan(
  { target, origins, attack }: { target: string; origins: readonly string[]; attack: boolean },
  { requests, most }: Plan,
  format: ReportFormat,
): string {
  const bound = attack ? attackBound(origins) : 0;
  if (format === 'json') {
    const plan = { target, origins, dryRun: true, most, attacks: bound, requests };
    return JSON.stringify(plan, undefined, 2);
  }
  const lines = [
    `Nothing was sent. At most ${most} of these ${requests.length} requests would go to`,
    `${redactUrl(target)}: which, depends on the answers. No tool is called,`,
    'nobody is registered, and of what has an effect the preflight alone is sent.',
  ];
  let heading = '';
  for (const { by, when, method, name, url, headers } of requests) {
    const next = when === '' ? by : `${by}, ${when}`;
    if (next !== heading) lines.push('', next);
    heading = next;
    const elsewhere = url === redactUrl(target) ? '' : ` ${url}`;
    lines.push(`  ${method.padEnd(7)} ${name}${elsewhere}`.trimEnd());
    lines.push(...headers.map(([field, value]) => `            ${field}: ${value}`));
  }
  if (attack) lines.push('', `The attacks stop at ${bound} requests, whatever they find.`);
  return lines.join('\n');
}

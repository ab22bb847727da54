import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import {
  createPolicy,
  type Decision,
  type Explanation,
  type Policy,
  type RequestHead,
  SAFELISTED_METHODS,
} from '../policy/index.js';
import { DEFAULT_CONFIG_FILE, firstRoutePath, joinPath, placedErrors, policyAt } from './configFile.js';
import { hidingTerminal } from './hiding.js';
import { isConfigError } from './issues.js';
import { collect, formatOption, type OutputFormat } from './options.js';
import { readConfigFile } from './policyFile.js';
import { CommandError, EXIT, type Terminal } from './terminal.js';

interface ExplainFlags {
  readonly origin: string;
  readonly method: string;
  readonly path?: string;
  readonly host?: string;
  readonly header?: readonly string[];
  readonly config?: string;
  readonly format: OutputFormat;
}

/** Adds `mcp-cors explain`. */
export function addExplainCommand(
  program: Command,
  terminal: Terminal,
  setExitCode: (code: number) => void,
): void {
  program
    .command('explain')
    .summary('say what the policy does with a request of a page, and why')
    .description(
      'Says what the policy does with a request of a page: the preflight that a browser would send first,\n' +
        'and the request. Ends with 0 when it is allowed, 1 when it is refused.',
    )
    .requiredOption('-o, --origin <origin>', 'the origin of the page, as the browser sends it')
    .option('-m, --method <method>', 'the method of the request', 'POST')
    .option(
      '-p, --path <path>',
      "the request's path (default: the first route of the configuration, or /mcp)",
    )
    .option('--host <host>', 'the Host header (default: the first host of the policy, or localhost)')
    .option(
      '-H, --header <name>',
      "a request header of the page, as 'Name' or 'Name: value'; can be repeated",
      collect,
    )
    .option(
      '-c, --config <file>',
      `the policy, or a gateway's configuration (default: ${DEFAULT_CONFIG_FILE})`,
    )
    .addOption(formatOption())
    .addHelpText('after', EXPLAIN_EXAMPLES)
    .action((flags: ExplainFlags) => {
      setExitCode(runExplain(flags, terminal));
    });
}

const EXPLAIN_EXAMPLES = `
Examples:
  $ mcp-cors explain --origin https://evil.example --config mcp-cors.yaml
  $ mcp-cors explain --origin http://localhost:3000 --method DELETE --header Mcp-Session-Id
  $ mcp-cors explain --origin http://localhost:3000 --header X-Api-Key --format json`;

function runExplain(flags: ExplainFlags, ownTerminal: Terminal): number {
  const { policy, path, variables } = loadPolicy(flags);
  const terminal = hidingTerminal(ownTerminal, () => variables);
  const exchanges = explainExchanges(flags, path, policy);
  const deciding =
    exchanges.find(({ explanation }) => explanation.verdict === 'refused') ??
    (exchanges.at(-1) as ExplainedExchange);
  if (flags.format === 'json') {
    terminal.out(JSON.stringify(toJson(exchanges, deciding), undefined, 2));
  } else {
    printExplanation(flags, path, exchanges, deciding, terminal);
  }
  return deciding.explanation.verdict === 'refused' ? EXIT.refused : EXIT.clean;
}

function loadPolicy({ config: named, path: wanted }: ExplainFlags): {
  policy: Policy<Decision>;
  path: string;
  variables: ReadonlyMap<string, string>;
} {
  if (named === undefined && !existsSync(DEFAULT_CONFIG_FILE)) {
    throw new CommandError(
      `there is no ${DEFAULT_CONFIG_FILE} here, so there is no policy to explain`,
      'Name the policy with --config FILE.',
    );
  }
  const file = named ?? DEFAULT_CONFIG_FILE;
  const document = readConfigFile(file);
  const config = document.value;
  const path = wanted ?? (firstRoutePath(config) || '/mcp');
  const { policy, prefix } = policyAt(config, path.split('?', 1)[0] as string);
  try {
    return { policy: createPolicy(policy), path, variables: document.variables };
  } catch (error) {
    if (!isConfigError(error)) throw error;
    const issues = error.issues.map((issue) => ({ ...issue, path: joinPath(prefix, issue.path) }));
    throw placedErrors(file, document.place(issues));
  }
}

interface ExplainedExchange {
  readonly type: 'preflight' | 'request';
  readonly head: RequestHead;
  readonly explanation: Explanation;
}

/** The exchanges that a browser would have: a preflight where Fetch wants one, then the request. */
function explainExchanges(flags: ExplainFlags, path: string, policy: Policy<Decision>): ExplainedExchange[] {
  const headers = (flags.header ?? []).map((text) => {
    const colon = text.indexOf(':');
    const name = colon === -1 ? text : text.slice(0, colon);
    return {
      name: name.trim().toLowerCase(),
      value: colon === -1 ? undefined : text.slice(colon + 1).trim(),
    };
  });
  const contentType =
    headers.find(({ name }) => name === 'content-type')?.value ??
    (flags.method === 'POST' ? 'application/json' : undefined);
  const request: RequestHead = {
    method: flags.method,
    path,
    host: flags.host ?? defaultHost(policy),
    origin: flags.origin,
    contentType,
  };
  const unsafe = new Set(
    headers.map(({ name }) => name).filter((name) => !SAFELISTED_HEADERS.includes(name)),
  );
  if (contentType !== undefined && !isSafelistedContentType(contentType)) unsafe.add('content-type');
  const exchanges: ExplainedExchange[] = [];
  if (!SAFELISTED_METHODS.has(flags.method) || unsafe.size > 0) {
    const head: RequestHead = {
      ...request,
      method: 'OPTIONS',
      contentType: undefined,
      requestMethod: flags.method,
      requestHeaders: unsafe.size > 0 ? [...unsafe].sort().join(',') : undefined,
    };
    exchanges.push({ type: 'preflight', head, explanation: policy.explain(head) });
  }
  exchanges.push({ type: 'request', head: request, explanation: policy.explain(request) });
  return exchanges;
}

/** Request headers that need no preflight, by name. @see https://fetch.spec.whatwg.org/#cors-safelisted-request-header */
const SAFELISTED_HEADERS: readonly string[] = [
  'accept',
  'accept-language',
  'content-language',
  'content-type',
  'range',
];

function isSafelistedContentType(value: string): boolean {
  const essence = (value.split(';', 1)[0] ?? '').trim().toLowerCase();
  return ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain'].includes(essence);
}

function defaultHost({ settings }: Policy): string {
  const named = settings.hosts?.find((host) => !host.subdomains);
  if (named === undefined) return 'localhost';
  return named.port === undefined ? named.host : `${named.host}:${named.port}`;
}

/** The headers that a carrier would send, Vary included. */
function sentHeaders({ headers, vary }: Decision): Record<string, string> {
  return { ...Object.fromEntries(headers), ...(vary === '' ? {} : { vary }) };
}

function toJson(exchanges: readonly ExplainedExchange[], deciding: ExplainedExchange): object {
  const describe = ({ type, head, explanation }: ExplainedExchange): object => ({
    type,
    method: head.method,
    path: head.path,
    host: head.host,
    origin: head.origin,
    verdict: explanation.verdict,
    reason: explanation.reason,
    rule: explanation.decision.rule ?? null,
    status: explanation.decision.status ?? null,
    why: explanation.why,
    remedy: explanation.remedy ?? null,
    checks: explanation.checks,
    headers: sentHeaders(explanation.decision),
  });
  return { ...describe(deciding), exchanges: exchanges.map(describe) };
}

const MARKS = { passed: ['good', '✓'], failed: ['bad', '✗'], skipped: ['faint', '·'] } as const;

function printExplanation(
  flags: ExplainFlags,
  path: string,
  exchanges: readonly ExplainedExchange[],
  deciding: ExplainedExchange,
  terminal: Terminal,
): void {
  const { verdict, reason, why, remedy, decision } = deciding.explanation;
  const paint = terminal.paint;
  terminal.out(
    `${paint(verdict === 'allowed' ? 'good' : 'bad', verdict)} ${flags.method} ${path} from ${flags.origin}: ${reason}`,
  );
  if (decision.wouldDeny !== undefined)
    terminal.out(paint('warning', 'report-only: it is reported, and passes all the same'));
  for (const { type, head, explanation } of exchanges) {
    terminal.out();
    terminal.out(paint('strong', `${type} ${head.method} ${head.path}`));
    for (const { check, result, detail } of explanation.checks) {
      const [style, mark] = MARKS[result];
      terminal.out(`  ${paint(style, mark)} ${check.padEnd(18)} ${paint('faint', detail)}`);
    }
    terminal.out(
      `  ${paint('strong', 'answer')} ${explanation.decision.status ?? 'the application answers, with'}`,
    );
    for (const [name, value] of Object.entries(sentHeaders(explanation.decision)))
      terminal.out(`    ${name}: ${value}`);
    if (explanation.verdict === 'refused') break;
  }
  terminal.out();
  terminal.out(`${paint('strong', 'why')}     ${why}`);
  if (remedy !== undefined) terminal.out(`${paint('strong', 'remedy')}  ${remedy}`);
}

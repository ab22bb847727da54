import type { Command } from 'commander';
import { createPolicy, type PolicyConfig } from '../policy/index.js';
import { type JsonSchema, POLICY_SCHEMA } from '../policy/schema.js';
import { type ConfigDocument, readConfigDocument } from './configDocument.js';
import {
  asSentence,
  DEFAULT_CONFIG_FILE,
  fileName,
  placedText,
  policiesOf,
  readConfigText,
} from './configFile.js';
import { doubtsAbout } from './doubts.js';
import { issuesOf } from './issues.js';
import { formatOption, type OutputFormat } from './options.js';
import { loadPackage } from './packages.js';
import type { PlacedProblem } from './problem.js';
import { EXIT, type Terminal } from './terminal.js';

/** What this command uses of @mcp-cors/gateway. */
interface GatewayPackage {
  readonly GATEWAY_SCHEMA: JsonSchema;
  readGatewayConfig(config: unknown): unknown;
}

interface LintFlags {
  readonly schema?: boolean;
  readonly format: OutputFormat;
}

/** Adds `mcp-cors lint`. */
export function addLintCommand(
  program: Command,
  terminal: Terminal,
  setExitCode: (code: number) => void,
): void {
  program
    .command('lint')
    .summary('check a configuration, and say where it is wrong')
    .description(
      "Checks a gateway's configuration, or a policy by itself, and starts nothing.\n" +
        'Every problem is told with its line and column. Ends with 0 when there is\n' +
        'none, or there are warnings alone, and with 2 otherwise.',
    )
    .argument('[file]', 'the configuration; - reads standard input', DEFAULT_CONFIG_FILE)
    .option('--schema', 'print the JSON Schema of the configuration instead')
    .addOption(formatOption())
    .addHelpText('after', LINT_EXAMPLES)
    .action(async (file: string, flags: LintFlags) => {
      setExitCode(await runLint(file, flags, terminal));
    });
}

const LINT_EXAMPLES = `
Examples:
  $ mcp-cors lint
  $ mcp-cors lint deploy/mcp-cors.yaml --format json
  $ helm template . --show-only templates/config.yaml | yq '.data["mcp-cors.yaml"]' | mcp-cors lint -
  $ mcp-cors lint --schema > mcp-cors.schema.json`;

type Severity = 'error' | 'warning';
type Finding = PlacedProblem & { readonly severity: Severity };

async function runLint(file: string, { schema, format }: LintFlags, terminal: Terminal): Promise<number> {
  if (schema === true) {
    const { GATEWAY_SCHEMA } = await loadPackage<GatewayPackage>('@mcp-cors/gateway', 'lint --schema');
    terminal.out(JSON.stringify(GATEWAY_SCHEMA, undefined, 2));
    return EXIT.clean;
  }
  const findings = await lint(readConfigText(file, 'Name the file: mcp-cors lint FILE.'));
  const ok = findings.every(({ severity }) => severity !== 'error');
  if (format === 'json') terminal.out(JSON.stringify({ file, ok, issues: findings }, undefined, 2));
  else tell(file, findings, ok, terminal);
  return ok ? EXIT.clean : EXIT.usage;
}

/** Everything that is wrong with a configuration, and what is doubtful about it, in the order of the file. */
async function lint(text: string): Promise<readonly Finding[]> {
  const draft = readConfigDocument(text, POLICY_SCHEMA);
  const { document, check } = isGatewayConfig(draft.value)
    ? await asGatewayConfig(text)
    : { document: draft, check: () => void createPolicy(draft.value as PolicyConfig) };
  const { value, problems, place } = document;
  const found = value === undefined ? [] : place(issuesOf(check));
  const doubts = place(policiesOf(value).flatMap(({ policy, prefix }) => doubtsAbout(policy, prefix)));
  const as = (severity: Severity) => (problem: PlacedProblem) => ({ severity, ...problem });
  return [...problems.map(as('error')), ...found.map(as('error')), ...doubts.map(as('warning'))].sort(
    (a, b) => a.line - b.line || a.column - b.column,
  );
}

async function asGatewayConfig(text: string): Promise<{ document: ConfigDocument; check: () => void }> {
  const { GATEWAY_SCHEMA, readGatewayConfig } = await loadPackage<GatewayPackage>(
    '@mcp-cors/gateway',
    'lint',
  );
  const document = readConfigDocument(text, GATEWAY_SCHEMA);
  return { document, check: () => void readGatewayConfig(document.value) };
}

/** Whether a file is a gateway's configuration, complete or not, and no policy by itself. */
function isGatewayConfig(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && ['policy', 'routes', 'listen'].some((key) => key in value)
  );
}

function tell(file: string, findings: readonly Finding[], ok: boolean, terminal: Terminal): void {
  for (const finding of findings) {
    const style = finding.severity === 'error' ? 'bad' : 'warning';
    terminal.err(`${terminal.paintErr(style, `${finding.severity}:`)} ${placedText(file, finding)}`);
    terminal.err(`${terminal.paintErr('strong', 'hint:')} ${asSentence(finding.remedy)}`);
  }
  if (ok)
    terminal.out(
      `${fileName(file)}: ${findings.length === 0 ? 'no problems' : `${countOf(findings.length)}, no errors`}`,
    );
}

function countOf(warnings: number): string {
  return warnings === 1 ? '1 warning' : `${warnings} warnings`;
}

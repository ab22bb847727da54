import { existsSync, writeFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { createPolicy, type Decision, type Policy, type StaticPolicyConfig } from '../policy/index.js';
import {
  type Limit,
  limitsOf,
  RenderError,
  type RenderOptions,
  type RenderRoute,
  render,
  targets,
} from '../render/index.js';
import { asSentence, DEFAULT_CONFIG_FILE, joinPath, placedErrors } from './configFile.js';
import { isConfigError } from './issues.js';
import { collect, formatOption, type OutputFormat } from './options.js';
import { readConfigFile } from './policyFile.js';
import { type Problem, withoutValues } from './problem.js';
import { CommandError, CommandErrors, EXIT, type Terminal } from './terminal.js';

interface RenderFlags {
  readonly config?: string;
  readonly origin?: readonly string[];
  readonly host?: readonly string[];
  readonly output?: string;
  readonly upstream?: string;
  readonly listen?: string;
  readonly name?: string;
  readonly allowWeaker?: boolean;
  readonly list?: boolean;
  readonly format: OutputFormat;
}

/** Adds `mcp-cors render`. */
export function addRenderCommand(program: Command, terminal: Terminal): void {
  program
    .command('render')
    .summary('write the policy as the configuration of a proxy or a framework')
    .description(
      'Writes the policy as the configuration of a proxy, or the source of a framework, which then enforces the same.\n' +
        "A gateway's configuration is rendered with its routes. Flags stand in place of the same settings of the file.\n" +
        'Ends with 1 when the target would weaken the policy.',
    )
    .argument('[target]', 'what to render for; see --list')
    .option(
      '-c, --config <file>',
      `the policy, or a gateway's configuration (default: ${DEFAULT_CONFIG_FILE} if no --origin is given)`,
    )
    .option('-o, --origin <pattern>', 'a page that may connect; can be repeated', collect)
    .option('--host <host>', 'a name under which clients reach the proxy; can be repeated', collect)
    .option(
      '-u, --upstream <url>',
      'the server behind a proxy, under the same path (default: http://127.0.0.1:3000, or the routes)',
    )
    .option('-l, --listen <host:port>', 'where a proxy listens (default: 127.0.0.1:8808)')
    .option('--name <word>', 'begins every name that the output defines (default: mcp)')
    .option('--output <file>', 'write to this file instead of standard output')
    .option(
      '--allow-weaker',
      'render although the target cannot hold the policy whole; the output lists what is lost',
    )
    .addOption(new Option('--list', 'list the targets and what they cannot express'))
    .addOption(formatOption())
    .addHelpText('after', RENDER_EXAMPLES)
    .action((target: string | undefined, flags: RenderFlags) => {
      if (flags.list) listTargets(flags, terminal);
      else runRender(target, flags, terminal);
    });
}

const RENDER_EXAMPLES = `
Examples:
  $ mcp-cors render --list
  $ mcp-cors render nginx --config mcp-cors.yaml --output mcp-cors.conf
  $ mcp-cors render caddy --origin https://app.example.com \\
      --host mcp.example.com --upstream http://127.0.0.1:3001/mcp`;

function runRender(target: string | undefined, flags: RenderFlags, terminal: Terminal): void {
  if (target === undefined) {
    throw new CommandError(
      'no target is named',
      `Name one of ${targets()
        .map(({ name }) => name)
        .join(', ')}.`,
    );
  }
  const { policy, options, left, variables } = readRendering(flags);
  const { text, limits } = renderText(target, policy, options, variables);
  const facts = targets().find(({ name }) => name === target);
  if (flags.output !== undefined) write(text, flags.output);
  if (flags.format === 'json') {
    const { title, file } = facts ?? {};
    terminal.out(
      JSON.stringify(
        { target, title, file, output: flags.output, text, limits: limits.map(shownLimit) },
        undefined,
        2,
      ),
    );
    return;
  }
  if (flags.output === undefined) terminal.out(text.trimEnd());
  else terminal.err(`wrote ${flags.output}`);
  if (left.length > 0) {
    terminal.err(
      `${terminal.paintErr('strong', 'note:')} the gateway's ${left.join(', ')} ${left.length === 1 ? 'has' : 'have'} no part in a policy and ${left.length === 1 ? 'is' : 'are'} left out`,
    );
  }
}

/** What is rendered: a policy, or the policies and routes of a gateway. */
interface Rendering {
  readonly policy: Policy<Decision>;
  readonly options: RenderOptions;
  /** Keys of a gateway's configuration that say nothing of policy and routes. */
  readonly left: readonly string[];
  /** What came from the environment, and is not to be shown in errors. */
  readonly variables: ReadonlyMap<string, string>;
}

/** Settings of a policy that flags give, by the names that they have in a file. */
function settingsOf({ origin, host }: RenderFlags): Readonly<Record<string, readonly string[]>> {
  return { ...(origin !== undefined && { origins: origin }), ...(host !== undefined && { hosts: host }) };
}

/** A policy of flags alone; where they are wrong, the flag is named. */
function policyOfFlags(flags: RenderFlags): Policy<Decision> {
  try {
    return createPolicy(settingsOf(flags) as unknown as StaticPolicyConfig);
  } catch (error) {
    if (!isConfigError(error)) throw error;
    throw new CommandErrors(
      error.issues.map(({ path, message, remedy }) => ({
        message: `--${path.replace(/^(origin|host)s(?:\[\d+\])?/, '$1')}: ${message}`,
        hint: asSentence(remedy),
      })),
    );
  }
}

function readRendering(flags: RenderFlags): Rendering {
  const { upstream, listen, name, allowWeaker, origin = ['https://app.example.com'] } = flags;
  const options: RenderOptions = { upstream, listen, name, allowWeaker };
  // Also where they stand in place of a file's settings: an error is not to point there.
  const given = policyOfFlags({ ...flags, origin });
  if (flags.config === undefined && flags.origin !== undefined) {
    return { policy: given, options, left: [], variables: new Map() };
  }
  if (flags.config === undefined && !existsSync(DEFAULT_CONFIG_FILE)) {
    throw new CommandError(
      `there is no ${DEFAULT_CONFIG_FILE} here, so there is no policy to render`,
      'Name the policy with --config FILE, or its pages with --origin ORIGIN.',
    );
  }
  const file = flags.config ?? DEFAULT_CONFIG_FILE;
  const document = readConfigFile(file);
  const fail = (...problems: readonly Problem[]): never => {
    throw placedErrors(file, document.place(problems));
  };
  const create = (policy: unknown, prefix: string): Policy<Decision> => {
    try {
      return createPolicy(policy as StaticPolicyConfig);
    } catch (error) {
      if (!isConfigError(error)) throw error;
      return fail(...error.issues.map((issue) => ({ ...issue, path: joinPath(prefix, issue.path) })));
    }
  };

  const withSettings = (policy: unknown): unknown =>
    typeof policy === 'object' && policy !== null ? { ...policy, ...settingsOf(flags) } : policy;
  const config = document.value;
  if (typeof config !== 'object' || config === null || !('policy' in config)) {
    return { policy: create(withSettings(config), ''), options, left: [], variables: document.variables };
  }
  const { policy, routes, listen: ownListen, ...others } = config as Readonly<Record<string, unknown>>;
  const ownRoutes = upstream === undefined && Array.isArray(routes);
  return {
    policy: create(withSettings(policy), 'policy.'),
    options: {
      ...options,
      ...(listen === undefined && typeof ownListen === 'string' ? { listen: ownListen } : {}),
      ...(ownRoutes ? { routes: routes.map((route, i) => readRoute(route, i, create, fail)) } : {}),
    },
    left: [...Object.keys(others), ...(ownRoutes ? otherRouteKeys(routes) : [])],
    variables: document.variables,
  };
}

/** What routes hold besides what is rendered. */
function otherRouteKeys(routes: readonly unknown[]): readonly string[] {
  const keys = routes.flatMap((route) => Object.keys(route ?? {}));
  return [...new Set(keys)].filter((key) => !ROUTE_KEYS.includes(key)).map((key) => `routes[].${key}`);
}

const ROUTE_KEYS: readonly string[] = ['path', 'exact', 'upstream', 'policy'];

/** A route of a gateway's configuration; whether its values are good is for `render` to say. */
function readRoute(
  route: unknown,
  i: number,
  create: (policy: unknown, prefix: string) => Policy<Decision>,
  fail: (...problems: readonly Problem[]) => never,
): RenderRoute {
  const { path, exact, upstream, policy } = (route ?? {}) as Readonly<Record<string, unknown>>;
  const [server, ...more] = Array.isArray(upstream) ? upstream : [upstream];
  if (more.length > 0) {
    return fail({
      code: 'route-several-servers',
      path: `routes[${i}].upstream`,
      message: `names ${more.length + 1} servers, and a rendered route leads to one`,
      remedy:
        'Keep the gateway, which sends the requests of a session to the server that opened it, or name one server',
    });
  }
  if (typeof path !== 'string' || typeof server !== 'string') {
    return fail({
      code: 'route-incomplete',
      path: `routes[${i}]`,
      message: 'a route needs path and upstream',
      remedy: 'Write both, such as /mcp and http://127.0.0.1:3001/mcp',
    });
  }
  return {
    path,
    exact: exact === true,
    upstream: server,
    ...(policy === undefined ? {} : { policy: create(policy, `routes[${i}].policy.`) }),
  };
}

/** Renders, and tells what is wrong in the words of the command line. */
function renderText(
  target: string,
  policy: Policy<Decision>,
  options: RenderOptions,
  variables: ReadonlyMap<string, string>,
): { readonly text: string; readonly limits: readonly Limit[] } {
  try {
    return { text: render(target, policy, options), limits: limitsOf(target, policy, options) };
  } catch (error) {
    if (!(error instanceof RenderError)) throw error;
    if (error.code !== 'target-weaker') {
      const { code, message, remedy } = error;
      const problem = withoutValues({ code, path: '', message, remedy }, new Set(), variables);
      throw new CommandError(problem.message, asSentence(problem.remedy));
    }
    throw new CommandErrors(
      error.weakenings.map(({ id, what, why, instead }) => ({
        message: `${target} would weaken the policy (${id}): ${what} ${why}`,
        hint: `${instead} Or accept it: --allow-weaker.`,
      })),
      EXIT.refused,
    );
  }
}

function write(text: string, output: string): void {
  try {
    writeFileSync(output, text);
  } catch (error) {
    throw new CommandError(
      `cannot write ${output}: ${(error as Error).message}`,
      'Name a file in a folder that exists, with --output FILE.',
    );
  }
}

function shownLimit({ id, weakens, what, why, instead }: Limit): object {
  return { id, weakens, what, why, instead };
}

function listTargets({ format }: RenderFlags, terminal: Terminal): void {
  const all = targets();
  if (format === 'json') {
    const shown = all.map(({ limits, name, title, file, type }) => ({
      name,
      title,
      file,
      type,
      limits: limits.map(shownLimit),
    }));
    terminal.out(JSON.stringify({ targets: shown }, undefined, 2));
    return;
  }
  for (const { name, title, type, limits } of all) {
    terminal.out(
      `${terminal.paint('strong', name)}  ${title}, ${type === 'proxy' ? 'a proxy' : 'in an application'}`,
    );
    for (const { id, weakens, what } of limits) {
      terminal.out(
        `  ${weakens ? terminal.paint('warning', 'weaker ') : terminal.paint('faint', 'differs')} ${id}: ${what}`,
      );
    }
  }
}

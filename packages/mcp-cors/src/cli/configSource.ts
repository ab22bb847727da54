import { existsSync } from 'node:fs';
import type { PolicyConfig } from '../policy/index.js';
import type { JsonSchema } from '../policy/schema.js';
import type { ConfigDocument } from './configDocument.js';
import { asSentence, DEFAULT_CONFIG_FILE, placedErrors, placedText, readConfigText } from './configFile.js';
import type { PlacedProblem, Problem } from './problem.js';
import { CommandError, CommandErrors } from './terminal.js';

/** Flags that stand in place of settings of the file. */
export interface ConfigFlags {
  readonly config?: string;
  readonly upstream?: string;
  readonly listen?: string;
  readonly origin?: readonly string[];
  readonly host?: readonly string[];
  readonly reportOnly?: boolean;
  readonly metrics?: string;
}

/** A gateway's configuration: the file with the flags over it. */
export interface GatewayReading {
  readonly config: unknown;
  /** The path under which the first route is served. */
  readonly publicPath: string;
  /** What is wrong with the file itself. */
  readonly problems: readonly PlacedProblem[];
  /** The file's own problems and those that were found in the configuration, each with its place. */
  place(found: readonly Problem[]): CommandErrors;
}

/** Where a gateway's configuration comes from. */
export interface ConfigSource {
  /** undefined when flags say everything. */
  readonly file: string | undefined;
  readonly schema: JsonSchema;
  /** Values of the environment in what was read last, by name. */
  readonly variables: ReadonlyMap<string, string>;
  /** Reads the configuration in one go. */
  read(): Promise<GatewayReading>;
  /** Takes over what was read elsewhere. */
  take(read: FileReading): Omit<GatewayReading, 'place'>;
  /** Problems as they are told, where the flags have not put something else in place of the file's. */
  tell(own: readonly PlacedProblem[], placed: readonly PlacedProblem[]): CommandErrors;
}

/** What a file came to. */
export interface FileReading {
  readonly value: unknown;
  readonly problems: readonly PlacedProblem[];
  readonly variables: ReadonlyMap<string, string>;
}

const NO_FILE = { value: {}, problems: [], variables: new Map<string, string>() };

/** Makes a source from flags. */
export function createConfigSource(flags: ConfigFlags, schema: JsonSchema): ConfigSource {
  const byDefault =
    flags.upstream === undefined && existsSync(DEFAULT_CONFIG_FILE) ? DEFAULT_CONFIG_FILE : undefined;
  const file = flags.config ?? byDefault;
  const overridden = overriddenPlaces(flags);
  let variables: ReadonlyMap<string, string> = new Map();

  const take = (read: FileReading): Omit<GatewayReading, 'place'> => {
    variables = new Map([...variables, ...read.variables]); // what was hidden stays so
    return { ...withFlags(read.value, flags), problems: read.problems };
  };
  const tell = (own: readonly PlacedProblem[], placed: readonly PlacedProblem[]): CommandErrors => {
    const problems = [...own, ...placed].map((problem) => {
      const inFile = file !== undefined && !overridden.some((place) => startsAt(problem.path, place));
      return {
        message: inFile ? placedText(file, problem) : `${problem.path}: ${problem.message}`,
        hint: asSentence(problem.remedy),
      };
    });
    return new CommandErrors(problems);
  };
  return {
    file,
    schema,
    get variables() {
      return variables;
    },
    take,
    tell,
    async read() {
      const document = file === undefined ? undefined : await readDocument(file, schema);
      if (document !== undefined && document.value === undefined)
        throw placedErrors(file as string, document.problems);
      const { problems } = document ?? NO_FILE;
      const place = (found: readonly Problem[]) =>
        tell(
          problems,
          document?.place(found) ?? found.map((problem) => ({ ...problem, line: 1, column: 1 })),
        );
      return { ...take(document ?? NO_FILE), place };
    },
  };
}

/** Reads a file. Without one, nothing that reads YAML is loaded. */
async function readDocument(file: string, schema: JsonSchema): Promise<ConfigDocument> {
  const { readConfigDocument } = await import('./configDocument.js');
  return readConfigDocument(readConfigText(file), schema);
}

/** Whether a place is another one, or lies below it. */
function startsAt(path: string, place: string): boolean {
  return path === place || path.startsWith(`${place}.`) || path.startsWith(`${place}[`);
}

/** The places of the file in whose stead flags stand. */
function overriddenPlaces(flags: ConfigFlags): readonly string[] {
  const { listen, upstream, origin, host, reportOnly, metrics } = flags;
  return [
    metrics === undefined ? [] : ['metrics.listen'],
    listen === undefined ? [] : ['listen'],
    upstream === undefined ? [] : ['routes'],
    origin === undefined ? [] : ['policy.origins'],
    host === undefined ? [] : ['policy.hosts'],
    reportOnly === true ? ['policy.reportOnly'] : [],
  ].flat();
}

interface GatewayConfigDraft {
  listen?: unknown;
  metrics?: unknown;
  policy?: Partial<PolicyConfig>;
  routes?: readonly { path?: string; upstream?: string }[];
}

/** A configuration with the flags over it, and the path under which the first route is served. */
function withFlags(read: unknown, flags: ConfigFlags): { config: unknown; publicPath: string } {
  if (typeof read !== 'object' || read === null || Array.isArray(read))
    return { config: read, publicPath: '' };

  const config: GatewayConfigDraft = { ...read };
  if (flags.listen !== undefined) config.listen = flags.listen;
  if (flags.metrics !== undefined) {
    config.metrics = { ...(config.metrics as object | undefined), listen: flags.metrics };
  }
  let publicPath = config.routes?.[0]?.path ?? '';
  if (flags.upstream !== undefined) {
    const url = URL.canParse(flags.upstream) ? new URL(flags.upstream) : undefined;
    config.routes = [{ path: '/', upstream: url === undefined ? flags.upstream : rootOf(url) }];
    publicPath = url?.pathname ?? '';
  }
  const overrides: Partial<Record<keyof PolicyConfig, unknown>> = {
    ...(flags.origin === undefined ? {} : { origins: flags.origin }),
    ...(flags.host === undefined ? {} : { hosts: flags.host }),
    ...(flags.reportOnly === true ? { reportOnly: true } : {}),
  };
  if (Object.keys(overrides).length > 0)
    config.policy = { ...config.policy, ...overrides } as Partial<PolicyConfig>;

  if (config.routes === undefined) {
    throw new CommandError(
      'no MCP server is named',
      `Name it: mcp-cors gateway --upstream http://127.0.0.1:3001/mcp --origin http://localhost:3000, or write ${DEFAULT_CONFIG_FILE}.`,
    );
  }
  if (config.policy === undefined) {
    throw new CommandError('no page is named that may connect', 'Name it: --origin http://localhost:3000');
  }
  return { config, publicPath: publicPath === '/' ? '' : publicPath };
}

/** The URL without its path; what follows is not forwarded by the route but asked for by clients. */
function rootOf(url: URL): string {
  const root = new URL(url);
  root.pathname = '/';
  root.search = '';
  root.hash = '';
  return root.href;
}

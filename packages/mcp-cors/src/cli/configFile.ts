import { readFileSync } from 'node:fs';
import { LineCounter, parseDocument } from 'yaml';
import type { StaticPolicyConfig } from '../policy/index.js';
import { CommandError, CommandErrors } from './terminal.js';

/** The file that commands read when none is named. */
export const DEFAULT_CONFIG_FILE = 'mcp-cors.yaml';

/** Reads a YAML file (JSON is YAML too) whole, or says where it is wrong. */
export function readConfigFile(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === 'ENOENT' ? 'there is no such file' : (error as Error).message;
    throw new CommandError(`cannot read ${file}: ${why}`, 'Name the configuration with --config FILE.');
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    throw new CommandErrors(
      document.errors.map(({ message, pos }) => {
        const { line, col } = lines.linePos(pos[0]);
        return { message: `${file}:${line}:${col}: ${message}`, hint: 'Correct the YAML at that place.' };
      }),
    );
  }
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error; // an alias of nothing, or too many aliases
    throw new CommandError(`${file}: ${error.message}`, 'Write the values out instead of using aliases.');
  }
}

/** What commands look at in a configuration of unknown shape. */
interface ConfigDraft {
  readonly policy?: unknown;
  readonly routes?: unknown;
}

/**
 * The policy that holds at a path: that of the route that it leads to, or the one under `policy` in a gateway's
 * configuration, or the file as a whole.
 */
export function policyAt(
  config: unknown,
  path: string,
): { readonly policy: StaticPolicyConfig; readonly prefix: string } {
  if (typeof config !== 'object' || config === null || !('policy' in config)) {
    return { policy: config as StaticPolicyConfig, prefix: '' };
  }
  const route = routesOf(config)
    .filter((one) => leadsFrom(one.path, path))
    .sort((a, b) => b.path.length - a.path.length)[0];
  return route?.policy === undefined
    ? { policy: config.policy as StaticPolicyConfig, prefix: 'policy.' }
    : { policy: route.policy as StaticPolicyConfig, prefix: `routes[${route.index}].policy.` };
}

/** The path of the first route of a gateway's configuration. */
export function firstRoutePath(config: unknown): string | undefined {
  return routesOf(config).find(({ index }) => index === 0)?.path;
}

interface RouteDraft {
  readonly index: number;
  /** Without a slash at its end, and so empty for `/`. */
  readonly path: string;
  readonly policy: unknown;
}

function routesOf(config: unknown): RouteDraft[] {
  const routes = (config as ConfigDraft | null | undefined)?.routes;
  if (!Array.isArray(routes)) return [];
  return routes.flatMap((route: { path?: unknown; policy?: unknown } | null, index) =>
    typeof route?.path === 'string'
      ? [{ index, path: route.path.replace(/\/$/, ''), policy: route.policy }]
      : [],
  );
}

function leadsFrom(route: string, path: string): boolean {
  return path === route || path.startsWith(`${route}/`);
}

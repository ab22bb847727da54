import {
  createPolicy,
  PolicyConfigError,
  REVISION_NEEDS,
  REVISIONS,
  type RevisionNeeds,
  type StaticPolicyConfig,
} from '../policy/index.js';
import type { Enforced } from './enforced.js';

/** What is enforced as a policy would have to say it, whether or not a policy may. */
export interface PolicyDraft {
  readonly config: StaticPolicyConfig & { readonly origins: readonly string[] };
  /** Where each origin is written. */
  readonly originPlaces: readonly ({ readonly line: number; readonly column?: number } | undefined)[];
}

/** Says in a policy's words what is enforced. What the revisions need is left out: every policy has it. */
export function draftOf(enforced: Enforced): PolicyDraft {
  const { origins = [], anyOrigin, credentials, hosts, endpoints, missingOrigin, maxAgeSeconds } = enforced;
  const entries = anyOrigin === 'no' ? origins : [{ type: 'exact', text: '*', line: undefined } as const];
  const methods = listed(enforced.methods).filter((name) => !['OPTIONS', 'HEAD', '*'].includes(name));
  const needless = (name: string): boolean => !name.endsWith('*');
  return {
    config: {
      origins: entries.map((entry) =>
        entry.type === 'regexp' ? `/${entry.source}/${entry.flags}` : entry.text,
      ),
      ...(credentials === true ? { credentials } : {}),
      ...named(
        'methods',
        additional(methods, ({ methods: needed }) => needed),
      ),
      ...named(
        'allowedHeaders',
        additional(listed(enforced.allowedHeaders).filter(needless), ({ requestHeaders }) => requestHeaders),
      ),
      ...named(
        'exposedHeaders',
        additional(
          listed(enforced.exposedHeaders).filter(needless),
          ({ responseHeaders }) => responseHeaders,
        ),
      ),
      ...(maxAgeSeconds === undefined ? {} : { maxAge: maxAgeSeconds }),
      ...(hosts === undefined || hosts === 'unchecked' ? {} : { hosts }),
      ...(endpoints === undefined ? {} : { endpoints }),
      ...(missingOrigin === 'deny' ? { missingOrigin } : {}),
    },
    originPlaces: entries.map((entry) => {
      if (entry.line === undefined) return undefined;
      const column = 'column' in entry ? entry.column : undefined;
      return column === undefined ? { line: entry.line } : { line: entry.line, column };
    }),
  };
}

/**
 * The policy to put in place of a configuration: it admits the same pages and headers, but for what a policy refuses.
 * undefined when nothing is left that names a page.
 */
export function policyOf(enforced: Enforced): StaticPolicyConfig | undefined {
  let { config }: { config: StaticPolicyConfig & { readonly origins: readonly string[] } } =
    draftOf(enforced);
  // Each round removes what was refused, so that there are no more rounds than there is to remove.
  for (;;) {
    if (config.origins.length === 0) return undefined;
    try {
      createPolicy(config);
      return config;
    } catch (thrown) {
      if (!(thrown instanceof PolicyConfigError)) throw thrown;
      config = without(config, thrown);
    }
  }
}

/** A configuration without the values that were refused. */
function without<Config extends PolicyDraft['config']>(
  config: Config,
  { issues }: PolicyConfigError,
): Config {
  const rest: Record<string, unknown> = { ...config };
  const refused = new Map<string, Set<number>>();
  for (const { path } of issues) {
    const [, key = '', index] = /^(\w+)(?:\[(\d+)\])?/.exec(path) ?? [];
    if (index === undefined) delete rest[key];
    else refused.set(key, (refused.get(key) ?? new Set<number>()).add(Number(index)));
  }
  for (const [key, indexes] of refused) {
    const list = rest[key];
    if (Array.isArray(list)) rest[key] = list.filter((_, i) => !indexes.has(i));
  }
  return { origins: [], ...rest } as unknown as Config;
}

function listed(names: readonly string[] | 'any' | undefined): readonly string[] {
  return names === undefined || names === 'any' ? [] : names;
}

/** Names that no revision needs. */
function additional(
  names: readonly string[],
  of: (needs: RevisionNeeds) => readonly string[],
): readonly string[] {
  const needed = new Set(REVISIONS.flatMap((revision) => of(REVISION_NEEDS[revision]).map(inLowerCase)));
  return names.filter((name) => !needed.has(inLowerCase(name)));
}

function inLowerCase(name: string): string {
  return name.toLowerCase();
}

function named(
  key: 'methods' | 'allowedHeaders' | 'exposedHeaders',
  names: readonly string[],
): Readonly<Record<string, readonly string[]>> {
  return names.length === 0 ? {} : { [key]: names };
}

import type { Problem } from './problem.js';

/** What is legal in a policy, and seldom meant to stay. By key: for which value, and why. */
const DOUBTS: Readonly<Record<string, readonly [value: unknown, message: string, remedy: string]>> = {
  reportOnly: [
    true,
    'the policy refuses nothing while it only reports',
    'Remove it once nothing is reported that should pass',
  ],
  dangerouslyAllowNullOrigin: [
    true,
    'every sandboxed frame of every page can connect',
    'Remove it, and serve the page from an origin of its own',
  ],
  dangerouslyAllowInsecureOrigins: [
    true,
    'with credentials, anyone on the network can act as a user of a plain-http page',
    'Remove it, and serve the pages over https',
  ],
  dangerouslyAllowPublicSuffixes: [
    true,
    'anyone can register a name that these patterns admit',
    'Remove it, and name the domains that are yours',
  ],
  dangerouslyAllowAnyHost: [
    true,
    'nothing protects the server against DNS rebinding',
    'Remove it, and name the hosts under which you serve',
  ],
};

/** Doubts about a policy of unknown shape; `prefix` stands before each place. */
export function doubtsAbout(policy: unknown, prefix: string): readonly Problem[] {
  if (typeof policy !== 'object' || policy === null) return [];
  const given = policy as Readonly<Record<string, unknown>>;
  return Object.entries(DOUBTS).flatMap(([key, [value, message, remedy]]) =>
    given[key] === value ? [{ code: `doubtful-${key}`, path: `${prefix}${key}`, message, remedy }] : [],
  );
}

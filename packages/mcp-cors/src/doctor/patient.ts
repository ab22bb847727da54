import { isLoopbackHost } from '../browser/addressSpace.js';
import { createPolicy, PolicyConfigError } from '../policy/index.js';
import type { Target } from './reach.js';
import type { Fingerprint } from './report.js';

/** What a fix is for, as far as it is known of the server that was checked. */
export interface Patient {
  readonly stacks: readonly Fingerprint[];
  /** The pages to let in: the origins that were checked, without those that no policy may name, such as null. */
  readonly pages: readonly string[];
  /** The name under which browsers reach the server; undefined on loopback, whose names a policy knows. */
  readonly host: string | undefined;
  /** The endpoint without what may be secret in its URL. */
  readonly endpoint: string;
  readonly path: string;
  /** Whether pages also need what lies beside that path: messages of HTTP+SSE, metadata for sign-in. */
  readonly beyondPath: boolean;
  /** Where a server on this machine is reached over http. */
  readonly listen: string | undefined;
}

/** Who is to be mended. */
export function createPatient(
  stacks: readonly Fingerprint[],
  origins: readonly string[],
  { url, sse, tokenAsked }: Pick<Target, 'url' | 'sse' | 'tokenAsked'>,
): Patient {
  const { protocol, hostname, port, origin, pathname } = new URL(url);
  const local = isLoopbackHost(hostname);
  const address = hostname.endsWith('localhost') ? '127.0.0.1' : hostname;
  return {
    stacks,
    pages: origins.filter(isAllowable),
    host: local ? undefined : hostname,
    endpoint: origin + pathname,
    path: pathname,
    beyondPath: sse || tokenAsked,
    listen: local && protocol === 'http:' ? `${address}:${port || 80}` : undefined,
  };
}

/** Whether a policy may name an origin. */
function isAllowable(origin: string): boolean {
  try {
    createPolicy({ origins: [origin] });
    return true;
  } catch (error) {
    if (error instanceof PolicyConfigError) return false;
    throw error;
  }
}

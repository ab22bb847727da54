import type { StaticPolicyConfig } from 'mcp-cors';
import type { Line } from '../../carriers/vectors.js';

/**
 * What a policy means, said anew from the Fetch and URL standards and from what MCP needs, without a line of the
 * library's: where both agree and a server does not, the server is wrong.
 */
export interface Meaning {
  readonly config: StaticPolicyConfig;
  readonly admitsOrigin: (origin: string) => boolean;
  /** For a Host header without its port. */
  readonly admitsHost: (name: string) => boolean;
  /** Paths whose POSTs may be other than JSON, and that pages of other sites may load. */
  readonly loosePath: (path: string) => boolean;
}

/** A request as it goes out. */
export interface Sent {
  readonly method: string;
  readonly target: string;
  readonly lines: readonly Line[];
}

/** What a request may come to at most. */
export interface Verdict {
  /** Whether it may reach the server behind. */
  readonly mayReach: boolean;
  /** The one value of Access-Control-Allow-Origin that may be sent back; undefined: none. */
  readonly mayRead: string | undefined;
  /** Whether a preflight may pass. */
  readonly mayPreflight: boolean;
}

/** A serialised origin is what the URL standard makes of it, and nothing else. */
export function isOrigin(text: string): boolean {
  const match = /^([a-z][a-z0-9+.-]{0,63}):\/\/([^/?#@\\]+)$/.exec(text);
  if (match === null) return false;
  const [, scheme = '', authority = ''] = match;
  // An IPv6 address in a spelling that no browser sends is for the library alone to tell.
  if (/^\[[0-9a-f:.]{2,45}\](?::[1-9][0-9]{0,4})?$/.test(authority)) return true;
  if (!/^[\x21-\x7e]+$/.test(authority) || /[A-Z%]/.test(authority)) return false;
  try {
    const url = new URL(text);
    if (scheme === 'http' || scheme === 'https') return url.origin === text;
    return url.host === authority && /^(?:[a-z0-9_.-]+|\[[0-9a-f:]+\])(?::[1-9][0-9]*)?$/.test(authority);
  } catch {
    return false;
  }
}

/** Whether an origin is of this scheme, at a subdomain of this host, on its default port. */
export function isBelow(origin: string, scheme: string, host: string): boolean {
  const start = `${scheme}://`;
  return isOrigin(origin) && origin.startsWith(start) && origin.endsWith(`.${host}`);
}

const NATIVE_HEADERS =
  'content-type accept authorization dpop mcp-session-id mcp-protocol-version last-event-id mcp-method mcp-name';

/** The most that a policy may do with a request. */
export function judge({ config, admitsOrigin, admitsHost, loosePath }: Meaning, sent: Sent): Verdict {
  const nothing: Verdict = { mayReach: false, mayRead: undefined, mayPreflight: false };
  const { method, target, lines } = sent;
  if (!target.startsWith('/') && !(target === '*' && method === 'OPTIONS')) return nothing;
  const all = (name: string): readonly string[] =>
    lines
      .filter(([one]) => one.toLowerCase() === name)
      .map(([, value]) => value.replaceAll(/^[ \t]+|[ \t]+$/g, ''));
  const one = (name: string): string | undefined => all(name)[0];

  if (!config.dangerouslyAllowAnyHost) {
    const hosts = [...new Set(all('host'))];
    const [, name, , port] = /^(\[[^\]]*\]|[^:[\]]*)(:(.*))?$/s.exec(hosts[0] ?? '') ?? [];
    if (hosts.length !== 1 || name === undefined || !admitsHost(name.toLowerCase())) return nothing;
    if (port !== undefined && !(/^[1-9][0-9]{0,4}$/.test(port) && Number(port) < 65536)) return nothing;
  }
  const origins = all('origin');
  const origin = origins[0];
  const any = [config.origins].flat().includes('*');
  const self = config.dangerouslyAllowAnyHost ? undefined : `http://${one('host')}`;
  const path = target.replace(/\?.*$/s, '');
  const loose = loosePath(path);
  let mayRead: string | undefined;
  if (origins.length > 0 && origin !== '') {
    const admitted =
      origins.length === 1 &&
      (origin === self || (any ? isOrigin(origin as string) : admitsOrigin(origin as string)));
    if (!admitted) return nothing;
    mayRead = any ? '*' : origin;
  } else {
    if (config.missingOrigin === 'deny') return nothing;
    const site = one('sec-fetch-site');
    const foreign = site === 'cross-site' || site === 'same-site';
    if (!any && foreign && one('sec-fetch-dest') !== 'document' && !loose && !isDocument(path))
      return nothing;
    mayRead = any ? '*' : undefined;
  }
  const asked = one('access-control-request-method');
  if (
    method === 'OPTIONS' &&
    mayRead !== undefined &&
    origins.length > 0 &&
    asked !== undefined &&
    asked !== ''
  ) {
    return {
      mayReach: false,
      mayRead,
      mayPreflight: mayAsk(config, asked, all('access-control-request-headers'), loose),
    };
  }
  const json = all('content-type');
  const isJson = json.length === 1 && /^application\/json[ \t]*(?:;[^,]*)?$/i.test(json[0] as string);
  if (method === 'POST' && !loose && !isJson) return { mayReach: false, mayRead, mayPreflight: false };
  return { mayReach: true, mayRead, mayPreflight: false };
}

/** Documents that anybody may read. */
function isDocument(path: string): boolean {
  return /^\/\.well-known\/(?:oauth-(?:protected-resource|authorization-server)|openid-configuration)(?:\/|$)|(?:\/\.well-known\/openid-configuration|\/server-card)$/.test(
    path,
  );
}

function mayAsk(
  { methods = [], allowedHeaders = [] }: StaticPolicyConfig,
  method: string,
  lists: readonly string[],
  loose: boolean,
): boolean {
  if (!['GET', 'POST', 'DELETE', 'HEAD', ...[methods].flat()].includes(method)) return false;
  if (loose && method === 'DELETE') return false;
  const allowed = new Set([
    ...NATIVE_HEADERS.split(' '),
    ...[allowedHeaders].flat().map((name) => name.toLowerCase()),
  ]);
  const names = lists
    .flatMap((list) => list.split(','))
    .map((name) => name.replaceAll(/^[ \t]+|[ \t]+$/g, ''));
  if (names.length > 4_096) return false;
  return names.every(
    (name) =>
      name === '' || allowed.has(name.toLowerCase()) || /^mcp-param-[!#$%&'*+.^_`|~0-9a-z-]+$/i.test(name),
  );
}

import { isHost, isPort } from '../policy/origin.js';
import { RenderError } from './errors.js';
import type { Upstream } from './plan.js';

/** Where the server is unless it is said. */
export const DEFAULT_UPSTREAM = 'http://127.0.0.1:3000';
/** Where a proxy listens unless it is said. */
export const DEFAULT_LISTEN = '127.0.0.1:8808';

/** Takes an http or https URL of a server apart. */
export function readUpstream(text: string): Upstream {
  const match =
    /^(https?):\/\/([^/?#@:[\]]+|\[[^/?#@[\]]+\])(?::([0-9]+))?(\/(?:(?![?#%"'\\{};$`|<>^])[!-~])*)?$/i.exec(
      text,
    );
  const [, scheme = '', host = '', port, path = ''] = match ?? [];
  const lower = scheme.toLowerCase() as Upstream['scheme'];
  if (match === null || !isHost(host.toLowerCase(), 'http') || (port !== undefined && !isPort(port))) {
    throw new RenderError(
      'upstream-invalid',
      // A user name may stand before a password.
      `${text.includes('@') ? 'what is given' : JSON.stringify(text)} is not the URL of a server`,
      'Write an http or https URL without user, query, fragment and percent-encoding, such as http://127.0.0.1:3001/mcp.',
    );
  }
  return {
    scheme: lower,
    host: host.toLowerCase(),
    port: port === undefined ? (lower === 'https' ? 443 : 80) : Number(port),
    path: withoutSlash(path),
  };
}

/** The path of a route: a prefix by whole segments, or a path as it is. */
export function readRoutePath(text: string, exact: boolean): string {
  // Some signs come encoded, or are encoded on the way: a route that held them would never be reached.
  if (/^\/(?:(?![?#%"'\\{};$*`|<>^])[!-~])*$/.test(text) && !/\/\/|\/\.{1,2}(?:\/|$)/.test(text))
    return exact ? text : withoutSlash(text);
  throw new RenderError(
    'route-invalid',
    `${JSON.stringify(text)} is not the path of a route`,
    'Write a path such as /mcp, or / for everything.',
  );
}

/** `HOST:PORT`. */
export function readListen(text: string): { readonly host: string; readonly port: number } {
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, colon).toLowerCase();
  const port = text.slice(colon + 1);
  if (colon > 0 && isPort(port) && isHost(host, 'http')) return { host, port: Number(port) };
  throw new RenderError(
    'listen-invalid',
    `${JSON.stringify(text)} is not HOST:PORT`,
    `Write an address such as ${DEFAULT_LISTEN} or [::1]:8808.`,
  );
}

/** The absolute path of a file. */
export function readLog(text: string): string {
  if (/^\/[\w./-]+$/.test(text)) return text;
  throw new RenderError(
    'log-invalid',
    `${JSON.stringify(text)} is not the absolute path of a file`,
    'Write a path of letters, digits and . _ - /.',
  );
}

function withoutSlash(path: string): string {
  return path.replace(/\/$/, '');
}

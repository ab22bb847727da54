import { isIP } from 'node:net';
import { LOOPBACK_HOSTS } from 'mcp-cors';
import { isLoopbackAddress } from 'mcp-cors/node';
import type { JsonSchema } from 'mcp-cors/schema';
import type { GatewayIssue } from '../errors.js';
import { issue, shown } from './reading.js';

/** Where a gateway listens unless told otherwise. */
export const DEFAULT_LISTEN = '127.0.0.1:8808';

/** Whether what is listened on can be reached from this machine alone. */
export function isLoopbackListen(host: string): boolean {
  return LOOPBACK_HOSTS.includes(host) || (isIP(host) !== 0 && isLoopbackAddress(host));
}

/** What `listen` may be. */
export const LISTEN_SCHEMA: JsonSchema = {
  description: 'HOST:PORT to listen on; port 0 takes a free one. An IPv6 address stands in brackets.',
  type: 'string',
  default: DEFAULT_LISTEN,
  examples: [DEFAULT_LISTEN, '0.0.0.0:8808', '[::1]:8808', '0.0.0.0:${PORT:-8808}'],
};

/** Reads `listen`. */
export function readListen(
  value: unknown,
  issues: GatewayIssue[],
): { host: string; port: number } | undefined {
  const parsed =
    typeof value === 'string' || value === undefined ? parseListen(value ?? DEFAULT_LISTEN) : undefined;
  if (parsed === undefined) {
    issues.push(
      issue(
        'listen-syntax',
        'listen',
        `${shown(value)} is not HOST:PORT`,
        'Write an address such as 127.0.0.1:8808, [::1]:8808 or 0.0.0.0:8808; port 0 takes a free one',
      ),
    );
  }
  return parsed;
}

/** Takes `HOST:PORT` apart, or gives undefined. An IPv6 address stands in brackets. */
export function parseListen(text: string): { host: string; port: number } | undefined {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^\s:[\]/]+):([0-9]{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match?.[1] === undefined || port > 65535) return undefined;
  return { host: match[1].replace(/^\[|\]$/g, ''), port };
}

import type { JsonSchema } from 'mcp-cors/schema';
import type { GatewayIssue } from '../errors.js';
import { isOrigin } from './present.js';
import { issue, shown } from './reading.js';

/** What `publicUrl` may be. */
export const PUBLIC_URL_SCHEMA: JsonSchema = {
  description:
    'What clients call the gateway, where it cannot be told from scheme and Host of their requests: scheme, host and port.',
  type: 'string',
  pattern: '^https?://|\\$\\{',
  examples: ['https://mcp.example.com'],
};

/** Reads `publicUrl`: an origin, since routes have the paths under which clients reach them. */
export function readPublicUrl(value: unknown, issues: GatewayIssue[]): string | undefined {
  if (value === undefined) return undefined;
  const origin = typeof value === 'string' ? value.replace(/\/$/, '') : '';
  if (isOrigin(origin)) return origin;
  issues.push(
    issue(
      'public-url-syntax',
      'publicUrl',
      `${shown(value)} is not an http or https origin`,
      'Write scheme, host and port alone, such as https://mcp.example.com: the paths are those of the routes',
    ),
  );
  return undefined;
}

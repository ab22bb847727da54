import { createProvenance, type TrustProxy } from 'mcp-cors/node';
import { type JsonSchema, orReference } from 'mcp-cors/schema';
import type { GatewayIssue } from '../errors.js';
import { issue } from './reading.js';

/** Reads where a request came from, as far as the proxies in front are believed. */
export type ProvenanceReader = ReturnType<typeof createProvenance>;

/** What `trustProxy` may be. */
export const TRUST_PROXY_SCHEMA: JsonSchema = orReference({
  description:
    'Proxies in front that are believed about where a request came from: how many there are, or their addresses and networks.',
  examples: [1, ['10.0.0.0/8', 'loopback']],
  anyOf: [
    { type: 'integer', minimum: 0, maximum: 32 },
    { type: 'array', items: { type: 'string', minLength: 1 } },
  ],
});

/** Reads `trustProxy`. */
export function readTrustProxy(value: unknown, issues: GatewayIssue[]): ProvenanceReader {
  try {
    return createProvenance(value as TrustProxy | undefined);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const message = error.message.replace(/^trustProxy: |\.$/g, '');
    issues.push(
      issue(
        'trust-proxy-syntax',
        'trustProxy',
        message.slice(0, 200),
        "Write how many proxies are in front, such as 1, or their addresses: ['10.0.0.0/8', loopback]",
      ),
    );
    return createProvenance(undefined);
  }
}

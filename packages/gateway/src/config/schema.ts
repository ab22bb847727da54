import { type JsonSchema, POLICY_SCHEMA } from 'mcp-cors/schema';
import { AUDIT_SCHEMA } from './audit.js';
import type { GATEWAY_KEYS } from './config.js';
import { LIMITS_SCHEMA } from './limits.js';
import { LISTEN_SCHEMA } from './listen.js';
import { METRICS_SCHEMA } from './metrics.js';
import { PUBLIC_URL_SCHEMA } from './publicUrl.js';
import { ROUTES_SCHEMA } from './routes.js';
import { TLS_SCHEMA } from './tls.js';
import { TRUST_PROXY_SCHEMA } from './trustProxy.js';

/** What `mcp-cors.yaml` may hold, for editors and other tools. What it cannot express, such as syntax of origins, is checked when the file is read. */
export const GATEWAY_SCHEMA: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'mcp-cors.yaml',
  description: 'The configuration of the mcp-cors gateway.',
  type: 'object',
  required: ['policy', 'routes'],
  additionalProperties: false,
  properties: {
    listen: LISTEN_SCHEMA,
    publicUrl: PUBLIC_URL_SCHEMA,
    tls: TLS_SCHEMA,
    trustProxy: TRUST_PROXY_SCHEMA,
    policy: { $ref: '#/$defs/policy' },
    routes: ROUTES_SCHEMA,
    limits: LIMITS_SCHEMA,
    audit: AUDIT_SCHEMA,
    metrics: METRICS_SCHEMA,
  } satisfies Record<(typeof GATEWAY_KEYS)[number], JsonSchema>,
  $defs: { policy: POLICY_SCHEMA },
};

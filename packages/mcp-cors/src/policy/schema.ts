import type { POLICY_KEYS } from './config.js';
import { DEFAULT_MAX_AGE_SECONDS, MAX_MAX_AGE_SECONDS } from './corsOptions.js';
import { ENDPOINT_KINDS } from './endpoints.js';
import { REVISIONS } from './revisions.js';
import { MIN_SECRET_LENGTH } from './sessionOptions.js';

/** A part of a JSON Schema (draft 2020-12), as plain data. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** How a configuration file refers to an environment variable where a number or a choice is expected. */
const REFERENCE: JsonSchema = {
  type: 'string',
  pattern: '^\\$\\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\\}$',
  description: 'An environment variable: ${NAME}, or ${NAME:-default}.',
};

/** The schema of a value that is no free text, or of a reference to an environment variable in its place. */
export function orReference(schema: JsonSchema): JsonSchema {
  const { description, default: preset, examples, ...bare } = schema;
  const about = Object.entries({ description, default: preset, examples }).filter(
    ([, value]) => value !== undefined,
  );
  return { ...Object.fromEntries(about), anyOf: [bare, REFERENCE] };
}

/** The schema of a choice among texts, or of a reference. */
export function oneOf(texts: readonly string[]): JsonSchema {
  return { anyOf: [{ enum: texts }, REFERENCE] };
}

/** The schema of true or false, or of a reference. */
export function flag(description: string, preset = false): JsonSchema {
  return orReference({ type: 'boolean', description, default: preset });
}

/** The schema of one text or several. */
export function texts(description: string, examples: readonly unknown[], minItems = 0): JsonSchema {
  return {
    description,
    examples,
    anyOf: [
      { type: 'string', minLength: 1 },
      { type: 'array', items: { type: 'string', minLength: 1 }, minItems },
    ],
  };
}

const revisions = oneOf(REVISIONS);

/** What a policy may hold in a file: the same keys as `PolicyConfig`. */
export const POLICY_SCHEMA: JsonSchema = {
  title: 'A policy of mcp-cors',
  description: 'Which pages may reach the MCP server. Only origins is needed.',
  type: 'object',
  required: ['origins'],
  additionalProperties: false,
  properties: {
    origins: texts(
      'Pages that may connect: exact origins, patterns with a leading *. or :*, anchored regular expressions between slashes, or * for any.',
      [
        ['https://app.example.com', 'http://localhost:*'],
        'https://*.example.com',
        ['/^https:\\/\\/pr-\\d+\\.example\\.com$/'],
      ],
      1,
    ),
    hosts: texts(
      'Hosts under which the server is reached, against DNS rebinding; needed on anything but loopback.',
      [['mcp.example.com'], ['mcp.example.com:8443', '*.example.com']],
      1,
    ),
    credentials: flag(
      'Whether pages may send cookies and HTTP authentication. Bearer tokens do not need it.',
    ),
    methods: texts('Methods in addition to what the revisions need.', [['PUT']]),
    allowedHeaders: texts('Request headers in addition; * for any, without credentials.', [['X-Api-Key']]),
    exposedHeaders: texts(
      'Response headers that pages may read in addition; * for all, without credentials.',
      [['X-Request-Id']],
    ),
    maxAge: orReference({
      type: 'integer',
      minimum: -1,
      maximum: MAX_MAX_AGE_SECONDS,
      default: DEFAULT_MAX_AGE_SECONDS,
      description: "Seconds for which browsers may keep a preflight's answer; -1 turns that off.",
    }),
    revisions: {
      description: 'MCP revisions that the server speaks. Default all.',
      examples: [['2025-11-25', '2026-07-28']],
      anyOf: [...(revisions.anyOf as JsonSchema[]), { type: 'array', items: revisions, minItems: 1 }],
    },
    endpoints: {
      description: 'Kinds of endpoint by path, over the defaults; /* for everything below a path.',
      examples: [{ '/api/agent': 'mcp', '/files/*': 'other' }],
      type: 'object',
      propertyNames: { pattern: '^/' },
      additionalProperties: oneOf(ENDPOINT_KINDS),
    },
    missingOrigin: {
      description: 'Whether requests without Origin pass: native clients.',
      default: 'allow',
      ...oneOf(['allow', 'deny']),
    },
    reportOnly: flag('Apply what is allowed and refuse nothing: denials are reported.'),
    debug: flag("Let the browser's console say which method or header is missing."),
    aliases: texts('Host suffixes that may be left out, for origins and hosts.', [['.svc.cluster.local']]),
    sessions: {
      description: 'Seals session ids to the origin that opened the session.',
      examples: [{ secret: '${SESSION_SECRET}' }],
      type: 'object',
      required: ['secret'],
      additionalProperties: false,
      properties: {
        secret: {
          description: `At least ${MIN_SECRET_LENGTH} characters, the same for every replica. Of several the first seals and all are accepted.`,
          examples: ['${SESSION_SECRET}', ['${NEW_SECRET}', '${OLD_SECRET}']],
          anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' }, minItems: 1 }],
        },
      },
    },
    dangerouslyAllowNullOrigin: flag('Admits Origin: null, which every sandboxed frame sends.'),
    dangerouslyAllowInsecureOrigins: flag(
      'Admits plain-http origins beyond loopback although credentials are on.',
    ),
    dangerouslyAllowPublicSuffixes: flag(
      'Admits every name under a public suffix, such as https://*.github.io.',
    ),
    dangerouslyAllowAnyHost: flag(
      'Turns the Host check off, and with it the protection against DNS rebinding.',
    ),
  } satisfies Record<(typeof POLICY_KEYS)[number], JsonSchema>,
};

import { type JsonSchema, oneOf } from 'mcp-cors/schema';
import type { GatewayIssue } from '../errors.js';
import { checkKeys, isObject, issue, shown } from './reading.js';

/** Where an audit goes, and what is in it. */
export interface AuditConfig {
  /** A file that lines are added to, or `-` for standard error. */
  readonly file: string;
  /** Every request, or what was or would be refused. Default `all`. */
  readonly which?: 'all' | 'denied' | undefined;
  /**
   * What session ids are hashed with, at least 16 characters: the same for all replicas whose lines are to be compared.
   * Default one that is made at the start.
   */
  readonly hashKey?: string | undefined;
}

const AUDIT_KEYS = ['file', 'which', 'hashKey'] as const satisfies readonly (keyof AuditConfig)[];
const WHICH = ['all', 'denied'] as const;
const MIN_KEY_LENGTH = 16;

/** What `audit` may hold. */
export const AUDIT_SCHEMA: JsonSchema = {
  description: 'A line of JSON for each decision.',
  type: 'object',
  required: ['file'],
  additionalProperties: false,
  properties: {
    file: {
      description: 'A file that lines are added to, or - for standard error.',
      type: 'string',
      minLength: 1,
      examples: ['audit.ndjson', '-'],
    },
    which: {
      description: 'Every request, or what was or would be refused.',
      default: 'all',
      ...oneOf(WHICH),
    },
    hashKey: {
      description: `What session ids are hashed with, at least ${MIN_KEY_LENGTH} characters.`,
      type: 'string',
      examples: ['${AUDIT_HASH_KEY}'],
    },
  } satisfies Record<(typeof AUDIT_KEYS)[number], JsonSchema>,
};

/** Audit settings with their defaults. */
export interface AuditSettings {
  readonly file: string;
  readonly which: (typeof WHICH)[number];
  readonly hashKey: string | undefined;
}

/** Reads `audit`; undefined when there is to be none. */
export function readAudit(value: unknown, issues: GatewayIssue[]): AuditSettings | undefined {
  if (value === undefined) return undefined;
  if (!isObject(value)) {
    issues.push(
      issue('wrong-type', 'audit', 'audit is not an object', 'Write audit: { file: audit.ndjson }'),
    );
    return undefined;
  }
  checkKeys(value, AUDIT_KEYS, 'audit.', issues);
  const { file, which = 'all', hashKey } = value;
  const goodFile = typeof file === 'string' && file !== '' && !file.includes('\0');
  if (!goodFile) {
    issues.push(
      issue(
        'audit-file-missing',
        'audit.file',
        `${shown(file)} is not a file`,
        "Write file: audit.ndjson, or file: '-' for standard error",
      ),
    );
  }
  const known = WHICH.find((word) => word === which);
  if (known === undefined) {
    issues.push(
      issue(
        'audit-which',
        'audit.which',
        `${shown(which)} is neither all nor denied`,
        'Write which: denied, or leave it out for all',
      ),
    );
  }
  const goodKey = hashKey === undefined || (typeof hashKey === 'string' && hashKey.length >= MIN_KEY_LENGTH);
  if (!goodKey) {
    issues.push(
      issue(
        'audit-key-short',
        'audit.hashKey',
        `the key is not a text of at least ${MIN_KEY_LENGTH} characters`,
        'Make one: openssl rand -base64 32',
      ),
    );
  }
  if (!goodFile || known === undefined || !goodKey) return undefined;
  return Object.freeze({ file, which: known, hashKey: hashKey as string | undefined });
}

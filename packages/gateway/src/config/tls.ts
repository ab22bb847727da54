import { type JsonSchema, oneOf } from 'mcp-cors/schema';
import type { GatewayIssue } from '../errors.js';
import { checkKeys, isObject, issue, shown } from './reading.js';

/** How a gateway serves https: with files in PEM, or with a certificate of a local authority of its own. */
export type TlsConfig = 'auto' | TlsFiles;

/** Files in PEM. */
export interface TlsFiles {
  /** The certificate, and behind it those of the authorities between it and a root. */
  readonly cert: string;
  /** Its private key, not encrypted. */
  readonly key: string;
}

const TLS_KEYS = ['cert', 'key'] as const satisfies readonly (keyof TlsFiles)[];

/** What `tls` may be. */
export const TLS_SCHEMA: JsonSchema = {
  description:
    'Serves https, over HTTP/2 and HTTP/1.1: with files, or with a certificate of a local authority.',
  examples: ['auto', { cert: 'fullchain.pem', key: 'privkey.pem' }],
  anyOf: [
    oneOf(['auto']),
    {
      type: 'object',
      required: TLS_KEYS,
      additionalProperties: false,
      properties: {
        cert: {
          description:
            'A file in PEM with the certificate, and those of the authorities between it and a root.',
          type: 'string',
          minLength: 1,
        },
        key: {
          description: 'A file in PEM with its private key, not encrypted.',
          type: 'string',
          minLength: 1,
        },
      } satisfies Record<(typeof TLS_KEYS)[number], JsonSchema>,
    },
  ],
};

/** Reads `tls`. */
export function readTls(value: unknown, issues: GatewayIssue[]): TlsConfig | undefined {
  if (value === undefined || value === 'auto') return value;
  if (!isObject(value)) {
    issues.push(issue('tls-syntax', 'tls', `${shown(value)} is neither auto nor an object`, TLS_REMEDY));
    return undefined;
  }
  checkKeys(value, TLS_KEYS, 'tls.', issues);
  const { cert, key } = value;
  for (const name of TLS_KEYS) {
    if (typeof value[name] === 'string' && value[name] !== '') continue;
    issues.push(
      issue('tls-file-missing', `tls.${name}`, `${shown(value[name])} is not the name of a file`, TLS_REMEDY),
    );
  }
  return typeof cert === 'string' && typeof key === 'string' ? { cert, key } : undefined;
}

const TLS_REMEDY =
  'Write tls: auto for a local certificate, or tls: { cert: fullchain.pem, key: privkey.pem }';

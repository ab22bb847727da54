import { isIP } from 'node:net';
import { flag, type JsonSchema, texts } from 'mcp-cors/schema';
import type { GatewayIssue } from '../errors.js';
import { isLoopbackListen, parseListen } from './listen.js';
import { checkKeys, isObject, issue, shown } from './reading.js';

/** Where a token comes from: the text itself, such as `${METRICS_TOKEN}`, a file, or an environment variable. */
export type TokenConfig = string | { readonly file: string } | { readonly env: string };

/** The admin listener: `/metrics`, `/healthz` and `/readyz`. */
export interface MetricsConfig {
  /** `HOST:PORT`; port 0 takes a free one. Default 127.0.0.1:9808. */
  readonly listen?: string | undefined;
  /** What a scraper sends as `Authorization: Bearer`, at least 16 characters; needed on anything but loopback. */
  readonly token?: TokenConfig | undefined;
  /** Names under which the listener is reached, besides addresses and, on loopback, loopback names. */
  readonly hosts?: string | readonly string[] | undefined;
  /** Whether `/readyz` also asks for a connection to each upstream. Default false. */
  readonly checkUpstreams?: boolean | undefined;
}

/** Settings of the admin listener with their defaults. */
export interface MetricsSettings {
  readonly host: string;
  readonly port: number;
  readonly token: TokenConfig | undefined;
  /** In lower case. */
  readonly hosts: readonly string[];
  readonly checkUpstreams: boolean;
}

/** Where the admin listener is unless told otherwise. */
export const DEFAULT_METRICS_LISTEN = '127.0.0.1:9808';
/** The shortest token that is accepted. */
export const MIN_TOKEN_LENGTH = 16;

const METRICS_KEYS = [
  'listen',
  'token',
  'hosts',
  'checkUpstreams',
] as const satisfies readonly (keyof MetricsConfig)[];

/** What `metrics` may hold. */
export const METRICS_SCHEMA: JsonSchema = {
  description: 'A listener of its own with /metrics, /healthz and /readyz.',
  type: 'object',
  additionalProperties: false,
  properties: {
    listen: {
      description: 'HOST:PORT to listen on; port 0 takes a free one.',
      type: 'string',
      default: DEFAULT_METRICS_LISTEN,
    },
    token: {
      description: `What a scraper sends as Bearer token, at least ${MIN_TOKEN_LENGTH} characters; needed on anything but loopback.`,
      examples: ['${METRICS_TOKEN}', { file: '/run/secrets/metrics' }, { env: 'METRICS_TOKEN' }],
      anyOf: [
        { type: 'string' },
        {
          type: 'object',
          minProperties: 1,
          maxProperties: 1,
          additionalProperties: false,
          properties: {
            file: { description: 'A file that holds it.', type: 'string', minLength: 1 },
            env: { description: 'An environment variable that holds it.', type: 'string', minLength: 1 },
          },
        },
      ],
    },
    hosts: texts(
      'Names under which the listener is reached, besides addresses and, on loopback, loopback names.',
      [['gateway.monitoring.svc']],
    ),
    checkUpstreams: flag('Whether /readyz also asks for a connection to each upstream.'),
  } satisfies Record<(typeof METRICS_KEYS)[number], JsonSchema>,
};

const TOKEN_REMEDY =
  'Write token: { env: METRICS_TOKEN } or token: { file: metrics.token }; make one: openssl rand -base64 32';

/** Reads `metrics`; undefined when there is to be no admin listener. */
export function readMetrics(value: unknown, issues: GatewayIssue[]): MetricsSettings | undefined {
  if (value === undefined) return undefined;
  if (!isObject(value)) {
    const remedy = `Write metrics: { listen: ${DEFAULT_METRICS_LISTEN} }`;
    issues.push(issue('wrong-type', 'metrics', 'metrics is not an object', remedy));
    return undefined;
  }
  const before = issues.length;
  checkKeys(value, METRICS_KEYS, 'metrics.', issues);
  const { listen = DEFAULT_METRICS_LISTEN, token, hosts = [], checkUpstreams = false } = value;
  const parsed = typeof listen === 'string' ? parseListen(listen) : undefined;
  if (parsed === undefined) {
    const remedy = `Write an address such as ${DEFAULT_METRICS_LISTEN}; port 0 takes a free one`;
    issues.push(issue('listen-syntax', 'metrics.listen', `${shown(listen)} is not HOST:PORT`, remedy));
  }
  if (token !== undefined && !isToken(token)) {
    const message = `the token is neither a text of at least ${MIN_TOKEN_LENGTH} characters that a header can hold, nor a file or a variable`;
    issues.push(issue('token-syntax', 'metrics.token', message, TOKEN_REMEDY));
  }
  if (token === undefined && parsed !== undefined && !isLoopbackListen(parsed.host)) {
    issues.push(
      issue(
        'token-missing',
        'metrics.token',
        `on ${parsed.host}, which is not loopback, anybody could read the metrics`,
        `${TOKEN_REMEDY}; or listen on 127.0.0.1`,
      ),
    );
  }
  const names = typeof hosts === 'string' ? [hosts] : hosts;
  if (!Array.isArray(names) || !names.every(isHostName)) {
    const message = `${shown(hosts)} is not a list of host names without ports`;
    issues.push(issue('host-syntax', 'metrics.hosts', message, 'Write hosts: [gateway.monitoring.svc]'));
  }
  if (typeof checkUpstreams !== 'boolean') {
    const message = `${shown(checkUpstreams)} is neither true nor false`;
    issues.push(issue('wrong-type', 'metrics.checkUpstreams', message, 'Write checkUpstreams: true'));
  }
  if (issues.length > before || parsed === undefined) return undefined;
  return Object.freeze({
    ...parsed,
    token: token as TokenConfig | undefined,
    hosts: (names as string[]).map((name) => name.toLowerCase()),
    checkUpstreams: checkUpstreams as boolean,
  });
}

/** Whether a text can be a token: long enough, and of characters that a Bearer token may have (RFC 6750 section 2.1). */
export function isTokenText(text: string): boolean {
  return text.length >= MIN_TOKEN_LENGTH && /^[A-Za-z0-9._~+/-]+=*$/.test(text);
}

function isToken(value: unknown): value is TokenConfig {
  if (typeof value === 'string') return isTokenText(value);
  if (!isObject(value) || Object.keys(value).length !== 1) return false;
  const place = value.file ?? value.env;
  return typeof place === 'string' && place !== '' && !place.includes('\0');
}

function isHostName(value: unknown): boolean {
  return (
    typeof value === 'string' &&
    (isIP(value) !== 0 || /^[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?$/i.test(value)) &&
    value.length <= 253
  );
}

import { randomBytes } from 'node:crypto';

/** What an operator sets, read from the environment. Times in milliseconds. */
export interface Settings {
  readonly host: string;
  readonly port: number;
  /** Names under which clients reach the server; undefined for loopback names alone. */
  readonly publicHosts: readonly string[] | undefined;
  /** The first seals session ids, all of them open. */
  readonly sessionSecrets: readonly string[];
  readonly originsFile: string;
  readonly originsCacheMs: number;
  /** Where the audit goes; undefined for standard output. */
  readonly auditFile: string | undefined;
  readonly trustProxy: number | readonly string[] | undefined;
  /** Points a minute for each client address. */
  readonly limits: Limits;
  /** How long a client may take over the head of a request, and twice that over the whole. */
  readonly headersTimeoutMs: number;
  /** How long requests may go on after a signal. */
  readonly shutdownTimeoutMs: number;
}

/** Points a minute, by budget. */
export interface Limits {
  readonly preflights: number;
  readonly denied: number;
  readonly requests: number;
  readonly streams: number;
}

/** What is wrong with the environment, all of it. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';

  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

/**
 * Reads the settings.
 * @throws {SettingsError} with every variable that is missing or wrong.
 */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const problems: string[] = [];
  const production = environment.NODE_ENV === 'production';

  function text(name: string): string | undefined {
    const value = environment[name]?.trim();
    return value === '' ? undefined : value;
  }

  function number(name: string, standard: number, least: number, most: number): number {
    const value = text(name);
    if (value === undefined) return standard;
    const read = /^[0-9]{1,10}$/.test(value) ? Number(value) : Number.NaN;
    if (read >= least && read <= most) return read;
    problems.push(`${name} is '${value}'. Use a whole number from ${least} to ${most}.`);
    return standard;
  }

  function list(name: string): string[] | undefined {
    return text(name)
      ?.split(',')
      .map((part) => part.trim());
  }

  const points = (name: string, standard: number): number => number(name, standard, 1, 1_000_000);

  const sessionSecrets = list('SESSION_SECRET') ?? [];
  if (sessionSecrets.length === 0) {
    if (production) problems.push('SESSION_SECRET is missing. Make one with: openssl rand -hex 32');
    else sessionSecrets.push(randomBytes(32).toString('hex')); // good until the next start
  }
  const publicHosts = list('PUBLIC_HOSTS');
  if (publicHosts === undefined && production) {
    problems.push('PUBLIC_HOSTS is missing. Name the hosts that clients ask for, such as mcp.example.com.');
  }

  const settings: Settings = {
    host: text('HOST') ?? '127.0.0.1',
    port: number('PORT', 3000, 0, 65_535),
    publicHosts,
    sessionSecrets,
    originsFile: text('ORIGINS_FILE') ?? 'origins.sqlite',
    originsCacheMs: number('ORIGINS_CACHE_MS', 60_000, 0, 86_400_000),
    auditFile: text('AUDIT_FILE'),
    trustProxy: readTrust(text('TRUST_PROXY')),
    limits: {
      preflights: points('LIMIT_PREFLIGHTS', 120),
      denied: points('LIMIT_DENIED', 60),
      requests: points('LIMIT_REQUESTS', 600),
      streams: points('LIMIT_STREAMS', 60),
    },
    headersTimeoutMs: number('HEADERS_TIMEOUT_MS', 10_000, 100, 60_000),
    shutdownTimeoutMs: number('SHUTDOWN_TIMEOUT_MS', 10_000, 0, 600_000),
  };
  if (problems.length > 0) throw new SettingsError(problems);
  return settings;
}

/** How many proxies are in front, or which: `1`, or `10.0.0.0/8, loopback`. */
function readTrust(value: string | undefined): Settings['trustProxy'] {
  if (value === undefined) return undefined;
  return /^[0-9]+$/.test(value) ? Number(value) : value.split(',').map((part) => part.trim());
}

import { type JsonSchema, orReference } from 'mcp-cors/schema';
import type { GatewayIssue } from '../errors.js';
import { DEFAULT_RATES, RATES_SCHEMA, type Rates, type RatesConfig, readRates } from './rates.js';
import { checkKeys, isObject, issue, shown } from './reading.js';

/** Bounds on times, sizes and numbers; 0 turns one off. Event streams have no idle time-out. */
export interface LimitsConfig {
  /** For a connection to an upstream. Default 10,000. */
  readonly connectTimeoutMs?: number | undefined;
  /** From the end of a request to the head of its response: long, since a tool may work that long. Default 120,000. */
  readonly headersTimeoutMs?: number | undefined;
  /** Between two parts of a response that is no event stream. Default 60,000. */
  readonly bodyTimeoutMs?: number | undefined;
  /** For requests in flight when the gateway closes; streams that would never end are ended at once. Default 5,000. */
  readonly shutdownTimeoutMs?: number | undefined;
  /** Silence of an event stream after which it gets a comment. Default 15,000. */
  readonly keepAliveCommentMs?: number | undefined;
  /** For a client to send the head of a request, and for it to begin one after it has connected. Default 30,000. */
  readonly requestHeadTimeoutMs?: number | undefined;
  /** From the head of a request to the end of its body. Default 300,000. */
  readonly requestBodyTimeoutMs?: number | undefined;
  /** Of a request's target and headers together; cannot be turned off. Default 16,384. */
  readonly maxHeaderBytes?: number | undefined;
  /** Of a request's body. Default 16,777,216. */
  readonly maxBodyBytes?: number | undefined;
  /** Connections of clients at once. Default 10,000. */
  readonly maxConnections?: number | undefined;
  /** Event streams at once of one address, for one entry of the allowlist. Default 1,000. */
  readonly maxStreamsPerClient?: number | undefined;
  /** How many requests a client may send in a time; `off` for no bound. */
  readonly rates?: RatesConfig | undefined;
}

const DEFAULT_LIMITS = Object.freeze({
  connectTimeoutMs: 10_000,
  headersTimeoutMs: 120_000,
  bodyTimeoutMs: 60_000,
  shutdownTimeoutMs: 5_000,
  keepAliveCommentMs: 15_000,
  requestHeadTimeoutMs: 30_000,
  requestBodyTimeoutMs: 300_000,
  maxHeaderBytes: 16_384,
  maxBodyBytes: 16_777_216,
  maxConnections: 10_000,
  maxStreamsPerClient: 1_000,
});

/** Limits with their defaults. */
export type Limits = { readonly [K in keyof typeof DEFAULT_LIMITS]: number } & { readonly rates: Rates };

const WITH_DEFAULT_RATES: Limits = Object.freeze({ ...DEFAULT_LIMITS, rates: DEFAULT_RATES });

const DESCRIPTIONS: Readonly<Record<keyof typeof DEFAULT_LIMITS, string>> = {
  connectTimeoutMs: 'For a connection to an upstream.',
  headersTimeoutMs:
    'From the end of a request to the head of its response: long, since a tool may work that long.',
  bodyTimeoutMs: 'Between two parts of a response that is no event stream.',
  shutdownTimeoutMs:
    'For requests in flight when the gateway closes; streams that would never end are ended at once.',
  keepAliveCommentMs: 'Silence of an event stream after which it gets a comment.',
  requestHeadTimeoutMs:
    'For a client to send the head of a request, and for it to begin one after it has connected.',
  requestBodyTimeoutMs: 'From the head of a request to the end of its body.',
  maxHeaderBytes: "Of a request's target and headers together; cannot be turned off.",
  maxBodyBytes: "Of a request's body.",
  maxConnections: 'Connections of clients at once.',
  maxStreamsPerClient: 'Event streams at once of one address, for one entry of the allowlist.',
};

interface Range {
  readonly least: number;
  readonly most: number;
  readonly unit: string;
}

/** As long as a timer can hold. */
const TIME: Range = { least: 0, most: 2_147_483_647, unit: 'a time in milliseconds' };

const COUNT: Range = { least: 0, most: 2_147_483_647, unit: 'a number that can be counted to' };

/** Where less than any whole number makes sense. */
const RANGES: Readonly<Partial<Record<keyof typeof DEFAULT_LIMITS, Range>>> = {
  // A preflight of a browser alone takes some hundred bytes; and what Node's parser buffers is for each connection.
  maxHeaderBytes: { least: 1_024, most: 1_048_576, unit: 'a size in bytes that a head can have' },
};

function rangeOf(key: keyof typeof DEFAULT_LIMITS): Range {
  return RANGES[key] ?? (key.endsWith('Ms') ? TIME : COUNT);
}

/** What `limits` may hold. */
export const LIMITS_SCHEMA: JsonSchema = {
  description:
    'Bounds: times in milliseconds, sizes and numbers, of which 0 turns one off, and budgets of requests.',
  type: 'object',
  additionalProperties: false,
  properties: {
    ...Object.fromEntries(
      Object.entries(DEFAULT_LIMITS).map(([key, preset]) => [
        key,
        orReference({
          description: DESCRIPTIONS[key as keyof typeof DEFAULT_LIMITS],
          type: 'integer',
          minimum: rangeOf(key as keyof typeof DEFAULT_LIMITS).least,
          maximum: rangeOf(key as keyof typeof DEFAULT_LIMITS).most,
          default: preset,
        }),
      ]),
    ),
    rates: RATES_SCHEMA,
  },
};

/** Reads `limits`. */
export function readLimits(value: unknown, issues: GatewayIssue[]): Limits {
  if (value === undefined) return WITH_DEFAULT_RATES;
  if (!isObject(value)) {
    issues.push(
      issue('wrong-type', 'limits', 'limits is not an object', 'Write limits: { headersTimeoutMs: 120000 }'),
    );
    return WITH_DEFAULT_RATES;
  }
  const keys = Object.keys(DEFAULT_LIMITS) as (keyof typeof DEFAULT_LIMITS)[];
  checkKeys(value, [...keys, 'rates'], 'limits.', issues);
  const limits: { -readonly [K in keyof Limits]: Limits[K] } = {
    ...DEFAULT_LIMITS,
    rates: readRates(value.rates, issues),
  };
  for (const key of keys) {
    const given = value[key];
    if (given === undefined) continue;
    const { least, most, unit } = rangeOf(key);
    if (typeof given === 'number' && Number.isInteger(given) && given >= least && given <= most)
      limits[key] = given;
    else {
      const remedy = `Write a whole number from ${least} to ${most}, or leave it out for ${DEFAULT_LIMITS[key]}`;
      issues.push(issue('limit-out-of-range', `limits.${key}`, `${shown(given)} is not ${unit}`, remedy));
    }
  }
  return limits;
}

import { type JsonSchema, orReference } from 'mcp-cors/schema';
import type { GatewayIssue } from '../errors.js';
import { DEFAULT_RATES, RATES_SCHEMA, type Rates, type RatesConfig, readRates } from './rates.js';
import { checkKeys, isObject, issue, shown } from './reading.js';

/** Bounds, in milliseconds; 0 turns one off. Event streams have no idle time-out. */
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
  /** How many requests a client may send in a time; `off` for no bound. */
  readonly rates?: RatesConfig | undefined;
}

const DEFAULT_LIMITS = Object.freeze({
  connectTimeoutMs: 10_000,
  headersTimeoutMs: 120_000,
  bodyTimeoutMs: 60_000,
  shutdownTimeoutMs: 5_000,
  keepAliveCommentMs: 15_000,
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
};

/** The longest time that a timer can hold. */
const MAX_TIMER_MS = 2_147_483_647;

/** What `limits` may hold. */
export const LIMITS_SCHEMA: JsonSchema = {
  description: 'Bounds: times in milliseconds, of which 0 turns one off, and budgets of requests.',
  type: 'object',
  additionalProperties: false,
  properties: {
    ...Object.fromEntries(
      Object.entries(DEFAULT_LIMITS).map(([key, preset]) => [
        key,
        orReference({
          description: DESCRIPTIONS[key as keyof typeof DEFAULT_LIMITS],
          type: 'integer',
          minimum: 0,
          maximum: MAX_TIMER_MS,
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
    if (typeof given === 'number' && Number.isInteger(given) && given >= 0 && given <= MAX_TIMER_MS)
      limits[key] = given;
    else {
      const remedy = `Write a whole number from 0 to ${MAX_TIMER_MS}, or leave it out for ${DEFAULT_LIMITS[key]}`;
      issues.push(
        issue('limit-out-of-range', `limits.${key}`, `${shown(given)} is not a time in milliseconds`, remedy),
      );
    }
  }
  return limits;
}

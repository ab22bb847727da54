import { BUDGETS, type Budget } from 'mcp-cors/carrier';
import { type JsonSchema, orReference } from 'mcp-cors/schema';
import type { GatewayIssue } from '../errors.js';
import { checkKeys, isObject, issue, shown } from './reading.js';

/** How many requests a client may send in a time. */
export interface RateConfig {
  readonly points: number;
  /** How long a window is, in seconds. */
  readonly seconds: number;
}

/**
 * Budgets of a client's address and the pattern that admitted its page; `off` for no budget. What is refused for its
 * origin or host has one budget for each address.
 */
export type RatesConfig = 'off' | { readonly [B in Budget]?: RateConfig | 'off' | undefined };

/** The budgets that are counted. */
export type Rates = { readonly [B in Budget]?: RateConfig };

/**
 * What nobody reaches by using a server, offices behind one address included, and what leaves most of a core to others
 * when somebody means harm.
 */
export const DEFAULT_RATES: Readonly<Required<Rates>> = Object.freeze({
  preflights: Object.freeze({ points: 6_000, seconds: 60 }),
  denied: Object.freeze({ points: 6_000, seconds: 60 }),
  requests: Object.freeze({ points: 30_000, seconds: 60 }),
  streams: Object.freeze({ points: 6_000, seconds: 60 }),
});

const MAX_POINTS = 1_000_000_000;
const MAX_SECONDS = 86_400;

const EXAMPLE = 'rates: { requests: { points: 30000, seconds: 60 } }, or rates: off';

const OFF: JsonSchema = { enum: ['off'] };

const DESCRIPTIONS: Readonly<Record<Budget, string>> = {
  preflights: 'Preflights.',
  denied: 'Requests that the policy refuses.',
  requests: 'Requests that pass.',
  streams: 'Requests that may open an event stream.',
};

/** What `limits.rates` may be. */
export const RATES_SCHEMA: JsonSchema = {
  description: "Budgets of a client's address and the pattern that admitted its page; off for none.",
  examples: ['off', { requests: { points: 30_000, seconds: 60 }, streams: 'off' }],
  anyOf: [
    OFF,
    {
      type: 'object',
      additionalProperties: false,
      properties: Object.fromEntries(
        BUDGETS.map((budget) => [
          budget,
          {
            description: DESCRIPTIONS[budget],
            default: DEFAULT_RATES[budget],
            anyOf: [
              OFF,
              {
                type: 'object',
                required: ['points', 'seconds'],
                additionalProperties: false,
                properties: {
                  points: wholeNumber('How many in a window.', MAX_POINTS),
                  seconds: wholeNumber('How long a window is, in seconds.', MAX_SECONDS),
                },
              },
            ],
          },
        ]),
      ),
    },
  ],
};

function wholeNumber(description: string, maximum: number): JsonSchema {
  return orReference({ description, type: 'integer', minimum: 1, maximum });
}

/** Reads `limits.rates`. */
export function readRates(value: unknown, issues: GatewayIssue[]): Rates {
  if (value === undefined) return DEFAULT_RATES;
  if (value === 'off') return {};
  if (!isObject(value)) {
    issues.push(
      issue('wrong-type', 'limits.rates', `${shown(value)} is neither off nor an object`, `Write ${EXAMPLE}`),
    );
    return DEFAULT_RATES;
  }
  checkKeys(value, BUDGETS, 'limits.rates.', issues);
  const rates: { [B in Budget]?: RateConfig } = {};
  for (const budget of BUDGETS) {
    const given = value[budget];
    if (given === 'off') continue;
    rates[budget] =
      given === undefined ? DEFAULT_RATES[budget] : readRate(given, `limits.rates.${budget}`, issues);
  }
  return rates;
}

function readRate(value: unknown, path: string, issues: GatewayIssue[]): RateConfig {
  if (!isObject(value)) {
    issues.push(
      issue('wrong-type', path, `${shown(value)} is neither off nor an object`, `Write ${EXAMPLE}`),
    );
    return { points: 1, seconds: 1 };
  }
  checkKeys(value, ['points', 'seconds'], `${path}.`, issues);
  const read = (key: keyof RateConfig, most: number): number => {
    const given = value[key];
    if (typeof given === 'number' && Number.isInteger(given) && given >= 1 && given <= most) return given;
    const message = `${shown(given)} is not a whole number from 1 to ${most}`;
    issues.push(issue('rate-out-of-range', `${path}.${key}`, message, `Write ${EXAMPLE}`));
    return 1;
  };
  return Object.freeze({ points: read('points', MAX_POINTS), seconds: read('seconds', MAX_SECONDS) });
}

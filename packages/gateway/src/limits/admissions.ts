import { type Admit, type CarrierOptions, createAdmit } from 'mcp-cors/carrier';
import type { GatewaySettings } from '../config/config.js';
import type { Rates } from '../config/rates.js';
import { createMemoryLimiters } from './memory.js';

/**
 * Makes admissions for the settings that hold. A limiter of the options stands in place of their rates; a reload that
 * leaves the rates alone leaves the counts alone.
 */
export function createAdmissions(
  options: CarrierOptions,
  first: GatewaySettings,
): (settings: GatewaySettings) => Admit {
  const make = (rates: Rates): Admit =>
    createAdmit({ ...options, limiter: options.limiter ?? createMemoryLimiters(rates) });
  let { rates } = first.limits;
  let admit = make(rates);
  return ({ limits }) => {
    if (limits.rates !== rates) {
      if (options.limiter === undefined && JSON.stringify(limits.rates) !== JSON.stringify(rates)) {
        admit = make(limits.rates);
      }
      rates = limits.rates;
    }
    return admit;
  };
}

import type { LimiterConfig } from 'mcp-cors/express';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { Limits } from './settings.js';

const MINUTE = 60; // seconds

/** A limiter for each budget, in the memory of this process. */
export function createLimits({ preflights, denied, requests, streams }: Limits): LimiterConfig {
  const perMinute = (points: number): RateLimiterMemory =>
    new RateLimiterMemory({ points, duration: MINUTE });
  return {
    preflights: perMinute(preflights),
    denied: perMinute(denied),
    requests: perMinute(requests),
    streams: perMinute(streams),
  };
}

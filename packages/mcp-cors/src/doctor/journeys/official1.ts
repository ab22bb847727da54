import type { JourneyPlan } from '../walk.js';
import { streamableSteps } from './streamable.js';

/** `@modelcontextprotocol/sdk` 1.x, whose requests are those of 2.x in its default mode. */
export const OFFICIAL_1: JourneyPlan = {
  client: 'official-1',
  about: 'the official client 1.x',
  steps: streamableSteps(),
};

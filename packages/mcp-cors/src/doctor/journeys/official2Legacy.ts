import type { JourneyPlan } from '../walk.js';
import { streamableSteps } from './streamable.js';

/** `@modelcontextprotocol/client` 2.x as it comes: the revisions up to 2025-11-25. */
export const OFFICIAL_2_LEGACY: JourneyPlan = {
  client: 'official-2-legacy',
  about: 'the official client 2.x in its default mode',
  steps: streamableSteps(),
};

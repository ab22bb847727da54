import type { JourneyPlan } from '../walk.js';
import { HTTP_SSE } from './httpSse.js';
import { INSPECTOR } from './inspector.js';
import { OFFICIAL_1 } from './official1.js';
import { OFFICIAL_2_AUTO } from './official2Auto.js';
import { OFFICIAL_2_LEGACY } from './official2Legacy.js';
import { SIGN_IN } from './signIn.js';

/** The journeys, in the order in which they are walked. */
export const JOURNEYS: readonly JourneyPlan[] = [
  OFFICIAL_2_LEGACY,
  OFFICIAL_2_AUTO,
  OFFICIAL_1,
  HTTP_SSE,
  INSPECTOR,
  SIGN_IN,
];

export {
  type ChangeOfAddress,
  type ChangeOfId,
  changeSessionParameter,
  createEndpointAddressRewriter,
  type EndpointEventRewriter,
} from '../session/index.js';
export {
  type Admission,
  type Admit,
  type Arrival,
  type CarrierOptions,
  createAdmit,
  looksAtHeadsAlone,
} from './admission.js';
export { clientKey } from './clientKey.js';
export type { DecisionEvent } from './decisionEvent.js';
export {
  BUDGETS,
  type Budget,
  type Limiter,
  type LimiterAnswer,
  type LimiterConfig,
  type OnLimiterError,
} from './limits.js';

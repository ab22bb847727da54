export type { AuditConfig } from './config/audit.js';
export { type GatewayConfig, readGatewayConfig } from './config/config.js';
export type { LimitsConfig } from './config/limits.js';
export { DEFAULT_LISTEN, parseListen } from './config/listen.js';
export type { MetricsConfig, TokenConfig } from './config/metrics.js';
export type { RateConfig, RatesConfig } from './config/rates.js';
export type { RouteConfig } from './config/routes.js';
export { GATEWAY_SCHEMA } from './config/schema.js';
export type { TlsConfig, TlsFiles } from './config/tls.js';
export {
  GATEWAY_ANSWERS,
  GATEWAY_FAULTS,
  type GatewayAnswer,
  GatewayConfigError,
  type GatewayFault,
  type GatewayIssue,
} from './errors.js';
export { type Exchange, type ExchangeListener, readableHeaders } from './journal.js';
export type { CompletionCounts } from './params/completion.js';
export { type Gateway, type GatewayOptions, startGateway } from './server.js';
export { createEventCounter, type EventCounter } from './sse.js';
export type { CertificateEvent } from './tls/keeper.js';
export type { LocalAuthority } from './tls/localAuthority.js';
export { type TrustStep, trustSteps } from './tls/trustSteps.js';
export { watchFiles } from './watch.js';

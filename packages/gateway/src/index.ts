export {
  DEFAULT_LISTEN,
  type GatewayConfig,
  type LimitsConfig,
  parseListen,
  type RouteConfig,
  readGatewayConfig,
} from './config.js';
export { GATEWAY_ANSWERS, type GatewayAnswer, GatewayConfigError, type GatewayIssue } from './errors.js';
export { type Exchange, type ExchangeListener, readableHeaders } from './journal.js';
export { type Gateway, type GatewayOptions, startGateway } from './server.js';
export { createEventCounter, type EventCounter } from './sse.js';

export {
  type ChangeOfAddress,
  createEndpointAddressRewriter,
  createEndpointEventRewriter,
  type EndpointEventRewriter,
} from './endpointEvent.js';
export { isEventStream } from './eventStream.js';
export { type ChangeOfId, changeSessionParameter } from './parameters.js';
export { createSessionSealer, type SessionSealer, sessionOwner } from './seal.js';

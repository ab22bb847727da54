export { POLICY_KEYS, type PolicyConfig, type PolicySettings } from './config.js';
export { denyAfter } from './decide.js';
export {
  CARRIER_REASONS,
  type CarrierReason,
  CHECKS,
  type Check,
  type Decision,
  type Outcome,
  REASONS,
  type Reason,
  type RequestHead,
} from './decision.js';
export {
  createDirectory,
  createSnapshot,
  type DirectoryOptions,
  DirectoryTimeoutError,
  type OriginDirectory,
  type OriginSnapshot,
} from './directory.js';
export { ENDPOINT_KINDS, type EndpointKind, METADATA_NAMES } from './endpoints.js';
export { POLICY_ISSUES, PolicyConfigError, type PolicyIssue, type PolicyIssueCode } from './errors.js';
export { type CheckResult, type Explanation, explain } from './explain.js';
export {
  CORS_RESPONSE_HEADERS,
  type HeaderField,
  isCorsResponseHeader,
  mergeVary,
  SAFELISTED_METHODS,
} from './headers.js';
export { LOOPBACK_HOSTS } from './host.js';
export {
  createLivePolicy,
  createPolicy,
  createPolicyGradually,
  type Decided,
  type LivePolicy,
  type Policy,
  type StaticPolicyConfig,
  toPolicy,
  whenDecided,
} from './policy.js';
export { REVISION_NEEDS, REVISIONS, type Revision, type RevisionNeeds } from './revisions.js';
export type { SessionConfig, SessionSettings } from './sessionOptions.js';
export { nearestName } from './spelling.js';
export type { Texts } from './texts.js';

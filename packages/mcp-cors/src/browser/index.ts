export type { AddressSpace } from './addressSpace.js';
export {
  type BrowserOptions,
  createBrowser,
  type FetchResult,
  type ModelBrowser,
  type Send,
} from './browser.js';
export type { CredentialsMode } from './corsCheck.js';
export type { Exchange, HttpRequest, HttpResponse, PageResponse } from './exchange.js';
export type { Fetching } from './fetching.js';
export { createPreflightCache, type PreflightCache } from './preflightCache.js';
export { type BrowserProfile, PROFILE_NAMES, PROFILES, type ProfileName } from './profile.js';
export type { FetchInit, RedirectMode, RequestBody, RequestMode } from './request.js';
export { BLOCKED_ERRORS, type Blocked, type BlockedError } from './verdict.js';

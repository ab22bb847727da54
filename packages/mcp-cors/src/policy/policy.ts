import {
  type PolicyConfig,
  type PolicySettings,
  readPolicyConfigInParts,
  writePolicyConfig,
} from './config.js';
import { compileDecide } from './decide.js';
import type { Decision, RequestHead } from './decision.js';
import type { OriginDirectory } from './directory.js';
import { PolicyConfigError } from './errors.js';
import { type Explanation, explain } from './explain.js';
import { atOnce, type InParts, inParts } from './parts.js';

/** A decision, or the promise of one where a directory has to be asked. */
export type Decided = Decision | Promise<Decision>;

/**
 * A compiled policy. Frozen: it can be shared by any number of carriers, and nothing can change it.
 * `D` is `Decision` where all origins are patterns.
 */
export interface Policy<D extends Decided = Decided> {
  /** The configuration after defaults, in one form. */
  readonly settings: PolicySettings;
  /** Decides about a request. Never throws, never rejects; its cost does not grow with the number of origins. */
  readonly decide: (head: RequestHead) => D;
  /** Decides and says why in words. Meant for people, not for the path of a request. */
  readonly explain: (
    head: RequestHead,
  ) => D extends Decision ? Explanation : Explanation | Promise<Explanation>;
  /**
   * Another policy, with these settings in place of the same ones of this policy's configuration.
   * @throws {PolicyConfigError} as `createPolicy` does.
   */
  readonly with: (change: Partial<PolicyConfig>) => Policy;
  /** A configuration that compiles to this policy, as plain data for YAML or JSON; directories are left out. */
  readonly toConfig: () => PolicyConfig;
}

/** A configuration without directories. */
export type StaticPolicyConfig = Omit<PolicyConfig, 'origins'> & {
  readonly origins:
    | Exclude<PolicyConfig['origins'], OriginDirectory | readonly unknown[]>
    | readonly (string | RegExp)[];
};

/**
 * Validates a configuration whole, and compiles it to a frozen policy.
 *
 * @throws {PolicyConfigError} with every issue of the configuration, each with its place and remedy.
 */
export function createPolicy(config: StaticPolicyConfig): Policy<Decision>;
export function createPolicy(config: PolicyConfig): Policy;
export function createPolicy(config: PolicyConfig): Policy {
  return atOnce(createPolicyInParts(config));
}

/**
 * Does the same in parts of less than a millisecond, so that a server can go on serving while it takes over a policy with
 * thousands of origins. Between two parts, `pause` may give a promise that is waited for.
 *
 * @throws {PolicyConfigError} as `createPolicy` does.
 */
export function createPolicyGradually(
  config: PolicyConfig,
  pause: () => Promise<void> | undefined,
): Promise<Policy> {
  return inParts(createPolicyInParts(config), pause);
}

function* createPolicyInParts(config: PolicyConfig): InParts<Policy> {
  const { settings, issues } = yield* readPolicyConfigInParts(config);
  if (issues !== undefined) throw new PolicyConfigError(issues);
  const enforced = yield* compileDecide(settings);
  const decide = settings.reportOnly
    ? (head: RequestHead) => whenDecided(enforced(head), reportOnly)
    : enforced;
  return Object.freeze({
    settings,
    decide,
    explain: (head: RequestHead) =>
      whenDecided(decide(head), (decision) => explain(head, decision, settings)),
    with: (change: Partial<PolicyConfig>) => createPolicy({ ...ownConfig(settings), ...change }),
    toConfig: () => writePolicyConfig(settings),
  });
}

/** The configuration of a policy, directories included: what its owner changes later in his own object is not in it. */
function ownConfig(settings: PolicySettings): PolicyConfig {
  const config = writePolicyConfig(settings);
  return { ...config, origins: [...settings.origins.map(({ text }) => text), ...settings.directories] };
}

/** Goes on with a decision now, or when it is there. */
export function whenDecided<T>(decided: Decided, next: (decision: Decision) => T): T | Promise<T> {
  return decided instanceof Promise ? decided.then(next) : next(decided);
}

/** Takes a policy as it is, and makes one from a configuration. */
export function toPolicy(configOrPolicy: PolicyConfig | Policy): Policy {
  return isPolicy(configOrPolicy) ? configOrPolicy : createPolicy(configOrPolicy);
}

function isPolicy(value: PolicyConfig | Policy): value is Policy {
  return typeof value === 'object' && value !== null && 'decide' in value;
}

/** A policy that can be replaced while carriers hold it. */
export interface LivePolicy extends Policy {
  /**
   * Puts another policy in place of the current one, at once and whole. Requests that are being decided keep theirs.
   * When the configuration is not valid it throws, and the current policy stays.
   * @throws {PolicyConfigError} as `createPolicy` does.
   */
  readonly replace: (configOrPolicy: PolicyConfig | Policy) => void;
}

/** Makes a handle that carriers take like any policy, and that follows the last one it was given. */
export function createLivePolicy(configOrPolicy: PolicyConfig | Policy): LivePolicy {
  let current = toPolicy(configOrPolicy);
  return Object.freeze({
    get settings() {
      return current.settings;
    },
    decide: (head: RequestHead) => current.decide(head),
    explain: (head: RequestHead) => current.explain(head),
    with: (change: Partial<PolicyConfig>) => current.with(change),
    toConfig: () => current.toConfig(),
    replace(next: PolicyConfig | Policy) {
      current = toPolicy(next);
    },
  });
}

/** Turns a denial into a pass that leaves the response to the application, and remembers the denial. */
function reportOnly(decision: Decision): Decision {
  if (decision.outcome !== 'deny') return decision;
  return Object.freeze({
    ...decision,
    outcome: 'pass',
    status: undefined,
    headers: Object.freeze([]),
    vary: '',
    body: undefined,
    wouldDeny: decision,
  });
}

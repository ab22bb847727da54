import { type PolicyConfig, type PolicySettings, readPolicyConfig } from './config.js';
import { compileDecide, type Decide } from './decide.js';
import type { Decision, RequestHead } from './decision.js';
import { PolicyConfigError } from './errors.js';
import { type Explanation, explain } from './explain.js';

/** A compiled policy. Frozen: it can be shared by any number of carriers, and nothing can change it. */
export interface Policy {
  /** The configuration after defaults, in one form. */
  readonly settings: PolicySettings;
  /** Decides about a request. Immediate; never throws; its cost does not grow with the number of origins. */
  readonly decide: Decide;
  /** Decides and says why in words. Meant for people, not for the path of a request. */
  readonly explain: (head: RequestHead) => Explanation;
}

/**
 * Validates a configuration whole, and compiles it to a frozen policy.
 *
 * @throws {PolicyConfigError} with every issue of the configuration, each with its place and remedy.
 */
export function createPolicy(config: PolicyConfig): Policy {
  const { settings, issues } = readPolicyConfig(config);
  if (issues !== undefined) throw new PolicyConfigError(issues);
  const enforced = compileDecide(settings);
  const decide: Decide = settings.reportOnly ? (head) => reportOnly(enforced(head)) : enforced;
  return Object.freeze({
    settings,
    decide,
    explain: (head: RequestHead) => explain(head, decide(head)),
  });
}

/** Takes a policy as it is, and makes one from a configuration. */
export function toPolicy(configOrPolicy: PolicyConfig | Policy): Policy {
  return isPolicy(configOrPolicy) ? configOrPolicy : createPolicy(configOrPolicy);
}

function isPolicy(value: PolicyConfig | Policy): value is Policy {
  return typeof value === 'object' && value !== null && 'decide' in value;
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

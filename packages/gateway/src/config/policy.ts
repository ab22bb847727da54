import {
  createPolicy,
  createPolicyGradually,
  type Policy,
  type PolicyConfig,
  PolicyConfigError,
} from 'mcp-cors';
import type { GatewayIssue } from '../errors.js';
import { issue } from './reading.js';

/** The policies of a configuration that is being read. */
export interface PlacedPolicies {
  /** Those that were found good, by their places. */
  readonly placed: Map<string, Policy>;
  readonly prepared: PreparedPolicies;
}

/** What policies came to that were made before their configurations are read: a policy, or what is wrong with it. */
export type PreparedPolicies = ReadonlyMap<unknown, Policy | PolicyConfigError>;

/** Makes policies ahead, in parts between which `pause` may wait. */
export async function preparePolicies(
  values: readonly unknown[],
  pause: () => Promise<void> | undefined,
): Promise<PreparedPolicies> {
  const prepared = new Map<unknown, Policy | PolicyConfigError>();
  for (const value of new Set(values)) {
    try {
      prepared.set(value, await createPolicyGradually(value as PolicyConfig, pause));
    } catch (error) {
      if (!(error instanceof PolicyConfigError)) throw error;
      prepared.set(value, error);
    }
  }
  return prepared;
}

/** Reads the policy at a place. */
export function readPolicy(
  value: unknown,
  path: string,
  policies: PlacedPolicies,
  issues: GatewayIssue[],
): Policy | undefined {
  if (value === undefined) {
    issues.push(
      issue(
        'policy-missing',
        path,
        'no policy is given',
        "Name the pages: policy: { origins: ['https://app.example.com'] }",
      ),
    );
    return undefined;
  }
  try {
    const policy = policies.prepared.get(value) ?? createPolicy(value as PolicyConfig);
    if (policy instanceof PolicyConfigError) throw policy;
    policies.placed.set(path, policy);
    return policy;
  } catch (error) {
    if (!(error instanceof PolicyConfigError)) throw error;
    for (const { code, path: inner, message, remedy } of error.issues) {
      const place = inner === '' ? path : `${path}.${inner}`;
      issues.push(issue(code, place, message, remedy.replace(/\.$/, '')));
    }
    return undefined;
  }
}

import { createPolicy, type Policy, type PolicyConfig, PolicyConfigError } from 'mcp-cors';
import type { GatewayIssue } from '../errors.js';
import { issue } from './reading.js';

/** The policies that were found good, by their places. */
export type PlacedPolicies = Map<string, Policy>;

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
    const policy = createPolicy(value as PolicyConfig);
    policies.set(path, policy);
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

import { ENDPOINT_KINDS, type EndpointKind, hasDotSegments } from './endpoints.js';
import { type PolicyIssue, policyIssue } from './errors.js';
import { isRevision, REVISIONS, type Revision } from './revisions.js';
import { readTexts } from './texts.js';

/** The revisions that the server speaks. */
export function readRevisions(value: unknown, issues: PolicyIssue[]): readonly Revision[] {
  if (value === undefined) return REVISIONS;
  const before = issues.length;
  const revisions: Revision[] = [];
  for (const { path, text } of readTexts(value, 'revisions', issues)) {
    if (isRevision(text)) revisions.push(text);
    else issues.push(policyIssue('revision-unknown', path, text));
  }
  if (revisions.length === 0 && issues.length === before) {
    issues.push(policyIssue('revisions-empty', 'revisions', value));
  }
  return revisions;
}

/** Kinds of endpoint by path. */
export function readEndpoints(value: unknown, issues: PolicyIssue[]): Readonly<Record<string, EndpointKind>> {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    issues.push(
      policyIssue('wrong-type', 'endpoints', value, { detail: 'an object of path: kind is expected' }),
    );
    return {};
  }
  const endpoints: Record<string, EndpointKind> = {};
  for (const [path, kind] of Object.entries(value)) {
    const place = `endpoints[${JSON.stringify(path)}]`;
    if (!isEndpointPath(path)) {
      issues.push(policyIssue('endpoint-path-syntax', place, path));
    } else if (!(ENDPOINT_KINDS as readonly unknown[]).includes(kind)) {
      issues.push(policyIssue('endpoint-kind-unknown', place, kind));
    } else {
      endpoints[path] = kind as EndpointKind;
    }
  }
  return endpoints;
}

/** Whether a request's path can be this one, or lie below it where it ends with `/*`. */
function isEndpointPath(path: string): boolean {
  const base = path.endsWith('/*') ? path.slice(0, -1) : path;
  return /^\/[^\s?#*%\\]*$/.test(base) && !base.includes('//') && !hasDotSegments(base);
}

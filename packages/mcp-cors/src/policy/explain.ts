import { createCanonicaliser } from './alias.js';
import { type PolicySettings, readPolicyConfig } from './config.js';
import { isHostChecked } from './decide.js';
import {
  CARRIER_REASONS,
  CHECKS,
  type Check,
  type Decision,
  REASONS,
  type Reason,
  type RequestHead,
} from './decision.js';
import { isJsonOnly } from './endpoints.js';
import { quote } from './errors.js';
import { findNearMiss } from './nearest.js';
import { parseOrigin } from './origin.js';

/** How one check of a request went. */
export interface CheckResult {
  readonly check: Check;
  readonly result: 'passed' | 'failed' | 'skipped';
  readonly detail: string;
}

/** A decision in words, for the owner of the policy. */
export interface Explanation {
  readonly decision: Decision;
  /** `allowed` when the request passes or its preflight does. */
  readonly verdict: 'allowed' | 'refused';
  readonly reason: Reason;
  /** One sentence: what happened and why. */
  readonly why: string;
  /** What to change; undefined when there is nothing to mend. */
  readonly remedy: string | undefined;
  readonly checks: readonly CheckResult[];
}

interface Words {
  why(head: RequestHead, decision: Decision): string;
  remedy?(head: RequestHead, decision: Decision, settings: PolicySettings): string;
}

const shown = (value: string | undefined): string => (value === undefined ? 'none' : quote(value));

const WORDS: Readonly<Record<Reason, Words>> = {
  'origin-allowed': {
    why: (head, { rule }) => `The origin ${shown(head.origin)} is admitted by the pattern ${shown(rule)}.`,
  },
  'same-origin': {
    why: (head) =>
      `The page comes from ${shown(head.origin)}, which is this server itself under a checked Host.`,
  },
  'no-origin': {
    why: () => 'The request has no Origin: a native client, or a page of the server itself.',
  },
  'preflight-allowed': {
    why: (head, { rule }) =>
      `The preflight for ${shown(head.requestMethod)} passes: origin ${shown(head.origin)}${rule === undefined ? '' : ` is admitted by ${shown(rule)}`}, and every requested header is allowed.`,
  },
  'request-target-not-allowed': {
    why: (head) =>
      `The request target ${shown(head.path)} is not a path; an absolute form would override the Host.`,
    remedy: () =>
      'Send a request target that begins with /. Proxies in front must not forward absolute forms.',
  },
  'request-head-incomplete': {
    why: () =>
      'The request has more headers than the server reads, so one that counts may have been dropped.',
    remedy: () => 'Send fewer headers. A server that must take more sets maxHeadersCount; 0 reads them all.',
  },
  'host-missing': {
    why: () => 'The request has no Host, so nobody can tell whether DNS rebinding brought it here.',
    remedy: () => 'Send a Host header (HTTP/1.1), or set dangerouslyAllowAnyHost: true.',
  },
  'host-not-allowed': {
    why: (head) =>
      `The Host ${shown(head.host)} is not a name under which this server is known, which is how DNS rebinding looks.`,
    remedy: ({ host = '' }, _, settings) =>
      advise(
        'hosts',
        host.replace(/:[0-9]*$/, '').toLowerCase(),
        'If clients reach the server under this name,',
        settings,
      ),
  },
  'origin-missing': {
    why: () => "The request has no Origin, and missingOrigin is 'deny'.",
    remedy: () => "Set missingOrigin: 'allow' if native clients shall connect.",
  },
  'cross-site-request': {
    why: ({ fetchSite }) =>
      `A page of another origin (Sec-Fetch-Site: ${shown(fetchSite)}) loads this in no-cors mode, as an image, a script or a frame.`,
    remedy: () =>
      "Let the page use fetch() in cors mode. If the path is not MCP, say so: endpoints: { '/path': 'other' }.",
  },
  'origin-null': {
    why: () => 'The origin is null: a sandboxed frame, a file: or data: page, or a redirect across origins.',
    remedy: () =>
      'Serve the page over http or https. dangerouslyAllowNullOrigin admits every such page at once.',
  },
  'origin-not-allowed': {
    why: (head) =>
      parseOrigin(head.origin ?? '') === undefined
        ? `The Origin ${shown(head.origin)} is not one that a browser would send.`
        : `The origin ${shown(head.origin)} is not among the allowed origins.`,
    remedy: ({ origin = '' }, _, settings) => {
      const near = findNearMiss(origin, settings.origins, createCanonicaliser(settings.aliases));
      const hint =
        near === undefined ? '' : `The nearest pattern is ${quote(near.pattern)}, but ${near.difference}. `;
      return `${hint}${
        parseOrigin(origin) === undefined
          ? 'An origin is scheme://host[:port] in lower case, without a path and without the default port.'
          : advise('origins', origin, 'If this page is yours,', settings)
      }`;
    },
  },
  'method-not-allowed': {
    why: (head, { kind }) =>
      `Pages may not use the method ${shown(head.requestMethod)} on endpoints of kind ${kind} under the served revisions.`,
    remedy: ({ requestMethod = '' }, _, settings) =>
      advise('methods', requestMethod, 'If the server needs it, serve a revision that uses it, or', settings),
  },
  'request-header-not-allowed': {
    why: (_, { subject, kind }) =>
      `Pages may not send the request header ${shown(subject)} to endpoints of kind ${kind} under the served revisions.`,
    remedy: (_, { subject = '' }, settings) =>
      advise('allowedHeaders', subject, 'If the server needs it,', settings),
  },
  'request-headers-malformed': {
    why: () =>
      'Access-Control-Request-Headers is no list that a browser would send, or longer than any would.',
    remedy: () => 'Send names separated by commas, each once.',
  },
  'content-type-not-allowed': {
    why: (head, { kind }) =>
      `A POST to an endpoint of kind ${kind} must be application/json, not ${shown(head.contentType)}: any page can send other types without a preflight.`,
    remedy: () =>
      "Send Content-Type: application/json. If the path is not MCP, say so: endpoints: { '/path': 'other' }.",
  },
  'session-not-found': {
    why: (head) =>
      `The request has no session id that was sealed to ${head.origin === undefined ? 'clients without Origin' : shown(head.origin)}: it is forged or cut short, another origin opened the session, or a message came without one.`,
    remedy: () =>
      'A client that gets 404 opens a session of its own. Replicas need the same sessions.secret; a new secret goes behind the old one until all of them have it, then in front.',
  },
  'rate-limited': {
    why: (head) =>
      `The client has used up its budget${head.origin === undefined ? '' : ` for the origin ${shown(head.origin)}`}.`,
    remedy: () => 'Wait as long as Retry-After says, or give the limiter more points.',
  },
  'limiter-failed': {
    why: () => "The limiter's store did not answer, and onLimiterError is 'deny'.",
    remedy: () => "Mend the store, or let requests pass without being counted: onLimiterError: 'allow'.",
  },
};

/** Puts a decision in words, with every check that led to it. */
export function explain(head: RequestHead, decision: Decision, settings: PolicySettings): Explanation {
  const actual = decision.wouldDeny ?? decision;
  const words = WORDS[actual.reason];
  return Object.freeze({
    decision,
    verdict: actual.outcome === 'deny' ? 'refused' : 'allowed',
    reason: actual.reason,
    why: words.why(head, actual),
    remedy: words.remedy?.(head, actual, settings),
    checks: traceChecks(head, actual, settings),
  });
}

const CARRIER_CHECKS: readonly Check[] = CARRIER_REASONS.map((reason) => REASONS[reason].check);

/** Ids stay out of explanations: whoever reads one could use it. */
const SEALED = 'the id, if there is one, is opened by the carrier';

function traceChecks(
  head: RequestHead,
  decision: Decision,
  settings: PolicySettings,
): readonly CheckResult[] {
  const failed = decision.outcome === 'deny' ? REASONS[decision.reason].check : undefined;
  const failedAt = failed === undefined ? CHECKS.length : CHECKS.indexOf(failed);
  const preflight =
    head.method === 'OPTIONS' && head.requestMethod !== undefined && head.origin !== undefined;
  const details: Record<Check, string | undefined> = {
    'request-target': quote(head.path),
    host: isHostChecked(head, settings) ? shown(head.host) : undefined,
    origin:
      decision.rule === undefined ? shown(head.origin) : `${shown(head.origin)} by ${shown(decision.rule)}`,
    'preflight-method': preflight ? shown(head.requestMethod) : undefined,
    'preflight-headers': preflight ? shown(decision.subject ?? head.requestHeaders) : undefined,
    'content-type':
      head.method === 'POST' && decision.kind !== undefined && isJsonOnly(decision.kind)
        ? shown(head.contentType)
        : undefined,
    session: settings.sessions === undefined ? undefined : SEALED,
    limit: failed === 'limit' ? decision.reason : undefined,
  };
  // Only a carrier knows of sessions and limits; where it has none of them, neither has the trace.
  const made = CHECKS.filter((check) => !CARRIER_CHECKS.includes(check) || details[check] !== undefined);
  return made.map((check) => {
    const i = CHECKS.indexOf(check);
    const detail = details[check];
    if (i > failedAt) return { check, result: 'skipped', detail: 'refused before' };
    if (detail === undefined) return { check, result: 'skipped', detail: 'does not apply' };
    return { check, result: i === failedAt ? 'failed' : 'passed', detail };
  });
}

/** The lists to which a remedy may add something. */
type ListKey = 'origins' | 'hosts' | 'methods' | 'allowedHeaders';

/** How to allow a value: the line of configuration, or why no policy like this one takes it. */
function advise(
  key: ListKey,
  value: string,
  condition: string,
  { credentials, allowInsecureOrigins }: PolicySettings,
): string {
  const { issues } = readPolicyConfig({
    origins: 'https://app.example.com',
    credentials,
    dangerouslyAllowInsecureOrigins: allowInsecureOrigins,
    [key]: [value],
  });
  const issue = issues?.[0];
  if (issue !== undefined) return `No policy like this one can allow it: ${issue.message}. ${issue.remedy}`;
  const line = value.includes("'") ? `${key}: [${JSON.stringify(value)}]` : `${key}: ['${value}']`;
  return `${condition} add it to ${key}: ${line}.`;
}

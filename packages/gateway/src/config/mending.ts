import { flag, type JsonSchema } from 'mcp-cors/schema';
import type { GatewayIssue } from '../errors.js';
import { isOrigin } from './present.js';
import { issue, shown } from './reading.js';

/** What of a route's answers is put right that was written without a gateway in mind. */
export interface MendingConfig {
  /** Whether redirects to the same upstream are followed by the gateway. Default true. */
  readonly followRedirects?: boolean | undefined;
  /** Whether OAuth metadata and challenges are passed as they are, or with public addresses. Default `passthrough`. */
  readonly oauth?: 'passthrough' | 'rewrite' | undefined;
  /** Whether a 400 that says that a session is lost becomes the 404 that clients wait for. Default true. */
  readonly mendLostSessions?: boolean | undefined;
  /** Other origins under which the upstream speaks of itself. */
  readonly upstreamNames?: string | readonly string[] | undefined;
}

/** What of a route's answers is put right. */
export interface MendingSettings {
  readonly followRedirects: boolean;
  readonly oauth: 'passthrough' | 'rewrite';
  readonly mendLostSessions: boolean;
  readonly upstreamNames: readonly string[];
}

/** The keys of {@link MendingConfig}. */
export const MENDING_KEYS = [
  'followRedirects',
  'oauth',
  'mendLostSessions',
  'upstreamNames',
] as const satisfies readonly (keyof MendingConfig)[];

const NAME_SCHEMA: JsonSchema = {
  type: 'string',
  pattern: '^https?://|\\$\\{',
  examples: ['http://internal:3001'],
};

/** What each of them may be. */
export const MENDING_SCHEMAS: Readonly<Record<keyof MendingConfig, JsonSchema>> = {
  followRedirects: flag('Whether redirects to the same upstream are followed by the gateway.', true),
  oauth: {
    description: 'Whether OAuth metadata and challenges pass as they are, or with public addresses.',
    type: 'string',
    default: 'passthrough',
    pattern: '^(passthrough|rewrite)$|\\$\\{',
    examples: ['passthrough', 'rewrite'],
  },
  mendLostSessions: flag(
    'Whether a 400 that says that a session is lost becomes the 404 that clients wait for.',
    true,
  ),
  upstreamNames: {
    description: 'Other origins under which the server speaks of itself.',
    anyOf: [NAME_SCHEMA, { type: 'array', items: NAME_SCHEMA }],
  },
};

/** Reads these settings of the route at a place. */
export function readMending(
  route: Readonly<Record<string, unknown>>,
  place: string,
  issues: GatewayIssue[],
): MendingSettings {
  return {
    followRedirects: readSwitch(route.followRedirects, `${place}.followRedirects`, issues),
    oauth: readOauth(route.oauth, `${place}.oauth`, issues),
    mendLostSessions: readSwitch(route.mendLostSessions, `${place}.mendLostSessions`, issues),
    upstreamNames: readNames(route.upstreamNames, `${place}.upstreamNames`, issues),
  };
}

function readSwitch(value: unknown, place: string, issues: GatewayIssue[]): boolean {
  if (typeof value === 'boolean') return value;
  if (value !== undefined) {
    const remedy = 'Write true or false, or leave it out for true';
    issues.push(issue('wrong-type', place, `${shown(value)} is neither true nor false`, remedy));
  }
  return true;
}

function readOauth(value: unknown, place: string, issues: GatewayIssue[]): 'passthrough' | 'rewrite' {
  if (value === 'rewrite' || value === 'passthrough') return value;
  if (value !== undefined) {
    const remedy = 'Write passthrough or rewrite';
    issues.push(issue('oauth-syntax', place, `${shown(value)} is neither passthrough nor rewrite`, remedy));
  }
  return 'passthrough';
}

function readNames(value: unknown, place: string, issues: GatewayIssue[]): readonly string[] {
  if (value === undefined) return [];
  const names: readonly unknown[] = Array.isArray(value) ? value : [value];
  for (const [i, name] of names.entries()) {
    if (typeof name === 'string' && isOrigin(name)) continue;
    const where = Array.isArray(value) ? `${place}[${i}]` : place;
    const remedy = 'Write scheme, host and port alone, such as http://internal:3001';
    issues.push(
      issue('upstream-name-syntax', where, `${shown(name)} is not an http or https origin`, remedy),
    );
  }
  return Object.freeze([...names]) as readonly string[];
}

import { type PolicyIssue, policyIssue } from './errors.js';
import { readTexts, type Texts } from './texts.js';

/** How session ids are sealed to the origin that opened the session. */
export interface SessionConfig {
  /**
   * What seals are made with, at least 32 characters, the same for every replica. Of several the first seals and all
   * are accepted. A new one first goes behind the old one on every replica, then in front of it; the old one goes when
   * its sessions are over.
   */
  readonly secret: Texts;
}

/** Secrets that were found good. They are not enumerable, so that settings can be printed without them. */
export interface SessionSettings {
  readonly secrets: readonly [string, ...string[]];
}

/** Fewest characters of a secret: 128 bits in hexadecimal digits, 192 in base64. */
export const MIN_SECRET_LENGTH = 32;

/** Stands for a secret in issues. */
const HIDDEN = Object.freeze({ hidden: 'a secret' });

/** Session sealing, or undefined when it is off. Values are left out of issues: issues are printed. */
export function readSessions(value: unknown, issues: PolicyIssue[]): SessionSettings | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    issues.push(
      policyIssue('wrong-type', 'sessions', HIDDEN, { detail: 'an object with secret is expected' }),
    );
    return undefined;
  }
  for (const key of Object.keys(value)) {
    if (key === 'secret') continue;
    issues.push(policyIssue('unknown-key', `sessions.${key}`, HIDDEN, { remedy: 'Use secret.' }));
  }
  const { secret } = value as { readonly secret?: unknown };
  const before = issues.length;
  const found: PolicyIssue[] = [];
  const secrets = readTexts(secret, 'sessions.secret', found);
  issues.push(...found.map((issue) => Object.freeze({ ...issue, value: HIDDEN })));
  for (const { path, text } of secrets) {
    if (text.length < MIN_SECRET_LENGTH) issues.push(policyIssue('session-secret-short', path, HIDDEN));
  }
  if (secrets.length === 0 && issues.length === before) {
    issues.push(policyIssue('session-secret-missing', 'sessions.secret', HIDDEN));
  }
  return Object.defineProperty({}, 'secrets', {
    value: Object.freeze(secrets.map(({ text }) => text)),
  }) as SessionSettings;
}

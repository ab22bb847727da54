import type { PolicyPlan } from './plan.js';

/** Something that a target cannot express. */
export interface Limit {
  /** Stable, and unique within a target. */
  readonly id: string;
  /** Whether the target then lets something pass, or a page read something, that the policy refuses. */
  readonly weakens: boolean;
  /** Whether a policy uses what cannot be expressed. */
  readonly concerns: (policy: PolicyPlan) => boolean;
  /** What cannot be expressed: a sentence that begins with the target's behaviour. */
  readonly what: string;
  readonly why: string;
  /** What to do instead. */
  readonly instead: string;
}

/** For limits that every policy meets. */
export const always = (): boolean => true;

const GATEWAY = 'put the gateway in front (mcp-cors gateway) or use an adapter of the library';

/** Origins that are looked up while the server runs. No proxy calls our code. */
export const DIRECTORIES: Limit = Object.freeze({
  id: 'directories',
  // What the directory would admit is refused: nobody gets in who should not.
  weakens: false,
  concerns: ({ settings }) => settings.directories.length > 0,
  what: 'Origins that a directory names are refused.',
  why: 'A configuration is written once; it cannot ask a database about each origin.',
  instead: `Render again when the list changes, or ${GATEWAY}.`,
} satisfies Limit);

/** Session ids sealed to the origin that opened the session. */
export const SEALED_SESSIONS: Limit = Object.freeze({
  id: 'sealed-sessions',
  weakens: true,
  concerns: ({ settings }) => settings.sessions !== undefined && !settings.reportOnly,
  what: 'Session ids are not sealed: any admitted page that learns one can use it.',
  why: 'The target has no HMAC over the id and the origin.',
  instead: `Leave sessions out of this policy if its pages trust each other, or ${GATEWAY}.`,
} satisfies Limit);

/** Report-only mode, where a target cannot leave a response alone. */
export const REPORT_ONLY: Limit = Object.freeze({
  id: 'report-only',
  // The owner asked for nothing to be refused; enforcing is stricter.
  weakens: false,
  concerns: ({ reportOnly }) => reportOnly,
  what: 'Report-only mode enforces: what would be reported is refused.',
  why: 'The target cannot hand a refused request on with the response as it is.',
  instead: `Try a policy out with the gateway (mcp-cors gateway --report-only), then render it.`,
} satisfies Limit);

/** Debug mode, where a target cannot answer refused preflights for the browser's console. */
export const DEBUG: Limit = Object.freeze({
  id: 'debug',
  weakens: false,
  concerns: ({ debug }) => debug,
  what: 'Debug mode is off: a refused preflight gets 403, and the console names no header.',
  why: 'The target cannot answer a refused preflight with what would be allowed.',
  instead: 'Ask mcp-cors explain what is missing.',
} satisfies Limit);

/** Regular expressions that some engines need long for. */
export const BACKTRACKING: Limit = Object.freeze({
  id: 'backtracking',
  weakens: false,
  concerns: ({ origins }) => origins.expressions.some(({ backtracks }) => backtracks),
  what: 'A hostile Origin can keep the server busy: a regular expression of the policy can match in very many ways.',
  why: "The target's engine tries one way after the other, and no shorter equivalent was found.",
  instead: 'Write it without a repetition within a repetition, or as patterns such as https://*.example.com.',
} satisfies Limit);

/** Of targets that tell what an origin is by an expression. */
export const ADDRESS_SPELLINGS: Limit = Object.freeze({
  id: 'address-spellings',
  // No page has such an origin, and what is no browser can name one that is allowed.
  weakens: false,
  concerns: ({ origins: { any, patterns, expressions } }) =>
    any || [...patterns, ...expressions].some(({ regexp }) => regexp.includes('\\[')),
  what: 'Where an origin may have any host, it may have an IPv6 address in any spelling, or a last label of up to 126 characters that begins with a digit.',
  why: 'An expression that holds for the shortest spelling and for the length as well would be longer than all the rest.',
  instead: 'Nothing: browsers send the shortest spelling, and no name has such a label.',
} satisfies Limit);

/** Of targets whose debug mode finds what is missing by one expression. */
export const DEBUG_NAMES: Limit = Object.freeze({
  id: 'debug-names',
  weakens: false,
  concerns: ({ debug }) => debug,
  what: 'In debug mode only the first requested name of an allowed prefix is listed besides the others.',
  why: 'An expression takes one such name out of the list.',
  instead: 'Ask mcp-cors explain what is missing.',
} satisfies Limit);

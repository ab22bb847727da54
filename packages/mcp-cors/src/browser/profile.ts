import type { SafelistRules } from './safelist.js';

export const PROFILE_NAMES = ['chromium', 'firefox', 'safari', 'standard'] as const;
export type ProfileName = (typeof PROFILE_NAMES)[number];

/** In what a browser differs from the Fetch standard, or chooses where the standard leaves the choice. */
export interface BrowserProfile extends SafelistRules {
  readonly name: ProfileName;
  /** Names that pages cannot set in this browser alone, and those that they can. */
  readonly alsoForbidden: ReadonlySet<string>;
  readonly notForbidden: ReadonlySet<string>;
  /** Longest time that a preflight's answer is kept. */
  readonly maxAgeCapSeconds: number;
  /** Which `Access-Control-Max-Age` values are read; others count as missing. */
  readonly maxAgeSyntax: RegExp;
  /** Number of seconds from which on it counts as missing. */
  readonly maxAgeLimit: number;
  /** Whether what preflights of one URL have allowed adds up, or the last one stands alone. */
  readonly preflightsAddUp: boolean;
  /** Whether a failed request makes the browser forget the URL's preflights. */
  readonly failuresClearPreflights: boolean;
  /** URLs of this many characters and more keep no preflight. */
  readonly preflightUrlLimit: number;
  /** Whether requests whose origin is `null` keep preflights for one another. */
  readonly nullOriginsShareCache: boolean;
  /** Whether preflights are kept by URLs with their fragments. */
  readonly fragmentsCount: boolean;
  /** Whether a redirected request that CORS concerns starts anew, and tells nothing of its redirects in `Sec-Fetch-Site`. */
  readonly startsAnew: boolean;
  /** Request headers that follow no redirect but one to the page's own origin. */
  readonly firstPartyHeaders: ReadonlySet<string>;
  /** Whether `Authorization` has to be allowed by name, and `*` does not cover it. */
  readonly authorizationByName: boolean;
  /** Whether a redirect of a preflight is looked at before its CORS headers. */
  readonly preflightRedirectFirst: boolean;
  /** Whether a `Location` that is no URL is noticed before the CORS headers beside it are looked at. */
  readonly locationFirst: boolean;
  /** Whether redirect mode `error` refuses what would be followed and nothing else. */
  readonly redirectErrorLast: boolean;
  /** Whether mode `no-cors` with credentials `same-origin` keeps them when it is redirected away from its own origin. */
  readonly noCorsKeepsCredentials: boolean;
  /** Whether mode `no-cors` says `Origin: null` after any redirect to another origin, the first from its own included. */
  readonly noCorsHidesOrigin: boolean;
  /** Whether a redirect to a URL with a user name or a password is refused in every mode. */
  readonly refusesUserinfo: boolean;
  /** Whether an empty `Location` is none. */
  readonly emptyLocationIsNone: boolean;
  /** Whether pages need a permission to reach more private addresses than their own. */
  readonly localNetworkAccess: boolean;
  /** Whether plain http to loopback is mixed content on https pages. */
  readonly loopbackIsMixedContent: boolean;
}

/** Seconds for which a preflight's answer is kept that does not say. @see https://fetch.spec.whatwg.org/#cors-preflight-fetch */
export const DEFAULT_MAX_AGE_SECONDS = 5;

/** Client hints that a page can set, and what their values are like. @see https://wicg.github.io/client-hints-infrastructure/ */
const CLIENT_HINTS: ReadonlyMap<string, RegExp> = new Map([
  ['device-memory', /^[0-9]+(?:\.[0-9]+)?$/],
  ['downlink', /^[0-9]+(?:\.[0-9]+)?$/],
  ['dpr', /^[0-9]+(?:\.[0-9]+)?$/],
  ['ect', /^(?:slow-2g|2g|3g|4g)$/],
  ['rtt', /^[0-9]+$/],
  ['viewport-width', /^[0-9]+$/],
  ['width', /^[0-9]+$/],
]);

const STANDARD: BrowserProfile = {
  name: 'standard',
  alsoSafelisted: new Map(),
  joinsLines: false,
  rangeLimit: Number.POSITIVE_INFINITY,
  alsoForbidden: new Set(),
  notForbidden: new Set(),
  maxAgeCapSeconds: Number.POSITIVE_INFINITY,
  maxAgeSyntax: /^[0-9]+$/,
  maxAgeLimit: Number.POSITIVE_INFINITY,
  preflightsAddUp: true,
  failuresClearPreflights: true,
  preflightUrlLimit: Number.POSITIVE_INFINITY,
  nullOriginsShareCache: true,
  fragmentsCount: false,
  startsAnew: false,
  firstPartyHeaders: new Set(),
  authorizationByName: true,
  preflightRedirectFirst: false,
  locationFirst: false,
  redirectErrorLast: false,
  noCorsKeepsCredentials: false,
  noCorsHidesOrigin: false,
  refusesUserinfo: false,
  emptyLocationIsNone: false,
  localNetworkAccess: false,
  loopbackIsMixedContent: false,
};

/** The profiles. `chromium` is judged by a real one; the others are the standard and what is published of them. */
export const PROFILES: Readonly<Record<ProfileName, BrowserProfile>> = {
  standard: STANDARD,
  chromium: {
    ...STANDARD,
    name: 'chromium',
    alsoSafelisted: new Map([...CLIENT_HINTS, ['intervention', /^/], ['save-data', /^on$/i]]),
    joinsLines: true,
    rangeLimit: 2 ** 63,
    alsoForbidden: new Set(['user-agent']),
    notForbidden: new Set(['access-control-request-private-network', 'access-control-request-local-network']),
    maxAgeCapSeconds: 7200,
    maxAgeSyntax: /^[+-]?[0-9]+$/,
    maxAgeLimit: 2 ** 63,
    preflightsAddUp: false,
    failuresClearPreflights: false,
    preflightUrlLimit: 1024,
    nullOriginsShareCache: false,
    fragmentsCount: true,
    startsAnew: true,
    firstPartyHeaders: new Set(CLIENT_HINTS.keys()),
    authorizationByName: false,
    preflightRedirectFirst: true,
    locationFirst: true,
    redirectErrorLast: true,
    noCorsKeepsCredentials: true,
    noCorsHidesOrigin: true,
    refusesUserinfo: true,
    emptyLocationIsNone: true,
    localNetworkAccess: true,
  },
  firefox: {
    ...STANDARD,
    name: 'firefox',
    maxAgeCapSeconds: 86_400,
    maxAgeSyntax: /^-?[0-9]+$/,
    localNetworkAccess: true,
  },
  safari: {
    ...STANDARD,
    name: 'safari',
    maxAgeCapSeconds: 600,
    maxAgeSyntax: /^-?[0-9]+$/,
    authorizationByName: false,
    loopbackIsMixedContent: true,
  },
};

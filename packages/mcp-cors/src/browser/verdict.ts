import type { AddressSpace } from './addressSpace.js';

/** What a sentence may speak of. */
export interface VerdictFacts {
  /** The URL that was asked for. */
  readonly initialUrl: string;
  /** The URL that it was about in the end. */
  readonly url: string;
  readonly origin: string;
  /** What failed: a value, a method, a header name. */
  readonly parameter: string;
  /** The address space of the target. */
  readonly addressSpace: AddressSpace;
}

type Sentence = (facts: VerdictFacts) => string;

const PREFLIGHT = "Response to preflight request doesn't pass access control check: ";
const VALID_VALUE = ' Have the server send the header with a valid value.';

/** A sentence of the CORS policy: what was fetched from where, and what was wrong. */
function policy(fault: Sentence): Sentence {
  return (facts) => {
    const { initialUrl, url, origin } = facts;
    const redirected = initialUrl === url ? '' : `(redirected from '${initialUrl}') `;
    return `Access to fetch at '${url}' ${redirected}from origin '${origin}' has been blocked by CORS policy: ${fault(facts)}`;
  };
}

/** A call that the page made wrongly. */
function call(fault: Sentence): Sentence {
  return (facts) => `Failed to execute 'fetch' on 'Window': ${fault(facts)}`;
}

/** A failure of which the console tells no more than the network's code. */
function network(code: string): Sentence {
  return () => `Failed to load resource: net::${code}`;
}

const WILDCARD: Sentence = () =>
  "The value of the 'Access-Control-Allow-Origin' header in the response must not be the wildcard '*' when the request's credentials mode is 'include'.";
const MISSING: Sentence = () =>
  "No 'Access-Control-Allow-Origin' header is present on the requested resource.";
const MULTIPLE: Sentence = ({ parameter }) =>
  `The 'Access-Control-Allow-Origin' header contains multiple values '${parameter}', but only one is allowed.${VALID_VALUE}`;
const INVALID: Sentence = ({ parameter }) =>
  `The 'Access-Control-Allow-Origin' header contains the invalid value '${parameter}'.${VALID_VALUE}`;
const MISMATCH: Sentence = ({ parameter }) =>
  `The 'Access-Control-Allow-Origin' header has a value '${parameter}' that is not equal to the supplied origin.${VALID_VALUE}`;
const CREDENTIALS: Sentence = ({ parameter }) =>
  `The value of the 'Access-Control-Allow-Credentials' header in the response is '${parameter}' which must be 'true' when the request's credentials mode is 'include'.`;
const inPreflight = (fault: Sentence): Sentence => policy((facts) => PREFLIGHT + fault(facts));

/**
 * Every way to be blocked, and what Chromium says to it. The codes above the line are those of the developer tools
 * protocol (`Network.CorsError`); the ones below are ours, for what it does not name.
 */
const SENTENCES = {
  DisallowedByMode: ({ initialUrl, url, origin }) =>
    initialUrl === url
      ? `Fetch API cannot load ${url}. Request mode is "same-origin" but the URL's origin is not same as the request origin ${origin}.`
      : `Unsafe attempt to load URL ${url} from frame with URL ${origin}/. Domains, protocols and ports must match.\n`,
  WildcardOriginNotAllowed: policy(WILDCARD),
  MissingAllowOriginHeader: policy(MISSING),
  MultipleAllowOriginValues: policy(MULTIPLE),
  InvalidAllowOriginValue: policy(INVALID),
  AllowOriginMismatch: policy(MISMATCH),
  InvalidAllowCredentials: policy(CREDENTIALS),
  CorsDisabledScheme: policy(
    () =>
      'Cross origin requests are only supported for protocol schemes: chrome, chrome-experimental-site-token-provider, chrome-extension, chrome-untrusted, data, http, https, isolated-app.',
  ),
  PreflightInvalidStatus: inPreflight(() => 'It does not have HTTP ok status.'),
  PreflightDisallowedRedirect: inPreflight(() => 'Redirect is not allowed for a preflight request.'),
  PreflightWildcardOriginNotAllowed: inPreflight(WILDCARD),
  PreflightMissingAllowOriginHeader: inPreflight(MISSING),
  PreflightMultipleAllowOriginValues: inPreflight(MULTIPLE),
  PreflightInvalidAllowOriginValue: inPreflight(INVALID),
  PreflightAllowOriginMismatch: inPreflight(MISMATCH),
  PreflightInvalidAllowCredentials: inPreflight(CREDENTIALS),
  InvalidAllowMethodsPreflightResponse: policy(
    () => 'Cannot parse Access-Control-Allow-Methods response header field in preflight response.',
  ),
  InvalidAllowHeadersPreflightResponse: policy(
    () => 'Cannot parse Access-Control-Allow-Headers response header field in preflight response.',
  ),
  MethodDisallowedByPreflightResponse: policy(
    ({ parameter }) =>
      `Method ${parameter} is not allowed by Access-Control-Allow-Methods in preflight response.`,
  ),
  HeaderDisallowedByPreflightResponse: policy(
    ({ parameter }) =>
      `Request header field ${parameter} is not allowed by Access-Control-Allow-Headers in preflight response.`,
  ),
  RedirectContainsCredentials: policy(
    ({ parameter }) =>
      `Redirect location '${parameter}' contains a username and password, which is disallowed for cross-origin requests.`,
  ),
  InsecureLocalNetwork: policy(
    ({ addressSpace }) =>
      `The request client is not a secure context and the resource is in more-private address space \`${addressSpace}\`.`,
  ),
  LocalNetworkAccessPermissionDenied: policy(
    ({ addressSpace }) =>
      `Permission was denied for this request to access the \`${addressSpace}\` address space.`,
  ),
  NoCorsRedirectModeNotFollow: ({ url }) =>
    `Fetch API cannot load ${url}. Request mode is "no-cors" but the redirect mode is not "follow".`,
  // ----
  MixedContent: ({ url, origin }) =>
    `Mixed Content: The page at '${origin}/' was loaded over HTTPS, but requested an insecure resource '${url}'. This request has been blocked; the content must be served over HTTPS.`,
  UnsupportedScheme: ({ url }) =>
    `Fetch API cannot load ${url}. URL scheme "${url.slice(0, url.indexOf(':'))}" is not supported.`,
  UnsafePort: network('ERR_UNSAFE_PORT'),
  UnsafeRedirect: network('ERR_UNSAFE_REDIRECT'),
  InvalidRedirect: network('ERR_INVALID_REDIRECT'),
  MultipleLocations: network('ERR_RESPONSE_HEADERS_MULTIPLE_LOCATION'),
  UserinfoRefused: network('ERR_ABORTED'),
  UnknownScheme: network('ERR_UNKNOWN_URL_SCHEME'),
  TooManyRedirects: network('ERR_TOO_MANY_REDIRECTS'),
  RedirectDisallowedByMode: network('ERR_FAILED'),
  NetworkError: network('ERR_FAILED'),
  InvalidUrl: call(({ url }) => `Failed to parse URL from ${url}`),
  UrlContainsCredentials: call(
    ({ url }) => `Request cannot be constructed from a URL that includes credentials: ${url}`,
  ),
  InvalidMethod: call(({ parameter }) => `'${parameter}' is not a valid HTTP method.`),
  ForbiddenMethod: call(({ parameter }) => `'${parameter}' HTTP method is unsupported.`),
  MethodDisallowedByMode: call(({ parameter }) => `'${parameter}' is unsupported in no-cors mode.`),
  InvalidHeaderName: call(() => 'Invalid name'),
  InvalidHeaderValue: call(() => 'Invalid value'),
  NotAByteString: call(
    ({ parameter }) =>
      `Failed to read the '${parameter}' property from 'RequestInit': String contains non ISO-8859-1 code point.`,
  ),
  BodyNotAllowed: call(() => 'Request with GET/HEAD method cannot have body.'),
} satisfies Record<string, Sentence>;

/** Why a page got no response. */
export type BlockedError = keyof typeof SENTENCES;

/** Every code that {@link Blocked} can carry. */
export const BLOCKED_ERRORS = Object.freeze(Object.keys(SENTENCES) as BlockedError[]);

/** A fetch that the page got nothing of but a `TypeError`. */
export interface Blocked {
  readonly error: BlockedError;
  /** What failed, as Chromium's `failedParameter` has it: a value, a method, a header name; empty when there is nothing to name. */
  readonly parameter: string;
  /** What Chromium's console says, or for a wrong call the message of the `TypeError`. */
  readonly message: string;
  /** Every request header that the preflight refused; `parameter` is the first of them. */
  readonly refusedHeaders?: readonly string[];
}

/** A fault that is not yet put into words. */
export interface Fault {
  readonly error: BlockedError;
  readonly parameter?: string | undefined;
  readonly refusedHeaders?: readonly string[];
}

/** Puts a fault into words. */
export function describeFault(fault: Fault, facts: Omit<VerdictFacts, 'parameter'>): Blocked {
  const { error, parameter = '', refusedHeaders } = fault;
  const message = SENTENCES[error]({ ...facts, parameter });
  return { error, parameter, message, ...(refusedHeaders && { refusedHeaders }) };
}

import { type BlockedError, createBrowser, type FetchResult, type HttpRequest } from 'mcp-cors/browser';
import { type Case, fill, type Origins } from './case.js';
import type { Judgement } from './judge.js';
import { createScript, type SeenRequest } from './script.js';

/** What the two sides can differ in, the gravest first. */
export const ASPECTS = ['blocked', 'response', 'requests', 'error', 'parameter', 'message'] as const;
export type Aspect = (typeof ASPECTS)[number];

export interface Disagreement {
  readonly case: Case;
  readonly call: number;
  readonly aspect: Aspect;
  readonly chromium: unknown;
  readonly model: unknown;
  readonly judgement: Judgement;
  readonly result: FetchResult;
}

/** Plays a case in the model, on the clock of what Chromium did. */
export async function playInModel(
  one: Case,
  origins: Origins,
  judgements: readonly Judgement[],
): Promise<readonly FetchResult[]> {
  const script = createScript(one, origins);
  let now = 0;
  const browser = createBrowser({
    origin: one.page === 'opaque' ? 'null' : origins.page,
    profile: 'chromium',
    now: () => now,
    addressSpace: one.page.startsWith('public') ? 'public' : 'loopback',
    localNetworkAccess: one.page === 'public-granted' ? 'granted' : 'denied',
    send: ({ method, url, headers }) => {
      const answer = script.answer({ method, url, headers: Object.fromEntries(headers) });
      return answer;
    },
  });
  const results: FetchResult[] = [];
  for (const [index, { url, init }] of one.calls.entries()) {
    now = judgements[index]?.at ?? now;
    const headers = init.headers?.map(([name, value]) => [name, fill(value, origins, one.page)] as const);
    results.push(await browser.fetch(fill(url, origins, one.page), { ...init, ...(headers && { headers }) }));
  }
  return results;
}

/** Finds every difference between what Chromium did at a case and what the model says. */
export async function compare(
  one: Case,
  origins: Origins,
  judgements: readonly Judgement[],
): Promise<readonly Disagreement[]> {
  const results = await playInModel(one, origins, judgements);
  return results.flatMap((result, call) => {
    const judgement = judgements[call];
    if (judgement === undefined) throw new Error(`case ${one.id}: call ${call} was not judged`);
    return compareCall(one.page, judgement, result).map((difference) => ({
      case: one,
      call,
      judgement,
      result,
      ...difference,
    }));
  });
}

type Difference = Pick<Disagreement, 'aspect' | 'chromium' | 'model'>;

function compareCall(
  page: Case['page'],
  judgement: Judgement,
  { response, blocked, exchanges }: FetchResult,
): Difference[] {
  const differences: Difference[] = [];
  const expectEqual = (aspect: Aspect, chromium: unknown, model: unknown): void => {
    if (JSON.stringify(chromium) !== JSON.stringify(model)) differences.push({ aspect, chromium, model });
  };
  const sent = exchanges.filter(({ fromCache }) => !fromCache).map(({ request }) => request);
  expectEqual(
    'requests',
    judgement.seen.map((request) => seenHead(request, page)),
    sent.map((request) => sentHead(request, page)),
  );
  expectEqual('blocked', judgement.response === undefined, blocked !== undefined);
  if (judgement.response !== undefined && response !== undefined) {
    const { type, status, url, redirected, headers } = response;
    expectEqual('response', judgement.response, { type, status, url, redirected, headers: [...headers] });
  }
  if (judgement.response === undefined && blocked !== undefined) {
    expectEqual('error', errorOf(judgement), blocked.error);
    if (judgement.corsError !== undefined)
      expectEqual('parameter', judgement.failedParameter, blocked.parameter);
    const said = [...judgement.console, judgement.thrown, `Failed to load resource: ${judgement.netError}`];
    if (!said.includes(blocked.message))
      differences.push({ aspect: 'message', chromium: said, model: blocked.message });
  }
  return differences;
}

/** How Chromium tells what it has no code for, by its console, the network's code or the `TypeError`. */
const TOLD: readonly (readonly [told: RegExp, error: BlockedError])[] = [
  [/Request mode is "same-origin"|^Unsafe attempt to load URL/, 'DisallowedByMode'],
  [/Request mode is "no-cors" but the redirect mode/, 'NoCorsRedirectModeNotFollow'],
  [/^Fetch API cannot load .* URL scheme/, 'UnsupportedScheme'],
  [/ERR_UNSAFE_PORT/, 'UnsafePort'],
  [/ERR_UNSAFE_REDIRECT/, 'UnsafeRedirect'],
  [/ERR_INVALID_REDIRECT/, 'InvalidRedirect'],
  [/ERR_UNKNOWN_URL_SCHEME/, 'UnknownScheme'],
  [/ERR_RESPONSE_HEADERS_MULTIPLE_LOCATION/, 'MultipleLocations'],
  [/ERR_TOO_MANY_REDIRECTS/, 'TooManyRedirects'],
  [/Failed to parse URL/, 'InvalidUrl'],
  [/from a URL that includes credentials/, 'UrlContainsCredentials'],
  [/is not a valid HTTP method/, 'InvalidMethod'],
  [/HTTP method is unsupported/, 'ForbiddenMethod'],
  [/is unsupported in no-cors mode/, 'MethodDisallowedByMode'],
  [/: Invalid name$/, 'InvalidHeaderName'],
  [/: Invalid value$/, 'InvalidHeaderValue'],
  [/non ISO-8859-1/, 'NotAByteString'],
  [/cannot have body/, 'BodyNotAllowed'],
  // What is left of an abort: the refused redirect. Responses that nobody reads end with one too, so it comes last.
  [/ERR_ABORTED/, 'UserinfoRefused'],
];

/** The code of what Chromium did when it blocked a call. */
export function errorOf({ corsError, netError = '', console: lines, thrown = '', seen }: Judgement): string {
  if (corsError !== undefined) return corsError;
  const told = [...lines, netError, thrown];
  const [, error] = TOLD.find(([pattern]) => told.some((text) => pattern.test(text))) ?? [];
  // The page's own "error" mode ends a request that was redirected; Chromium has nothing else to say of it.
  return (
    error ??
    (netError === 'net::ERR_FAILED' && seen.length > 0 ? 'RedirectDisallowedByMode' : `${netError} ${thrown}`)
  );
}

/** What the network adds by itself. */
const OF_THE_NETWORK: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'content-length',
  'user-agent',
  'accept-encoding',
  'referer',
  'cookie',
  'sec-fetch-storage-access',
]);

type Head = readonly [
  method: string,
  url: string,
  headers: readonly (readonly [string, string])[],
  credentials: boolean | 'untold',
];

function seenHead({ method, url, headers }: SeenRequest, page: Case['page']): Head {
  const own = Object.entries(headers).filter(
    ([name]) => !OF_THE_NETWORK.has(name) && !name.startsWith('sec-ch-'),
  );
  return [
    method,
    url,
    sorted(withoutDefaults(own)),
    tellsCredentials(url, page) ? 'cookie' in headers : 'untold',
  ];
}

function sentHead({ method, url, headers, credentials }: HttpRequest, page: Case['page']): Head {
  const own = headers
    .filter(([name]) => !OF_THE_NETWORK.has(name))
    .map(([name, value]) => [name, value.trim()] as const);
  return [method, url, sorted(withoutDefaults(own)), tellsCredentials(url, page) ? credentials : 'untold'];
}

/** Cookies show credentials; other sites' requests carry none, whatever the mode (RFC 6265bis section 5.2). */
function tellsCredentials(url: string, page: Case['page']): boolean {
  return page !== 'opaque' && !url.includes('other.localhost');
}

/** The languages of the user are no business of the model; those that the page asks for are. */
function withoutDefaults(
  fields: readonly (readonly [string, string])[],
): readonly (readonly [string, string])[] {
  return fields.filter(([name, value]) => !(name === 'accept-language' && value === 'en-US,en;q=0.9'));
}

function sorted(fields: readonly (readonly [string, string])[]): readonly (readonly [string, string])[] {
  return [...fields].sort(([a], [b]) => (a < b ? -1 : 1));
}

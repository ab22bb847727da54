import { parseOrigin } from '../policy/origin.js';
import { type AddressSpace, addressSpaceOf, isWebScheme, pageAddressSpace } from './addressSpace.js';
import type { Exchange, HttpRequest, HttpResponse, PageResponse } from './exchange.js';
import { type Fetching, runFetch } from './fetching.js';
import { isTrustworthy } from './fetchMetadata.js';
import { createPreflightCache, type PreflightCache } from './preflightCache.js';
import { type BrowserProfile, PROFILES, type ProfileName } from './profile.js';
import type { Surroundings } from './progress.js';
import { createRequest, type FetchInit } from './request.js';
import { parseUrl } from './url.js';
import { type Blocked, describeFault } from './verdict.js';

/** Sends a request. A rejection is a failure of the network. */
export type Send = (request: HttpRequest) => HttpResponse | Promise<HttpResponse>;

export interface BrowserOptions {
  /** The serialised origin of the page that fetches; `null` for an opaque one. */
  readonly origin: string;
  /** A browser by name, or one of your own; `chromium` by default. */
  readonly profile?: ProfileName | BrowserProfile;
  readonly send: Send;
  /** Milliseconds that only grow; the system's clock by default. Preflights are kept by it. */
  readonly now?: () => number;
  /** A cache that is shared with other pages of the same browser; one of its own by default. Opaque origins share with none. */
  readonly preflightCache?: PreflightCache;
  /** The network partition, in browsers the site of the top-level document; the origin by default. */
  readonly partition?: string;
  /** Where the page came from; by default what its origin's host says, and `public` for an opaque origin. */
  readonly addressSpace?: AddressSpace;
  /** Whether the page is a secure context; by default whether its origin is trustworthy. */
  readonly secureContext?: boolean;
  /** What the user said, or would say, to Local Network Access; `denied` by default. */
  readonly localNetworkAccess?: 'granted' | 'denied';
}

/** What a page gets of a fetch: a response or a reason; and every exchange on the way. */
export type FetchResult = {
  readonly exchanges: readonly Exchange[];
} & (
  | { readonly response: PageResponse; readonly blocked?: undefined }
  | { readonly blocked: Blocked; readonly response?: undefined }
);

export interface ModelBrowser {
  readonly origin: string;
  readonly profile: BrowserProfile;
  /** Fetches as a page would. Never rejects: what a page would get a `TypeError` for is `blocked`. */
  fetch(url: string, init?: FetchInit): Promise<FetchResult>;
  /**
   * The same without a network: yields each HTTP request when its turn comes, and is resumed with the response, or
   * with undefined when the network failed.
   */
  begin(url: string, init?: FetchInit): Fetching<FetchResult>;
}

/**
 * Creates a page of a browser as the Fetch standard's CORS protocol sees it.
 * @throws TypeError when the origin is none as browsers serialise it.
 * @see https://fetch.spec.whatwg.org/#http-cors-protocol
 */
export function createBrowser(options: BrowserOptions): ModelBrowser {
  const { origin, send, now = Date.now } = options;
  const opaque = origin === 'null';
  if (!opaque && parseOrigin(origin) === undefined) {
    throw new TypeError(
      `origin: ${JSON.stringify(origin.slice(0, 100))} is not an origin as a browser serialises it: write scheme://host[:port] in lower case without a path or a default port, or null`,
    );
  }
  const profile =
    typeof options.profile === 'object' ? options.profile : PROFILES[options.profile ?? 'chromium'];
  const base = opaque ? undefined : parseUrl(origin);
  const around: Surroundings = {
    origin,
    profile,
    now,
    cache: (opaque ? undefined : options.preflightCache) ?? createPreflightCache(),
    partition: options.partition ?? origin,
    addressSpace: options.addressSpace ?? (base ? pageAddressSpace(base) : 'public'),
    secureContext:
      options.secureContext ?? (base !== undefined && (!isWebScheme(base.protocol) || isTrustworthy(base))),
    localNetworkAccess: options.localNetworkAccess ?? 'denied',
  };

  function* begin(input: string, init: FetchInit = {}): Fetching<FetchResult> {
    const request = createRequest(input, init, base?.href, profile);
    if ('error' in request) {
      const facts = { initialUrl: input, url: input, origin, addressSpace: around.addressSpace };
      return { blocked: describeFault(request, facts), exchanges: [] };
    }
    const { outcome, url, exchanges } = yield* runFetch(request, around);
    if (!('error' in outcome)) return { response: outcome, exchanges };
    const facts = {
      initialUrl: request.url.href,
      url: url.href,
      origin,
      addressSpace: addressSpaceOf(url.hostname),
    };
    return { blocked: describeFault(outcome, facts), exchanges };
  }

  return {
    origin,
    profile,
    begin,
    async fetch(input, init) {
      const fetching = begin(input, init);
      let step = fetching.next();
      while (!step.done) {
        const response = await Promise.resolve(step.value)
          .then(send)
          .catch(() => undefined);
        step = fetching.next(response);
      }
      return step.value;
    },
  };
}

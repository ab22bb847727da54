import {
  type Blocked,
  createBrowser,
  type Exchange,
  type FetchInit,
  type FetchResult,
  type HttpRequest,
  type HttpResponse,
  type PageResponse,
  type ProfileName,
} from '../browser/index.js';
import type { Transport, WireResponse } from './transport.js';
import type { TransportError } from './transportError.js';
import type { WireBody } from './wireBody.js';

/** A page of the browser model that fetches over real sockets. */
export interface Page {
  readonly origin: string;
  fetch(url: string, init: FetchInit): Promise<Visit>;
  /** Sends the preflight of a fetch, where it needs one, and stops before the request itself. */
  preflight(url: string, init: FetchInit): Promise<Visit>;
}

/** A fetch and what came of it. */
export interface Visit {
  readonly exchanges: readonly Exchange[];
  /** What the page may read; undefined when it was blocked, or when the preflight was sent alone. */
  readonly response?: PageResponse | undefined;
  readonly blocked?: Blocked | undefined;
  /** What the network said, where it failed. */
  readonly failure?: TransportError | undefined;
  /** The answer to the request itself, whatever the page may read of it. */
  readonly answer?: WireResponse | undefined;
  readonly startedAt: number;
  readonly endedAt: number;
}

/** Opens a page in a browser. Local Network Access counts as granted: it is told of apart, and nothing the server can change. */
export function openPage(origin: string, transport: Transport, profile: ProfileName = 'chromium'): Page {
  const browser = createBrowser({
    origin,
    profile,
    localNetworkAccess: 'granted',
    send: () => Promise.reject(new Error('not used')),
  });

  async function visit(url: string, init: FetchInit, alone: boolean): Promise<Visit> {
    const startedAt = performance.now();
    const fetching = browser.begin(url, init);
    const seen: Exchange[] = [];
    let failure: TransportError | undefined;
    let answer: WireResponse | undefined;
    const done = (result?: FetchResult): Visit => ({
      exchanges: result?.exchanges ?? seen,
      ...(result?.response && { response: result.response }),
      ...(result?.blocked && { blocked: result.blocked }),
      failure,
      answer,
      startedAt,
      endedAt: performance.now(),
    });

    let step = fetching.next();
    while (!step.done) {
      const request: HttpRequest = step.value;
      if (alone && request.kind === 'actual') {
        // Every request that is not sent would have needed a preflight, if it goes to another origin at all.
        const spared = seen.length === 0 && needsPreflight(request, origin);
        return { ...done(), exchanges: spared ? [{ request, fromCache: true }] : seen };
      }
      const { response, fault } = await send(request, transport);
      if (request.kind === 'actual') answer = response;
      failure = fault;
      seen.push({ request, ...(response && { response }), fromCache: false });
      step = fetching.next(response);
    }
    return done(step.value);
  }

  return {
    origin,
    fetch: (url, init) => visit(url, init, false),
    preflight: (url, init) => visit(url, init, true),
  };
}

async function send(
  { method, url, headers, body }: HttpRequest,
  transport: Transport,
): Promise<{ readonly response?: WireResponse; readonly fault?: TransportError }> {
  try {
    const text = typeof body === 'string' ? body : undefined;
    return { response: await transport.send({ method, url, headers, body: text }) };
  } catch (error) {
    return { fault: error as TransportError };
  }
}

function needsPreflight({ method, url, headers }: HttpRequest, origin: string): boolean {
  const simple = new Set(['accept', 'origin', 'content-type']);
  const type = headers.find(([name]) => name === 'content-type')?.[1] ?? 'text/plain';
  const plain =
    (method === 'POST' || method === 'GET') &&
    headers.every(([name]) => simple.has(name) || name.startsWith('sec-fetch-')) &&
    /^(?:text\/plain|application\/x-www-form-urlencoded)/.test(type);
  return new URL(url).origin !== origin && !plain;
}

/** The body behind what a page, or the doctor, got of a fetch. */
export function bodyOf(response: { readonly body?: unknown } | undefined): WireBody | undefined {
  return response?.body as WireBody | undefined;
}

/** The lines of a field in a response, joined; undefined when there is none. */
export function fieldOf(
  response: Pick<HttpResponse, 'headers'> | undefined,
  name: string,
): string | undefined {
  const values = response?.headers.filter(([line]) => line.toLowerCase() === name).map(([, value]) => value);
  return values === undefined || values.length === 0 ? undefined : values.join(', ');
}

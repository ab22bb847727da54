import type { Admission } from '../carrier/index.js';
import type { HeaderField, RequestHead } from '../policy/index.js';

/**
 * Reads a request head from a Request. `Headers` combines repeated lines with `, `
 * (https://fetch.spec.whatwg.org/#concept-header-list-get), so two Host or Origin lines do not pass as one where the
 * runtime kept both. The path is the URL's: parsing has resolved dot segments and turned backslashes into slashes by
 * then, for the handler as well.
 */
export function readWebRequestHead(request: Request, loopback: boolean | undefined): RequestHead {
  const { headers, url } = request;
  const target = targetOf(url);
  const query = target.indexOf('?');
  const field = (name: string): string | undefined => headers.get(name) ?? undefined;
  return {
    method: request.method,
    path: query === -1 ? target : target.slice(0, query),
    // Servers make the URL of a name of their own at times; Host is what the client said.
    host: field('host') ?? url.slice(authorityStart(url), url.length - target.length),
    scheme: url.startsWith('https:') ? 'https' : 'http',
    origin: field('origin'),
    requestMethod: field('access-control-request-method'),
    requestHeaders: field('access-control-request-headers'),
    contentType: field('content-type'),
    sessionId: field('mcp-session-id'),
    fetchSite: field('sec-fetch-site'),
    fetchDest: field('sec-fetch-dest'),
    loopback,
  };
}

/** A URL from its path on; empty when it has none. */
export function targetOf(url: string): string {
  const start = authorityStart(url);
  const length = url.slice(start).search(/[/?#]/);
  return length === -1 ? '' : url.slice(start + length);
}

function authorityStart(url: string): number {
  const slashes = url.indexOf('://');
  return slashes === -1 ? url.length : slashes + 3;
}

/**
 * Gives the request as the application is to see it: session ids, the query, the request id. It is the same request
 * where headers can be set in it and the URL stays, since a runtime may know it by its identity; otherwise it is another
 * of the same class, with the method, body stream and signal of the first, which is used up.
 */
export function openRequest<R extends Request>(
  request: R,
  { sessionId, target, requestId }: Pick<Admission, 'sessionId' | 'target' | 'requestId'>,
): R {
  const changes: HeaderField[] = [];
  if (sessionId !== undefined) changes.push(['mcp-session-id', sessionId]);
  if (requestId !== undefined && request.headers.get('x-request-id') !== requestId)
    changes.push(['x-request-id', requestId]);

  if (target === undefined && tryToSet(changes, request.headers)) return request;
  const url = target === undefined ? request.url : withQueryOf(target, request.url);
  // A request is its own init, with all that a runtime adds to it; `duplex` is a member of it too.
  const SameClass = request.constructor as new (url: string, init: R) => R;
  const opened = new SameClass(url, request);
  for (const [name, value] of changes) opened.headers.set(name, value);
  return opened;
}

/** Sets headers; false where they cannot be changed. */
function tryToSet(changes: readonly HeaderField[], headers: Headers): boolean {
  try {
    for (const [name, value] of changes) headers.set(name, value);
    return true;
  } catch {
    return false;
  }
}

function withQueryOf(target: string, url: string): string {
  return `${url.slice(0, url.indexOf('?'))}${target.slice(target.indexOf('?'))}`;
}

import type { Disagreement } from './referee.js';

/** A difference between Chromium and the model that is understood, and left as it is for a reason. */
export interface KnownDifference {
  readonly id: string;
  readonly why: string;
  explains(found: Disagreement): boolean;
}

/**
 * All known differences. None of them touches whether a fetch is blocked, what a page can read of it, or which requests
 * are made: they are about names and sentences, and one is about the spelling of a header. docs/browser.md lists them.
 */
export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    id: 'which-refused-header',
    why: 'Of several refused headers Chromium names the first in the order of a hash table, the model the first in alphabetical order. Both are among refusedHeaders.',
    explains: ({ aspect, judgement, result: { blocked } }) =>
      (aspect === 'parameter' || aspect === 'message') &&
      judgement.corsError === 'HeaderDisallowedByPreflightResponse' &&
      (blocked?.refusedHeaders?.length ?? 0) > 1 &&
      blocked?.refusedHeaders?.includes(judgement.failedParameter ?? '') === true,
  },
  {
    id: 'bytes-beyond-ascii',
    why: 'The developer tools cannot carry a value that is no UTF-8 and give an empty parameter, and the console escapes its bytes; the model gives the value.',
    explains: ({ aspect, judgement, result: { blocked } }) =>
      (aspect === 'parameter' || aspect === 'message') &&
      judgement.failedParameter === '' &&
      judgement.corsError === blocked?.error &&
      /[\x80-\xff]/.test(blocked?.parameter ?? ''),
  },
  {
    id: 'websocket-redirect',
    why: "A redirect to ws: or wss: from a foreign origin fails in Chromium without a CORS code; from the page's own origin, and to any other unknown scheme, it is CorsDisabledScheme, which is what the model says.",
    explains: ({ aspect, judgement, result: { blocked } }) =>
      (aspect === 'error' || aspect === 'message') &&
      judgement.netError === 'net::ERR_UNKNOWN_URL_SCHEME' &&
      blocked?.error === 'CorsDisabledScheme' &&
      / at 'wss?:/.test(blocked.message),
  },
  {
    id: 'local-failed-redirect',
    why: 'When a page that has the permission for the local network is redirected there once too often, to a port that no fetch reaches, or in a preflight to something that is no URL or to two places, Chromium says that the permission was denied, although every request was sent; the model says what failed.',
    explains: ({ case: { page }, aspect, judgement, result: { blocked } }) =>
      (aspect === 'error' || aspect === 'message' || aspect === 'parameter') &&
      page === 'public-granted' &&
      judgement.corsError === 'LocalNetworkAccessPermissionDenied' &&
      judgement.seen.length > 0 &&
      ['InvalidRedirect', 'MultipleLocations', 'TooManyRedirects', 'UnsafePort'].includes(
        blocked?.error ?? '',
      ),
  },
  {
    id: 'document-url',
    why: 'The console names the URL of the document that was redirected against its mode; the model knows its origin alone.',
    explains: ({ aspect, chromium, model }) =>
      aspect === 'message' && withoutDocument(String(chromium)).includes(withoutDocument(String(model))),
  },
  {
    id: 'range-rewritten',
    why: "Chromium's HTTP cache writes a Range header anew (bytes = 1-2 becomes bytes=1-2). The HTTP cache is not modelled.",
    explains: ({ aspect, chromium, model }) =>
      aspect === 'requests' && withoutRange(chromium) === withoutRange(model),
  },
];

/** A sentence with the document's path left out. */
function withoutDocument(text: string): string {
  return text.replaceAll(/(from frame with URL https?:\/\/[^/]+\/)[a-z]*\./g, '$1.');
}

/** Requests as text, with their Range headers left out. */
function withoutRange(requests: unknown): string {
  return JSON.stringify(requests).replaceAll(/\["range","(?:[^"\\]|\\.)*"\],?/g, '');
}

/** The known difference that explains a disagreement, if one does. */
export function explainDifference(found: Disagreement): KnownDifference | undefined {
  return KNOWN_DIFFERENCES.find((known) => known.explains(found));
}

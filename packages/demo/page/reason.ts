import type { DemoExchange } from '../src/exchange.js';
import type { FetchRecord } from './tap.js';

/** Why the browser blocked a fetch, in plain words. */
export function explainBlock(
  fetch: FetchRecord,
  preflight: DemoExchange | undefined,
  actual: DemoExchange | undefined,
  origin: string,
): string {
  const preflightProblem = preflight && explainPreflight(preflight, fetch, origin);
  if (preflightProblem !== undefined)
    return `${preflightProblem} The browser never sent the ${fetch.method}.`;
  if (actual?.verdict === 'deny') return explainDenial(actual);
  const problem = actual && originProblem(actual.responseHeaders, origin);
  if (problem !== undefined) {
    return `The request reached the server, which answered ${actual?.status}, but ${problem}: the browser hid the answer from the page.`;
  }
  return `The browser tells the page no more than “${fetch.error}”: the answer lacks CORS headers, or there is none.`;
}

/**
 * What is wrong with the answer to a preflight, or undefined.
 * @see https://fetch.spec.whatwg.org/#cors-preflight-fetch
 */
export function explainPreflight(
  { status, responseHeaders, requestHeaders, verdict, reason }: DemoExchange,
  { method }: Pick<FetchRecord, 'method'>,
  origin: string,
): string | undefined {
  if (verdict === 'deny') return explainDenial({ reason, status });
  const problem = originProblem(responseHeaders, origin);
  if (problem !== undefined) return `The preflight was answered ${status}, and ${problem}.`;
  if (status < 200 || status > 299)
    return `The preflight was answered ${status}; the browser wants 200 to 299.`;
  const methods = listOf(responseHeaders['access-control-allow-methods']);
  if (!['GET', 'HEAD', 'POST', '*', ...methods].includes(method) && !methods.includes('*')) {
    return `The preflight does not allow the method ${method}.`;
  }
  const allowed = listOf(responseHeaders['access-control-allow-headers']).map((name) => name.toLowerCase());
  const missing = listOf(requestHeaders['access-control-request-headers']).filter(
    (name) => !allowed.includes(name),
  );
  if (missing.length > 0 && !allowed.includes('*')) {
    return `The preflight does not allow the request header ${missing.join(', ')}.`;
  }
  return undefined;
}

function explainDenial({ reason, status }: Pick<DemoExchange, 'reason' | 'status'>): string {
  return reason === 'origin-not-allowed'
    ? `mcp-cors answered ${status}: this origin is not allowed (${reason}).`
    : `mcp-cors answered ${status} (${reason}).`;
}

/** @see https://fetch.spec.whatwg.org/#cors-check */
function originProblem(headers: Readonly<Record<string, string>>, origin: string): string | undefined {
  const allowed = headers['access-control-allow-origin'];
  if (allowed === undefined) return 'no Access-Control-Allow-Origin came with it';
  if (allowed !== '*' && allowed !== origin) return `Access-Control-Allow-Origin said ${allowed}`;
  return undefined;
}

function listOf(value: string | undefined): string[] {
  return (value ?? '').split(',').flatMap((item) => item.trim() || []);
}

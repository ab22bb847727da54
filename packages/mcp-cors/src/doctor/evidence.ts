import type { HeaderField } from '../policy/index.js';

/** What stands in place of a secret. */
export const HIDDEN = '…';

/** Headers that are shown as they are: no secret is in them. All others are shown by name. */
const SHOWN: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'age',
  'allow',
  'cache-control',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'forwarded',
  'host',
  'mcp-method',
  'mcp-name',
  'mcp-protocol-version',
  'origin',
  'retry-after',
  'server',
  'transfer-encoding',
  'vary',
  'via',
  'www-authenticate',
  'x-accel-buffering',
  'x-cache',
  'x-forwarded-host',
  'x-powered-by',
]);

/** Headers of which the beginning is shown, so that two of them can be told apart. */
const SHORTENED: ReadonlySet<string> = new Set(['mcp-session-id', 'last-event-id']);

/** A header's value as a report may show it. */
export function redactHeader(name: string, value: string): string {
  const lower = name.toLowerCase();
  if (SHOWN.has(lower) || lower.startsWith('access-control-') || lower.startsWith('sec-fetch-')) {
    return printable(value, 300);
  }
  if (SHORTENED.has(lower)) return shorten(value);
  if (lower === 'location' || lower === 'content-location') return redactUrl(value);
  if (lower === 'authorization') return `${value.split(' ', 1)[0] ?? ''} ${HIDDEN}`;
  return HIDDEN;
}

/** The first characters of a secret, of long ones alone. */
export function shorten(secret: string): string {
  return secret.length > 12 ? `${printable(secret.slice(0, 4), 4)}${HIDDEN}` : HIDDEN;
}

/** A URL without what is secret in it: user name and password, and the values of its query. */
export function redactUrl(url: string): string {
  return printable(url, 400)
    .replace(/^([a-z][a-z0-9+.-]*:)?\/\/[^/?#@]*@/i, `$1//${HIDDEN}@`)
    .replace(/([?&][^=&#]*=)[^&#]+/g, `$1${HIDDEN}`);
}

/** A sentence with its URLs redacted. */
export function redactSentence(text: string): string {
  return printable(text, 2000).replaceAll(/https?:\/\/[^\s'"]+/g, redactUrl);
}

/** A text without control characters, which could move a terminal's cursor, and within a length. */
export function printable(text: string, limit: number): string {
  const safe = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\ufffd');
  return safe.length > limit ? `${safe.slice(0, limit)}${HIDDEN}` : safe;
}

/** What a report needs of a request and its answer. */
export interface Witness {
  readonly request: {
    readonly method: string;
    readonly url: string;
    readonly headers: readonly HeaderField[];
  };
  readonly response?:
    | { readonly status: number; readonly headers: readonly HeaderField[]; readonly body?: unknown }
    | undefined;
}

/** Headers that are beside the point of every finding. */
const NOISE: ReadonlySet<string> = new Set([
  'accept-ranges',
  'connection',
  'content-length',
  'content-security-policy',
  'date',
  'etag',
  'keep-alive',
  'priority',
  'user-agent',
  'x-content-type-options',
]);

/** A request and its answer in lines, `>` sent and `<` received, secrets replaced. */
export function showExchange({ request, response }: Witness): string {
  const url = new URL(request.url);
  const lines = [`> ${request.method} ${redactUrl(url.pathname + url.search)}`];
  const shown = (headers: readonly HeaderField[], mark: string): string[] =>
    headers
      .filter(([name]) => !NOISE.has(name.toLowerCase()) && !name.toLowerCase().startsWith('sec-fetch-'))
      .map(([name, value]) => `${mark} ${printable(name, 80)}: ${redactHeader(name, value)}`);
  lines.push(...shown(request.headers, '>'));
  if (response === undefined) return [...lines, '< no answer'].join('\n');
  return [...lines, `< ${response.status}`, ...shown(response.headers, '<')].join('\n');
}

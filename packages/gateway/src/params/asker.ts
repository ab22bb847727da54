import { createHash } from 'node:crypto';

/** Headers of one message alone: they say nothing of whom it is from, and would be wrong on another. */
const OF_MESSAGE: ReadonlySet<string> = new Set([
  'content-digest',
  'content-encoding',
  'content-length',
  'digest',
  'idempotency-key',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-event-id',
  'mcp-method',
  'mcp-name',
  'range',
  'referer',
  'repr-digest',
]);

/** Headers that another message of the same client carries too, though they do not say whom it is from. */
const OF_CARRIAGE: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'b3',
  'baggage',
  'cache-control',
  'content-type',
  'mcp-protocol-version',
  'pragma',
  'priority',
  'request-id',
  'sentry-trace',
  'traceparent',
  'tracestate',
  'x-amzn-trace-id',
  'x-correlation-id',
  'x-request-id',
]);

/** Headers that prove who sent one particular message: another cannot be sent in the same name. */
const PROOFS: ReadonlySet<string> = new Set(['dpop', 'signature', 'signature-input']);

/** Headers of the page, which a request of the gateway's own does not come from. */
function isOfPage(name: string): boolean {
  return name === 'origin' || name.startsWith('sec-') || name.startsWith('access-control-request-');
}

/** Who asks whom. */
export interface Asker {
  readonly upstream: string;
  /** The request target at the upstream. */
  readonly path: string;
  /** The page's. */
  readonly origin: string | undefined;
  /** Of the request to the upstream: names and values, one after the other. */
  readonly headers: readonly string[];
}

/** A key that no two askers share, and that tells no secret. */
export function askerKey({ upstream, path, origin, headers }: Asker): string {
  const identity: (string | undefined)[] = [upstream, path, origin];
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] as string).toLowerCase();
    if (saysWhoAsks(name)) identity.push(name, headers[i + 1]);
  }
  return createHash('sha256').update(JSON.stringify(identity)).digest('base64');
}

function saysWhoAsks(name: string): boolean {
  return !OF_MESSAGE.has(name) && !OF_CARRIAGE.has(name) && !PROOFS.has(name) && !isOfPage(name);
}

/** Whether a request of the gateway's own can be sent in the name of another's sender. */
export function canSpeakFor(headers: readonly string[]): boolean {
  return !pairs(headers).some(([name]) => PROOFS.has(name));
}

/** The headers of a `tools/list` that is sent in the name of another request's sender. */
export function listHeaders(headers: readonly string[]): string[] {
  return pairs(headers)
    .filter(([name]) => !OF_MESSAGE.has(name) && !isOfPage(name))
    .flat()
    .concat('Mcp-Method', 'tools/list');
}

/** A flat list of names and values as pairs, names in lower case. */
function pairs(headers: readonly string[]): (readonly [name: string, value: string])[] {
  return Array.from({ length: headers.length / 2 }, (_, i) => [
    (headers[2 * i] as string).toLowerCase(),
    headers[2 * i + 1] as string,
  ]);
}

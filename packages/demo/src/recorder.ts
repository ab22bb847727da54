import type { IncomingHttpHeaders, OutgoingHttpHeader, RequestListener, ServerResponse } from 'node:http';
import type { RecordedExchange } from './exchange.js';

const SECRETS = new Set(['authorization', 'cookie', 'dpop', 'proxy-authorization', 'set-cookie']);

/** Wraps a request listener so that every exchange is told to `onExchange` twice: at its response head and at its end. */
export function recordExchanges(
  listener: RequestListener,
  onExchange: (exchange: RecordedExchange) => void,
): RequestListener {
  let lastId = 0;
  return (request, response) => {
    const id = ++lastId;
    const startedAt = Date.now();
    const started = performance.now();
    const requestHeaders = flatten(request.headers);
    const method = request.method ?? 'GET';
    const path = request.url ?? '/';
    const head = { status: 0, headers: {} as Record<string, string> };
    let events = 0;

    const tell = (phase: RecordedExchange['phase']) =>
      onExchange({
        id,
        startedAt,
        method,
        path,
        origin: requestHeaders.origin,
        preflight: method === 'OPTIONS' && 'access-control-request-method' in requestHeaders,
        requestHeaders,
        responseHeaders: head.headers,
        status: head.status,
        phase,
        durationMs: performance.now() - started,
        events,
      });

    watchResponse(response, {
      onHead(status, headers) {
        head.status = status;
        head.headers = headers;
        tell('open');
      },
      onEvents(count) {
        events += count;
      },
    });
    response.once('close', () => tell(response.writableFinished ? 'ended' : 'aborted'));
    listener(request, response);
  };
}

interface ResponseWatcher {
  onHead(status: number, headers: Record<string, string>): void;
  onEvents(count: number): void;
}

function watchResponse(response: ServerResponse, watcher: ResponseWatcher): void {
  const { writeHead, write, end } = response;
  let countEvents: ((chunk: unknown) => number) | undefined;

  // Every response head passes through writeHead, the implicit one of write() and end() included.
  response.writeHead = function (this: ServerResponse, ...args: unknown[]) {
    const result = Reflect.apply(writeHead, this, args) as ServerResponse;
    const given = args.find((arg) => typeof arg === 'object' && arg !== null);
    const headers = { ...flatten(response.getHeaders()), ...flatten(given ?? {}) };
    if (headers['content-type']?.startsWith('text/event-stream')) countEvents = createEventCounter();
    watcher.onHead(response.statusCode, headers);
    return result;
  } as typeof writeHead;

  const observe = (chunk: unknown) => {
    if (countEvents) watcher.onEvents(countEvents(chunk));
  };
  response.write = function (this: ServerResponse, ...args: unknown[]) {
    const result = Reflect.apply(write, this, args) as boolean;
    observe(args[0]);
    return result;
  } as typeof write;
  response.end = function (this: ServerResponse, ...args: unknown[]) {
    observe(args[0]);
    return Reflect.apply(end, this, args) as ServerResponse;
  } as typeof end;
}

/** Counts blank lines, which end events: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream */
function createEventCounter(): (chunk: unknown) => number {
  const decoder = new TextDecoder();
  let lineIsEmpty = true;
  let hasField = false;
  return (chunk) => {
    const text =
      typeof chunk === 'string'
        ? chunk
        : chunk instanceof Uint8Array
          ? decoder.decode(chunk, { stream: true })
          : '';
    let events = 0;
    for (const character of text) {
      if (character === '\r') continue;
      if (character !== '\n') {
        if (lineIsEmpty && character !== ':') hasField = true;
        lineIsEmpty = false;
        continue;
      }
      if (lineIsEmpty && hasField) {
        events++;
        hasField = false;
      }
      lineIsEmpty = true;
    }
    return events;
  };
}

function flatten(headers: IncomingHttpHeaders | Record<string, OutgoingHttpHeader | undefined> | object) {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    const key = name.toLowerCase();
    flat[key] = SECRETS.has(key) ? '(redacted)' : Array.isArray(value) ? value.join(', ') : String(value);
  }
  return flat;
}

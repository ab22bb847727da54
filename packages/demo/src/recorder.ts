import type { OutgoingHttpHeaders, RequestListener, ServerResponse } from 'node:http';
import { createEventCounter, type EventCounter, readableHeaders } from '@mcp-cors/gateway';
import type { RecordedExchange } from './exchange.js';

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
    const requestHeaders = readableHeaders(request.headers);
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
        events = count;
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
  let counter: EventCounter | undefined;

  // Every response head passes through writeHead, the implicit one of write() and end() included.
  response.writeHead = function (this: ServerResponse, ...args: unknown[]) {
    const result = Reflect.apply(writeHead, this, args) as ServerResponse;
    const given = args.find((arg) => typeof arg === 'object' && arg !== null);
    const headers = readableHeaders({
      ...response.getHeaders(),
      ...(given as OutgoingHttpHeaders | undefined),
    });
    if (headers['content-type']?.startsWith('text/event-stream')) counter = createEventCounter();
    watcher.onHead(response.statusCode, headers);
    return result;
  } as typeof writeHead;

  const observe = (chunk: unknown) => {
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) {
      if (counter) watcher.onEvents(counter.count(Buffer.from(chunk as string)));
    }
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

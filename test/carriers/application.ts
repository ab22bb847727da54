import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Line } from './vectors.js';

/** What the application says about CORS by itself: everything that a policy must overrule. */
export const APPLICATION_CORS: readonly Line[] = [
  ['Access-Control-Allow-Origin', '*'],
  ['Access-Control-Allow-Credentials', 'true'],
  ['Access-Control-Allow-Methods', 'CONNECT'],
  ['Access-Control-Max-Age', '31'],
  ['Access-Control-Expose-Headers', 'X-Application'],
  ['Access-Control-Allow-Private-Network', 'true'],
];
/** On what the application's answers depend unless the target asks for something else. */
export const APPLICATION_VARY = 'Accept-Encoding';
/** Marks every response of the application. */
export const APPLICATION_MARK: Line = ['X-Application', 'reached'];

/** The server behind a carrier. It disregards CORS, answers everything, and counts. */
export interface Application {
  readonly listener: RequestListener;
  /** How many requests have reached it. */
  readonly reached: () => number;
}

/**
 * Makes an application. The query of the target may ask for a `status` (200), for what `vary` names, and for a way
 * to `answer`: `head` (`writeHead` with an object, the default), `list` (`writeHead` with a flat list that repeats
 * Allow-Origin), `set` (`setHeader`), `lines` (`setHeader` with two Allow-Origin lines), `error` (as error handlers
 * do: all headers so far are removed), `stream` (an event stream, flushed event by event), `plain` (nothing about
 * CORS or Vary).
 */
export function createApplication(): Application {
  let count = 0;
  return {
    reached: () => count,
    listener: (request, response) => {
      count++;
      answer(request, response);
    },
  };
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const query = new URLSearchParams(request.url?.split('?')[1]);
  const status = Number(query.get('status') ?? 200);
  const lines: readonly Line[] = [
    APPLICATION_MARK,
    ['Content-Type', 'application/json'],
    ['Vary', query.get('vary') ?? APPLICATION_VARY],
    ...APPLICATION_CORS,
  ];
  const way = query.get('answer') ?? 'head';
  const body = request.method === 'HEAD' || status === 204 || status === 304 ? undefined : '{}';
  switch (way) {
    case 'head':
      response.writeHead(status, Object.fromEntries(lines)).end(body);
      return;
    case 'list':
      response
        .writeHead(status, 'As It Is', [...lines, ['Access-Control-Allow-Origin', 'null'] as const].flat())
        .end(body);
      return;
    case 'error':
      for (const name of response.getHeaderNames()) response.removeHeader(name);
      break;
    case 'set':
    case 'stream':
    case 'lines':
    case 'plain':
      break;
    default:
      throw new Error(`the application knows no way to answer called ${way}`);
  }
  response.statusCode = status;
  if (way === 'plain') {
    response.setHeader(...APPLICATION_MARK).end(body);
    return;
  }
  for (const [name, value] of lines) response.setHeader(name, value);
  if (way === 'lines') response.setHeader('Access-Control-Allow-Origin', ['*', 'null']);
  if (way !== 'stream') {
    response.end(body);
    return;
  }
  response.setHeader('Content-Type', 'text/event-stream');
  response.flushHeaders();
  response.write('data: 1\n\n');
  setImmediate(() => response.end('data: 2\n\n'));
}

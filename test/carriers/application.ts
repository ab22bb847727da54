import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { answerRequest } from './fetchApplication.js';
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

/** An event stream, as it is written. */
export const TWO_EVENTS = ['data: 1\n\n', 'data: 2\n\n'] as const;
/** The beginning of an HTTP+SSE stream, cut within the session id. */
export const ENDPOINT_EVENTS = [
  ': hello\n\nevent: endpoint\ndata: /messages?sessionId=ser',
  'ver-1\n\nevent: message\ndata: /messages?sessionId=server-1\n\n',
] as const;

/** What the application says about sessions when its target asks for it. */
export function sessionLines(
  query: URLSearchParams,
  sessionId: string | readonly string[] | null | undefined,
  target = '',
): readonly Line[] {
  const issued = query.get('issue');
  return [
    ...(query.has('seen')
      ? ([
          ['X-Seen-Session', String(sessionId ?? 'none')],
          ['X-Seen-Target', target],
        ] as const)
      : []),
    ...(issued === null ? [] : ([['Mcp-Session-Id', issued]] as const)),
  ];
}

/** The server behind a carrier. It disregards CORS, answers everything, and counts. */
export interface Application {
  readonly listener: RequestListener;
  /** The same for carriers of fetch handlers. */
  readonly handler: (request: Request) => Response;
  /** How many requests have reached it. */
  readonly reached: () => number;
}

/**
 * Makes an application. The query of the target may ask for a `status` (200), for what `vary` names, and for a way
 * to `answer`: `head` (`writeHead` with an object, the default), `list` (`writeHead` with a flat list that repeats
 * Allow-Origin), `set` (`setHeader`), `lines` (`setHeader` with two Allow-Origin lines), `error` (as error handlers
 * do: all headers so far are removed), `stream` (an event stream, flushed event by event), `endpoint` (an event stream
 * of the HTTP+SSE transport), `plain` (nothing about CORS or Vary). `issue` has it issue that session id; `seen` has it
 * tell of the session id and the target that it got.
 */
export function createApplication(): Application {
  let count = 0;
  return {
    reached: () => count,
    listener: (request, response) => {
      count++;
      answer(request, response);
    },
    handler: (request) => {
      count++;
      return answerRequest(request);
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
    ...sessionLines(query, request.headers['mcp-session-id'], request.url),
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
    case 'endpoint':
    case 'lines':
    case 'plain':
      break;
    default:
      throw new Error(`the application knows no way to answer called ${way}`);
  }
  response.statusCode = status;
  if (way === 'plain') {
    response.setHeader(...APPLICATION_MARK);
    response.end(body);
    return;
  }
  for (const [name, value] of lines) response.setHeader(name, value);
  if (way === 'lines') response.setHeader('Access-Control-Allow-Origin', ['*', 'null']);
  if (way !== 'stream' && way !== 'endpoint') {
    response.end(body);
    return;
  }
  const [first, second] = way === 'stream' ? TWO_EVENTS : ENDPOINT_EVENTS;
  response.setHeader('Content-Type', 'text/event-stream');
  response.flushHeaders();
  response.write(first);
  setImmediate(() => response.end(second));
}

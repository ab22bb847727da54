import {
  APPLICATION_CORS,
  APPLICATION_MARK,
  APPLICATION_VARY,
  ENDPOINT_EVENTS,
  sessionLines,
  TWO_EVENTS,
} from './application.js';
import type { Line } from './vectors.js';

/** What the application answers to a Request: the same as on Node, as far as a Response can say it. */
export function answerRequest({ method, url, headers: given }: Request): Response {
  const query = new URLSearchParams(url.split('?')[1]);
  const status = Number(query.get('status') ?? 200);
  const lines: readonly Line[] = [
    APPLICATION_MARK,
    ['Content-Type', 'application/json'],
    ['Vary', query.get('vary') ?? APPLICATION_VARY],
    ...APPLICATION_CORS,
    ...sessionLines(query, given.get('mcp-session-id'), url.slice(new URL(url).origin.length)),
  ];
  const way = query.get('answer') ?? 'head';
  const body = method === 'HEAD' || status === 204 || status === 304 ? null : '{}';
  switch (way) {
    case 'head':
    case 'set':
    case 'error':
      return new Response(body, { status, headers: lines.map(([name, value]) => [name, value]) });
    case 'list':
    case 'lines': {
      const response = new Response(body, { status });
      for (const [name, value] of lines) response.headers.append(name, value);
      response.headers.append('Access-Control-Allow-Origin', 'null');
      return response;
    }
    case 'plain':
      return new Response(body, { status, headers: [[...APPLICATION_MARK]] });
    case 'stream':
    case 'endpoint': {
      const headers = new Headers(lines.map(([name, value]) => [name, value]));
      headers.set('Content-Type', 'text/event-stream');
      return new Response(body === null ? null : streamOf(way === 'stream' ? TWO_EVENTS : ENDPOINT_EVENTS), {
        status,
        headers,
      });
    }
    default:
      throw new Error(`the application knows no way to answer called ${way}`);
  }
}

function streamOf([first, second]: readonly [string, string]): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    start(controller) {
      controller.enqueue(encoder.encode(first));
      setImmediate(() => {
        controller.enqueue(encoder.encode(second));
        controller.close();
      });
    },
  });
}

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { mcpCors } from 'mcp-cors/fetch';
import { type Carrier, createSocketCarrier, listen } from './carriers.js';

/** A `node:http` server that turns what it gets into Requests, in front of a wrapped fetch handler. */
export function createFetchCarrier(): Carrier {
  return createSocketCarrier('fetch', (policy, { handler }) => listen(toListener(mcpCors(policy)(handler))));
}

/**
 * Serves a fetch handler, and keeps all of the request that a Request can hold. The URL has a name of the server's own,
 * as behind many runtimes; who was meant is in the Host header alone.
 */
export function toListener(handler: (request: Request) => Promise<Response>): RequestListener {
  return (incoming, outgoing) => {
    serve(handler, incoming, outgoing).catch((error: unknown) => outgoing.destroy(error as Error));
  };
}

async function serve(
  handler: (request: Request) => Promise<Response>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const response = await handler(toRequest(incoming));
  outgoing.statusCode = response.status;
  outgoing.setHeaders(response.headers);
  if (response.body === null) {
    outgoing.end();
    return;
  }
  outgoing.flushHeaders();
  for await (const chunk of response.body) outgoing.write(chunk);
  outgoing.end();
}

function toRequest(incoming: IncomingMessage): Request {
  const { method = 'GET', url = '/', rawHeaders } = incoming;
  const headers = new Headers();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    headers.append(rawHeaders[i] as string, rawHeaders[i + 1] as string);
  }
  const hasBody = method !== 'GET' && method !== 'HEAD';
  return new Request(`http://server.internal${url}`, {
    method,
    headers,
    ...(hasBody ? { body: Readable.toWeb(incoming) as ReadableStream, duplex: 'half' } : {}),
  });
}

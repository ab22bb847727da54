import type { IncomingMessage, RequestListener } from 'node:http';

/** A request as far as clients can differ in it. */
export type Recorded = string;

/** Puts down every request that reaches a listener. */
export function recording(listener: RequestListener, log: Recorded[]): RequestListener {
  return (request, response) => {
    const place = log.push('') - 1;
    const chunks: Buffer[] = [];
    const describe = (): void => {
      log[place] = describeRequest(request, Buffer.concat(chunks).toString());
    };
    describe();
    // Read beside the listener: what it reads is not taken away from it.
    const emit = request.emit;
    request.emit = function recorded(this: IncomingMessage, event: string | symbol, ...rest: unknown[]) {
      if (event === 'data') {
        chunks.push(Buffer.from(rest[0] as Buffer));
        describe();
      }
      return emit.call(this, event as string, ...rest);
    } as typeof request.emit;
    listener(request, response);
  };
}

/** Method, path, what the page set, and the JSON-RPC method: no ids, and nothing that the network adds. */
function describeRequest({ method, url = '/', headers }: IncomingMessage, body: string): Recorded {
  const own = Object.entries(headers)
    .filter(([name]) =>
      /^(?:content-type$|accept$|mcp-|last-event-id$|access-control-request-|origin$)/.test(name),
    )
    .map(([name, value]) => `${name}: ${name === 'mcp-session-id' ? '…' : String(value)}`)
    .sort();
  const message = /"method":"([^"]+)"/.exec(body)?.[1];
  return [`${method} ${url.split('?', 1)[0]}${message === undefined ? '' : ` ${message}`}`, ...own].join(
    '\n  ',
  );
}

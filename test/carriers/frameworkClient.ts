import { once } from 'node:events';
import { type IncomingMessage, request as requestHttp1 } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import type { Readable } from 'node:stream';
import { exchange, request, type WireResponse } from '../fixtures/wire.js';
import type { Running } from './frameworks.js';
import { exchangeFields } from './http2Wire.js';

export type Headers = Readonly<Record<string, string>>;

/** A response by what the tests look at. */
export type Answer = Pick<WireResponse, 'status' | 'headers' | 'body'>;

/** Sends a request to the host `localhost`, over HTTP/2 where the server has TLS, and reads the whole response. */
export async function ask(
  { port, ca }: Running,
  line: string,
  headers: Headers = {},
  body = '',
): Promise<Answer> {
  const [method = '', target = ''] = line.split(' ');
  if (ca === undefined) {
    const responses = await exchange(port, request(line, headers, body), { isHead: method === 'HEAD' });
    if (responses.length !== 1) throw new Error(`${responses.length} responses to ${line}`);
    return responses[0] as WireResponse;
  }
  const fields = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  const response = await exchangeFields(
    { port, tls: tlsOptions(ca) },
    [[':method', method], [':scheme', 'https'], [':authority', 'localhost'], [':path', target], ...fields],
    body === '' ? undefined : body,
  );
  return { ...response, headers: response.lines };
}

/** How a client trusts the certificate of a server of the tests. */
export function tlsOptions(ca: string): { ca: string; servername: string; ALPNProtocols: string[] } {
  return { ca, servername: 'localhost', ALPNProtocols: ['h2'] };
}

/** A response whose body is still coming. */
export interface OpenStream {
  readonly headers: Readonly<Record<string, unknown>>;
  /** The next piece of the body as it arrives; undefined at its end. */
  next(): Promise<string | undefined>;
  close(): void;
}

/** Opens a stream with GET. */
export async function openStream({ port, ca }: Running, path: string, headers: Headers): Promise<OpenStream> {
  if (ca === undefined) {
    const outgoing = requestHttp1({
      host: '127.0.0.1',
      port,
      path,
      headers: { Host: 'localhost', ...headers },
      agent: false,
    });
    outgoing.end();
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
    return { headers: incoming.headers, next: pieces(incoming), close: () => void outgoing.destroy() };
  }
  const session = connectHttp2(`https://localhost:${port}`, tlsOptions(ca));
  const lowerCase = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const stream = session.request({ ':authority': 'localhost', ':path': path, ...lowerCase });
  const [head] = (await once(stream, 'response')) as [Readonly<Record<string, unknown>>];
  return { headers: head, next: pieces(stream), close: () => session.destroy() };
}

function pieces(body: Readable): () => Promise<string | undefined> {
  const iterator = body[Symbol.asyncIterator]();
  return async () => {
    const { done, value } = await iterator.next();
    return done === true ? undefined : String(value);
  };
}

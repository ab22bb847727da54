import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { onTestFinished } from 'vitest';
import { ANY_CERTIFICATE, type Answer, PAGE } from './client.js';

/** A connection over HTTP/2 that lives as long as the test. */
export async function connectHttp2(url: string): Promise<ClientHttp2Session> {
  const session = connect(url, ANY_CERTIFICATE);
  session.on('error', () => {});
  onTestFinished(() => session.destroy());
  await new Promise<void>((resolve, reject) => {
    session.once('connect', () => resolve());
    session.once('error', reject);
  });
  return session;
}

/** Begins a request of the allowed page; the body is not ended when `hold` is set. */
export function beginHttp2(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders = {},
  { body, hold = false }: { readonly body?: string | Buffer; readonly hold?: boolean } = {},
): ClientHttp2Stream {
  const withBody = body !== undefined || hold;
  const stream = session.request(
    {
      ':method': withBody ? 'POST' : 'GET',
      ':path': '/mcp',
      origin: PAGE,
      ...(withBody ? { 'content-type': 'application/json' } : {}),
      ...headers,
    },
    { endStream: !withBody },
  );
  stream.on('error', () => {});
  if (body !== undefined && hold) stream.write(body);
  else if (body !== undefined) stream.end(body);
  return stream;
}

/** The head of a stream's response. */
export function headOfHttp2(
  stream: ClientHttp2Stream,
): Promise<IncomingHttpHeaders & { ':status'?: number }> {
  return new Promise((resolve, reject) => {
    stream.once('response', resolve);
    stream.once('error', reject);
    stream.once('close', () => reject(new Error(`the stream was closed with code ${stream.rstCode}`)));
  });
}

/** Reads a response to its end; rejects when it is reset. */
export async function readHttp2(stream: ClientHttp2Stream): Promise<Answer> {
  const lines: [string, string][] = [];
  stream.once('response', (_head: object, _flags: number, raw?: readonly string[]) => {
    for (let i = 0; raw !== undefined && i < raw.length; i += 2)
      lines.push([raw[i] as string, raw[i + 1] as string]);
  });
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  await new Promise<void>((resolve, reject) => {
    stream.once('close', () => {
      if (stream.rstCode === 0) resolve();
      else reject(new Error(`the stream was reset with code ${stream.rstCode}`));
    });
  });
  const status = Number(lines.find(([name]) => name === ':status')?.[1]);
  return { status, lines, body: Buffer.concat(chunks) };
}

import { type ClientRequest, type IncomingMessage, request as sendHttp } from 'node:http';
import { request as sendHttps } from 'node:https';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect, onTestFinished, vi } from 'vitest';

/** The page that the tests' policies allow. */
export const PAGE = 'https://app.example.com';
/** A page that none of them allows. */
export const FOREIGN_PAGE = 'https://evil.example';

/** Which certificate a gateway has is for the tests of certificates. */
export const ANY_CERTIFICATE = { rejectUnauthorized: false } as const;

/** A request as tests write it. */
export interface Sending {
  readonly method?: string;
  /** The request target, sent as it is. */
  readonly target?: string;
  /** Names and values; a name may repeat. */
  readonly headers?: readonly (readonly [string, string])[];
  /** The page's origin; null sends none. */
  readonly origin?: string | null;
  readonly body?: string | Buffer;
}

/** A response, read whole. */
export interface Answer {
  readonly status: number;
  readonly lines: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

/** A response whose head has arrived. */
export interface OpenAnswer {
  readonly request: ClientRequest;
  readonly response: IncomingMessage;
}

/** Begins a request on a connection of its own; the body is not ended when `hold` is set. */
export function begin(
  url: string,
  { method = 'POST', target = '/mcp', headers = [], origin = PAGE, body }: Sending = {},
  { hold = false }: { readonly hold?: boolean } = {},
): ClientRequest {
  const { hostname, port, protocol } = new URL(url);
  const given = new Set(headers.map(([name]) => name.toLowerCase()));
  const lines: [string, string][] = headers.map(([name, value]) => [name, value]);
  if (!given.has('host')) lines.unshift(['Host', `${hostname}:${port}`]);
  if (origin !== null) lines.push(['Origin', origin]);
  if (method === 'POST' && !given.has('content-type')) lines.push(['Content-Type', 'application/json']);
  if (body !== undefined && !given.has('transfer-encoding')) {
    lines.push(['Content-Length', String(Buffer.byteLength(body))]);
  }
  const send = protocol === 'https:' ? sendHttps : sendHttp;
  const request = send({
    ...ANY_CERTIFICATE,
    hostname,
    port,
    method,
    path: target,
    headers: lines.flat(),
    agent: false,
  });
  request.on('error', () => {});
  onTestFinished(() => void request.destroy());
  if (!hold) request.end(body);
  return request;
}

/** Sends a request and waits for the head of its response. */
export async function open(url: string, sending?: Sending): Promise<OpenAnswer> {
  const request = begin(url, sending);
  return { request, response: await headOf(request) };
}

/** The head of a request's response. */
export function headOf(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve);
    request.once('error', reject);
  });
}

/** Reads a response to its end; rejects when it breaks off. */
export async function readWhole(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  if (!response.complete) throw new Error('the response broke off');
  const raw = response.rawHeaders;
  return {
    status: response.statusCode ?? 0,
    lines: Array.from({ length: raw.length / 2 }, (_, i) => [raw[2 * i] as string, raw[2 * i + 1] as string]),
    body: Buffer.concat(chunks),
  };
}

/** Sends a request and reads its response to the end. */
export async function send(url: string, sending?: Sending): Promise<Answer> {
  return readWhole((await open(url, sending)).response);
}

/** The values of a header, one for each line. */
export function valuesOf({ lines }: Answer, name: string): string[] {
  return lines.filter(([line]) => line.toLowerCase() === name).map(([, value]) => value);
}

/** The reason in a JSON-RPC error of the gateway. */
export function reasonOf({ body }: Answer): unknown {
  return JSON.parse(body.toString()).error.data.reason;
}

/** Expects that the allowed page can read this response, and that a cache keeps it apart from others. */
export function expectReadable(answer: Answer): void {
  expect(valuesOf(answer, 'access-control-allow-origin')).toEqual([PAGE]);
  const vary = valuesOf(answer, 'vary').join(',').toLowerCase().split(',');
  expect(vary.map((name) => name.trim()).filter((name) => name === 'origin')).toHaveLength(1);
}

/** Reads a response part by part. */
export function partsOf(response: IncomingMessage): { next(): Promise<string | undefined> } {
  const parts = response[Symbol.asyncIterator]();
  return {
    async next() {
      const { done, value } = await parts.next();
      return done ? undefined : (value as Buffer).toString();
    },
  };
}

/** How a response ended: whole, or broken off. Reads what is left of it. */
export function endOf(response: IncomingMessage): Promise<'whole' | 'broken off'> {
  return new Promise((resolve) => {
    response.on('error', () => {});
    response.once('close', () => resolve(response.complete ? 'whole' : 'broken off'));
    response.resume();
  });
}

/** A connection that sends exactly these bytes and gathers what comes back. */
export async function connectRaw(
  url: string,
  text: string,
): Promise<{ readonly socket: Socket; readonly received: () => string }> {
  const { hostname, port, protocol } = new URL(url);
  const place = { host: hostname, port: Number(port) };
  const secure = protocol === 'https:';
  const socket = secure ? connectTls({ ...ANY_CERTIFICATE, ...place }) : connect(place);
  onTestFinished(() => void socket.destroy());
  let received = '';
  socket.on('error', () => {});
  socket.on('data', (bytes) => {
    received += bytes.toString('latin1');
  });
  await new Promise<void>((resolve) => socket.once(secure ? 'secureConnect' : 'connect', resolve));
  socket.write(text, 'latin1');
  return { socket, received: () => received };
}

/** Waits until an expectation holds, however long a busy machine needs. */
export function eventually<T>(expectation: () => T): Promise<T> {
  return vi.waitFor(expectation, { timeout: 15_000, interval: 5 });
}

/** Some time in which something that must not happen could. */
export function aWhile(milliseconds = 100): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

import { lookup } from 'node:dns';
import { Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest, Agent as TlsAgent } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { HeaderField } from '../policy/index.js';
import { TransportError, toTransportError } from './transportError.js';
import { readBody, type WireBody } from './wireBody.js';

/** A request as it goes over the wire. */
export interface WireRequest {
  readonly method: string;
  readonly url: string;
  /** In this order, a name as often as it is given. `host` stands in place of the URL's own. */
  readonly headers: readonly HeaderField[];
  readonly body?: string | undefined;
}

/** A response as it came. */
export interface WireResponse {
  readonly status: number;
  /** Every line, in order. */
  readonly headers: readonly HeaderField[];
  readonly body: WireBody;
  /** Milliseconds until the head was there. */
  readonly headMs: number;
}

/** A request and its answer, in the order in which they were sent. */
export interface WireExchange {
  readonly request: WireRequest;
  readonly response?: WireResponse;
  readonly failure?: TransportError;
}

/** Sends requests over real sockets. */
export interface Transport {
  /**
   * Sends one request and resolves with the head of its response. Follows no redirect.
   * @param withinMs Milliseconds for the head, where less than the transport's own will do.
   * @throws TransportError when there is no answer.
   */
  send(request: WireRequest, withinMs?: number): Promise<WireResponse>;
  readonly exchanges: readonly WireExchange[];
  /** Milliseconds for the head of a response, and for a body that is waited for. */
  readonly timeoutMs: number;
  /** What a server chooses when it is offered HTTP/2 and HTTP/1.1, as browsers do over TLS; undefined when that cannot be told. */
  protocolOf(url: string): Promise<'h2' | 'http/1.1' | undefined>;
  /** Leaves every connection. */
  close(): void;
}

export interface TransportOptions {
  /** 10,000 by default. */
  readonly timeoutMs?: number;
  /** Most bytes of a body that are kept; 1 MiB by default. */
  readonly bodyLimit?: number;
  /** Most requests that are sent; 2,000 by default. */
  readonly requestLimit?: number;
  /** Hears of each request before it is sent. */
  readonly onRequest?: (request: WireRequest, count: number) => void;
}

/** Creates a transport without a connection. */
export function createTransport(options: TransportOptions = {}): Transport {
  const { timeoutMs = 10_000, bodyLimit = 1 << 20, requestLimit = 2000, onRequest } = options;
  const agents = {
    'http:': new Agent({ keepAlive: true }),
    'https:': new TlsAgent({ keepAlive: true }),
  };
  const exchanges: WireExchange[] = [];
  const open = new Set<WireBody>();
  const pending = new Set<ClientRequest>();
  let count = 0;
  let closed = false;

  async function send(request: WireRequest, withinMs = timeoutMs): Promise<WireResponse> {
    count += 1;
    // A bound that no journey and no set of attacks comes near: the doctor must never become a flood.
    if (count > requestLimit) throw new Error(`the doctor has sent ${requestLimit} requests and stops`);
    onRequest?.(request, count);
    try {
      const response = await attempt(request, Math.min(withinMs, timeoutMs), true);
      open.add(response.body);
      exchanges.push({ request, response });
      return response;
    } catch (error) {
      const failure = toTransportError(error, new URL(request.url).host);
      exchanges.push({ request, failure });
      throw failure;
    }
  }

  function attempt(request: WireRequest, withinMs: number, again: boolean): Promise<WireResponse> {
    const started = performance.now();
    const url = new URL(request.url);
    const secure = url.protocol === 'https:';
    return new Promise((resolve, reject) => {
      const outgoing: ClientRequest = (secure ? httpsRequest : httpRequest)({
        agent: agents[secure ? 'https:' : 'http:'],
        method: request.method,
        hostname: url.hostname.replace(/^\[|\]$/g, ''),
        port: url.port,
        path: url.pathname + url.search,
        // A flat array is the one form in which Node sends lines as given, and adds no Host.
        headers: lines(request, url) as unknown as Record<string, string>,
        lookup: lookupLoopback,
      });
      pending.add(outgoing);
      const timer = setTimeout(() => {
        outgoing.destroy(
          new TransportError('time-out', `${url.host} did not answer within ${withinMs} milliseconds`),
        );
      }, withinMs);
      outgoing.once('close', () => pending.delete(outgoing));
      outgoing.once('response', (message) => {
        clearTimeout(timer);
        pending.delete(outgoing);
        resolve({
          status: message.statusCode ?? 0,
          headers: headerLines(message),
          body: readBody(message, bodyLimit),
          headMs: performance.now() - started,
        });
      });
      outgoing.once('error', (error: NodeJS.ErrnoException) => {
        clearTimeout(timer);
        // A kept connection that the server had closed meanwhile; the request was not looked at.
        if (again && !closed && outgoing.reusedSocket && error.code === 'ECONNRESET') {
          resolve(attempt(request, withinMs, false));
        } else reject(error);
      });
      outgoing.end(request.body);
    });
  }

  return {
    send,
    exchanges,
    timeoutMs,
    protocolOf: (url) => negotiate(new URL(url), timeoutMs),
    close() {
      closed = true;
      for (const body of open) body.close();
      // What nobody waits for any more: it would keep the process until its time is up.
      for (const outgoing of pending) outgoing.destroy();
      agents['http:'].destroy();
      agents['https:'].destroy();
    },
  };
}

/** Connects and lets the server choose (RFC 7301); without TLS browsers speak HTTP/1.1. No request is sent. */
function negotiate(
  { protocol, hostname, port }: URL,
  timeoutMs: number,
): Promise<'h2' | 'http/1.1' | undefined> {
  if (protocol === 'http:') return Promise.resolve('http/1.1');
  const host = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve) => {
    const socket = connectTls({
      host,
      port: port === '' ? 443 : Number(port),
      ALPNProtocols: ['h2', 'http/1.1'],
      lookup: lookupLoopback,
      // Nothing is sent, so that nobody has to be trusted; requests are refused by certificates as in a browser.
      rejectUnauthorized: false,
      ...(isIP(host) === 0 && { servername: host }),
    });
    const settle = (chosen: 'h2' | 'http/1.1' | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(chosen);
    };
    const timer = setTimeout(() => settle(undefined), timeoutMs);
    socket.once('error', () => settle(undefined));
    // A server that knows no ALPN speaks HTTP/1.1.
    socket.once('secureConnect', () => settle(socket.alpnProtocol === 'h2' ? 'h2' : 'http/1.1'));
  });
}

/** The request's lines as Node takes them: names and values in turn. */
function lines({ headers, body }: WireRequest, url: URL): readonly string[] {
  const has = (name: string): boolean => headers.some(([line]) => line.toLowerCase() === name);
  return [
    ...(has('host') ? [] : ['host', url.host]),
    ...headers.flat(),
    ...(has('user-agent') ? [] : ['user-agent', 'mcp-cors-doctor']),
    ...(body === undefined || has('content-length') || has('transfer-encoding')
      ? []
      : ['content-length', String(Buffer.byteLength(body))]),
  ];
}

function headerLines({ rawHeaders }: IncomingMessage): HeaderField[] {
  const fields: HeaderField[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    fields.push([rawHeaders[i] as string, rawHeaders[i + 1] as string]);
  }
  return fields;
}

/** Browsers resolve every name under `localhost` to loopback (RFC 6761 section 6.3); the system's resolver may not. */
const lookupLoopback: LookupFunction = (hostname, options, callback) => {
  lookup(hostname.endsWith('.localhost') ? 'localhost' : hostname, options, callback);
};

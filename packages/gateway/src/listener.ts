import { createServer, type IncomingMessage, type Server, type ServerOptions } from 'node:http';
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from 'node:http2';
import type { Limits } from './config/limits.js';
import { Http2Response } from './http2Response.js';
import { type Certificate, MIN_TLS_VERSION } from './tls/certificate.js';

/** Longer than the idle time-outs of common load balancers (60 s), so that it is never us who close first. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;

/** More than a page opens, and more than the 6 connections of HTTP/1.1 could carry for many pages. */
const MAX_STREAMS_PER_CONNECTION = 256;

/**
 * Makes the server that clients connect to: over http, or with a certificate over https, where HTTP/2 or HTTP/1.1 is
 * spoken as the client prefers (RFC 7301). Requests and responses of HTTP/2 are given in the shape of `node:http`.
 */
export function createListener(limits: Limits, certificate: Certificate | undefined): Server {
  const options = http1Options(limits);
  if (certificate === undefined) return Object.assign(createServer(options), counts(limits));

  const server = createSecureServer({
    cert: certificate.cert,
    key: certificate.key,
    minVersion: MIN_TLS_VERSION,
    allowHTTP1: true,
    handshakeTimeout: limits.requestHeadTimeoutMs || NO_BOUND_MS,
    Http2ServerResponse: Http2Response,
    settings: {
      maxConcurrentStreams: MAX_STREAMS_PER_CONNECTION,
      maxHeaderListSize: headerListBytes(limits),
      enablePush: false,
    },
  });
  server.on('session', (session) => closeWhenIdle(session, limits));
  // What createServer() takes as options for HTTP/1.1, this one takes as properties.
  return Object.assign(server as unknown as Server, options, counts(limits));
}

/** Whether the head of a request over HTTP/2 is larger than it may be, counted as it would be in HTTP/1.1. */
export function isLargeHead({ rawHeaders }: IncomingMessage, { maxHeaderBytes }: Limits): boolean {
  let bytes = 0;
  for (const text of rawHeaders) bytes += text.length + 2; // ": " or the end of a line
  return bytes > maxHeaderBytes;
}

/** More than a head may have, so that one that is a little too large can still be answered, and not be reset alone. */
function headerListBytes({ maxHeaderBytes }: Limits): number {
  return Math.max(65_535, 2 * maxHeaderBytes);
}

/** Gives a server other limits, for connections that come from now on. */
export function applyLimits(server: Server, limits: Limits): void {
  const { connectionsCheckingInterval: _, ...options } = http1Options(limits); // its timer runs
  Object.assign(server, options, counts(limits));
  if ('updateSettings' in server)
    (server as unknown as Http2SecureServer).updateSettings({ maxHeaderListSize: headerListBytes(limits) });
}

/** The longest time that a timer can hold. */
const NO_BOUND_MS = 2_147_483_647;

function http1Options({ requestHeadTimeoutMs, requestBodyTimeoutMs, maxHeaderBytes }: Limits): ServerOptions {
  // Slow bodies of admitted requests are answered by the gateway itself, readable for pages; this is for the others.
  const whole = requestBodyTimeoutMs === 0 ? 0 : requestHeadTimeoutMs + requestBodyTimeoutMs + 1_000;
  const bounds = [requestHeadTimeoutMs, whole].filter((bound) => bound > 0);
  return {
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    requestTimeout: whole,
    headersTimeout: requestHeadTimeoutMs,
    connectionsCheckingInterval: Math.min(5_000, Math.max(50, Math.min(...bounds) / 4)),
    maxHeaderSize: maxHeaderBytes,
    requireHostHeader: true,
  };
}

function counts({ maxConnections }: Limits): { maxHeadersCount: number; maxConnections: number } {
  return {
    // Their size is bounded; a bound on their number would hide those that are past it.
    maxHeadersCount: 0,
    maxConnections: maxConnections || Number.POSITIVE_INFINITY,
  };
}

/**
 * Closes a connection over HTTP/2 on which no request is under way for too long, whatever else is sent on it: no first
 * request after it was opened, no next one after the last had ended.
 */
function closeWhenIdle(session: ServerHttp2Session, { requestHeadTimeoutMs }: Limits): void {
  let streams = 0;
  let timer: NodeJS.Timeout | undefined;
  const wait = (milliseconds: number): void => {
    if (milliseconds > 0) timer = setTimeout(() => session.close(), milliseconds);
  };
  wait(requestHeadTimeoutMs);
  session.on('stream', (stream) => {
    streams++;
    clearTimeout(timer);
    stream.once('close', () => {
      streams--;
      if (streams === 0 && !session.closed) wait(KEEP_ALIVE_TIMEOUT_MS);
    });
  });
  session.once('close', () => clearTimeout(timer));
}

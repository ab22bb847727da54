import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { HeaderField } from '../../policy/index.js';

/** A response to bytes that no HTTP client would send. */
export interface RawResponse {
  readonly status: number;
  readonly headers: readonly HeaderField[];
  readonly body: string;
}

/** A request in bytes: the request target and the lines are written as they are. */
export interface RawRequest {
  readonly url: string;
  readonly method: string;
  /** In place of the URL's path and query. */
  readonly target?: string;
  /** All of them, `Host` included. */
  readonly headers: readonly HeaderField[];
  readonly body?: string | undefined;
}

/** Most bytes of a response that are kept. */
const RESPONSE_LIMIT = 1 << 17;

/**
 * Sends a request on a connection of its own and reads what comes back. Resolves with undefined when nothing that looks
 * like HTTP came within the time, or when the server hung up.
 */
export function exchangeRaw(request: RawRequest, withinMs: number): Promise<RawResponse | undefined> {
  const url = new URL(request.url);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const secure = url.protocol === 'https:';
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  return new Promise((resolve) => {
    const name = /^[\d.:]+$/.test(host) ? {} : { servername: host };
    const socket: Socket = secure ? connectTls({ host, port, ...name }) : connectPlain({ host, port });
    const chunks: Buffer[] = [];
    let size = 0;
    const finish = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(parseResponse(Buffer.concat(chunks).toString('latin1')));
    };
    const timer = setTimeout(finish, withinMs);
    socket.on('error', finish).on('end', finish).on('close', finish);
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > RESPONSE_LIMIT || isWhole(Buffer.concat(chunks).toString('latin1'))) finish();
    });
    socket.once(secure ? 'secureConnect' : 'connect', () => void socket.write(bytesOf(request, url)));
  });
}

/** The head byte by byte as it is given, and the body in UTF-8. */
function bytesOf({ method, target, headers, body }: RawRequest, url: URL): Buffer {
  const text = Buffer.from(body ?? '');
  const length = body === undefined ? [] : [['Content-Length', String(text.length)] as const];
  const lines = [...headers, ...length, ['Connection', 'close'] as const].map(
    ([name, value]) => `${name}: ${value}`,
  );
  const head = `${method} ${target ?? url.pathname + url.search} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), text]);
}

/** Whether nothing more is worth waiting for: the body is complete, or it is a stream whose first event is there. */
function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return false;
  const head = text.slice(0, end);
  const body = text.slice(end + 4);
  const length = /^content-length:[ \t]*(\d+)/im.exec(head)?.[1];
  if (length !== undefined) return body.length >= Number(length);
  if (/^transfer-encoding:.*chunked/im.test(head))
    return body.includes('\r\n0\r\n\r\n') || body.includes('\n\n');
  return false;
}

/** Reads a response. Its lines end where a browser's parser ends them: at CR LF, and at a lone LF (RFC 9112 section 2.2). */
export function parseResponse(text: string): RawResponse | undefined {
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1];
  if (status === undefined) return undefined;
  const end = /\r?\n\r?\n/.exec(text);
  const head = end === null ? text : text.slice(0, end.index);
  const headers: HeaderField[] = [];
  for (const line of head.split(/\r?\n/).slice(1)) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.push([line.slice(0, colon), line.slice(colon + 1).trim()]);
  }
  return { status: Number(status), headers, body: end === null ? '' : text.slice(end.index + end[0].length) };
}

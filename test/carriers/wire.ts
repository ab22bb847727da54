import { connect } from 'node:net';
import type { Line } from './vectors.js';

/** A response as it came over the wire: repeated lines are kept, and so is the case of names. */
export interface WireResponse {
  readonly status: number;
  readonly lines: readonly Line[];
  readonly body: string;
}

/** How long a carrier may take to answer and to close the connection. */
const TIMEOUT_MS = 10_000;

/**
 * Sends a request byte for byte to a loopback port, and reads the response to the end of the connection. A request
 * without Host goes out as HTTP/1.0, which alone may do without.
 */
export async function exchange(
  port: number,
  method: string,
  target: string,
  lines: readonly Line[],
): Promise<WireResponse> {
  return parseResponse(await send(port, requestBytes(method, target, lines)));
}

function requestBytes(method: string, target: string, lines: readonly Line[]): Buffer {
  const version = lines.some(([name]) => name.toLowerCase() === 'host') ? 'HTTP/1.1' : 'HTTP/1.0';
  const body = method === 'POST' ? '{"jsonrpc":"2.0","method":"ping"}' : '';
  const framing: readonly Line[] = [
    ...(body === '' ? [] : [['Content-Length', String(body.length)] as const]),
    ['Connection', 'close'],
  ];
  const head = [...lines, ...framing].map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const text = `${method} ${target} ${version}\r\n${head}\r\n${body}`;
  // One byte a character, as HTTP parsers read it; what does not fit goes out as UTF-8.
  return Buffer.from(text, /^[\0-\xff]*$/.test(text) ? 'latin1' : 'utf8');
}

function send(port: number, bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect({ port, host: '127.0.0.1' });
    const finish = (error?: Error): void => {
      socket.destroy();
      // A parser that gave up may reset the connection after its answer.
      if (chunks.length > 0) resolve(Buffer.concat(chunks));
      else reject(error ?? new Error('the connection was closed without a response'));
    };
    socket.setTimeout(TIMEOUT_MS, () => {
      chunks.length = 0;
      finish(new Error(`no complete response in ${TIMEOUT_MS} ms`));
    });
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('end', () => finish());
    socket.on('error', finish);
    socket.write(bytes);
  });
}

/** Takes a response apart. Throws when it is none, or when something stands behind it. */
export function parseResponse(bytes: Buffer): WireResponse {
  const text = bytes.toString('latin1');
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd === -1) throw new Error(`a response head without an end: ${JSON.stringify(text)}`);
  const [statusLine = '', ...fields] = text.slice(0, headEnd).split('\r\n');
  const status = /^HTTP\/1\.[01] ([1-5][0-9]{2})(?: |$)/.exec(statusLine)?.[1];
  if (status === undefined) throw new Error(`not a status line: ${JSON.stringify(statusLine)}`);
  const lines = fields.map((field): Line => {
    const line = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(field);
    if (line === null) throw new Error(`not a header line: ${JSON.stringify(field)}`);
    return [line[1] as string, line[2] as string];
  });
  const rest = text.slice(headEnd + 4);
  const chunked = lines.some(
    ([name, value]) => name.toLowerCase() === 'transfer-encoding' && value === 'chunked',
  );
  const body = chunked && rest !== '' ? joinChunks(rest) : rest;
  return { status: Number(status), lines, body };
}

function joinChunks(text: string): string {
  let body = '';
  let at = 0;
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at);
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    if (lineEnd === -1 || Number.isNaN(size)) throw new Error('the chunked body breaks off');
    if (size === 0) return body;
    body += text.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 2 + size + 2;
  }
}

import { connect as connectHttp2, type OutgoingHttpHeaders } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { Line } from './vectors.js';
import type { WireResponse } from './wire.js';

/** How long a server may take to answer. */
const TIMEOUT_MS = 10_000;

/** Where a request goes: with `tls`, over an encrypted connection. */
export interface Http2Server {
  readonly port: number;
  readonly tls?: ConnectionOptions | undefined;
}

/** A field of a header block: names are in lower case, and pseudo-headers come first. */
export type Field = readonly [name: string, value: string];

/** A response over HTTP/2. */
export interface Http2Response extends WireResponse {
  readonly trailers: readonly Line[];
}

/**
 * Sends a request with a header block byte for byte, and reads the response to its end. Node's own client would refuse
 * repeated lines, forbidden headers and odd bytes, so its HEADERS frame is exchanged on the way to the socket.
 */
export async function exchangeFields(
  { port, tls }: Http2Server,
  fields: readonly Field[],
  body?: string,
): Promise<Http2Response> {
  const socket =
    tls === undefined ? connect(port, '127.0.0.1') : connectTls({ ...tls, port, host: '127.0.0.1' });
  const scheme = tls === undefined ? 'http' : 'https';
  const session = connectHttp2(`${scheme}://localhost:${port}`, {
    createConnection: () => exchangeHeaders(socket, fields),
  });
  try {
    return await new Promise((resolve, reject) => {
      session.on('error', reject);
      // The client has to know the method: to HEAD there is no body, whatever its length.
      const method = fields.find(([name]) => name === ':method')?.[1] ?? 'GET';
      const stream = session.request({ ':method': method, ':path': '/' }, { endStream: body === undefined });
      let status: number | undefined;
      let lines: readonly Line[] = [];
      let trailers: readonly Line[] = [];
      const chunks: Buffer[] = [];
      stream.on('response', (head: OutgoingHttpHeaders, _flags: number, raw?: readonly string[]) => {
        status = Number(head[':status']);
        lines = pairsOf(raw ?? []).filter(([name]) => name !== ':status');
      });
      stream.on('trailers', (_head: object, _flags: number, raw?: readonly string[]) => {
        trailers = pairsOf(raw ?? []);
      });
      stream.on('data', (chunk) => chunks.push(chunk));
      stream.on('error', (error) => {
        if (status === undefined) reject(error);
      });
      stream.on('close', () => {
        if (status === undefined) reject(new Error(`the stream was reset with code ${stream.rstCode}`));
        else resolve({ status, lines, trailers, body: Buffer.concat(chunks).toString('latin1') });
      });
      stream.setTimeout(TIMEOUT_MS, () => reject(new Error(`no complete response in ${TIMEOUT_MS} ms`)));
      if (body !== undefined) stream.end(body);
    });
  } finally {
    session.destroy();
    socket.destroy();
  }
}

function pairsOf(raw: readonly string[]): readonly Line[] {
  return Array.from({ length: raw.length / 2 }, (_, i) => [raw[2 * i] as string, raw[2 * i + 1] as string]);
}

/** The connection preface of a client (RFC 9113 section 3.4). */
const PREFACE_BYTES = 24;
const FRAME_HEADER_BYTES = 9;
const MAX_FRAME_BYTES = 16_384;
const HEADERS = 0x1;
const CONTINUATION = 0x9;
const END_STREAM = 0x1;
const END_HEADERS = 0x4;

/** A connection on which the first HEADERS frame leaves with another header block. */
function exchangeHeaders(socket: Socket, fields: readonly Field[]): Duplex {
  let held = Buffer.alloc(0);
  let offset = PREFACE_BYTES;
  let exchanged = false;

  /** Takes what the client writes; gives what is to go out. */
  function pass(chunk: Buffer): Buffer {
    if (exchanged) return chunk;
    held = Buffer.concat([held, chunk]);
    while (held.length >= offset + FRAME_HEADER_BYTES) {
      const end = offset + FRAME_HEADER_BYTES + held.readUIntBE(offset, 3);
      if (held.length < end) break;
      if (held[offset + 3] === HEADERS) {
        exchanged = true;
        const flags = (held[offset + 4] ?? 0) & END_STREAM;
        const frames = headerFrames(held.readUInt32BE(offset + 5), flags, encodeFields(fields));
        return Buffer.concat([held.subarray(0, offset), frames, held.subarray(end)]);
      }
      offset = end;
    }
    const ready = held.subarray(0, Math.min(offset, held.length));
    held = held.subarray(ready.length);
    offset -= ready.length;
    return ready;
  }

  const duplex = new Duplex({
    read: () => void socket.resume(),
    write(chunk: Buffer, _encoding, callback) {
      const ready = pass(chunk);
      if (ready.length === 0) callback();
      else socket.write(ready, callback);
    },
    final: (callback) => void socket.end(callback),
    destroy(error, callback) {
      socket.destroy();
      callback(error);
    },
  });
  socket.on('data', (chunk) => {
    if (!duplex.readableEnded && !duplex.push(chunk)) socket.pause();
  });
  socket.on('end', () => duplex.push(null));
  socket.on('error', (error) => duplex.destroy(error));
  return duplex;
}

/** HEADERS and as many CONTINUATION frames as a block needs (RFC 9113 section 6.10). */
function headerFrames(streamId: number, flags: number, block: Buffer): Buffer {
  const frames: Buffer[] = [];
  for (let at = 0; at === 0 || at < block.length; at += MAX_FRAME_BYTES) {
    const part = block.subarray(at, at + MAX_FRAME_BYTES);
    const header = Buffer.alloc(FRAME_HEADER_BYTES);
    const last = at + MAX_FRAME_BYTES >= block.length ? END_HEADERS : 0;
    header.writeUIntBE(part.length, 0, 3);
    header[3] = at === 0 ? HEADERS : CONTINUATION;
    header[4] = (at === 0 ? flags : 0) | last;
    header.writeUInt32BE(streamId, 5);
    frames.push(header, part);
  }
  return Buffer.concat(frames);
}

/** Fields as literals that are never indexed and not compressed (RFC 7541 section 6.2.3). */
function encodeFields(fields: readonly Field[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([name, value]) => [Buffer.of(0x10), encodeText(name), encodeText(value)]),
  );
}

/** One byte a character, as an HTTP parser reads it; what does not fit goes out as UTF-8. */
function encodeText(text: string): Buffer {
  const bytes = Buffer.from(text, /^[\0-\xff]*$/.test(text) ? 'latin1' : 'utf8');
  return Buffer.concat([encodeLength(bytes.length), bytes]);
}

/** An integer with a prefix of seven bits (RFC 7541 section 5.1). */
function encodeLength(length: number): Buffer {
  if (length < 127) return Buffer.of(length);
  const bytes = [127];
  let rest = length - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.of(...bytes, rest);
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import { PassThrough } from 'node:stream';
import type { Limits } from './config/limits.js';
import type { GatewayAnswer } from './errors.js';
import { createSlots } from './slots.js';

/** A request's body: whole when it is small, as it comes when it is large. */
export type Body = Buffer | PassThrough | null;

/** Whether a body can be sent a second time. */
export function isWhole(body: Body): body is Buffer | null {
  return body === null || Buffer.isBuffer(body);
}

/** Why a body breaks off that had begun to flow. */
export class BodyRefusal extends Error {
  override readonly name = 'BodyRefusal';
  readonly reason: GatewayAnswer;

  constructor(reason: GatewayAnswer) {
    super(`the request's body was refused: ${reason}`);
    this.reason = reason;
  }
}

/** What a body is read for. */
export interface BodyUse {
  readonly limits: Limits;
  /** Takes the body; one that flows may still end with a {@link BodyRefusal}. */
  readonly use: (body: Body) => void;
  /** Hears that there will be no body to use. */
  readonly refuse: (reason: GatewayAnswer) => void;
}

/** Reads the bodies of requests within bounds. */
export interface BodyReader {
  read(request: IncomingMessage, response: ServerResponse, how: BodyUse): void;
  stop(): void;
}

/** Request bodies up to this size are sent whole; larger ones flow. */
const SMALL_BODY_BYTES = 65_536;

/** How often slow bodies are looked for: one timer for all. */
const SWEEP_MS = 250;

interface Slow {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly expires: number;
  readonly expire: () => void;
  /** Where it is kept; undefined once it is not. */
  slot: number | undefined;
}

/** Makes a reader. */
export function createBodyReader(): BodyReader {
  const coming = createSlots<Slow>();
  const sweep = setInterval(() => {
    const now = performance.now();
    for (const slow of coming) {
      const over = isOver(slow);
      if (slow.expires > now && !over) continue;
      forget(slow);
      if (!over) slow.expire();
    }
  }, SWEEP_MS).unref();

  function forget(slow: Slow): void {
    if (slow.slot !== undefined) coming.empty(slow.slot);
    slow.slot = undefined;
  }

  /** Watches a body until the function that this gives is called, or nobody waits for an answer to it any more. */
  function watch(
    request: IncomingMessage,
    response: ServerResponse,
    { requestBodyTimeoutMs }: Limits,
    expire: () => void,
  ): () => void {
    if (requestBodyTimeoutMs === 0) return () => {};
    const expires = performance.now() + requestBodyTimeoutMs;
    const slow: Slow = { request, response, expires, expire, slot: undefined };
    slow.slot = coming.add(slow);
    return () => forget(slow);
  }

  return {
    read(request, response, { limits, use, refuse }) {
      const length = bodyLength(request);
      const { maxBodyBytes } = limits;
      if (length === 0) {
        // A client that resets what it has just asked for over HTTP/2 must not cost the upstream anything.
        if (request.httpVersionMajor === 2) setImmediate(use, null);
        else use(null);
        return;
      }
      if (maxBodyBytes > 0 && length > maxBodyBytes && length !== Number.POSITIVE_INFINITY) {
        refuse('body-too-large');
        return;
      }
      if (request.headers.expect !== undefined) response.writeContinue();
      if (length <= SMALL_BODY_BYTES) {
        const chunks: Buffer[] = [];
        let refused = false;
        const whole = watch(request, response, limits, () => {
          refused = true;
          refuse('body-too-slow');
        });
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
          if (refused) return;
          whole();
          use(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks));
        });
      } else {
        const body = flowingBody(request, response, length === Number.POSITIVE_INFINITY ? maxBodyBytes : 0);
        request.once(
          'end',
          watch(request, response, limits, () => body.destroy(new BodyRefusal('body-too-slow'))),
        );
        if (request.httpVersionMajor === 2) setImmediate(use, body);
        else use(body);
      }
    },
    stop: () => clearInterval(sweep),
  };
}

/**
 * Whether nothing comes of a body any more. A request that was answered before its body had come is not destroyed when its
 * client then goes: Node has let go of it with its answer.
 */
function isOver({ request, response }: Slow): boolean {
  return request.destroyed || response.destroyed;
}

/** The length of a request's body in bytes; Infinity when the head does not say (RFC 9112 section 6.3, RFC 9113 8.1). */
function bodyLength(request: IncomingMessage): number {
  const { headers } = request;
  if (headers['transfer-encoding'] !== undefined) return Number.POSITIVE_INFINITY;
  if (headers['content-length'] !== undefined) return Number(headers['content-length']);
  if (request.httpVersionMajor !== 2) return 0;
  const { stream } = request as unknown as { readonly stream: { readonly endAfterHeaders: boolean } };
  return stream.endAfterHeaders ? 0 : Number.POSITIVE_INFINITY;
}

/**
 * A body that flows as the upstream takes it. Not the request itself: the client library destroys a body whose request
 * fails, and with it would go the connection on which the failure is to be answered.
 */
function flowingBody(request: IncomingMessage, response: ServerResponse, maxBytes: number): PassThrough {
  const body = new PassThrough();
  if (maxBytes > 0) {
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) body.destroy(new BodyRefusal('body-too-large'));
    });
  }
  request.pipe(body);
  body.on('error', () => {}); // told by the client library too
  // A client that still sends would not read the answer, so what nobody wants is read and dropped: the client library
  // destroys a body that it has begun to send, and leaves one alone for which it found no connection.
  body.once('close', () => request.resume());
  response.once('close', () => body.destroy());
  return body;
}

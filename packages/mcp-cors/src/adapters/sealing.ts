import type { ServerResponse } from 'node:http';
import type { EndpointKind } from '../policy/index.js';
import { createEndpointEventRewriter, isEventStream } from '../session/index.js';

/**
 * Seals the session ids of a response: the `endpoint` event of a stream from now on, and with the function that it gives,
 * to be called when the head is complete, the `Mcp-Session-Id`.
 */
export function sealResponse(
  sealId: (id: string) => string,
  kind: EndpointKind | undefined,
  response: ServerResponse,
): () => void {
  const takeHead = kind === 'sse' || kind === 'mcp' ? sealEndpointEvent(sealId, response) : undefined;
  return () => {
    const id = response.getHeader('mcp-session-id');
    if (id !== undefined) {
      response.setHeader('mcp-session-id', sealId(Array.isArray(id) ? id.join(', ') : String(id)));
    }
    takeHead?.();
  };
}

/** Watches what is written; gives a function that is to be called when the head is complete. */
function sealEndpointEvent(sealId: (id: string) => string, response: ServerResponse): () => void {
  const rewriter = createEndpointEventRewriter(sealId);
  const { write, end } = response;
  let decided = false;
  let sealing = false;

  /** Lets everything through, and goes out of the way unless somebody has put a wrapper of their own around it. */
  function restore(): void {
    sealing = false;
    if (response.write === sealingWrite) response.write = write;
    if (response.end === sealingEnd) response.end = end;
  }

  function takeHead(): void {
    if (decided) return;
    decided = true;
    sealing = isEventStream(String(response.getHeader('content-type') ?? ''));
    if (sealing)
      response.removeHeader('content-length'); // a sealed id is longer
    else restore();
  }

  const push = (chunk: unknown, encoding: unknown): Uint8Array =>
    rewriter.push(
      typeof chunk === 'string'
        ? Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : undefined)
        : (chunk as Uint8Array),
    );

  function sealingWrite(this: ServerResponse, ...given: unknown[]): boolean {
    takeHead(); // without writeHead, this is what the head will be
    if (!sealing) return write.apply(this, given as never);
    const ready = push(given[0], given[1]);
    const callback = callbackOf(given);
    if (rewriter.done) restore();
    if (ready.length > 0) return write.call(this, ready, callback as never);
    this.flushHeaders(); // a page may learn that the stream is open
    if (callback !== undefined) process.nextTick(callback);
    return true; // the rest of the first event is still to come
  }

  function sealingEnd(this: ServerResponse, ...given: unknown[]): ServerResponse {
    takeHead();
    if (!sealing) return end.apply(this, given as never);
    restore();
    const [chunk, encoding] = given;
    if (chunk !== undefined && chunk !== null && typeof chunk !== 'function') {
      writeAll(this, push(chunk, encoding));
    }
    writeAll(this, rewriter.flush());
    return end.apply(this, [callbackOf(given)] as never);
  }

  function writeAll(to: ServerResponse, bytes: Uint8Array): void {
    if (bytes.length > 0) write.apply(to, [bytes] as never);
  }

  response.write = sealingWrite as typeof response.write;
  response.end = sealingEnd as typeof response.end;
  return takeHead;
}

function callbackOf(given: readonly unknown[]): (() => void) | undefined {
  return given.find((argument) => typeof argument === 'function') as (() => void) | undefined;
}

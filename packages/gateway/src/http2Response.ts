import { constants, Http2ServerResponse } from 'node:http2';
import type { ResponseHeaders } from './headers.js';

/** A response over HTTP/2 that can be broken off, and tells so, as one of `node:http`. */
export class Http2Response extends Http2ServerResponse {}

// Properties of the prototype: Node's declarations have them as fields, which accessors cannot override.
Object.defineProperties(Http2Response.prototype, {
  /** Whether nothing can be written any more because the client went or the response was broken off. */
  destroyed: {
    get(this: Http2Response): boolean {
      return this.stream.destroyed || this.stream.closed;
    },
  },
  /** Whether the client was sent all of it. Node says so of a stream that was reset, too. */
  writableFinished: {
    get(this: Http2Response): boolean {
      return (
        this.writableEnded &&
        this.stream.writableFinished &&
        this.stream.rstCode === constants.NGHTTP2_NO_ERROR
      );
    },
  },
  /** Resets the stream. Node's own would say NO_ERROR with it, and what was sent so far would pass as whole. */
  destroy: {
    value(this: Http2Response): void {
      if (!this.stream.destroyed) this.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    },
  },
});

/** Fields of responses that Node refuses to say twice over HTTP/2, and what becomes of those that were said twice. */
const SAID_ONCE: readonly (readonly [name: string, said: 'first' | 'joined'])[] = [
  ['age', 'first'],
  ['content-encoding', 'joined'],
  ['content-language', 'joined'],
  ['content-location', 'first'],
  ['content-md5', 'first'],
  ['content-range', 'first'],
  ['content-type', 'first'],
  ['date', 'first'], // said by a server, and by the one that it passes on
  ['etag', 'first'],
  ['expires', 'first'],
  ['last-modified', 'first'],
  ['location', 'first'],
  ['retry-after', 'first'],
  ['x-content-type-options', 'first'],
];

/** Puts the fields of an upstream's answer so that they can be said over HTTP/2. */
export function sayOnce(headers: ResponseHeaders): void {
  for (const [name, said] of SAID_ONCE) {
    const value = headers[name];
    if (Array.isArray(value)) headers[name] = said === 'first' ? (value[0] as string) : value.join(', ');
  }
}

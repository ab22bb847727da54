import { constants, Http2ServerResponse } from 'node:http2';

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

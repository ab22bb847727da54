import { utf8ToBytes } from '@noble/hashes/utils.js';
import { type ChangeOfId, changeSessionParameter } from './parameters.js';

/**
 * Changes the address in the `endpoint` event with which a server of the HTTP+SSE transport (MCP 2024-11-05) begins its
 * stream. Bytes in, bytes out: everything but that address stays as it is and where it is, however the bytes are cut.
 */
export interface EndpointEventRewriter {
  /** Takes the next bytes, and gives those that may go on: of a block of lines, all or none. Keeps no hold on them. */
  push(bytes: Uint8Array): Uint8Array;
  /** Gives what was held back, when the stream ends. */
  flush(): Uint8Array;
  /** Whether the first event has passed. Nothing is changed or held back any more. */
  readonly done: boolean;
}

/** Longest block of lines that is held back, in bytes. A longer one passes as it is, with all that follows. */
export const MAX_ENDPOINT_EVENT_BYTES = 16_384;

const LF = 0x0a;
const CR = 0x0d;

/** A change to the address in an `endpoint` event; undefined when there is no way to make it. */
export type ChangeOfAddress = (address: string) => string | undefined;

/** Makes a rewriter for one stream that changes the session id in the address, and leaves the rest of it alone. */
export function createEndpointEventRewriter(change: ChangeOfId): EndpointEventRewriter {
  return createEndpointAddressRewriter((address) => changeSessionParameter(address, change));
}

/** Makes a rewriter for one stream. It takes time in proportion to the bytes, also when they come one by one. */
export function createEndpointAddressRewriter(change: ChangeOfAddress): EndpointEventRewriter {
  const blocks = createBlockFinder();
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let first = true;
  let done = false;

  function release(): Uint8Array[] {
    const released = held;
    held = [];
    heldBytes = 0;
    return released;
  }

  function finish(...parts: readonly Uint8Array[]): Uint8Array {
    done = true;
    return join(parts);
  }

  return {
    get done() {
      return done;
    },
    push(bytes) {
      if (done) return bytes;
      const ready: Uint8Array[] = [];
      let start = 0;
      for (let i = 0; i < bytes.length; i++) {
        const ended = blocks.endsWith(bytes[i] as number);
        if (heldBytes + i + 1 - start > MAX_ENDPOINT_EVENT_BYTES) {
          return finish(...ready, ...release(), bytes.subarray(start));
        }
        if (!ended) continue;
        const block = join([...release(), bytes.subarray(start, i + 1)]);
        start = i + 1;
        const lines = parseBlock(block, first);
        first = false;
        if (lines?.some(({ name }) => name === 'data')) {
          return finish(...ready, rewriteBlock(lines, change) ?? block, bytes.subarray(start));
        }
        ready.push(block); // comments, or a `retry` on its own: no event yet
      }
      if (start < bytes.length) {
        held.push(Uint8Array.from(bytes.subarray(start))); // the caller may use its buffer again
        heldBytes += bytes.length - start;
      }
      return join(ready);
    },
    flush: () => finish(...release()),
  };
}

/**
 * Finds the empty lines that end blocks, byte by byte. Lines end with CR LF, LF or CR; the LF of a CR LF that ends a block
 * is counted to the next
 * (https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream).
 */
function createBlockFinder(): { endsWith(byte: number): boolean } {
  let lineBytes = 0;
  let afterCr = false;
  return {
    endsWith(byte) {
      const completesCrLf = byte === LF && afterCr;
      afterCr = byte === CR;
      if (completesCrLf) return false;
      if (byte !== LF && byte !== CR) {
        lineBytes++;
        return false;
      }
      const empty = lineBytes === 0;
      lineBytes = 0;
      return empty;
    },
  };
}

/** A line of an event stream: what stands before its value, the value, and what ends it. */
interface Line {
  readonly name: string;
  readonly before: string;
  readonly value: string;
  readonly end: string;
}

const LINES = /([^\r\n]*)(\r\n|\r|\n)/g;
/** A field's name, and its value behind a colon and a space, of which either may be missing. */
const FIELD = /^([^:]*)(:? ?)(.*)$/s;
const BYTE_ORDER_MARK = '\ufeff';

/** The lines of a block; undefined when it is not UTF-8. Only the first may begin with a byte order mark. */
function parseBlock(block: Uint8Array, first: boolean): readonly Line[] | undefined {
  const text = decodeUtf8(block);
  if (text === undefined) return undefined;
  const mark = first && text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK : '';
  return [...text.slice(mark.length).matchAll(LINES)].map(([, line = '', end = ''], i) => {
    const [, name = '', separator = '', value = ''] = FIELD.exec(line) as RegExpExecArray;
    return { name, before: `${i === 0 ? mark : ''}${name}${separator}`, value, end };
  });
}

/** The bytes of a changed `endpoint` event; undefined when it is another event, or cannot be changed. */
function rewriteBlock(lines: readonly Line[], change: ChangeOfAddress): Uint8Array | undefined {
  // The last of several names counts.
  if (lines.findLast(({ name }) => name === 'event')?.value !== 'endpoint') return undefined;
  let text = '';
  for (const { name, before, value, end } of lines) {
    const changed = name === 'data' ? change(value) : value;
    if (changed === undefined) return undefined;
    text += `${before}${changed}${end}`;
  }
  return utf8ToBytes(text);
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  let escaped = '';
  for (const byte of bytes) {
    escaped +=
      byte < 0x80 && byte !== 0x25 ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, '0')}`;
  }
  try {
    return decodeURIComponent(escaped);
  } catch {
    return undefined;
  }
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

import { type ChangeOfId, changeSessionParameter } from './parameters.js';

/**
 * Changes the session id in the `endpoint` event with which a server of the HTTP+SSE transport (MCP 2024-11-05) begins
 * its stream. Bytes in, bytes out: everything but that id stays as it is and where it is.
 */
export interface EndpointEventRewriter {
  /** Takes the next bytes, and gives those that may go on: of a block of lines, all or none. */
  push(bytes: Uint8Array): Uint8Array;
  /** Gives what was held back, when the stream ends. */
  flush(): Uint8Array;
  /** Whether the first event has passed. Nothing is changed or held back any more. */
  readonly done: boolean;
}

/** Longest first event that is looked at, in bytes. A longer one passes as it is. */
export const MAX_ENDPOINT_EVENT_BYTES = 16_384;

const NOTHING = new Uint8Array(0);
const LF = 0x0a;
const CR = 0x0d;

/** Makes a rewriter for one stream. */
export function createEndpointEventRewriter(change: ChangeOfId): EndpointEventRewriter {
  let held = NOTHING;
  let done = false;

  function finish(bytes: Uint8Array): Uint8Array {
    held = NOTHING;
    done = true;
    return bytes;
  }

  return {
    get done() {
      return done;
    },
    push(bytes) {
      if (done) return bytes;
      held = join(held, bytes);
      let end = blockEnd(held);
      let passed = 0;
      while (end !== undefined) {
        const block = held.subarray(passed, passed + end);
        const text = fromLatin1(block);
        if (hasField(text, 'data')) {
          const first = toLatin1(rewriteBlock(text, change));
          return finish(join(join(held.subarray(0, passed), first), held.subarray(passed + end)));
        }
        passed += end; // comments, or a `retry` on its own: no event yet
        end = blockEnd(held.subarray(passed));
      }
      const ready = held.subarray(0, passed);
      held = held.subarray(passed);
      return held.length > MAX_ENDPOINT_EVENT_BYTES ? finish(join(ready, held)) : ready;
    },
    flush: () => finish(held),
  };
}

/**
 * Where the first block of lines ends, its empty line included; undefined when it has not ended yet. Lines end with
 * CR LF, LF or CR (https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream).
 */
function blockEnd(bytes: Uint8Array): number | undefined {
  let lineStart = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte !== LF && byte !== CR) continue;
    const empty = i === lineStart;
    if (byte === CR && bytes[i + 1] === LF) i++;
    if (empty) return i + 1;
    lineStart = i + 1;
  }
  return undefined;
}

const LINES = /([^\r\n]*)(\r\n|\r|\n)/g;

function hasField(block: string, field: string): boolean {
  return block.split(/[\r\n]/).some((line) => fieldName(line) === field);
}

function rewriteBlock(block: string, change: ChangeOfId): string {
  const isEndpoint = block
    .split(/[\r\n]/)
    .some((line) => fieldName(line) === 'event' && fieldValue(line) === 'endpoint');
  if (!isEndpoint) return block;
  return block.replace(LINES, (whole, line: string, end: string) => {
    if (fieldName(line) !== 'data') return whole;
    const value = fieldValue(line);
    const changed = changeSessionParameter(value, change);
    return changed === undefined ? whole : `${line.slice(0, line.length - value.length)}${changed}${end}`;
  });
}

/** The field name of a line; a byte order mark may stand before the first. */
function fieldName(line: string): string {
  const name = line.split(':', 1)[0] as string;
  return name.startsWith('\xef\xbb\xbf') ? name.slice(3) : name;
}

function fieldValue(line: string): string {
  const colon = line.indexOf(':');
  if (colon === -1) return '';
  return line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
}

/** Bytes as characters of one byte each, so that what is not understood comes back as it was. */
function fromLatin1(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

function toLatin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function join(one: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

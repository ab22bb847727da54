/**
 * Where the bytes of an event stream have got to. Lines end with CR LF, LF or CR, and an empty line ends an event
 * (https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream).
 */
export type StreamPosition = (typeof POSITIONS)[keyof typeof POSITIONS];

const POSITIONS = {
  inLine: 0,
  lineStart: 1,
  /** Behind a CR, to which an LF may still belong. */
  lineStartAfterCr: 2,
  /** Behind an empty line, or where the stream begins. */
  between: 3,
  betweenAfterCr: 4,
} as const;

const LF = 0x0a;
const CR = 0x0d;

/** Where every stream begins. */
export const STREAM_START: StreamPosition = POSITIONS.between;

/** Whether all events so far are complete, and no other has begun. */
export function isBetweenEvents(position: StreamPosition): boolean {
  return position >= POSITIONS.between;
}

/** An empty line ends with at most this many bytes: those of its own end, and of the end of the line before it. */
const TAIL_BYTES = 4;

/** The position behind further bytes, in constant time. */
export function positionAfter(position: StreamPosition, bytes: Uint8Array): StreamPosition {
  const { length } = bytes;
  // What stands before the tail cannot matter: a tail of line ends alone holds an empty line in any case.
  let now = length < TAIL_BYTES ? position : POSITIONS.inLine;
  for (let i = Math.max(0, length - TAIL_BYTES); i < length; i++) now = step(now, bytes[i] as number);
  return now;
}

/** How many of the bytes belong to events that are complete with them; undefined when none ends here. */
export function endOfFirstEvent(position: StreamPosition, bytes: Uint8Array): number | undefined {
  let now = position;
  for (let i = 0; i < bytes.length; i++) {
    const next = step(now, bytes[i] as number);
    if (isBetweenEvents(next)) return i + 1;
    now = next;
  }
  return undefined;
}

function step(position: StreamPosition, byte: number): StreamPosition {
  if (byte === LF) {
    if (position === POSITIONS.lineStartAfterCr) return POSITIONS.lineStart;
    return position === POSITIONS.inLine ? POSITIONS.lineStart : POSITIONS.between;
  }
  if (byte === CR)
    return position === POSITIONS.inLine ? POSITIONS.lineStartAfterCr : POSITIONS.betweenAfterCr;
  return POSITIONS.inLine;
}

/** Counts the events in an event stream that comes in parts. */
export interface EventCounter {
  /** Takes the next part and gives the number of events so far. */
  count(chunk: Uint8Array): number;
}

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;
const DATA = Buffer.from('data');

/**
 * Makes a counter. As for a browser, an event is a block of lines with a `data` field, closed by an empty line: blocks of
 * comments alone, such as keep-alives, are none.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export function createEventCounter(): EventCounter {
  let events = 0;
  let blockHasData = false;
  let afterCr = false;
  /** Characters of this line so far; `data` is matched as far as they agree with it. */
  let column = 0;
  let agreed = 0;

  function endLine(): void {
    if (agreed === DATA.length && column === agreed) blockHasData = true; // a line that is the name alone
    if (column === 0) {
      if (blockHasData) events++;
      blockHasData = false;
    }
    column = 0;
    agreed = 0;
  }

  function take(byte: number): void {
    if (byte === COLON && column === DATA.length && agreed === column) blockHasData = true;
    if (agreed === column && byte === DATA[column]) agreed++;
    column++;
  }

  return {
    count(chunk) {
      for (const byte of chunk) {
        if (byte === CR || (byte === LF && !afterCr)) endLine();
        else if (byte !== LF) take(byte);
        afterCr = byte === CR;
      }
      return events;
    },
  };
}

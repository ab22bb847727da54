/** Takes an event stream part by part. */
export interface EventReader {
  take(chunk: Uint8Array): void;
}

/**
 * Reads the data of each event of a stream that comes in parts; its work is linear in their size, however they are cut.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export function createEventReader(onData: (data: string) => void): EventReader {
  const decoder = new TextDecoder();
  /** Parts of a line whose end has not come yet. */
  let begun: string[] = [];
  let data: string[] = [];
  let afterCr = false;

  function endLine(line: string): void {
    if (line === '') {
      if (data.length > 0) onData(data.join('\n'));
      data = [];
      return;
    }
    const [field, value] = splitField(line);
    if (field === 'data') data.push(value);
  }

  return {
    take(chunk) {
      let text = decoder.decode(chunk, { stream: true });
      if (text === '') return;
      if (afterCr && text.startsWith('\n')) text = text.slice(1);
      afterCr = text === '' ? false : text.endsWith('\r');
      const lines = text.split(/\r\n|\r|\n/);
      const open = lines.pop() as string;
      for (const line of lines) {
        begun.push(line);
        endLine(begun.join(''));
        begun = [];
      }
      if (open !== '') begun.push(open);
    },
  };
}

function splitField(line: string): readonly [field: string, value: string] {
  const colon = line.indexOf(':');
  if (colon === -1) return [line, ''];
  const from = line[colon + 1] === ' ' ? colon + 2 : colon + 1;
  return [line.slice(0, colon), line.slice(from)];
}

/** Width that terminal reports keep to. */
export const COLUMNS = 80;

/** A text cut to a width, padded to it. */
export function cell(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);
}

/**
 * Breaks a text into lines of at most a width: at spaces where there are any, otherwise where it must.
 * @param hanging What lines after a break begin with.
 */
export function wrap(text: string, width: number, hanging = ''): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let rest = paragraph.trimEnd();
    let prefix = '';
    while (prefix.length + rest.length > width) {
      const room = width - prefix.length;
      const indent = rest.length - rest.trimStart().length;
      const space = rest.lastIndexOf(' ', room);
      const cut = space > indent ? space : room;
      lines.push(prefix + rest.slice(0, cut));
      rest = rest.slice(cut).trimStart();
      prefix = hanging === '' ? '' : ' '.repeat(indent) + hanging;
      if (prefix.length >= width / 2) prefix = hanging;
    }
    lines.push(prefix + rest);
  }
  return lines;
}

/** Where a step lies in the time of its journey, as a bar of cells. */
export function bar(startMs: number, durationMs: number, totalMs: number, width: number): string {
  const scale = width / Math.max(1, totalMs);
  const from = Math.min(width - 1, Math.floor(startMs * scale));
  const length = Math.max(1, Math.min(width - from, Math.round(durationMs * scale)));
  return ' '.repeat(from) + '▬'.repeat(length) + ' '.repeat(width - from - length);
}

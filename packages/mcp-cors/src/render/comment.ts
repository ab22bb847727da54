const WIDTH = 110;

/** Lines as comments, long ones broken at spaces; what continues a line is indented like its text. */
export function commentLines(sign: string, lines: readonly string[]): string {
  return lines
    .flatMap((line) => wrapped(oneLine(line), WIDTH - sign.length - 1))
    .map((line) => `${sign} ${line}`.trimEnd())
    .map((line) => `${line}\n`)
    .join('');
}

/** A text of the owner's that can stand in a comment: no line ends in it, and no sign that ends a comment. */
export function oneLine(text: string): string {
  return text.replaceAll(/[^ -~]/g, '?').replaceAll('*/', '* /');
}

function wrapped(line: string, width: number): readonly string[] {
  if (line.length <= width) return [line];
  const indent = /^ *(?:- )?/.exec(line)?.[0].length ?? 0;
  const lines: string[] = [];
  let current = '';
  for (const word of line.slice(indent).split(' ')) {
    if (current !== '' && indent + current.length + 1 + word.length > width) {
      lines.push(current);
      current = word;
    } else {
      current = current === '' ? word : `${current} ${word}`;
    }
  }
  lines.push(current);
  return lines.map((text, i) => (i === 0 ? line.slice(0, indent) : ' '.repeat(indent)) + text);
}

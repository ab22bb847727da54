/** A text as a C# string literal: printable ASCII with escapes, so that nothing ends it and no encoding matters. */
export function string(text: string): string {
  const escaped = text.split('').map((unit) => {
    if (unit === '"' || unit === '\\') return `\\${unit}`;
    if (unit >= ' ' && unit <= '~') return unit;
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return `"${escaped.join('')}"`;
}

/** What fits on a line stands on one. */
const WIDTH = 90;

/** Texts as the items of an initialiser, `perLine` on a line where they do not fit on one. */
export function items(texts: readonly string[], column: number, perLine = 1): string {
  const short = texts.map(string).join(', ');
  if (texts.length === 0) return '{ }';
  if (perLine === 1 && short.length <= WIDTH) return `{ ${short} }`;
  const indent = ' '.repeat(column);
  const rows = Array.from({ length: Math.ceil(texts.length / perLine) }, (_, i) =>
    texts.slice(i * perLine, (i + 1) * perLine).map(string),
  );
  return `{\n${rows.map((row) => `${indent}    ${row.join(', ')},\n`).join('')}${indent}}`;
}

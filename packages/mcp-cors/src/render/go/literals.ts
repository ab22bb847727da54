/**
 * A text as a Go string literal: printable ASCII with escapes, so that nothing ends it and no encoding matters. Half a
 * surrogate pair, which no request can hold, becomes U+FFFD.
 */
export function string(text: string): string {
  const escaped = [...text].map((character) => {
    if (character === '"' || character === '\\') return `\\${character}`;
    if (character >= ' ' && character <= '~') return character;
    const point = character.codePointAt(0) as number;
    return `\\U${(point >= 0xd800 && point <= 0xdfff ? 0xfffd : point).toString(16).padStart(8, '0')}`;
  });
  return `"${escaped.join('')}"`;
}

/** Items between a pair of brackets, each on a line of its own; an item may begin with a comment line. */
export function lines(open: string, items: readonly string[], close: string): string {
  if (items.length === 0) return `${open}${close}`;
  const indented = items.map((item) => `\t${item.replaceAll('\n', '\n\t')},\n`);
  return `${open}\n${indented.join('')}${close}`;
}

/** Texts as a slice. */
export function slice(texts: readonly string[]): string {
  return `[]string{${texts.map(string).join(', ')}}`;
}

/** Texts as a set. */
export function set(texts: readonly string[]): string {
  return `setOf(${texts.map(string).join(', ')})`;
}

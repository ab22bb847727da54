/** A text as a Go string literal: printable ASCII with escapes, so that nothing ends it and no encoding matters. */
export function string(text: string): string {
  const escaped = [...text].map((character) => {
    if (character === '"' || character === '\\') return `\\${character}`;
    if (character >= ' ' && character <= '~') return character;
    return `\\U${(character.codePointAt(0) as number).toString(16).padStart(8, '0')}`;
  });
  return `"${escaped.join('')}"`;
}

/** Items of a composite literal, each on a line of its own. */
export function lines(items: readonly string[]): string {
  return items.length === 0 ? '{}' : `{\n${items.map((item) => `\t${item},\n`).join('')}}`;
}

/** Texts as a slice. */
export function slice(texts: readonly string[]): string {
  return `[]string{${texts.map(string).join(', ')}}`;
}

/** Texts as a set. */
export function set(texts: readonly string[]): string {
  return `map[string]bool{${texts.map((text) => `${string(text)}: true`).join(', ')}}`;
}

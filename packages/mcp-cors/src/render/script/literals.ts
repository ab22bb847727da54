/** A text as a JavaScript string literal: printable ASCII with escapes, so that nothing ends it and no encoding matters. */
export function string(text: string): string {
  const printable = JSON.stringify(text).replaceAll(
    /[^ -~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return printable;
}

/** A value of JSON as a JavaScript literal, a level of members to a line each. */
export function literalOf(value: unknown): string {
  return (JSON.stringify(value, undefined, 2) ?? 'undefined').replaceAll(
    /[^ -~\n]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Items of a list, each on a line of its own. */
export function lines(items: readonly string[], indent: string): string {
  return items.map((item) => `${indent}${item},\n`).join('');
}

/** A text as a Python string literal: printable ASCII with escapes, so that nothing ends it and no encoding matters. */
export function string(text: string): string {
  const escaped = [...text].map(escapedCharacter).join('');
  return `"${escaped}"`;
}

/** The same without escapes, for regular expressions, where they would stand twice; only where that can be. */
export function rawString(text: string): string {
  // Neither a quotation mark nor a last backslash can stand in a raw literal.
  return /^[ !#-~]*$/.test(text) && !text.endsWith('\\') ? `r"${text}"` : string(text);
}

function escapedCharacter(character: string): string {
  if (character === '"' || character === '\\') return `\\${character}`;
  if (character >= ' ' && character <= '~') return character;
  return `\\U${(character.codePointAt(0) as number).toString(16).padStart(8, '0')}`;
}

export function bool(value: boolean): string {
  return value ? 'True' : 'False';
}

/** What fits on a line stands on one. */
const WIDTH = 100;

/**
 * Items in brackets: on one line where they fit, and otherwise each on a line of its own, comments with them. A tuple of
 * one keeps its comma.
 */
export function list(open: string, items: readonly string[], close: string): string {
  const [only] = items;
  const short = `${open}${items.join(', ')}${items.length === 1 && open === '(' ? ',' : ''}${close}`;
  const plain = items.every((item) => !item.includes('\n'));
  if (only === undefined || (plain && short.length <= WIDTH)) return short;
  return lines(open, items, close);
}

/** Items in brackets, each on a line of its own. */
export function lines(open: string, items: readonly string[], close: string): string {
  if (items.length === 0) return `${open}${close}`;
  return `${open}\n${indented(items.map((item) => `${item},`).join('\n'))}\n${close}`;
}

/** Texts as a tuple. */
export function tuple(texts: readonly string[]): string {
  return list('(', texts.map(string), ')');
}

/** Texts as a frozenset. */
export function set(texts: readonly string[]): string {
  return texts.length === 0 ? 'frozenset()' : `frozenset(${list('{', texts.map(string), '}')})`;
}

/** A line of a dictionary. */
export function entry(key: string, value: string): string {
  return `${string(key)}: ${value}`;
}

function indented(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '    ');
}

import { oneLine } from '../comment.js';

/** Longer texts are put together when the class is loaded: a constant holds 65,535 bytes. */
const MAX_CONSTANT_LENGTH = 20_000;

/**
 * A text as a Java expression: printable ASCII with escapes, so that nothing ends it and no encoding matters. Control
 * characters are octal: Java reads `\u000a` as a line end before it looks for literals.
 */
export function string(text: string): string {
  if (text.length <= MAX_CONSTANT_LENGTH) return literal(text);
  const parts = Array.from({ length: Math.ceil(text.length / MAX_CONSTANT_LENGTH) }, (_, i) =>
    literal(text.slice(i * MAX_CONSTANT_LENGTH, (i + 1) * MAX_CONSTANT_LENGTH)),
  );
  return `String.join("", ${parts.join(', ')})`;
}

function literal(text: string): string {
  // Compilers differ in what a Unicode escape beside two backslashes is.
  const backslash = /[^\0-\xff]/.test(text) ? '\\134' : '\\\\';
  const escaped = text.split('').map((unit) => {
    if (unit === '\\') return backslash;
    if (unit === '"') return '\\"';
    if (unit >= ' ' && unit <= '~') return unit;
    const code = unit.charCodeAt(0);
    return code < 0x100
      ? `\\${code.toString(8).padStart(3, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`;
  });
  return `"${escaped.join('')}"`;
}

/** A text of the owner's in a comment, where Java reads `\u000a` as a line end too. */
export function comment(text: string): string {
  return `// ${oneLine(text).replaceAll(/\\(?=u)/g, '\\ ')}`;
}

/** More texts than this stand in classes of their own: a method holds 64 kB, and a class 65,535 constants. */
const MAX_INLINE = 100;
const MAX_TEXTS_PER_CLASS = 4_000;

/** How an array stands in the source: the column of the statement around it, and how many texts stand on a line. */
export interface Layout {
  readonly column?: number;
  readonly perLine?: number;
}

/** Gives arrays of texts a place in the source: few where they are used, many in nested classes. */
export interface Arrays {
  /** Arrays that together hold texts, for a method that takes any number of them. */
  readonly parts: (name: string, texts: readonly string[], layout?: Layout) => string;
  /** The same in a class of its own in any case. */
  readonly apart: (name: string, texts: readonly string[]) => string;
  /** The nested classes so far. */
  readonly classes: () => string;
}

export function createArrays(): Arrays {
  const classes: string[] = [];
  const apart = (name: string, texts: readonly string[]): string => {
    const count = Math.ceil(texts.length / MAX_TEXTS_PER_CLASS);
    return Array.from({ length: count }, (_, i) => {
      const own = count === 1 ? name : `${name}${i + 1}`;
      const items = texts.slice(i * MAX_TEXTS_PER_CLASS, (i + 1) * MAX_TEXTS_PER_CLASS);
      const body = items.map((text) => `            ${string(text)},\n`).join('');
      classes.push(
        `    private static final class ${own} {\n        static final String[] TEXTS = {\n${body}        };\n    }\n`,
      );
      return `${own}.TEXTS`;
    }).join(', ');
  };
  return {
    apart,
    parts: (name, texts, { column = 4, perLine = 1 } = {}) => {
      if (texts.length > MAX_INLINE) return apart(name, texts);
      const short = `new String[] {${texts.map(string).join(', ')}}`;
      if (texts.length === 0) return '';
      if (perLine === 1 && short.length <= 90) return short;
      const indent = ' '.repeat(column);
      const rows = Array.from({ length: Math.ceil(texts.length / perLine) }, (_, i) =>
        texts.slice(i * perLine, (i + 1) * perLine).map(string),
      );
      return `new String[] {\n${rows.map((row) => `${indent}    ${row.join(', ')},\n`).join('')}${indent}}`;
    },
    classes: () => classes.join('\n'),
  };
}

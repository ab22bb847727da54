/**
 * A word of a Caddyfile that stands for this text. Backquotes take everything as it is; double quotes, for a text with
 * backquotes, know `\"` alone, so that such a text must hold no backslash.
 */
export function quoted(text: string): string {
  if (/^[\w./:,+!-]+$/.test(text) && !/^(?:import|-)$/.test(text)) return text;
  if (!text.includes('`')) return `\`${text}\``;
  if (text.includes('\\')) throw new Error('a Caddyfile has no word with both backquotes and backslashes');
  return `"${text.replaceAll('"', '\\"')}"`;
}

/**
 * A regular expression. Backquotes, which would end the word, are written by their code, and so are
 * braces: `{$` would begin a variable of the environment, wherever it stands.
 */
export function expression(regexp: string): string {
  return quoted(regexp.replaceAll(/\\[\s\S]|`/g, (sign) => BY_CODE[sign] ?? sign));
}

/** The key of a map: a regular expression. */
export function matching(regexp: string): string {
  return expression(`~${regexp}`);
}

const BY_CODE: Readonly<Record<string, string>> = { '`': '\\x60', '\\`': '\\x60', '\\{': '\\x7b' };

/** The same without case. */
export function matchingAnyCase(regexp: string): string {
  return matching(`(?i)${regexp}`);
}

/** An entry of a map: a key and a value, both ready. */
export type Entry = readonly [key: string, value: string];

/** A map from a text with placeholders to a placeholder, under a comment. */
export function map(comment: string, from: string, to: string, entries: readonly Entry[]): readonly string[] {
  return [
    '',
    ...(comment === '' ? [] : [`# ${comment}`]),
    `map ${from} ${to} {`,
    ...entries.map(([key, value]) => `\t${key} ${value}`),
    '}',
  ];
}

/** A matcher with several lines that must all match. */
export function matcher(name: string, ...lines: readonly string[]): readonly string[] {
  if (lines.length === 1) return [`${name} ${lines[0]}`];
  return block(name, lines);
}

/** Directives within braces. */
export function block(head: string, lines: readonly string[]): readonly string[] {
  return [`${head} {`, ...indented(lines), '}'];
}

/** Lines one level deeper. */
export function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => (line === '' ? '' : `\t${line}`));
}

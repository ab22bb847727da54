/**
 * A word of nginx's configuration that stands for this text, but for `$`, which begins a variable in values. A backslash
 * is doubled only where nginx would read an escape.
 */
export function quoted(text: string): string {
  const escaped = text.replaceAll(/\\(?=["'\\trn]|$)/g, '\\\\');
  return text.includes('"') && !text.includes("'") ? `'${escaped}'` : `"${escaped.replaceAll('"', '\\"')}"`;
}

/** A value: nginx has no escape for `$`, so that it comes from a variable. */
export function value(text: string, name: string): string {
  return quoted(text).replaceAll('$', `\${${name}_dollar}`);
}

/** The key of a map: a regular expression with case. */
export function matching(regexp: string): string {
  return quoted(`~${regexp}`);
}

/** The key of a map: a regular expression without case. */
export function matchingAnyCase(regexp: string): string {
  return quoted(`~*${regexp}`);
}

/** An entry of a map: a key and a value, both ready. */
export type Entry = readonly [key: string, value: string];

/** A map from a text with variables to a variable, under a comment. */
export function map(comment: string, from: string, to: string, entries: readonly Entry[]): string {
  const lines = entries.map(([key, entry]) => `    ${key} ${entry};\n`);
  return `${comment === '' ? '' : `# ${comment}\n`}map ${from} ${to} {\n${lines.join('')}}\n`;
}

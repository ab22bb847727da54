/** HAProxy takes 64 words on a line. */
const MOST_VALUES = 40;

/**
 * A word of HAProxy's configuration that stands for this text: within single quotes nothing is read but their end, and
 * what cannot stand there stands between them.
 */
export function quoted(text: string): string {
  if (/^[A-Za-z0-9*/][\w.:/*,=+-]*$/.test(text)) return text;
  const inner = text
    .replaceAll("'", `'\\''`)
    .replaceAll(/[^ -~]/g, (sign) => `'\\x${sign.charCodeAt(0).toString(16).padStart(2, '0')}'`);
  return `'${inner}'`;
}

/** A text where HAProxy reads a format: `%` begins an expression there. */
export function format(text: string): string {
  return quoted(text.replaceAll('%', '%%'));
}

/** A condition: true where a sample matches one of the patterns. */
export function acl(
  name: string,
  sample: string,
  method: string,
  patterns: readonly string[],
): readonly string[] {
  const lines: string[] = [];
  for (let i = 0; i < patterns.length; i += MOST_VALUES) {
    const words = patterns.slice(i, i + MOST_VALUES).map(quoted);
    lines.push(`acl ${name} ${sample} -m ${method} -- ${words.join(' ')}`);
  }
  return lines;
}

/** Lines under a comment, with an empty line before them. */
export function block(comment: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', `# ${comment}`, ...lines];
}

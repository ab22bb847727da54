/**
 * A word of Apache's configuration that stands for this text. `${` would begin a variable before anything else is read,
 * and has no escape: the dollar sign then comes from a variable. Line breaks have none either, and no value
 * holds a sign beyond ASCII: what could not stand there becomes a question mark.
 */
export function quoted(text: string): string {
  const escaped = text
    .replaceAll(/[^ -~]/g, '?')
    .replaceAll(/\\(?=[\\"]|$)/g, '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('${', `\${${DOLLAR}}{`);
  return `"${escaped}"`;
}

/** The variable that holds a dollar sign. */
export const DOLLAR = 'MCP_CORS_DOLLAR';

/** A text where mod_headers reads a format: `%` begins a variable there. */
export function format(text: string): string {
  return quoted(text.replaceAll('%', '%%'));
}

/**
 * A JSON text as the test string of a condition, where `%` and `$` begin variables. mod_rewrite reads its words itself:
 * nothing escapes a quote there.
 */
export function jsonText(text: string): string {
  const escaped = text.replaceAll("'", '\\u0027').replaceAll(/[\\%$]/g, '\\$&');
  return `'${escaped.replaceAll(/[^ -~]/g, '?')}'`;
}

/** An expression as a word of mod_rewrite: what would end the word or begin a variable stands as its number. */
export function pattern(regexp: string): string {
  const escaped = regexp.replaceAll(/\\?["$]|\\[ -~]|[^ -~]/g, (found) => {
    if (found.endsWith('"')) return '\\x22';
    if (found === '\\$') return '\\x24';
    return found.startsWith('\\') || found === '$' ? found : '\\x3f';
  });
  return `"${escaped}"`;
}

/** A condition of a rule: what is looked at, and a pattern that it must match. */
export interface Condition {
  /** Of variables alone: a constant. */
  readonly test: string;
  readonly matches: string;
  readonly not?: boolean;
  readonly anyCase?: boolean;
  /** Whether the next condition will do instead. */
  readonly or?: boolean;
}

/** A rule of mod_rewrite that sets variables, or ends with a status, where all of its conditions hold. */
export function rule(flags: string, conditions: readonly Condition[], path = '^'): readonly string[] {
  return [
    ...conditions.map(({ test, matches, not, anyCase, or }) => {
      const options = [...(anyCase ? ['NC'] : []), ...(or ? ['OR'] : [])];
      const tail = options.length === 0 ? '' : ` [${options.join(',')}]`;
      return `RewriteCond "${test}" ${pattern(`${not ? '!' : ''}${matches}`)}${tail}`;
    }),
    `RewriteRule ${pattern(path)} - "[${flags}]"`,
  ];
}

/** Conditions of which one must hold. */
export function anyOf(conditions: readonly Condition[]): readonly Condition[] {
  return conditions.map((condition, i) =>
    i === conditions.length - 1 ? condition : { ...condition, or: true },
  );
}

/** Lines under a comment, with an empty line before them. */
export function block(comment: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', `# ${comment}`, ...lines];
}

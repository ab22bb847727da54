/** A command of ours as somebody copies it: each option on a line of its own. */
export function commandLine(
  command: string,
  options: readonly (readonly [name: string, value: string])[],
): string {
  return [`npx mcp-cors ${command}`, ...options.map(([name, value]) => `--${name} ${shellWord(value)}`)].join(
    ' \\\n  ',
  );
}

/** A word that a shell takes as it is. */
export function shellWord(text: string): string {
  return /^[\w.:/@=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

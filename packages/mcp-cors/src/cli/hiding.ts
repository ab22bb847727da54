import type { Terminal } from './terminal.js';

/** A value shorter than that is no secret, and would be found in every other line. */
const SHORTEST_HIDDEN = 4;

/** A terminal that shows `${NAME}` wherever a value of the environment that the configuration refers to would stand. */
export function hidingTerminal(terminal: Terminal, variables: () => ReadonlyMap<string, string>): Terminal {
  const hide = (text: string): string => hideValues(text, variables());
  return {
    ...terminal,
    out: (line = '') => terminal.out(hide(line)),
    err: (line = '') => terminal.err(hide(line)),
    progress: (text) => terminal.progress(hide(text)),
  };
}

/** A text with the names of variables in place of their values, the longest first. */
export function hideValues(text: string, variables: ReadonlyMap<string, string>): string {
  const values = [...variables].filter(([, value]) => value.length >= SHORTEST_HIDDEN);
  let hidden = text;
  for (const [name, value] of values.sort(([, a], [, b]) => b.length - a.length)) {
    for (const written of new Set([value, JSON.stringify(value).slice(1, -1)]))
      hidden = hidden.replaceAll(written, () => `\${${name}}`);
  }
  return hidden;
}

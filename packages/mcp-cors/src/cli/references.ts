/** What a text comes to when its references to environment variables are replaced. */
export interface Substitution {
  readonly text: string;
  /** Whether the text was a reference and nothing else. */
  readonly whole: boolean;
  /** Variables whose values are in the text. */
  readonly names: readonly string[];
  /** Variables that have no value, and for which no default is given. */
  readonly missing: readonly string[];
  /** What looks like a reference and is none. */
  readonly faulty: readonly string[];
}

/** `$${` stands for `${`; anything else that begins with `${` has to be a reference. */
const REFERENCES = /\$\$\{|\$\{[^}]*\}?/g;
const REFERENCE = /^\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}$/;

/**
 * Replaces `${NAME}` and `${NAME:-default}`. As in a shell, the default holds for an empty value too. What a variable holds
 * is taken as it is, and never read for references.
 */
export function substitute(text: string, environment: NodeJS.ProcessEnv): Substitution {
  const names: string[] = [];
  const missing: string[] = [];
  const faulty: string[] = [];
  const replaced = text.replace(REFERENCES, (found) => {
    if (found === '$${') return '${';
    const [, name, preset] = REFERENCE.exec(found) ?? [];
    if (name === undefined) {
      faulty.push(found);
      return found;
    }
    const value = environment[name];
    if (value !== undefined && (value !== '' || preset === undefined)) {
      names.push(name);
      return value;
    }
    if (preset === undefined) missing.push(name);
    return preset ?? found;
  });
  return { text: replaced, whole: REFERENCE.test(text), names, missing, faulty };
}

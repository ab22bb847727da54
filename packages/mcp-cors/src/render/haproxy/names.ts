/** What one configuration calls its variables and conditions. */
export interface Names {
  /** A variable of the transaction. */
  readonly variable: (suffix: string) => string;
  /** A condition. */
  readonly acl: (suffix: string) => string;
  /** A condition that must hold, or must not where it begins with `!`. */
  readonly condition: (suffix: string) => string;
}

export function namesWith(name: string): Names {
  return {
    variable: (suffix) => `txn.${name}_${suffix}`,
    acl: (suffix) => `${name}_${suffix}`,
    condition: (suffix) => (suffix.startsWith('!') ? `!${name}_${suffix.slice(1)}` : `${name}_${suffix}`),
  };
}

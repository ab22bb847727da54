import { PolicyConfigError } from '../policy/index.js';
import { CommandErrors } from './terminal.js';

interface ConfigIssue {
  readonly path: string;
  readonly message: string;
  readonly remedy: string;
}

/** Turns the issues of a configuration into a command's problems, each naming its place. Other errors pass. */
export function toCommandError(error: unknown, place: (path: string) => string): unknown {
  if (!isConfigError(error)) return error;
  return new CommandErrors(
    error.issues.map(({ path, message, remedy }) => ({
      message: `${place(path)}: ${message}`,
      hint: /[.?]$/.test(remedy) ? remedy : `${remedy}.`,
    })),
  );
}

/** Errors of the policy, and those of packages that are loaded by name and so share no class with this one. */
function isConfigError(error: unknown): error is Error & { readonly issues: readonly ConfigIssue[] } {
  return (
    error instanceof PolicyConfigError || (error instanceof Error && error.name === 'GatewayConfigError')
  );
}

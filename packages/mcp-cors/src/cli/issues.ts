import { PolicyConfigError } from '../policy/index.js';
import { asSentence } from './configFile.js';
import type { Problem } from './problem.js';
import { CommandErrors } from './terminal.js';

/** Turns the issues of a configuration into a command's problems, each naming its place. Other errors pass. */
export function toCommandError(error: unknown, place: (path: string) => string): unknown {
  if (!isConfigError(error)) return error;
  return new CommandErrors(
    error.issues.map(({ path, message, remedy }) => ({
      message: `${place(path)}: ${message}`,
      hint: asSentence(remedy),
    })),
  );
}

/** Errors of the policy, and those of packages that are loaded by name and so share no class with this one. */
export function isConfigError(error: unknown): error is Error & { readonly issues: readonly Problem[] } {
  return (
    error instanceof PolicyConfigError || (error instanceof Error && error.name === 'GatewayConfigError')
  );
}

/** The issues with which something ends, if it does. */
export function issuesOf(attempt: () => unknown): readonly Problem[] {
  try {
    attempt();
    return [];
  } catch (error) {
    if (!isConfigError(error)) throw error;
    return error.issues;
  }
}

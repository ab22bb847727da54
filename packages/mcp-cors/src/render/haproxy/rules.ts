import type { Names } from './names.js';
import { acl } from './syntax.js';

/** Conditions that must all hold; `!` before one that must not. */
export type All = readonly string[];

/** A condition over a variable of the policy's. */
export function aclOf(
  names: Names,
  suffix: string,
  variable: string,
  method: string,
  patterns: readonly string[],
): readonly string[] {
  return acl(names.acl(suffix), `var(${names.variable(variable)})`, method, patterns);
}

/** `if`, and conditions of which one alternative must hold; nothing where there is none. */
export function ifAny(names: Names, ...alternatives: readonly All[]): string {
  const texts = alternatives.map((all) => all.map(names.condition).join(' '));
  return texts.length === 0 ? '' : ` if ${texts.join(' or ')}`;
}

/** Sets a variable while a request is read. */
export function set(names: Names, variable: string, sample: string, ...alternatives: readonly All[]): string {
  return `http-request set-var(${names.variable(variable)}) ${sample}${ifAny(names, ...alternatives)}`;
}

/** Concludes where nothing is concluded yet and one of the alternatives holds. */
export function conclude(names: Names, verdict: string, ...alternatives: readonly All[]): string {
  return set(names, 'verdict', `str(${verdict})`, ...alternatives.map((all) => ['!decided', ...all]));
}

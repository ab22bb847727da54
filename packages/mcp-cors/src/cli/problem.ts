import { POLICY_ISSUES } from '../policy/index.js';

/** Something that is wrong with a configuration. */
export interface Problem {
  readonly code: string;
  /** Where in the configuration, such as `routes[0].upstream`. */
  readonly path: string;
  readonly message: string;
  readonly remedy: string;
}

/** A problem, and where in the file it stands; both count from 1. */
export interface PlacedProblem extends Problem {
  readonly line: number;
  readonly column: number;
}

/**
 * A problem without anything that came from the environment: where its text may hold some, because it is about a value
 * with `names` in it or because a word of a variable stands in it, a text that only depends on its code takes its place.
 */
export function withoutValues(
  problem: Problem,
  names: ReadonlySet<string>,
  variables: ReadonlyMap<string, string>,
): Problem {
  const { code, path } = problem;
  const told = new Set(names);
  const text = `${problem.message} ${problem.remedy}`.toLowerCase();
  for (const [name, value] of variables) if (holdsPartOf(text, value)) told.add(name);
  if (told.size === 0) return { code, path, message: problem.message, remedy: problem.remedy };
  const references = [...told].map((name) => `\${${name}}`).join(', ');
  const known = (POLICY_ISSUES as Partial<Record<string, { message: string; remedy: string }>>)[code];
  const message = `${known?.message ?? `the value is not valid here: ${code}`} (${references})`;
  // What is said about a key only depends on the key.
  if (code === 'unknown-key')
    return { code, path, message: known?.message ?? problem.message, remedy: problem.remedy };
  const remedy = known?.remedy ?? `Correct the environment: ${[...told].join(', ')}`;
  return { code, path, message, remedy };
}

/** Whether a text holds a value, or one of its words: a message may quote a host out of an address. */
function holdsPartOf(text: string, value: string): boolean {
  const lower = value.toLowerCase();
  if (COMMON_WORDS.has(lower)) return false;
  const words = text.split(NO_WORD);
  if (lower.length < SHORTEST_WORD) return words.includes(lower);
  const parts = lower
    .split(NO_WORD)
    .filter((part) => part.length >= SHORTEST_WORD && !COMMON_WORDS.has(part));
  return text.includes(lower) || parts.some((part) => words.includes(part));
}

/** What separates words of addresses, URLs and origins. */
const NO_WORD = /[^a-z0-9._-]+|[.](?=\s|$)/;
const SHORTEST_WORD = 4;
/** Words that say nothing of the value in which they stand. */
const COMMON_WORDS: ReadonlySet<string> = new Set(['http', 'https', 'localhost', 'true', 'false']);

import { Option } from 'commander';

/** How a command prints its result. */
export type OutputFormat = 'pretty' | 'json';

/** `--format`, the same for every command. */
export function formatOption(): Option {
  return new Option('--format <format>', 'how to print the result')
    .choices(['pretty', 'json'])
    .default('pretty');
}

/** Gathers the values of an option that can be repeated. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

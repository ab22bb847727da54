import { type HeaderLine, Unfollowed } from '../survey/model.js';
import type { Position } from '../survey/position.js';
import { expand, type Scope, spend } from './placeholders.js';
import type { Line, Word } from './syntax.js';

/** What a `header`, a `header_down` does. */
export interface HeaderOperation {
  readonly kind: 'set' | 'add' | 'delete' | 'default' | 'replace';
  readonly name: string;
  readonly value: string;
  readonly at: Position;
}

/** The operations of one handler, which run together: at once, or when the response begins. */
export interface HeaderHandler {
  readonly operations: readonly HeaderOperation[];
  readonly deferred: boolean;
}

const PREFIXES: Readonly<Record<string, HeaderOperation['kind']>> = {
  '+': 'add',
  '-': 'delete',
  '?': 'default',
  '>': 'set',
};

/** Reads one operation: a name with its prefix, a value. */
export function operationOf(words: readonly Word[]): HeaderOperation & { readonly deferred: boolean } {
  const [field, value, replacement] = words;
  const text = field?.text ?? '';
  const at = field?.at ?? { line: 1, column: 1 };
  const kind = Object.hasOwn(PREFIXES, text[0] ?? '') ? PREFIXES[text[0] as string] : undefined;
  const name = (kind === undefined ? text : text.slice(1)).replace(/:$/, '');
  if (replacement !== undefined) return { kind: 'replace', name, value: '', at, deferred: true };
  return {
    kind: kind ?? 'set',
    name,
    value: value?.text ?? '',
    at,
    deferred: kind !== undefined && kind !== 'add',
  };
}

/** The handlers that a `header` directive makes, in their order: one that deletes or defers does all of its part so. */
export function handlersOf(line: Line, words: readonly Word[]): readonly HeaderHandler[] {
  const given = words.length > 0 ? [words] : (line.block ?? []).map((one) => one.words);
  const defers = given.some(([first]) => first?.text === 'defer');
  const operations = given.filter(([first]) => first?.text !== 'defer').map(operationOf);
  const defaults = operations.filter(({ kind }) => kind === 'default');
  const others = operations.filter(({ kind }) => kind !== 'default');
  return [
    ...(others.length === 0
      ? []
      : [{ operations: others, deferred: defers || others.some(({ deferred }) => deferred) }]),
    ...defaults.map((one) => ({ operations: [one], deferred: true })),
  ];
}

/** Headers whose values matter here. */
const LOOKED_AT = /^(?:access-control-|vary$)/i;
const ORDER: readonly HeaderOperation['kind'][] = ['add', 'set', 'default', 'delete', 'replace'];

/** Makes operations, in the order in which Caddy does: what is added, set, deleted. */
export function applied(
  lines: readonly HeaderLine[],
  operations: readonly HeaderOperation[],
  scope: Scope,
): HeaderLine[] {
  let result = [...lines];
  for (const kind of ORDER) {
    for (const operation of operations.filter((one) => one.kind === kind)) {
      spend(scope, result.length + 1, operation.at);
      result = appliedOne(result, operation, scope);
    }
  }
  return result;
}

function appliedOne(
  lines: HeaderLine[],
  { kind, name, value, at }: HeaderOperation,
  scope: Scope,
): HeaderLine[] {
  const lower = name.toLowerCase();
  const isIt = (line: HeaderLine): boolean => line.name.toLowerCase() === lower;
  if (kind === 'delete') return lines.filter((line) => !named(lower, line.name.toLowerCase()));
  if (kind === 'replace')
    return lines.map((line) =>
      isIt(line) && LOOKED_AT.test(name)
        ? {
            name,
            value: undefined,
            at,
            unfollowed: new Unfollowed(at, name, 'a replacement in a value is not followed'),
          }
        : line,
    );
  if (kind === 'default' && lines.some(isIt)) return lines;
  const told = LOOKED_AT.test(name) ? valueOfHeader(value, scope, at) : { value: 'x' };
  const kept = kind === 'set' ? lines.filter((line) => !isIt(line)) : lines;
  return [...kept, { name, ...told, at }];
}

/** A name that is deleted may end or begin with `*`. */
function named(pattern: string, name: string): boolean {
  const front = pattern.startsWith('*');
  const end = pattern.endsWith('*');
  if (front && end) return name.includes(pattern.slice(1, -1));
  if (front) return name.endsWith(pattern.slice(1));
  return end ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

function valueOfHeader(text: string, scope: Scope, at: Position): Pick<HeaderLine, 'value' | 'unfollowed'> {
  try {
    return { value: expand(text, scope, at) };
  } catch (thrown) {
    if (!(thrown instanceof Unfollowed)) throw thrown;
    return { value: undefined, unfollowed: thrown };
  }
}

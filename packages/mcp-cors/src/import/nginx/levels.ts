import type { Position } from '../survey/position.js';
import type { Directive } from './syntax.js';

/** A block of nginx as far as its directives are inherited: `http`, a `server`, a `location`, an `if`. */
export interface Level {
  readonly kind: 'http' | 'server' | 'location' | 'if' | 'limit_except';
  readonly at: Position;
  readonly args: readonly string[];
  readonly directives: readonly Directive[];
  readonly byName: ReadonlyMap<string, readonly Directive[]>;
}

/** Levels from the outermost in. */
export type Chain = readonly Level[];

export function levelOf(
  kind: Level['kind'],
  { args, at, block = [] }: Pick<Directive, 'args' | 'at' | 'block'>,
): Level {
  const byName = new Map<string, Directive[]>();
  for (const directive of block) {
    const same = byName.get(directive.name);
    if (same === undefined) byName.set(directive.name, [directive]);
    else same.push(directive);
  }
  return { kind, at, args: args.map(({ text }) => text), directives: block, byName };
}

/** The directives of a name that hold: those of the innermost level that has any, which hides all further out. */
export function inForce(chain: Chain, name: string): readonly Directive[] {
  for (let i = chain.length - 1; i >= 0; i--) {
    const found = chain[i]?.byName.get(name);
    if (found !== undefined) return found;
  }
  return [];
}

/** The first argument of a directive that holds once. */
export function setting(
  chain: Chain,
  name: string,
): { readonly text: string; readonly at: Position } | undefined {
  const directive = inForce(chain, name).at(-1);
  const word = directive?.args[0];
  return directive === undefined || word === undefined ? undefined : { text: word.text, at: directive.at };
}

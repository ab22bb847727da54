import { compileAutomaton } from '../policy/automaton.js';
import { parseExpression, parseRegExpText } from '../policy/regexp.js';
import { minimise } from './ambiguity.js';

/**
 * An owner's expression as a table of states, the first of which begins. Engines that try one way after another can be
 * kept busy for years by a hostile origin; a table is read once from left to right, whatever the expression was.
 */
export interface StateTable {
  readonly states: readonly State[];
}

export interface State {
  readonly accepting: boolean;
  /** The characters of origins that lead on, with the state that they lead to. What is not here is refused. */
  readonly moves: readonly (readonly [characters: string, state: number])[];
}

/** The table of an expression as a policy writes it; undefined when no origin matches. */
export function stateTable(text: string): StateTable | undefined {
  const { source, flags } = parseRegExpText(text) as { readonly source: string; readonly flags: string };
  const tree = parseExpression(source, flags);
  const automaton = 'fault' in tree ? undefined : compileAutomaton(tree);
  if (automaton === undefined) return undefined;
  const { start, accepting, arrows } = minimise(automaton);
  if (!arrows.has(start)) return undefined;
  const order = [start, ...[...arrows.keys()].filter((state) => state !== start)];
  const numbers = new Map(order.map((state, i) => [state, i]));
  return {
    states: order.map((state) => ({
      accepting: accepting.has(state),
      moves: [...(arrows.get(state) ?? [])].map(([target, characters]) => [
        characters.join(''),
        numbers.get(target) as number,
      ]),
    })),
  };
}

/**
 * A table as a line of text for each state, for languages in which that is shortest: whether an origin may end there (`+`
 * or `-`), and for each state that follows, the characters that lead to it, `=`, its number and a space.
 */
export function tableRows({ states }: StateTable): readonly string[] {
  return states.map(({ accepting, moves }) =>
    [accepting ? '+' : '-', ...moves.map(([characters, state]) => `${characters}=${state} `)].join(''),
  );
}

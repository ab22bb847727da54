import { type Automaton, compileAutomaton } from '../../policy/automaton.js';
import { parseExpression, parseRegExpText } from '../../policy/regexp.js';
import { ORIGIN_CHARACTERS } from '../regexps.js';

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
  return automaton === undefined ? undefined : smallest(automaton);
}

const ALPHABET = 128;
const START = 1;

/** The table with the fewest states: those are one that no text can tell apart (Moore's algorithm). */
function smallest({ next, accepting }: Automaton): StateTable | undefined {
  const codes = [...ORIGIN_CHARACTERS].map((character) => character.charCodeAt(0));
  let classes = Array.from(accepting);
  let count = new Set(classes).size;
  for (;;) {
    const keys = classes.map((own, state) =>
      [own, ...codes.map((code) => classes[next[state * ALPHABET + code] as number])].join(),
    );
    const numbers = new Map([...new Set(keys)].map((key, i) => [key, i]));
    classes = keys.map((key) => numbers.get(key) as number);
    if (numbers.size === count) break;
    count = numbers.size;
  }
  const dead = classes[0] as number;
  if (classes[START] === dead) return undefined;
  const order = new Map<number, number>([[classes[START] as number, 0]]);
  const examples = [START];
  const states: State[] = [];
  for (let i = 0; i < examples.length; i++) {
    const state = examples[i] as number;
    const moves = new Map<number, string>();
    for (const code of codes) {
      const target = next[state * ALPHABET + code] as number;
      const group = classes[target] as number;
      if (group === dead) continue;
      if (!order.has(group)) {
        order.set(group, examples.length);
        examples.push(target);
      }
      const number = order.get(group) as number;
      moves.set(number, `${moves.get(number) ?? ''}${String.fromCharCode(code)}`);
    }
    states.push({
      accepting: accepting[state] === 1,
      moves: [...moves].map(([target, characters]) => [characters, target]),
    });
  }
  return { states };
}

import {
  ALPHABET_SIZE,
  type Automaton,
  compileAutomaton,
  DEAD,
  type Expression,
  type Positions,
  positionsOf,
  START,
} from '../policy/automaton.js';
import { classOf, literal, ORIGIN_CHARACTERS, oneOf, type RegExpSource } from './regexps.js';

/** Most pairs of positions and steps between them that are looked at; what needs more counts as ambiguous. */
const MOST_STEPS = 1_000_000;
/** Longest expression that is made in place of an ambiguous one. */
const MAX_LENGTH = 4_096;

/**
 * Whether some text can be matched in exponentially many ways, so that an engine that tries one after the other does not
 * come to an end: a position can be reached again from itself by one text on two different paths (Weber and Seidl, 1991).
 */
export function isAmbiguous(expression: Expression): boolean {
  const positions = positionsOf(expression);
  return positions === undefined || positions.repeatedLinks || hasTwoLoops(positions);
}

function hasTwoLoops({ sets, follow }: Positions): boolean {
  const count = sets.length;
  let steps = 0;
  /** What two paths can come to together, by one character that both take. */
  const next = (pair: number): readonly number[] => {
    const found: number[] = [];
    for (const a of follow[Math.floor(pair / count)] as ReadonlySet<number>) {
      for (const b of follow[pair % count] as ReadonlySet<number>) {
        steps++;
        if (((sets[a] as bigint) & (sets[b] as bigint)) !== 0n) found.push(a * count + b);
      }
    }
    return found;
  };
  for (let position = 0; position < count; position++) {
    const same = position * count + position;
    // Two paths that part behind the position, and meet there again.
    const seen = new Set<string>([`${same} together`]);
    const states: (readonly [pair: number, parted: boolean])[] = [[same, false]];
    for (let state = states.pop(); state !== undefined; state = states.pop()) {
      const [pair, parted] = state;
      for (const target of next(pair)) {
        const apart = parted || Math.floor(target / count) !== target % count;
        if (target === same && apart) return true;
        const key = `${target} ${apart ? 'apart' : 'together'}`;
        if (seen.has(key)) continue;
        seen.add(key);
        states.push([target, apart]);
      }
      if (steps > MOST_STEPS) return true;
    }
  }
  return false;
}

/**
 * An equivalent expression, over the characters of origins, that matches every text in one way alone: made from the
 * deterministic automaton by taking out one state after the other. undefined when it would be too long.
 */
export function deterministic(expression: Expression): RegExpSource | undefined {
  const automaton = compileAutomaton(expression);
  if (automaton === undefined) return undefined;
  const { arrows, accepting, start } = minimise(automaton);
  const END = -1;
  const BEGIN = -2;
  /** Expressions from state to state. */
  const ways = new Map<number, Map<number, RegExpSource[]>>();
  const add = (from: number, to: number, source: RegExpSource): void => {
    const targets = ways.get(from) ?? new Map<number, RegExpSource[]>();
    ways.set(from, targets);
    targets.set(to, [...(targets.get(to) ?? []), source]);
  };
  add(BEGIN, start, '');
  for (const [from, targets] of arrows) {
    for (const [to, characters] of targets) add(from, to, classOf(characters) ?? literal(''));
    if (accepting.has(from)) add(from, END, '');
  }
  const costOf = (state: number): number => {
    const into = [...ways].filter(([from, targets]) => from !== state && targets.has(state)).length;
    return into * ([...(ways.get(state)?.keys() ?? [])].filter((to) => to !== state).length || 1);
  };
  const left = new Set(arrows.keys());
  while (left.size > 0) {
    const state = [...left].reduce((best, one) => (costOf(one) < costOf(best) ? one : best));
    left.delete(state);
    const out = ways.get(state) ?? new Map<number, RegExpSource[]>();
    ways.delete(state);
    const loop = out.get(state);
    const again = loop === undefined ? '' : `${grouped(loop)}*`;
    for (const [from, targets] of ways) {
      const into = targets.get(state);
      if (into === undefined) continue;
      targets.delete(state);
      for (const [to, onward] of out) {
        if (to === state) continue;
        const source = `${joined(into)}${again}${joined(onward)}`;
        if (source.length > MAX_LENGTH) return undefined;
        add(from, to, source);
      }
    }
  }
  const whole = ways.get(BEGIN)?.get(END);
  return whole === undefined ? undefined : joined(whole);
}

/** A choice that can stand in a sequence; the empty text among others makes it optional. */
function joined(sources: readonly RegExpSource[]): RegExpSource {
  const some = [...new Set(sources)].filter((source) => source !== '');
  if (some.length === 0) return '';
  return sources.includes('') ? `(?:${some.join('|')})?` : oneOf(some);
}

/** A choice that can be repeated. */
function grouped(sources: readonly RegExpSource[]): RegExpSource {
  const source = joined(sources);
  return /^(?:\\?.|\[[^\]]*\])$/.test(source) ? source : `(?:${source})`;
}

interface Graph {
  readonly start: number;
  readonly accepting: ReadonlySet<number>;
  /** For each state that leads to an accepting one, the characters by which it leads to each other. */
  readonly arrows: ReadonlyMap<number, ReadonlyMap<number, readonly string[]>>;
}

/** The smallest automaton that accepts the same origins (Moore): states that cannot be told apart become one. */
export function minimise({ next, accepting }: Automaton): Graph {
  const codes = [...ORIGIN_CHARACTERS].map((character) => character.charCodeAt(0));
  const count = accepting.length;
  let classes: readonly number[] = [...accepting];
  for (;;) {
    const numbers = new Map<string, number>();
    const refined = classes.map((own, state) => {
      const key = [own, ...codes.map((code) => classes[next[state * ALPHABET_SIZE + code] as number])].join();
      const number = numbers.get(key) ?? numbers.size;
      numbers.set(key, number);
      return number;
    });
    const settled = numbers.size === new Set(classes).size;
    classes = refined;
    if (settled) break;
  }
  const dead = classes[DEAD];
  const arrows = new Map<number, Map<number, string[]>>();
  for (let state = START; state < count; state++) {
    const from = classes[state] as number;
    if (from === dead || arrows.has(from)) continue;
    const targets = new Map<number, string[]>();
    arrows.set(from, targets);
    for (const code of codes) {
      const to = classes[next[state * ALPHABET_SIZE + code] as number] as number;
      if (to !== dead) targets.set(to, [...(targets.get(to) ?? []), String.fromCharCode(code)]);
    }
  }
  const ends = classes.filter((_, state) => accepting[state] === 1);
  return { start: classes[START] as number, accepting: new Set(ends), arrows };
}

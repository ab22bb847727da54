/** Codes of the ASCII characters: an origin has no others. */
export const ALPHABET_SIZE = 128;

/** A set of ASCII characters, as bits by code. */
export type CharacterSet = bigint;

/** A regular expression without anchors, as a tree. Repetition of a bounded number is written out by the parser. */
export type Expression =
  | { readonly type: 'empty' }
  | { readonly type: 'character'; readonly set: CharacterSet }
  | { readonly type: 'sequence'; readonly items: readonly Expression[] }
  | { readonly type: 'choice'; readonly items: readonly Expression[] }
  | { readonly type: 'star'; readonly item: Expression };

/** A deterministic automaton. State 0 is dead, state 1 the start. */
export interface Automaton {
  /** Next state by `state * ALPHABET_SIZE + code`. */
  readonly next: Uint16Array;
  /** 1 for accepting states. */
  readonly accepting: Uint8Array;
}

/** Most states that an automaton may have; an expression that needs more is refused. */
export const MAX_STATES = 1024;
/** Most characters that an expression may have, repetitions written out. */
export const MAX_POSITIONS = 512;

/** The state from which nothing is accepted. */
export const DEAD = 0;
/** The state in which an automaton begins. */
export const START = 1;

/**
 * What Glushkov's construction knows of an expression. Positions are numbers in the order of its characters, and lists of
 * them ascend.
 */
interface Shape {
  readonly nullable: boolean;
  readonly first: readonly number[];
  readonly last: readonly number[];
}

/** An expression as Glushkov's construction has it: its characters in order, and which can come behind which. */
export interface Positions extends Shape {
  readonly sets: readonly CharacterSet[];
  readonly follow: readonly ReadonlySet<number>[];
  /** Whether some character comes behind another in more than one way, as in `(a*b*)*`. */
  readonly repeatedLinks: boolean;
}

/** The positions of an expression; undefined when there would be more than {@link MAX_POSITIONS}. */
export function positionsOf(expression: Expression): Positions | undefined {
  const sets: CharacterSet[] = [];
  const follow: Set<number>[] = [];
  let repeatedLinks = false;
  const link = (from: readonly number[], to: readonly number[]): void => {
    for (const position of from) {
      const targets = follow[position] as Set<number>;
      for (const target of to) {
        repeatedLinks ||= targets.has(target);
        targets.add(target);
      }
    }
  };

  const shapeOf = (part: Expression): Shape | undefined => {
    if (part.type === 'empty') return { nullable: true, first: [], last: [] };
    if (part.type === 'character') {
      if (sets.length === MAX_POSITIONS) return undefined;
      const position = sets.push(part.set) - 1;
      follow.push(new Set());
      return { nullable: false, first: [position], last: [position] };
    }
    if (part.type === 'star') {
      const shape = shapeOf(part.item);
      if (shape === undefined) return undefined;
      link(shape.last, shape.first);
      return { ...shape, nullable: true };
    }
    let whole: Shape | undefined;
    for (const item of part.items) {
      const shape = shapeOf(item);
      if (shape === undefined) return undefined;
      if (whole === undefined) whole = shape;
      else if (part.type === 'sequence') whole = concatenate(whole, shape, link);
      else whole = alternate(whole, shape);
    }
    return whole ?? { nullable: true, first: [], last: [] };
  };

  const shape = shapeOf(expression);
  return shape === undefined ? undefined : { ...shape, sets, follow, repeatedLinks };
}

/**
 * Compiles an expression to a deterministic automaton: Glushkov's positions, then the subset construction.
 * Gives undefined when it would have more than {@link MAX_STATES} states or {@link MAX_POSITIONS} positions.
 */
export function compileAutomaton(expression: Expression): Automaton | undefined {
  const positions = positionsOf(expression);
  return positions === undefined ? undefined : determinise(positions, positions.sets, positions.follow);
}

function concatenate(
  left: Shape,
  right: Shape,
  link: (from: readonly number[], to: readonly number[]) => void,
): Shape {
  link(left.last, right.first);
  return {
    nullable: left.nullable && right.nullable,
    first: left.nullable ? [...left.first, ...right.first] : left.first,
    last: right.nullable ? [...left.last, ...right.last] : right.last,
  };
}

function alternate(left: Shape, right: Shape): Shape {
  return {
    nullable: left.nullable || right.nullable,
    first: [...left.first, ...right.first],
    last: [...left.last, ...right.last],
  };
}

function determinise(
  shape: Shape,
  sets: readonly CharacterSet[],
  follow: readonly ReadonlySet<number>[],
): Automaton | undefined {
  const last = new Set(shape.last);
  const likes = likesOf(sets);
  const states = new Map<string, number>(); // by the positions that could come next
  const targets: (readonly number[])[] = [[]];
  const accepting: boolean[] = [false];
  const stateOf = (next: readonly number[], accepts: boolean): number => {
    const key = `${accepts}:${next.join(',')}`;
    const known = states.get(key);
    if (known !== undefined) return known;
    states.set(key, targets.length);
    accepting.push(accepts);
    return targets.push(next) - 1;
  };
  stateOf(shape.first, shape.nullable);

  const rows: number[][] = [new Array<number>(ALPHABET_SIZE).fill(DEAD)];
  for (let state = START; state < targets.length; state++) {
    if (targets.length > MAX_STATES) return undefined;
    const candidates = targets[state] as readonly number[];
    const row: number[] = [];
    for (const [code, like] of likes.entries()) {
      if (like !== code) {
        row.push(row[like] as number);
        continue;
      }
      const reached = candidates.filter((position) => hasCode(sets[position] as CharacterSet, code));
      const next = new Set(reached.flatMap((position) => [...(follow[position] as ReadonlySet<number>)]));
      const accepts = reached.some((position) => last.has(position));
      row.push(reached.length === 0 ? DEAD : stateOf([...next].sort(ascending), accepts));
    }
    rows.push(row);
  }
  return { next: Uint16Array.from(rows.flat()), accepting: Uint8Array.from(accepting.map(Number)) };
}

const ascending = (a: number, b: number): number => a - b;

/** For each character the first one that is in the same sets: most lead wherever another leads. */
function likesOf(sets: readonly CharacterSet[]): readonly number[] {
  const different = [...new Set(sets)];
  const firsts = new Map<string, number>();
  return Array.from({ length: ALPHABET_SIZE }, (_, code) => {
    const key = different.map((set) => (hasCode(set, code) ? '1' : '0')).join('');
    const first = firsts.get(key) ?? code;
    firsts.set(key, first);
    return first;
  });
}

function hasCode(set: CharacterSet, code: number): boolean {
  return ((set >> BigInt(code)) & 1n) === 1n;
}

/** Whether an automaton accepts a text. One look-up a character: linear, whatever the expression was. */
export function accepts({ next, accepting }: Automaton, text: string): boolean {
  let state = START;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= ALPHABET_SIZE) return false;
    state = next[state * ALPHABET_SIZE + code] as number;
    if (state === DEAD) return false;
  }
  return accepting[state] === 1;
}

/** Whether every text that an automaton accepts is also accepted by another. */
export function isContained(inner: Automaton, outer: Automaton): boolean {
  const width = outer.accepting.length;
  const seen = new Uint8Array(inner.accepting.length * width);
  const open = [START * width + START];
  for (let pair = open.pop(); pair !== undefined; pair = open.pop()) {
    const a = Math.floor(pair / width);
    const b = pair % width;
    if (inner.accepting[a] === 1 && outer.accepting[b] !== 1) return false;
    for (let code = 0; code < ALPHABET_SIZE; code++) {
      const nextA = inner.next[a * ALPHABET_SIZE + code] as number;
      const next = nextA * width + (outer.next[b * ALPHABET_SIZE + code] as number);
      if (nextA === DEAD || seen[next] === 1) continue;
      seen[next] = 1;
      open.push(next);
    }
  }
  return true;
}

import { type Expression, isInSet, type Tree } from './tree.js';

/** Steps that are left to all expressions of one file together: what is hostile ends, and is then not known. */
export interface Steps {
  left: number;
}

/** Steps that one file may take: some seconds at worst, far more than configurations need. */
export const MAX_STEPS = 20_000_000;

/** Most numbers that a matcher keeps to go back by. */
const MAX_STACK = 1_000_000;

type Instruction =
  | { readonly op: 'set'; readonly set: Tree & { readonly type: 'set' } }
  | { readonly op: 'save'; readonly slot: number }
  | { readonly op: 'reference'; readonly group: number }
  | { readonly op: 'assert'; readonly kind: (Tree & { readonly type: 'assertion' })['kind'] }
  | { readonly op: 'split'; readonly first: number; readonly second: number }
  | { readonly op: 'jump'; readonly to: number }
  | { readonly op: 'begin'; readonly register: number }
  | {
      readonly op: 'loop';
      readonly register: number;
      readonly least: number;
      readonly most: number;
      readonly greedy: boolean;
      exit: number;
    }
  | { readonly op: 'done' };

/** An expression that can be run. */
export interface Matcher {
  readonly names: ReadonlyMap<string, number>;
  /** The groups of the first match, the whole first; undefined when there is none; `unknown` when the steps are used up. */
  readonly match: (text: string, steps: Steps) => readonly (string | undefined)[] | undefined | 'unknown';
}

/**
 * Compiles an expression for a matcher that backtracks as PCRE does, on a stack of its own and with counted steps: it
 * neither overflows nor runs on, whatever the expression.
 */
export function compileMatcher({ tree, groups, names }: Expression): Matcher {
  const program: Instruction[] = [];
  let registers = (groups + 1) * 2;
  emit(tree);
  program.push({ op: 'done' });

  function emit(node: Tree): void {
    if (node.type === 'set') program.push({ op: 'set', set: node });
    else if (node.type === 'sequence') node.items.forEach(emit);
    else if (node.type === 'choice') emitChoice(node.items);
    else if (node.type === 'repeat') emitRepeat(node);
    else if (node.type === 'assertion') program.push({ op: 'assert', kind: node.kind });
    else if (node.type === 'capture') {
      program.push({ op: 'save', slot: node.group * 2 });
      emit(node.item);
      program.push({ op: 'save', slot: node.group * 2 + 1 });
    } else if (node.type === 'reference') {
      const group = typeof node.group === 'number' ? node.group : (names.get(node.group) ?? 0);
      program.push({ op: 'reference', group });
    }
  }

  function emitChoice(items: readonly Tree[]): void {
    const ends: number[] = [];
    for (const [i, item] of items.entries()) {
      if (i === items.length - 1) {
        emit(item);
        break;
      }
      const split = program.length;
      program.push({ op: 'jump', to: 0 });
      emit(item);
      ends.push(program.length);
      program.push({ op: 'jump', to: 0 });
      program[split] = { op: 'split', first: split + 1, second: program.length };
    }
    for (const end of ends) program[end] = { op: 'jump', to: program.length };
  }

  function emitRepeat({ item, least, most, greedy }: Tree & { readonly type: 'repeat' }): void {
    const register = registers;
    registers += 2;
    program.push({ op: 'begin', register });
    const start = program.length;
    const loop: Instruction = { op: 'loop', register, least, most, greedy, exit: 0 };
    program.push(loop);
    emit(item);
    program.push({ op: 'jump', to: start });
    loop.exit = program.length;
  }

  return {
    names,
    match: (text, steps) => {
      for (let start = 0; start <= text.length; start++) {
        const slots = run(program, text, start, registers, steps);
        if (slots === 'unknown') return 'unknown';
        if (slots === undefined) continue;
        return Array.from({ length: groups + 1 }, (_, group) => {
          const [from = -1, to = -1] =
            group === 0 ? [start, slots[1]] : [slots[group * 2], slots[group * 2 + 1]];
          return from < 0 || to < 0 ? undefined : text.slice(from, to);
        });
      }
      return undefined;
    },
  };
}

/** Runs a program from one place; slot 1 holds the end of the match. */
function run(
  program: readonly Instruction[],
  text: string,
  start: number,
  registers: number,
  steps: Steps,
): Int32Array | undefined | 'unknown' {
  const slots = new Int32Array(registers).fill(-1);
  const trail: number[] = [];
  const choices: number[] = [];
  const assign = (slot: number, value: number): void => {
    trail.push(slot, slots[slot] as number);
    slots[slot] = value;
  };
  const choose = (pc: number, at: number): void => {
    choices.push(pc, at, trail.length);
  };
  let pc = 0;
  let at = start;
  steps.left -= 1;
  for (;;) {
    if (--steps.left < 0 || choices.length > MAX_STACK || trail.length > MAX_STACK) return 'unknown';
    const instruction = program[pc] as Instruction;
    let fits = true;
    pc++;
    switch (instruction.op) {
      case 'set':
        fits = at < text.length && isInSet(instruction.set, text.charCodeAt(at));
        at++;
        break;
      case 'save':
        assign(instruction.slot, at);
        break;
      case 'assert':
        fits = asserts(instruction.kind, text, at);
        break;
      case 'reference': {
        const from = slots[instruction.group * 2] as number;
        const to = slots[instruction.group * 2 + 1] as number;
        fits = from >= 0 && to >= from && text.startsWith(text.slice(from, to), at);
        at += to - from;
        break;
      }
      case 'split':
        choose(instruction.second, at);
        pc = instruction.first;
        break;
      case 'jump':
        pc = instruction.to;
        break;
      case 'begin':
        assign(instruction.register, 0);
        assign(instruction.register + 1, -1);
        break;
      case 'loop': {
        const { register, least, most, greedy, exit } = instruction;
        const count = slots[register] as number;
        const idle = slots[register + 1] === at;
        if (count >= most || (count >= least && idle)) {
          pc = exit;
          break;
        }
        // A lazy loop comes back here by its choice, with the count as it was: the body is then taken.
        if (count >= least && greedy) choose(exit, at);
        if (count >= least && !greedy) {
          choose(-pc, at);
          pc = exit;
          break;
        }
        assign(register, count + 1);
        assign(register + 1, at);
        break;
      }
      case 'done':
        slots[1] = at;
        return slots;
    }
    if (fits) continue;
    const length = choices.pop();
    if (length === undefined) return undefined;
    at = choices.pop() as number;
    pc = choices.pop() as number;
    while (trail.length > length) {
      const value = trail.pop() as number;
      slots[trail.pop() as number] = value;
    }
    if (pc < 0) {
      pc = -pc;
      const { register } = program[pc - 1] as Instruction & { readonly op: 'loop' };
      assign(register, (slots[register] as number) + 1);
      assign(register + 1, at);
    }
  }
}

function asserts(kind: (Tree & { readonly type: 'assertion' })['kind'], text: string, at: number): boolean {
  if (kind === 'start') return at === 0;
  if (kind === 'end') return at === text.length;
  const word = (i: number): boolean => /\w/.test(text.charAt(i));
  return (word(at - 1) !== word(at)) === (kind === 'word');
}

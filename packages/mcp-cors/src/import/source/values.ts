import { isSign, type Language, type Token } from './tokens.js';

/** A value as far as source spells it out. */
export type Value = { readonly line: number } & (
  | { readonly type: 'string'; readonly text: string }
  | { readonly type: 'number'; readonly number: number }
  | { readonly type: 'boolean'; readonly truth: boolean }
  | { readonly type: 'none' }
  | { readonly type: 'regexp'; readonly source: string; readonly flags: string }
  | { readonly type: 'list'; readonly items: readonly Value[] }
  | { readonly type: 'object'; readonly entries: readonly Entry[] }
  | { readonly type: 'unknown'; readonly text: string }
);

/** A key with its value, or with no key what is spread there. */
export interface Entry {
  readonly key: string | undefined;
  readonly value: Value;
}

/** An argument of a call: with its name where the language has named ones. */
export type Argument = Entry;

/** Source as a reader looks at it. */
export interface Source {
  readonly language: Language;
  readonly text: string;
  readonly tokens: readonly Token[];
  /** Where the value of each name begins that is assigned once; undefined for names that are assigned more often. */
  readonly assigned: ReadonlyMap<string, number | undefined>;
  /** The values of such names, once they were read: a name that is used often is read once. */
  readonly known: Map<string, Value>;
}

/** Deepest nesting of values and of names that stand for others. */
const MAX_DEPTH = 32;
/** Longest list that is read; spread lists double quickly. */
const MAX_ITEMS = 100_000;
/** Longest piece of source that is shown. */
const SHOWN = 80;
const CLOSERS = new Set([',', ')', ']', '}', ';', ':']);
const WORDS: Readonly<Record<string, 'true' | 'false' | 'none'>> = {
  True: 'true',
  true: 'true',
  False: 'false',
  false: 'false',
  None: 'none',
  null: 'none',
  undefined: 'none',
};

/** Finds the names that are assigned, and where their values begin. */
export function createSource(text: string, language: Language, tokens: readonly Token[]): Source {
  const assigned = new Map<string, number | undefined>();
  let depth = 0;
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] as Token;
    if (token.type === 'sign' && '([{'.includes(token.text)) depth++;
    if (token.type === 'sign' && ')]}'.includes(token.text)) depth--;
    if (token.type !== 'name' || isSign(tokens[i - 1], '.')) continue;
    const start = assignedValue(tokens, i, language, depth);
    if (start === undefined) continue;
    assigned.set(token.text, assigned.has(token.text) ? undefined : start);
  }
  return { language, text, tokens, assigned, known: new Map() };
}

/** Where the value begins that the name at a place is given, if it is given one. */
function assignedValue(
  tokens: readonly Token[],
  at: number,
  language: Language,
  depth: number,
): number | undefined {
  const declared = ['const', 'let', 'var'].includes(tokens[at - 1]?.text ?? '');
  // Within brackets a name and an equals sign are a named argument or a default.
  if (language === 'python' && depth > 0) return undefined;
  let next = at + 1;
  if (isSign(tokens[next], ':') && (language === 'python' || declared)) {
    // The type of the name stands between.
    for (let i = next; i < next + 24; i++) {
      if (isSign(tokens[i], '=')) {
        next = i;
        break;
      }
      if (tokens[i]?.line !== tokens[at]?.line || isSign(tokens[i], ';')) return undefined;
    }
  }
  return isSign(tokens[next], '=') ? next + 1 : undefined;
}

/** A value that begins at a token, and the token behind it. */
export interface Parsed {
  readonly value: Value;
  readonly next: number;
}

/** Reads the value at a token. What is more than a literal, or a name of one, is unknown and shown as it stands. */
export function parseValue(source: Source, at: number, depth = 0): Parsed {
  const parsed = depth > MAX_DEPTH ? undefined : parseLiteral(source, at, depth);
  if (parsed !== undefined && isComplete(source, parsed.next)) return parsed;
  const next = skipValue(source, at);
  const { line, start } = source.tokens[at] as Token;
  const text = source.text
    .slice(start, source.tokens[next - 1]?.end ?? start)
    .replaceAll(/\s+/g, ' ')
    .slice(0, SHOWN);
  return { value: { type: 'unknown', text, line }, next };
}

/** Whether nothing stands behind a value that would make it another: an operator, a call, a type is none. */
function isComplete({ tokens }: Source, next: number): boolean {
  const { type, text, line } = tokens[next] as Token;
  if (type === 'end' || (type === 'sign' && CLOSERS.has(text))) return true;
  if (type === 'name' && (text === 'as' || text === 'satisfies')) return true;
  return line > (tokens[next - 1]?.line ?? line) && type === 'name';
}

function parseLiteral(source: Source, at: number, depth: number): Parsed | undefined {
  const { tokens, language } = source;
  const token = tokens[at] as Token;
  const { line, text } = token;
  if (token.type === 'string') return parseStrings(source, at);
  if (token.type === 'number')
    return { value: { type: 'number', number: Number(text.replaceAll('_', '')), line }, next: at + 1 };
  if (isSign(token, '-') && tokens[at + 1]?.type === 'number') {
    return { value: { type: 'number', number: -Number(tokens[at + 1]?.text), line }, next: at + 2 };
  }
  if (token.type === 'regexp') {
    return { value: { type: 'regexp', source: text, flags: token.note ?? '', line }, next: at + 1 };
  }
  if (token.type === 'name') {
    const word = WORDS[text];
    if (word === 'none') return { value: { type: 'none', line }, next: at + 1 };
    if (word !== undefined) return { value: { type: 'boolean', truth: word === 'true', line }, next: at + 1 };
    return parseName(source, at, depth);
  }
  if (isSign(token, '[') || (isSign(token, '(') && language === 'python'))
    return parseList(source, at, depth);
  if (isSign(token, '{')) return parseObject(source, at, depth);
  return undefined;
}

/** A string; in Python several beside each other are one. */
function parseStrings({ tokens, language }: Source, at: number): Parsed | undefined {
  let next = at;
  let text = '';
  do {
    const token = tokens[next] as Token;
    if (token.note === 'computed') return undefined;
    text += token.text;
    next++;
  } while (language === 'python' && tokens[next]?.type === 'string');
  return { value: { type: 'string', text, line: (tokens[at] as Token).line }, next };
}

/** What is assigned to a name, or the list in `list([...])`, `new Set([...])`, `re.compile("...")`. */
function parseName(source: Source, at: number, depth: number): Parsed | undefined {
  const { tokens, assigned } = source;
  const { text, line } = tokens[at] as Token;
  const wrapper = /^(?:list|tuple|set|frozenset)$/.test(text) && isSign(tokens[at + 1], '(');
  if (wrapper) {
    const { value, next } = parseValue(source, at + 2, depth + 1);
    return value.type === 'list' && isSign(tokens[next], ')') ? { value, next: next + 1 } : undefined;
  }
  const start = assigned.get(text);
  if (start === undefined) return undefined;
  const value = source.known.get(text) ?? parseValue(source, start, depth + 1).value;
  source.known.set(text, value);
  if (value.type === 'unknown') return undefined;
  // The place where it is used says more than the one where it is named, but for what is inside.
  return {
    value: value.type === 'list' || value.type === 'object' ? value : { ...value, line },
    next: at + 1,
  };
}

function parseList(source: Source, at: number, depth: number): Parsed | undefined {
  const { tokens } = source;
  const open = (tokens[at] as Token).text;
  const close = open === '[' ? ']' : ')';
  const items: Value[] = [];
  let commas = 0;
  let next = at + 1;
  while (!isSign(tokens[next], close)) {
    const spread = isSign(tokens[next], '...', '*');
    const parsed = parseValue(source, spread ? next + 1 : next, depth + 1);
    if (spread && parsed.value.type === 'list') for (const item of parsed.value.items) items.push(item);
    else items.push(parsed.value);
    if (items.length > MAX_ITEMS) return undefined;
    next = parsed.next;
    if (isSign(tokens[next], ',')) {
      commas++;
      next++;
    } else if (!isSign(tokens[next], close)) {
      return undefined;
    }
  }
  const line = (tokens[at] as Token).line;
  // In Python brackets around one value are no list.
  if (open === '(' && commas === 0 && items.length === 1) return { value: items[0] as Value, next: next + 1 };
  return { value: { type: 'list', items, line }, next: next + 1 };
}

function parseObject(source: Source, at: number, depth: number): Parsed | undefined {
  const { tokens, language } = source;
  const entries: Entry[] = [];
  const items: Value[] = [];
  let next = at + 1;
  while (!isSign(tokens[next], '}')) {
    const token = tokens[next] as Token;
    if (isSign(token, '...', '**')) {
      const { value, next: behind } = parseValue(source, next + 1, depth + 1);
      if (value.type === 'object') entries.push(...value.entries);
      else entries.push({ key: undefined, value });
      next = behind;
    } else if (isSign(tokens[next + 1], ':') && (token.type === 'name' || token.type === 'string')) {
      const { value, next: behind } = parseValue(source, next + 2, depth + 1);
      entries.push({ key: token.text, value });
      next = behind;
    } else if (language === 'javascript' && token.type === 'name') {
      // A name that stands for itself, or a method.
      const { value, next: behind } = parseValue(source, next, depth + 1);
      entries.push({ key: token.text, value });
      next = behind;
    } else if (language === 'python') {
      const { value, next: behind } = parseValue(source, next, depth + 1);
      items.push(value);
      next = behind;
    } else {
      return undefined;
    }
    if (isSign(tokens[next], ',')) next++;
    else if (!isSign(tokens[next], '}')) return undefined;
  }
  const { line } = tokens[at] as Token;
  if (items.length > 0) return { value: { type: 'list', items, line }, next: next + 1 };
  return { value: { type: 'object', entries, line }, next: next + 1 };
}

/** The token behind a value of any kind: a comma or a bracket that closes what is around it, or the next statement. */
function skipValue({ tokens, language }: Source, at: number): number {
  let depth = 0;
  let i = at;
  for (; i < tokens.length - 1; i++) {
    const { type, text, line } = tokens[i] as Token;
    if (type !== 'sign') {
      if (depth === 0 && i > at && language === 'python' && line > (tokens[i - 1]?.line ?? line)) break;
      continue;
    }
    if (depth === 0 && i > at && (text === ',' || text === ';')) break;
    if ('([{'.includes(text)) depth++;
    else if (')]}'.includes(text) && --depth < 0) break;
  }
  return Math.max(i, Math.min(at + 1, tokens.length - 1));
}

/** The arguments of the call whose opening bracket is at a token. */
export function parseArguments(source: Source, open: number): readonly Argument[] {
  const { tokens, language } = source;
  const found: Argument[] = [];
  let at = open + 1;
  while (tokens[at]?.type !== 'end' && !isSign(tokens[at], ')')) {
    const { text, type } = tokens[at] as Token;
    const named = language === 'python' && type === 'name' && isSign(tokens[at + 1], '=');
    const spread = isSign(tokens[at], '**', '...', '*');
    const { value, next } = parseValue(source, named ? at + 2 : spread ? at + 1 : at);
    if (spread && value.type === 'object') found.push(...value.entries);
    else
      found.push({
        key: named ? text : undefined,
        value: spread ? { type: 'unknown', text: shown(source, at, next), line: value.line } : value,
      });
    at = isSign(tokens[next], ',') ? next + 1 : next;
    if (!isSign(tokens[next], ',', ')')) break;
  }
  return found;
}

function shown({ text, tokens }: Source, from: number, to: number): string {
  return text
    .slice(tokens[from]?.start, tokens[to - 1]?.end)
    .replaceAll(/\s+/g, ' ')
    .slice(0, SHOWN);
}

/** Texts of a list or a text alone, or undefined when some are not spelled out; `split` takes lists in one text apart. */
export function textsOf(
  value: Value,
  split = false,
): readonly { readonly text: string; readonly line: number }[] | undefined {
  if (value.type === 'string') {
    const parts = split ? value.text.split(',').map((part) => part.trim()) : [value.text];
    return parts.filter((text) => text !== '').map((text) => ({ text, line: value.line }));
  }
  if (value.type !== 'list') return undefined;
  const texts = value.items.map((item) =>
    item.type === 'string' ? { text: item.text, line: item.line } : undefined,
  );
  return texts.every((text) => text !== undefined) ? texts : undefined;
}

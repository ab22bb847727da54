/** The languages whose source can be read. */
export type Language = 'python' | 'javascript';

/** A piece of source. Comments are none. */
export interface Token {
  readonly type: 'name' | 'string' | 'number' | 'regexp' | 'sign' | 'end';
  /** The value of a string, the source of a regular expression, or the text itself. */
  readonly text: string;
  /** The flags of a regular expression; `computed` for a string that is made of more than its text. */
  readonly note?: string;
  readonly line: number;
  readonly start: number;
  readonly end: number;
}

const SPACE = /[^\S\n]+/y;
const NAME = /[A-Za-z_$\u0080-\uffff][\w$\u0080-\uffff]*/y;
const NUMBER = /\d[\w.]*/y;
const COMMENTS: Readonly<Record<Language, RegExp>> = {
  python: /#[^\n]*/y,
  javascript: /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/y,
};
const SIGN = /=>|\*\*|\.\.\.|[-+*/%=!<>&|^]=+|[\s\S]/y;
/** Behind these a slash divides. */
const BEFORE_DIVISION = /^(?:name|string|number|regexp)$/;
const VALUE_MAY_FOLLOW = new Set(['return', 'typeof', 'case', 'in', 'of', 'do', 'else', 'void']);

/** Takes source apart. Never throws; what is no token stands for itself. Takes time in proportion to the text. */
export function tokensOf(text: string, language: Language): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let line = 1;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  const add = (type: Token['type'], value: string, length: number, note?: string): void => {
    tokens.push({
      type,
      text: value,
      line,
      start: at,
      end: at + length,
      ...(note === undefined ? {} : { note }),
    });
    advance(length);
  };
  const advance = (length: number): void => {
    for (let i = at; i < at + length; i++) if (text.charCodeAt(i) === 10) line++;
    at += length;
  };

  while (at < text.length) {
    if (text[at] === '\n') {
      advance(1);
      continue;
    }
    const skipped = match(SPACE) ?? match(COMMENTS[language]);
    if (skipped !== undefined) {
      advance(skipped.length);
      continue;
    }
    const literal = readString(text, at, language);
    if (literal !== undefined) {
      add('string', literal.value, literal.length, literal.computed ? 'computed' : undefined);
      continue;
    }
    const before = tokens.at(-1);
    if (language === 'javascript' && text[at] === '/' && !endsValue(before)) {
      const found = readRegExp(text, at);
      if (found !== undefined) {
        add('regexp', found.source, found.length, found.flags);
        continue;
      }
    }
    const name = match(NAME);
    if (name !== undefined) {
      add('name', name, name.length);
      continue;
    }
    const number = match(NUMBER);
    if (number !== undefined) {
      add('number', number, number.length);
      continue;
    }
    const sign = match(SIGN) as string;
    add('sign', sign, sign.length);
  }
  tokens.push({ type: 'end', text: '', line, start: at, end: at });
  return tokens;
}

/** Whether a value ends with this token, so that a slash behind it divides. */
function endsValue(token: Token | undefined): boolean {
  if (token === undefined) return false;
  if (token.type === 'name') return !VALUE_MAY_FOLLOW.has(token.text);
  return BEFORE_DIVISION.test(token.type) || token.text === ')' || token.text === ']';
}

interface Literal {
  readonly value: string;
  readonly length: number;
  readonly computed: boolean;
}

const OPENINGS: Readonly<Record<Language, RegExp>> = {
  python: /([rbfuRBFU]{0,2})("""|'''|"|')/y,
  javascript: /()(["'`])/y,
};

/** A string literal; one that does not end goes to the end of its line, or of the text where it may have several. */
function readString(text: string, at: number, language: Language): Literal | undefined {
  const opening = OPENINGS[language];
  opening.lastIndex = at;
  const found = opening.exec(text);
  if (found === null) return undefined;
  const [whole, prefix = '', quote = ''] = found;
  const raw = /r/i.test(prefix);
  const severalLines = quote.length === 3 || quote === '`';
  let value = '';
  const formatted = /f/i.test(prefix);
  let computed = false;
  let i = at + whole.length;
  while (i < text.length && !text.startsWith(quote, i)) {
    const character = text[i] as string;
    if (character === '\n' && !severalLines) break;
    if (character === '\\') {
      const next = text[i + 1] ?? '';
      value += raw ? `\\${next}` : escaped(next);
      i += 2;
      continue;
    }
    if ((quote === '`' && text.startsWith('${', i)) || (formatted && character === '{')) computed = true;
    value += character;
    i++;
  }
  const end = text.startsWith(quote, i) ? i + quote.length : i;
  return { value, length: Math.min(end, text.length) - at, computed };
}

/** What a backslash makes of a character, as far as both languages agree; Python keeps the backslash otherwise. */
function escaped(character: string): string {
  const known: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '\n': '' };
  return known[character] ?? (/["'\\`/]/.test(character) ? character : `\\${character}`);
}

function readRegExp(
  text: string,
  at: number,
): { readonly source: string; readonly flags: string; readonly length: number } | undefined {
  let inClass = false;
  for (let i = at + 1; i < text.length && text[i] !== '\n'; i++) {
    const character = text[i];
    if (character === '\\') i++;
    else if (character === '[') inClass = true;
    else if (character === ']') inClass = false;
    else if (character === '/' && !inClass) {
      const flags = /^[a-z]*/.exec(text.slice(i + 1, i + 12))?.[0] ?? '';
      return { source: text.slice(at + 1, i), flags, length: i + 1 + flags.length - at };
    }
  }
  return undefined;
}

/** Whether a token is this sign, and not a text of the same spelling. */
export function isSign(token: Token | undefined, ...signs: readonly string[]): boolean {
  return token?.type === 'sign' && signs.includes(token.text);
}

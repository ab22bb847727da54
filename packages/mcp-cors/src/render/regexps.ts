import type { Expression } from '../policy/automaton.js';
import { DEFAULT_PORTS, MAX_SCHEME_LENGTH } from '../policy/origin.js';

/**
 * Regular expressions as every target's engine reads them alike: PCRE, RE2, Python, Go, Java and .NET. They hold
 * literals, classes, groups without capture, choices and counted repetitions; no look-around, no back-references, no
 * named classes such as `\d`, which differ between engines. They are sources without anchors unless it says so.
 */
export type RegExpSource = string;

/** A text as a regular expression that matches it alone. */
export function literal(text: string): RegExpSource {
  return text.replaceAll(/[\\^$.|?*+()[\]{}]/g, '\\$&');
}

/** A text in any case. `(?i:…)` is known to all of the engines. */
export function anyCase(text: string): RegExpSource {
  return /[a-z]/i.test(text) ? `(?i:${literal(text)})` : literal(text);
}

/** A choice, in a group of its own. */
export function oneOf(sources: readonly RegExpSource[]): RegExpSource {
  const different = [...new Set(sources)];
  return different.length === 1 ? (different[0] as string) : `(?:${different.join('|')})`;
}

/** One of some texts, with the segments of a path that they begin with in common written once. */
export function oneOfTexts(texts: readonly string[]): RegExpSource {
  const [first = ''] = texts;
  let common = 0;
  while (common < first.length && texts.every((text) => text[common] === first[common])) common++;
  common = first.lastIndexOf('/', common - 1) + 1;
  return `${literal(first.slice(0, common))}${oneOf(texts.map((text) => literal(text.slice(common))))}`;
}

/** The whole subject and nothing else. */
export function anchored(source: RegExpSource): RegExpSource {
  return `^(?:${source})$`;
}

/** A label of a domain. */
export const LABEL: RegExpSource = '[a-z0-9_-]{1,63}';
/** A domain in lower case. */
export const DOMAIN: RegExpSource = `(?:${LABEL}\\.)*${LABEL}`;

const OCTET = '(?:[0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])';
const IPV4 = `(?:${OCTET}\\.){3}${OCTET}`;
/** Any spelling of an IPv6 address in lower case: that the shortest is meant is more than an expression should say. */
export const IPV6 = '\\[[0-9a-f:.]{2,45}\\]';

/** A last label that does not make the whole an IPv4 address (URL standard, "ends in a number checker"). */
const LAST_LABEL = oneOf([
  '[a-z_-][a-z0-9_-]{0,62}',
  '[1-9][0-9]{0,62}[a-z_-][a-z0-9_-]{0,62}',
  '0[0-9]{1,62}[a-z_-][a-z0-9_-]{0,62}',
  '0[a-wyz_-][a-z0-9_-]{0,61}',
  '0x[0-9a-f]{0,62}[g-z_-][a-z0-9_-]{0,61}',
]);

const FIVE_DIGITS = ['[1-5][0-9]{4}', '6[0-4][0-9]{3}', '65[0-4][0-9]{2}', '655[0-2][0-9]', '6553[0-5]'];

/** A port from 1 to 65535, but for the default port of a scheme, which origins leave out. */
export function portOf(scheme: string | undefined): RegExpSource {
  const omitted = DEFAULT_PORTS.get(scheme ?? '') ?? '';
  return oneOf([...(omitted === '' ? ['[1-9][0-9]{0,3}'] : upToFourDigitsBut(omitted)), ...FIVE_DIGITS]);
}

/** The numbers of up to four digits that are not this one, by the first digit in which they differ. */
function upToFourDigitsBut(number: string): RegExpSource[] {
  const digits = (least: number, most: number): RegExpSource => textOf([{ atom: '[0-9]', least, most }]);
  const differing = [...number].map((digit, i) => {
    const others = [...'0123456789'].filter((other) => other !== digit && !(i === 0 && other === '0'));
    const left = number.length - i - 1;
    return `${number.slice(0, i)}${classOf(others)}${left === 0 ? '' : digits(left, left)}`;
  });
  const shorter = `[1-9]${number.length === 2 ? '' : digits(0, number.length - 2)}`;
  return [shorter, ...differing, `[1-9]${digits(number.length, 3)}`];
}

/** The schemes in lower case that are none of these. */
function schemeBut(words: readonly string[]): RegExpSource {
  return butWords(words, '[a-z]', '[a-z0-9+.-]', MAX_SCHEME_LENGTH);
}

/** Texts of one character `first` and then `rest` that are not among some words. */
function butWords(words: readonly string[], first: string, rest: string, most: number): RegExpSource {
  const prefixes = [...new Set(words.flatMap((word) => [...word].map((_, i) => word.slice(0, i + 1))))];
  const alternatives = ['', ...prefixes].flatMap((prefix) => {
    const next = prefixes.filter((one) => one.length === prefix.length + 1 && one.startsWith(prefix));
    const set = without(prefix === '' ? first : rest, next.map((one) => one.slice(-1)).join(''));
    const left = most - prefix.length - 1;
    const onward = `${literal(prefix)}${set}${rest}{0,${left}}`;
    return prefix === '' || words.includes(prefix) ? [onward] : [literal(prefix), onward];
  });
  return oneOf(alternatives);
}

/** A class of lower-case letters, digits and `+.-` without some of its letters. */
function without(set: string, letters: string): string {
  const kept = [...'abcdefghijklmnopqrstuvwxyz'].filter((letter) => !letters.includes(letter)).join('');
  return set.replace('a-z', kept);
}

const SPECIAL_HOST = oneOf([`(?:${LABEL}\\.)*${LAST_LABEL}`, IPV4, IPV6]);

/**
 * A serialised origin, whatever its scheme. Wider than `parseOrigin` in two things that no browser sends: IPv6
 * addresses in any spelling, and labels of more than 63 characters that begin with digits.
 */
export const ORIGIN: RegExpSource = oneOf([
  ...[...DEFAULT_PORTS.keys()].map((scheme) => `${scheme}://${SPECIAL_HOST}(?::${portOf(scheme)})?`),
  `${schemeBut([...DEFAULT_PORTS.keys()])}://${oneOf([DOMAIN, IPV6])}(?::${portOf(undefined)})?`,
]);

/** The characters that an origin has. */
export const ORIGIN_CHARACTERS = 'abcdefghijklmnopqrstuvwxyz0123456789+-._:/[]';

interface Piece {
  /** What stands for itself before a quantifier: a character, a class or a group. */
  readonly atom: string;
  readonly least: number;
  readonly most: number;
}

/**
 * An owner's expression in the portable form, over the characters of origins alone: what is in upper case, which no
 * origin is, drops out. undefined when it matches no origin.
 */
export function portable(expression: Expression): RegExpSource | undefined {
  const pieces = piecesOf(expression);
  return pieces === undefined ? undefined : textOf(pieces);
}

function piecesOf(expression: Expression): readonly Piece[] | undefined {
  if (expression.type === 'empty') return [];
  if (expression.type === 'character') {
    const atom = classOf(membersOf(expression.set));
    return atom === undefined ? undefined : [{ atom, least: 1, most: 1 }];
  }
  if (expression.type === 'star') {
    const inner = piecesOf(expression.item);
    return inner === undefined || inner.length === 0 ? [] : repeated(inner, Number.POSITIVE_INFINITY);
  }
  if (expression.type === 'sequence') {
    const parts = expression.items.map(piecesOf);
    return parts.every((part) => part !== undefined) ? merged(parts.flat()) : undefined;
  }
  const possible = expression.items.map(piecesOf).filter((part) => part !== undefined);
  if (possible.length === 0) return undefined;
  const texts = [...new Set(possible.filter((part) => part.length > 0).map(textOf))];
  const optional = possible.some((part) => part.length === 0);
  if (texts.length === 0) return [];
  if (texts.length > 1) return [{ atom: `(?:${texts.join('|')})`, least: optional ? 0 : 1, most: 1 }];
  const only = possible.find((part) => part.length > 0) as readonly Piece[];
  return optional ? repeated(only, 1) : only;
}

/** None to `most` of what is there. A repetition of a repetition is one, so that no engine has to try them apart. */
function repeated(pieces: readonly Piece[], most: number): readonly Piece[] {
  const [first] = pieces;
  if (first !== undefined && pieces.length === 1 && first.least <= 1) {
    return [{ atom: first.atom, least: 0, most: first.most * most }];
  }
  return [{ atom: `(?:${textOf(pieces)})`, least: 0, most }];
}

/** Neighbours that are alike become one with a count. */
function merged(pieces: readonly Piece[]): readonly Piece[] {
  const result: Piece[] = [];
  for (const piece of pieces) {
    const last = result.at(-1);
    if (last?.atom !== piece.atom) result.push(piece);
    else
      result[result.length - 1] = {
        atom: last.atom,
        least: last.least + piece.least,
        most: last.most + piece.most,
      };
  }
  return result;
}

function textOf(pieces: readonly Piece[]): string {
  return pieces.map(({ atom, least, most }) => `${atom}${quantifier(least, most)}`).join('');
}

function quantifier(least: number, most: number): string {
  if (most === Number.POSITIVE_INFINITY) return least === 0 ? '*' : least === 1 ? '+' : `{${least},}`;
  if (least === most) return least === 1 ? '' : `{${least}}`;
  return least === 0 && most === 1 ? '?' : `{${least},${most}}`;
}

/** The characters of origins that are in a set. */
function membersOf(set: bigint): string[] {
  return [...ORIGIN_CHARACTERS].filter((character) => ((set >> BigInt(character.charCodeAt(0))) & 1n) === 1n);
}

/** Characters as one character or a class; undefined when there is none. */
export function classOf(characters: readonly string[]): string | undefined {
  const [only] = characters;
  if (only === undefined) return undefined;
  if (characters.length === 1) return literal(only);
  const ranges: [first: string, last: string][] = [];
  for (const character of [...characters].sort()) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1].charCodeAt(0) + 1 === character.charCodeAt(0)) last[1] = character;
    else ranges.push([character, character]);
  }
  const escaped = (character: string): string => character.replace(/[[\]\\^-]/, '\\$&');
  const texts = ranges.map(([first, last]) => {
    if (first === last) return escaped(first);
    const between = last.charCodeAt(0) - first.charCodeAt(0) === 1 ? '' : '-';
    return `${escaped(first)}${between}${escaped(last)}`;
  });
  return `[${texts.join('')}]`;
}

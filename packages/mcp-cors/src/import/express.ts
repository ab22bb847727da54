import type { Enforced, EnforcedOrigin, EnforcedPart } from './enforced.js';
import { MAX_PLACES, type Reader, type Reading, type Unread } from './reader.js';
import { isSign, tokensOf } from './source/tokens.js';
import { createSource, parseArguments, type Source, textsOf, type Value } from './source/values.js';

/** What `cors()` does unless it is told otherwise (the cors package, configuration options). */
const DEFAULT_METHODS = ['GET', 'HEAD', 'PUT', 'PATCH', 'POST', 'DELETE'];

/** Reads calls of the `cors` package in JavaScript and TypeScript source. */
export const EXPRESS_READER: Reader = Object.freeze({
  name: 'express',
  title: "calls of the cors package, in an application's JavaScript or TypeScript source",
  claim: (file, text) => (IMPORT.test(text) ? 4 : 0) + (/\.[cm]?[jt]sx?$/.test(file) ? 1 : 0),
  read,
} satisfies Reader);

const IMPORT = /(?:from\s*|require\s*\(\s*|import\s*\(\s*)["']cors["']/;

function read(text: string): Reading {
  const source = createSource(text, 'javascript', tokensOf(text, 'javascript'));
  const unread: Unread[] = [];
  const { tokens } = source;
  const names = importedNames(source);
  const places: { readonly enforced: Enforced; readonly holes: readonly [] }[] = [];
  for (const [i, { type, text: name, line }] of tokens.entries()) {
    if (type !== 'name' || !names.has(name) || isSign(tokens[i - 1], '.') || !isSign(tokens[i + 1], '('))
      continue;
    if (places.length >= MAX_PLACES) break;
    const [options] = parseArguments(source, i + 1);
    places.push({ enforced: enforcedOf(line, options?.value, unread), holes: [] });
  }
  return { places, unread };
}

/** The names under which the package is imported. */
function importedNames({ tokens }: Source): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [i, { type, text }] of tokens.entries()) {
    if (type !== 'string' || text !== 'cors') continue;
    // import cors from 'cors', import * as cors from 'cors'
    if (tokens[i - 1]?.text === 'from' && tokens[i - 2]?.type === 'name')
      names.add(tokens[i - 2]?.text ?? '');
    // const cors = require('cors'), const cors = await import('cors')
    const call = isSign(tokens[i - 1], '(') ? i - 2 : -1;
    const equals = tokens[call - 1]?.text === 'await' ? call - 2 : call - 1;
    if (call >= 0 && isSign(tokens[equals], '=') && tokens[equals - 1]?.type === 'name')
      names.add(tokens[equals - 1]?.text ?? '');
  }
  return names;
}

function enforcedOf(line: number, options: Value | undefined, unread: Unread[]): Enforced {
  const lines: Partial<Record<EnforcedPart, number>> = {};
  const note = (value: Value, name: string, why: string): undefined => {
    unread.push({
      line: value.line,
      text: `${name}: ${value.type === 'unknown' ? value.text : value.type}`,
      why,
    });
  };
  const entries = options?.type === 'object' ? options.entries : [];
  if (options !== undefined && options.type !== 'object')
    note(options, 'cors', 'the options are made by a function, or in another file');
  for (const { key, value } of entries)
    if (key === undefined)
      note(value, '...', 'the options that are spread here are not written in this file');
  const whole = options === undefined || options.type === 'object';
  const get = (key: string, part: EnforcedPart): Value | undefined => {
    const value = entries.findLast((entry) => entry.key === key)?.value;
    if (value !== undefined) lines[part] = value.line;
    return value;
  };
  const names = (
    key: string,
    part: EnforcedPart,
    otherwise: readonly string[] | 'any',
  ): readonly string[] | 'any' | undefined => {
    const value = get(key, part);
    if (value === undefined) return whole ? otherwise : undefined;
    const found = textsOf(value, true)?.map(({ text }) => text);
    return found ?? note(value, key, 'the value is not written in this file');
  };
  const truth = (key: string, part: EnforcedPart): boolean | undefined => {
    const value = get(key, part);
    if (value === undefined) return whole ? false : undefined;
    return value.type === 'boolean' ? value.truth : note(value, key, 'the value is not written in this file');
  };
  const maxAge = get('maxAge', 'maxAgeSeconds');
  const exposed = names('exposedHeaders', 'exposedHeaders', []);
  const leftToServer = truth('preflightContinue', 'answersPreflights');
  const origin = get('origin', 'origins');
  lines.anyOrigin = lines.origins ?? line;

  return {
    name: 'cors()',
    line,
    lines,
    ...(whole ? originsOf(origin, note) : { origins: undefined, anyOrigin: 'no' }),
    credentials: truth('credentials', 'credentials'),
    methods: names('methods', 'methods', DEFAULT_METHODS),
    // Whatever a preflight asks for is sent back.
    allowedHeaders:
      names('allowedHeaders', 'allowedHeaders', 'any') ?? names('headers', 'allowedHeaders', 'any'),
    exposedHeaders: exposed === 'any' ? undefined : exposed,
    maxAgeSeconds: maxAge?.type === 'number' ? maxAge.number : undefined,
    hosts: 'unchecked',
    conduct: {
      refusesForeignOrigins: false,
      checksContentType: false,
      answersPreflights: leftToServer === undefined ? undefined : !leftToServer,
      passesOtherOptions: leftToServer === true,
    },
  };
}

/** What `origin` admits. */
function originsOf(
  value: Value | undefined,
  note: (value: Value, name: string, why: string) => undefined,
): Pick<Enforced, 'origins' | 'anyOrigin'> {
  if (value === undefined) return { origins: [], anyOrigin: 'star' };
  // Nothing but a value turns it on.
  if (value.type === 'none' || (value.type === 'string' && value.text === ''))
    return { origins: [], anyOrigin: 'no' };
  if (value.type === 'boolean') return { origins: [], anyOrigin: value.truth ? 'reflected' : 'no' };
  if (value.type === 'string' && value.text === '*') return { origins: [], anyOrigin: 'star' };
  const items = value.type === 'list' ? value.items : [value];
  const origins: EnforcedOrigin[] = [];
  let known = true;
  for (const item of items) {
    if (item.type === 'string' && item.text === '*')
      note(item, 'origin', "in a list '*' is an origin like any other, which no page has");
    else if (item.type === 'string') origins.push({ type: 'exact', text: item.text, line: item.line });
    else if (item.type === 'regexp')
      origins.push({ type: 'regexp', source: item.source, flags: item.flags, line: item.line });
    else {
      known = false;
      note(item, 'origin', 'which origins it admits is decided while the server runs');
    }
  }
  return { origins: known ? origins : undefined, anyOrigin: 'no' };
}

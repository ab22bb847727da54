import { compileMatcher, type Matcher, type Steps } from '../expression/match.js';
import { parseTree } from '../expression/tree.js';
import { type HeaderLine, type ModelRequest, Unfollowed } from '../survey/model.js';
import type { Position } from '../survey/position.js';
import type { Line } from './syntax.js';

/** What is known while one request is answered. */
export interface Scope {
  request: ModelRequest;
  readonly steps: Steps;
  readonly matchers: Map<string, Matcher | undefined>;
  /** `map`: the placeholder that it sets, and where in its lines. */
  readonly maps: Map<string, { readonly line: Line; readonly source: string; readonly index: number }>;
  readonly variables: Map<string, string>;
  /** Groups of expressions: `name.1`. */
  readonly groups: Map<string, string>;
  readonly busy: Set<string>;
  /** The response so far. */
  lines: HeaderLine[];
  status: number | undefined;
  errorStatus: number | undefined;
  readonly https: boolean;
}

/** Most maps that follow from each other. */
const MAX_CHAIN = 100;

export function spend({ steps }: Scope, count: number, at: Position): void {
  steps.left -= count;
  if (steps.left < 0) throw new Unfollowed(at, '…', 'the file takes more steps than are made');
}

/** Short names that Caddyfiles have for placeholders. */
const SHORT: readonly (readonly [RegExp, string])[] = [
  [/^header\./, 'http.request.header.'],
  [/^(host|hostport|method|path|uri|scheme)$/, 'http.request.$1'],
  [/^re\./, 'http.regexp.'],
  [/^vars\./, 'http.vars.'],
  [/^err\./, 'http.error.'],
];

/** Placeholders that follow from the request alone. */
const OWN: Readonly<Record<string, (scope: Scope) => string>> = {
  'http.request.host': ({ request }) => (request.headers.host ?? '').replace(/(?<!:):\d*$/, ''),
  'http.request.hostport': ({ request }) => request.headers.host ?? '',
  'http.request.method': ({ request }) => request.method,
  'http.request.path': ({ request }) => request.path,
  'http.request.uri': ({ request }) => request.path,
  'http.request.orig_uri': ({ request }) => request.path,
  'http.request.uri.path': ({ request }) => request.path,
  'http.request.orig_uri.path': ({ request }) => request.path,
  'http.request.scheme': ({ https }) => (https ? 'https' : 'http'),
};

/** Longest value that placeholders may make. */
const MAX_VALUE = 65_536;

/** A text with its placeholders filled in. */
export function expand(text: string, scope: Scope, at: Position): string {
  if (!text.includes('{')) return text;
  spend(scope, text.length, at);
  let length = 0;
  return text.replaceAll(/\\?\{([^{}\s]+)\}/g, (whole, name: string) => {
    const value = whole.startsWith('\\') ? whole.slice(1) : placeholder(name, scope, at);
    length += value.length;
    if (length > MAX_VALUE) throw new Unfollowed(at, text.slice(0, 80), 'the value grows too long');
    return value;
  });
}

/** The value of a placeholder, without its braces. */
export function placeholder(given: string, scope: Scope, at: Position): string {
  const map = scope.maps.get(given);
  if (map !== undefined) return mapped(given, map, scope, at);
  const short = SHORT.find(([pattern]) => pattern.test(given));
  const name = short === undefined ? given : given.replace(short[0], short[1]);
  const own = Object.hasOwn(OWN, name) ? OWN[name] : undefined;
  if (own !== undefined) return own(scope);
  const lower = name.toLowerCase();
  if (lower.startsWith('http.request.header.'))
    return scope.request.headers[lower.slice('http.request.header.'.length)] ?? '';
  if (lower.startsWith('http.response.header.')) {
    const wanted = lower.slice('http.response.header.'.length);
    return scope.lines.find((line) => line.name.toLowerCase() === wanted)?.value ?? '';
  }
  if (name.startsWith('http.regexp.')) return scope.groups.get(name.slice('http.regexp.'.length)) ?? '';
  if (name.startsWith('http.vars.')) return scope.variables.get(name.slice('http.vars.'.length)) ?? '';
  if (name === 'http.error.status_code') return String(scope.errorStatus ?? '');
  throw new Unfollowed(at, `{${given}}`, 'the placeholder is not set in this file');
}

function mapped(
  name: string,
  { line, source, index }: { readonly line: Line; readonly source: string; readonly index: number },
  scope: Scope,
  at: Position,
): string {
  const place = line.words[0].at;
  if (scope.busy.has(name)) throw new Unfollowed(place, `{${name}}`, 'the maps lead back to themselves');
  if (scope.busy.size >= MAX_CHAIN)
    throw new Unfollowed(place, `{${name}}`, `more than ${MAX_CHAIN} maps follow from each other`);
  scope.busy.add(name);
  const text = expand(source, scope, at);
  let value: string | undefined;
  let otherwise: string | undefined;
  for (const { words } of line.block ?? []) {
    const [input, ...outputs] = words;
    const output = outputs[index];
    spend(scope, 1, input.at);
    if (output === undefined || output.text === '-') continue;
    if (input.text === 'default' && !input.quoted) otherwise = expand(output.text, scope, output.at);
    else if (input.text.startsWith('~')) {
      const groups = search(input.text.slice(1), text, scope, input.at);
      if (groups === undefined) continue;
      // Placeholders in what an expression gives stay as they are (seen on Caddy 2.6).
      value = output.text.replaceAll(
        /\$\{(\d)\}|\$(\d)/g,
        (_, braced?: string, bare?: string) => groups[Number(braced ?? bare)] ?? '',
      );
      break;
    } else if (input.text === text) {
      value = expand(output.text, scope, output.at);
      break;
    }
  }
  scope.busy.delete(name);
  return value ?? otherwise ?? '';
}

/** The groups of the first match of an expression; undefined when there is none. */
export function search(
  source: string,
  text: string,
  scope: Scope,
  at: Position,
): readonly (string | undefined)[] | undefined {
  if (!scope.matchers.has(source)) {
    const expression = parseTree(source, false);
    scope.matchers.set(source, expression === undefined ? undefined : compileMatcher(expression));
  }
  const matcher = scope.matchers.get(source);
  if (matcher === undefined)
    throw new Unfollowed(at, source, 'the expression has parts that are not followed');
  const found = matcher.match(text, scope.steps);
  if (found === 'unknown') throw new Unfollowed(at, source, 'the expression takes more steps than are made');
  return found;
}

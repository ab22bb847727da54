import { compileMatcher, type Matcher, type Steps } from '../expression/match.js';
import { parseTree } from '../expression/tree.js';
import { type HeaderLine, type ModelRequest, type ServerReply, Unfollowed } from '../survey/model.js';
import type { Position } from '../survey/position.js';
import type { Directive, Word } from './syntax.js';

/** A `map` or a `geo` of nginx: a variable that follows from another text. */
interface Mapping {
  readonly source: Word;
  readonly exact: ReadonlyMap<string, Word>;
  /** Masks of host names: their fixed part, by the longest first. */
  readonly masks: readonly {
    readonly type: 'prefix' | 'suffix';
    readonly text: string;
    readonly value: Word;
  }[];
  readonly regexps: readonly {
    readonly source: string;
    readonly flags: '' | 'i';
    readonly key: Word;
    readonly value: Word;
  }[];
  readonly otherwise: Word | undefined;
  /** Set where it has more than is in this file. */
  readonly fault: string | undefined;
  readonly at: Position;
}

/** Everything that holds for a whole file. */
export interface Globals {
  readonly mappings: ReadonlyMap<string, Mapping>;
  readonly steps: Steps;
  readonly matchers: Map<string, Matcher | undefined>;
}

/** What is known while one request is answered. */
export interface Scope {
  readonly globals: Globals;
  readonly request: ModelRequest;
  readonly serverName: string;
  readonly https: boolean;
  /** What the server behind answered, once it has. */
  reply: ServerReply | undefined;
  /** The lines of the response, as far as they are written. */
  sent: readonly HeaderLine[];
  readonly sets: Map<string, string>;
  readonly known: Map<string, string>;
  readonly busy: Set<string>;
  captures: readonly (string | undefined)[];
}

/** Takes the maps of a file together. */
export function createGlobals(top: readonly Directive[], steps: Steps): Globals {
  const mappings = new Map<string, Mapping>();
  for (const { name, args, block = [], at } of top) {
    const [source, target] = args;
    if (name === 'map' && source !== undefined && target !== undefined) {
      mappings.set(target.text.slice(1), mappingOf(source, block, at));
    } else if (name === 'geo' || name === 'split_clients') {
      const text = args.at(-1)?.text ?? '';
      const [only] = block;
      const constant =
        name === 'geo' && block.length === 1 && only?.name === 'default' ? only.args[0] : undefined;
      mappings.set(text.slice(1), {
        source: { text: '', quoted: true, at },
        exact: new Map(),
        masks: [],
        regexps: [],
        otherwise: constant,
        fault: constant === undefined ? `the value follows from addresses (${name})` : undefined,
        at,
      });
    }
  }
  return { mappings, steps, matchers: new Map() };
}

function mappingOf(source: Word, block: readonly Directive[], at: Position): Mapping {
  const exact = new Map<string, Word>();
  const masks: { type: 'prefix' | 'suffix'; text: string; value: Word }[] = [];
  const regexps: Mapping['regexps'][number][] = [];
  let otherwise: Word | undefined;
  let fault: string | undefined;
  const hostnames = block.some(({ name, args }) => name === 'hostnames' && args.length === 0);
  for (const { name: key, args, at: place } of block) {
    const [value] = args;
    if (value === undefined && ['hostnames', 'volatile'].includes(key)) continue;
    if (key === 'include') fault = 'entries come from another file';
    else if (value === undefined) continue;
    else if (key === 'default') otherwise = value;
    else if (key.startsWith('~')) {
      const folded = key.startsWith('~*');
      regexps.push({
        source: key.slice(folded ? 2 : 1),
        flags: folded ? 'i' : '',
        key: { text: key, quoted: true, at: place },
        value,
      });
    } else if (hostnames && /^\*?\./.test(key)) {
      if (key.startsWith('.')) exact.set(key.slice(1).toLowerCase(), value);
      masks.push({ type: 'suffix', text: key.replace(/^\*/, '').toLowerCase(), value });
    } else if (hostnames && key.endsWith('.*')) {
      masks.push({ type: 'prefix', text: key.slice(0, -1).toLowerCase(), value });
    } else exact.set((key.startsWith('\\') ? key.slice(1) : key).toLowerCase(), value);
  }
  const rank = ({ type, text }: (typeof masks)[number]): number =>
    (type === 'suffix' ? 1000 : 0) + text.length;
  masks.sort((a, b) => rank(b) - rank(a));
  return { source, exact, masks, regexps, otherwise, fault, at };
}

/** Most maps that follow from each other. */
const MAX_CHAIN = 100;

/** Takes steps off what is left for a file. */
export function spend({ steps }: Globals, count: number, at: Position): void {
  steps.left -= count;
  if (steps.left < 0) throw new Unfollowed(at, '…', 'the file takes more steps than are made');
}

/** Longest value that variables may make. */
const MAX_VALUE = 65_536;

/** A text with its variables filled in. */
export function expand(text: string, scope: Scope, at: Position): string {
  if (!text.includes('$')) return text;
  spend(scope.globals, text.length, at);
  let length = 0;
  return text.replaceAll(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced?: string, bare?: string) => {
    const value = variable((braced ?? bare) as string, scope, at);
    length += value.length;
    if (length > MAX_VALUE) throw new Unfollowed(at, text.slice(0, 80), 'the value grows too long');
    return value;
  });
}

/** Matches, and keeps the groups for `$1` and the like. */
export function matches(source: string, flags: '' | 'i', text: string, scope: Scope, at: Position): boolean {
  const { globals } = scope;
  const matcher = matcherOf(source, flags, globals);
  if (matcher === undefined)
    throw new Unfollowed(at, source, 'the expression has parts that are not followed');
  const found = matcher.match(text, globals.steps);
  if (found === 'unknown') throw new Unfollowed(at, source, 'the expression takes more steps than are made');
  if (found === undefined) return false;
  scope.captures = found;
  for (const [name, group] of matcher.names) scope.sets.set(name, found[group] ?? '');
  return true;
}

function matcherOf(source: string, flags: '' | 'i', { matchers }: Globals): Matcher | undefined {
  const key = `${flags}/${source}`;
  if (!matchers.has(key)) {
    const expression = parseTree(source, flags === 'i');
    matchers.set(key, expression === undefined ? undefined : compileMatcher(expression));
  }
  return matchers.get(key);
}

/** Variables of nginx's own that follow from the request. */
const OWN: Readonly<Record<string, (scope: Scope) => string>> = {
  request_method: ({ request }) => request.method,
  request_uri: ({ request }) => request.path,
  uri: ({ request }) => request.path,
  document_uri: ({ request }) => request.path,
  request: ({ request }) => `${request.method} ${request.path} HTTP/1.1`,
  host: ({ request, serverName }) =>
    (request.headers.host ?? '').toLowerCase().replace(/(?<!:):\d*$/, '') || serverName,
  server_name: ({ serverName }) => serverName,
  content_type: ({ request }) => request.headers['content-type'] ?? '',
  scheme: ({ https }) => (https ? 'https' : 'http'),
  https: ({ https }) => (https ? 'on' : ''),
  args: () => '',
  query_string: () => '',
  is_args: () => '',
};

function variable(name: string, scope: Scope, at: Position): string {
  const { globals, request, sets, known, busy } = scope;
  if (/^\d$/.test(name)) return scope.captures[Number(name)] ?? '';
  const set = sets.get(name);
  if (set !== undefined) return set;
  const own = Object.hasOwn(OWN, name) ? OWN[name] : undefined;
  if (own !== undefined) return own(scope);
  if (name.startsWith('http_')) return request.headers[name.slice(5).replaceAll('_', '-')] ?? '';
  if (/^(?:arg|cookie)_/.test(name)) return '';
  if (name.startsWith('upstream_http_')) {
    if (scope.reply === undefined || scope.reply === 'unreachable') return '';
    const wanted = name.slice('upstream_http_'.length).replaceAll('_', '-');
    return scope.reply.headers.find((line) => line.name.toLowerCase() === wanted)?.value ?? '';
  }
  if (name.startsWith('sent_http_')) return sentValue(name, scope, at);
  const found = known.get(name);
  if (found !== undefined) return found;
  const mapping = globals.mappings.get(name);
  if (mapping === undefined) throw new Unfollowed(at, `$${name}`, 'the variable is not set in this file');
  if (busy.has(name)) throw new Unfollowed(mapping.at, `$${name}`, 'the maps lead back to themselves');
  if (busy.size >= MAX_CHAIN)
    throw new Unfollowed(mapping.at, `$${name}`, `more than ${MAX_CHAIN} maps follow from each other`);
  busy.add(name);
  const value = mapped(mapping, scope);
  busy.delete(name);
  known.set(name, value);
  return value;
}

/** `$sent_http_*`: a header as the response has it when the variable is first asked for. */
function sentValue(name: string, { sent, globals }: Scope, at: Position): string {
  spend(globals, sent.length, at);
  const wanted = name.slice('sent_http_'.length).replaceAll('_', '-');
  const line = sent.find((one) => one.name.toLowerCase() === wanted);
  if (line !== undefined && line.value === undefined)
    throw line.unfollowed ?? new Unfollowed(at, `$${name}`, 'the header cannot be told');
  return line?.value ?? '';
}

function mapped(mapping: Mapping, scope: Scope): string {
  const { source, exact, masks, regexps, otherwise, fault, at } = mapping;
  spend(scope.globals, 10, at);
  const text = expand(source.text, scope, source.at);
  const lower = text.toLowerCase();
  const mask = masks.find((one) =>
    one.type === 'suffix' ? lower.endsWith(one.text) : lower.startsWith(one.text),
  );
  spend(scope.globals, masks.length, at);
  const found =
    exact.get(lower) ??
    mask?.value ??
    regexps.find(({ source: regexp, flags, key }) => matches(regexp, flags, text, scope, key.at))?.value;
  if (found !== undefined) return expand(found.text, scope, found.at);
  if (fault !== undefined) throw new Unfollowed(at, source.text, fault);
  return otherwise === undefined ? '' : expand(otherwise.text, scope, otherwise.at);
}

import { isMatched, type Matcher, matchersOf, pathMatcher } from './matchers.js';
import type { Scope } from './placeholders.js';
import type { Line, Word } from './syntax.js';

/** A directive of a site, with the matcher in front of its arguments. */
export interface Directive {
  readonly name: string;
  readonly args: readonly Word[];
  readonly line: Line;
  readonly matcher: Matcher | undefined;
  /** Names that are used and not given: Caddy refuses the file. */
  readonly unknownMatcher: Word | undefined;
}

/** Directives in the order in which they run, whatever the order of the file (Caddyfile directives, directive order). */
const ORDER = [
  [
    'tracing',
    'map',
    'vars',
    'root',
    'skip_log',
    'log_skip',
    'header',
    'copy_response_headers',
    'request_body',
  ],
  [
    'redir',
    'method',
    'rewrite',
    'uri',
    'try_files',
    'basicauth',
    'basic_auth',
    'forward_auth',
    'request_header',
  ],
  ['encode', 'push', 'templates', 'invoke', 'handle', 'handle_path', 'route', 'abort', 'error'],
  ['copy_response', 'respond', 'metrics', 'reverse_proxy', 'php_fastcgi', 'file_server', 'acme_server'],
].flat();
const RANK: ReadonlyMap<string, number> = new Map(ORDER.map((name, i) => [name, i]));
/** Directives that have nothing to do with responses to requests. */
const ASIDE = new Set(['bind', 'tls', 'log', 'handle_errors', 'fs', 'log_name', 'log_append']);

/** Directives as they run: sorted, but within `route`. `known` keeps them for the next request. */
export interface Block {
  readonly directives: readonly Directive[];
  readonly matchers: ReadonlyMap<string, Matcher>;
  /** Directives that Caddy does not have by itself. */
  readonly strange: readonly Word[];
}

export function blockOf(lines: readonly Line[], outer: ReadonlyMap<string, Matcher>, sorted: boolean): Block {
  const matchers = new Map([...outer, ...matchersOf(lines)]);
  const directives: Directive[] = [];
  const strange: Word[] = [];
  for (const line of lines) {
    const [first, ...rest] = line.words;
    if (first.text.startsWith('@') || ASIDE.has(first.text)) continue;
    if (!RANK.has(first.text)) strange.push(first);
    else directives.push(directiveOf(first.text, rest, line, matchers));
  }
  return { directives: sorted ? sort(directives) : directives, matchers, strange };
}

function directiveOf(
  name: string,
  rest: readonly Word[],
  line: Line,
  matchers: ReadonlyMap<string, Matcher>,
): Directive {
  const [head, ...args] = rest;
  if (head?.text.startsWith('@') === true && !head.quoted) {
    const matcher = matchers.get(head.text);
    return { name, args, line, matcher, unknownMatcher: matcher === undefined ? head : undefined };
  }
  const isPath = head !== undefined && !head.quoted && /^(?:\*$|\/)/.test(head.text);
  return isPath
    ? { name, args, line, matcher: pathMatcher(head), unknownMatcher: undefined }
    : { name, args: rest, line, matcher: undefined, unknownMatcher: undefined };
}

function sort(directives: readonly Directive[]): readonly Directive[] {
  const rank = ({ name }: Directive): number => {
    // These two are one group.
    return RANK.get(name === 'handle_path' ? 'handle' : name) ?? 0;
  };
  const isMatchedAtAll = ({ matcher }: Directive): boolean => (matcher?.lines.length ?? 0) > 0;
  return [...directives].sort((a, b) => {
    const byName = rank(a) - rank(b);
    if (byName !== 0) return byName;
    const [one, other] = [pathOf(a), pathOf(b)];
    if (one !== undefined && other !== undefined) {
      const [bare, otherBare] = [one.replace(/\*$/, ''), other.replace(/\*$/, '')];
      return bare === otherBare ? one.length - other.length : other.length - one.length;
    }
    return Number(isMatchedAtAll(b)) - Number(isMatchedAtAll(a));
  });
}

/** The one path that a directive is for. */
function pathOf({ matcher }: Directive): string | undefined {
  const [only, ...others] = matcher?.lines ?? [];
  if (only === undefined || others.length > 0 || only.words[0].text !== 'path' || only.words.length !== 2)
    return undefined;
  return only.words[1]?.text;
}

/** Whether a directive runs for a request. */
export function runs({ matcher, unknownMatcher }: Directive, scope: Scope): boolean {
  return unknownMatcher === undefined && (matcher === undefined || isMatched(matcher, scope));
}

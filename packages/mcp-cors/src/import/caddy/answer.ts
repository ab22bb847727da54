import type { Matcher as Compiled, Steps } from '../expression/match.js';
import {
  type HeaderLine,
  type ModelReply,
  type ModelRequest,
  type ServerReply,
  Unfollowed,
} from '../survey/model.js';
import type { Position } from '../survey/position.js';
import { type Block, blockOf, type Directive, runs } from './directives.js';
import { applied, type HeaderHandler, handlersOf, operationOf } from './headers.js';
import type { Matcher } from './matchers.js';
import { expand, type Scope, spend } from './placeholders.js';
import { type Site, takesHost } from './sites.js';
import type { Line } from './syntax.js';

/** What is worked out once for a file. */
export interface Globals {
  readonly steps: Steps;
  readonly matchers: Map<string, Compiled | undefined>;
  readonly blocks: Map<readonly Line[], Block>;
}

interface Run {
  readonly globals: Globals;
  readonly site: Site;
  readonly scope: Scope;
  readonly server: ServerReply;
  /** Handlers of headers that wait for the response, the outermost first. */
  deferred: HeaderHandler[];
}

/** Steps that a request takes whatever it meets. */
const REQUEST_STEPS = 50;

const NO_MATCHERS: ReadonlyMap<string, Matcher> = new Map();

/** What Caddy answers where a site listens. */
export function answerAt(
  globals: Globals,
  site: Site,
  sites: readonly Site[],
  request: ModelRequest,
  server: ServerReply,
): ModelReply {
  const name = (request.headers.host ?? '').toLowerCase().replace(/(?<!:):\d*$/, '');
  globals.steps.left -= sites.length * 20 + REQUEST_STEPS;
  if (globals.steps.left < 0) throw new Unfollowed(site.at, '…', 'the file takes more steps than are made');
  const chosen = siteFor(name, site, sites);
  // Where no site takes the name, Caddy answers with nothing.
  if (chosen === undefined) return { forwarded: false, status: 200, lines: [], at: site.at };
  const scope: Scope = {
    request,
    steps: globals.steps,
    matchers: globals.matchers,
    maps: new Map(),
    variables: new Map(),
    groups: new Map(),
    busy: new Set(),
    lines: [],
    status: undefined,
    errorStatus: undefined,
    https: chosen.addresses.every(({ port, text }) => port === '443' && !text.startsWith('http:')),
  };
  const run: Run = { globals, site: chosen, scope, server, deferred: [] };
  return runBlock(run, chosen.lines, NO_MATCHERS, true) ?? finish(run, 200, false, [], chosen.at);
}

/** The site that takes a name, among those that share a port with one. */
function siteFor(name: string, one: Site, sites: readonly Site[]): Site | undefined {
  const ports = new Set(one.addresses.map(({ port }) => port));
  const taking = sites.flatMap((site) =>
    site.addresses
      .filter((address) => ports.has(address.port) && takesHost(address, name))
      .map(({ host }) => ({ site, host })),
  );
  const rank = (host: string | undefined): number => (host === name ? 0 : host !== undefined ? 1 : 2);
  return taking.sort((a, b) => rank(a.host) - rank(b.host))[0]?.site;
}

function runBlock(
  run: Run,
  lines: readonly Line[],
  outer: ReadonlyMap<string, Matcher>,
  sorted: boolean,
): ModelReply | undefined {
  const { globals, scope } = run;
  const block = globals.blocks.get(lines) ?? blockOf(lines, outer, sorted);
  globals.blocks.set(lines, block);
  let handled = false;
  for (const directive of block.directives) {
    spend(scope, 1, directive.line.words[0].at);
    const group = directive.name === 'handle' || directive.name === 'handle_path';
    if ((group && handled) || !runs(directive, scope)) continue;
    if (group) handled = true;
    const reply = runOne(run, directive, block.matchers);
    if (reply !== undefined) return reply;
  }
  return undefined;
}

/** Runs one directive: an answer, or nothing when the next one is to run. */
function runOne(
  run: Run,
  directive: Directive,
  matchers: ReadonlyMap<string, Matcher>,
): ModelReply | undefined {
  const { scope } = run;
  const { name, args, line } = directive;
  const at = line.words[0].at;
  const texts = args.map(({ text }) => text);
  switch (name) {
    case 'map': {
      const [source, ...targets] = texts;
      for (const [index, target] of targets.entries())
        scope.maps.set(target.replace(/^\{|\}$/g, ''), { line, source: source ?? '', index });
      return undefined;
    }
    case 'vars':
      if (texts[0] !== undefined) scope.variables.set(texts[0], expand(texts[1] ?? '', scope, at));
      return undefined;
    case 'header':
      spend(scope, line.block?.length ?? 0, at);
      for (const handler of handlersOf(line, args)) {
        if (handler.deferred) run.deferred.push(handler);
        else scope.lines = applied(scope.lines, handler.operations, scope);
      }
      return undefined;
    case 'route':
      return runBlock(run, line.block ?? [], matchers, false);
    case 'handle':
      return runBlock(run, line.block ?? [], matchers, true);
    case 'handle_path': {
      const prefix = (directive.matcher?.lines[0]?.words[1]?.text ?? '')
        .replace(/\*$/, '')
        .replace(/\/$/, '');
      const before = scope.request;
      scope.request = { ...before, path: before.path.slice(prefix.length) || '/' };
      const reply = runBlock(run, line.block ?? [], matchers, true);
      scope.request = before;
      return reply;
    }
    case 'respond': {
      const [first = '', second] = texts;
      const status = second ?? (/^\d{3}$/.test(first) ? first : '200');
      return finish(run, statusOf(status, scope, at), false, [], at);
    }
    case 'error':
      return fail(run, statusOf(texts.find((text) => /^\d{3}$/.test(text)) ?? '500', scope, at), at);
    case 'abort':
      return { forwarded: false, status: 0, lines: [], at };
    case 'redir':
      return finish(run, 302, false, [], at);
    case 'basicauth':
    case 'basic_auth':
    case 'forward_auth':
      // A preflight carries no credentials; other requests are taken to have theirs.
      return scope.request.method === 'OPTIONS' ? fail(run, 401, at) : undefined;
    case 'method':
      throw new Unfollowed(at, 'method', 'the method is changed on the way');
    case 'reverse_proxy':
    case 'php_fastcgi':
      return proxy(run, line, at);
    case 'file_server':
    case 'acme_server':
    case 'metrics':
    case 'copy_response':
    case 'invoke':
      if (name === 'invoke') throw new Unfollowed(at, 'invoke', 'named routes are not followed');
      return fail(run, 404, at);
    default:
      return undefined;
  }
}

function statusOf(text: string, scope: Scope, at: Position): number {
  const status = Number(expand(text, scope, at));
  return Number.isInteger(status) ? status : 200;
}

function proxy(run: Run, line: Line, at: Position): ModelReply {
  if (run.server === 'unreachable') return fail(run, 502, at);
  const block = line.block ?? [];
  const handled = block.find(
    ({ words }) => words[0].text === 'handle_response' || words[0].text === 'replace_status',
  );
  if (handled !== undefined)
    throw new Unfollowed(
      handled.words[0].at,
      handled.words[0].text,
      'what becomes of responses is not followed',
    );
  const down = block
    .filter(({ words }) => words[0].text === 'header_down')
    .map(({ words }) => operationOf(words.slice(1)));
  const lines = applied(run.server.headers, down, run.scope);
  return finish(run, run.server.status, true, lines, at);
}

/** A response: what the server behind sent is added to what was set, and then comes what waits for it. */
function finish(
  run: Run,
  status: number,
  forwarded: boolean,
  more: readonly HeaderLine[],
  at: Position,
): ModelReply {
  const { scope } = run;
  scope.lines = [...scope.lines, ...more];
  for (const { operations } of [...run.deferred].reverse())
    scope.lines = applied(scope.lines, operations, scope);
  return { forwarded, status, lines: scope.lines, at };
}

/** An error: what waits for a response is lost, and `handle_errors` answers. */
function fail(run: Run, status: number, at: Position): ModelReply {
  const { scope, site } = run;
  run.deferred = [];
  const errors = site.lines.find(({ words }) => words[0].text === 'handle_errors');
  if (errors?.block === undefined || scope.errorStatus !== undefined)
    return { forwarded: false, status, lines: scope.lines, at };
  scope.errorStatus = status;
  const matchers = run.globals.blocks.get(site.lines)?.matchers ?? NO_MATCHERS;
  return runBlock(run, errors.block, matchers, true) ?? finish(run, status, false, [], at);
}

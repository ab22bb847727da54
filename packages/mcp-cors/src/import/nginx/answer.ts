import {
  type HeaderLine,
  type ModelReply,
  type ModelRequest,
  type ServerReply,
  Unfollowed,
} from '../survey/model.js';
import type { Position } from '../survey/position.js';
import { type Chain, inForce, type Level, levelOf, setting } from './levels.js';
import type { Directive } from './syntax.js';
import { expand, type Globals, matches, type Scope, spend } from './variables.js';

/** A server of a file, with its locations in the order in which they stand. */
export interface ServerBlock {
  readonly chain: Chain;
  readonly names: readonly string[];
  /** `listen` as a text that servers which share a socket have in common. */
  readonly sockets: readonly string[];
  readonly isDefault: boolean;
  readonly locations: readonly LocationBlock[];
}

export interface LocationBlock {
  readonly chain: Chain;
  readonly modifier: '=' | '~' | '~*' | '^~' | '@' | '';
  readonly text: string;
}

/** Statuses with which `add_header` goes out without `always` (ngx_http_headers_module). */
const PLAIN_STATUSES = new Set([200, 201, 204, 206, 301, 302, 303, 304, 307, 308]);
/** Directives that hand a request to a server. */
export const HANDLERS = ['proxy_pass', 'grpc_pass', 'fastcgi_pass', 'uwsgi_pass', 'scgi_pass'] as const;
/** Headers whose values matter here; of all others it is enough to know that they are there. */
const LOOKED_AT = /^(?:access-control-|vary$)/i;

interface Context {
  readonly globals: Globals;
  readonly server: ServerBlock;
  readonly request: ModelRequest;
  readonly reply: ServerReply;
  readonly scope: Scope;
}

/** What nginx answers at a location of a server. */
export function answerAt(
  globals: Globals,
  server: ServerBlock,
  chain: Chain,
  request: ModelRequest,
  reply: ServerReply,
): ModelReply {
  const scope: Scope = {
    globals,
    request,
    serverName: server.names[0] ?? '',
    https: server.sockets.some((socket) => socket.endsWith('443')),
    reply: undefined,
    sent: [],
    sets: new Map(),
    known: new Map(),
    busy: new Set(),
    captures: [],
  };
  return answer({ globals, server, request, reply, scope }, chain, 0);
}

/** How often an error page leads to another. */
const MAX_PAGES = 3;

function answer(context: Context, chain: Chain, pages: number, page?: number): ModelReply {
  const { server, request, reply, scope } = context;
  const location = chain.at(-1) as Level;
  const state: RewriteState = { chain, returned: undefined, over: false };
  if (page === undefined) rewrite(scope, server.chain, state);
  state.over = false;
  if (location.kind === 'location' && state.returned === undefined) rewrite(scope, chain, state);
  const { returned, chain: held } = state;
  if (returned !== undefined) return made(context, held, returned.status, returned.at, pages);
  if (page !== undefined) return made(context, held, page, location.at, MAX_PAGES);
  const refusal = accessOf(chain, request.method);
  if (refusal !== undefined) return made(context, held, refusal.status, refusal.at, pages);
  const handler = HANDLERS.flatMap(
    (name) => held.at(-1)?.byName.get(name) ?? location.byName.get(name) ?? [],
  )[0];
  const at = handler?.at ?? location.at;
  if (reply === 'unreachable') return made(context, held, 502, at, pages);
  scope.reply = reply;
  const intercepted = setting(held, 'proxy_intercept_errors')?.text === 'on' && reply.status >= 300;
  if (intercepted && pageOf(held, reply.status) !== undefined) {
    return { ...made(context, held, reply.status, at, pages), forwarded: true };
  }
  const hides = inForce(held, 'proxy_hide_header');
  spend(scope.globals, hides.length, at);
  const hidden = new Set(hides.map(({ args }) => args[0]?.text.toLowerCase()));
  const kept = reply.headers.filter(({ name }) => !hidden.has(name.toLowerCase()));
  return { forwarded: true, status: reply.status, lines: withHeaders(scope, held, reply.status, kept), at };
}

/** An answer of nginx's own, or the page that stands for it. */
function made(context: Context, chain: Chain, status: number, at: Position, pages: number): ModelReply {
  const target = pages < MAX_PAGES ? pageOf(chain, status) : undefined;
  if (target !== undefined) {
    const location = target.text.startsWith('/')
      ? locate(context, target.text)
      : context.server.locations.find(({ modifier, text }) => modifier === '@' && `@${text}` === target.text);
    if (location !== undefined) {
      // Maps are asked anew: nothing of them follows from where the request is.
      const reply = answer(context, location.chain, pages + 1, target.status ?? status);
      return { ...reply, status: target.status ?? status, at };
    }
  }
  return { forwarded: false, status, lines: withHeaders(context.scope, chain, status, []), at };
}

/** The page of a status, from `error_page 404 =200 /x`. */
function pageOf(
  chain: Chain,
  status: number,
): { readonly text: string; readonly status: number | undefined } | undefined {
  for (const { args } of inForce(chain, 'error_page')) {
    const texts = args.map(({ text }) => text);
    if (!texts.includes(String(status))) continue;
    const equals = texts.find((text) => /^=\d+$/.test(text));
    return {
      text: texts.at(-1) as string,
      status: equals === undefined ? undefined : Number(equals.slice(1)),
    };
  }
  return undefined;
}

/** The location that takes a path: exact, then the longest prefix, then the first expression. */
export function locate(
  { server, scope }: { readonly server: ServerBlock; readonly scope: Scope },
  path: string,
): LocationBlock | undefined {
  spend(scope.globals, server.locations.length, (server.chain.at(-1) as Level).at);
  const exact = server.locations.find(({ modifier, text }) => modifier === '=' && text === path);
  if (exact !== undefined) return exact;
  const prefixes = server.locations.filter(
    ({ modifier, text }) => (modifier === '' || modifier === '^~') && path.startsWith(text),
  );
  const longest = prefixes.reduce<LocationBlock | undefined>(
    (best, one) => (best === undefined || one.text.length > best.text.length ? one : best),
    undefined,
  );
  if (longest?.modifier === '^~') return longest;
  const at = (location: LocationBlock): Position => (location.chain.at(-1) as Level).at;
  return (
    server.locations.find(
      (one) =>
        (one.modifier === '~' || one.modifier === '~*') &&
        matches(one.text, one.modifier === '~' ? '' : 'i', path, scope, at(one)),
    ) ?? longest
  );
}

interface RewriteState {
  /** What holds: within an `if` that was true, its own level too. */
  chain: Chain;
  returned: { readonly status: number; readonly at: Position } | undefined;
  over: boolean;
}

/** Runs `set`, `if` and `return` of a level in their order (ngx_http_rewrite_module). */
function rewrite(scope: Scope, base: Chain, state: RewriteState): void {
  const level = base.at(-1) as Level;
  const run = (directives: readonly Directive[], inside: Chain): void => {
    for (const directive of directives) {
      if (state.over || state.returned !== undefined) return;
      const { name, args, at, block } = directive;
      spend(scope.globals, 1, at);
      if (name === 'set')
        scope.sets.set((args[0]?.text ?? '').slice(1), expand(args[1]?.text ?? '', scope, at));
      else if (name === 'break') state.over = true;
      else if (name === 'return') {
        const status = Number(args[0]?.text);
        state.chain = inside;
        state.returned = { status: Number.isInteger(status) ? status : 302, at };
      } else if (name === 'rewrite') rewriteUri(directive, scope, state);
      else if (name === 'if' && block !== undefined && isTrue(directive, scope)) {
        spend(scope.globals, block.length, at);
        const inner = [...base, levelOf('if', directive)];
        if (level.kind === 'location') state.chain = inner;
        run(block, inner);
      }
    }
  };
  run(level.directives, base);
}

function rewriteUri({ args, at }: Directive, scope: Scope, state: RewriteState): void {
  const [regexp, replacement, flag] = args.map(({ text }) => text);
  if (!matches(regexp ?? '', '', scope.request.path, scope, at)) return;
  if (flag === 'permanent' || flag === 'redirect' || /^https?:\/\//.test(replacement ?? '')) {
    state.returned = { status: flag === 'permanent' ? 301 : 302, at };
  } else if (flag === 'break') state.over = true;
  else throw new Unfollowed(at, `rewrite ${regexp}`, 'the request goes on in another location');
}

/** Whether the condition of an `if` holds. */
function isTrue({ args, at }: Directive, scope: Scope): boolean {
  const words = args.map(({ text }) => text);
  if (words[0] === '(') words.shift();
  else words[0] = (words[0] ?? '').replace(/^\(/, '');
  if (words.at(-1) === ')' && args.at(-1)?.quoted === false) words.pop();
  else words[words.length - 1] = (words.at(-1) ?? '').replace(/\)$/, '');
  const [left = '', operator, right = ''] = words;
  const shown = `if (${words.join(' ')})`.slice(0, 80);
  if (!left.startsWith('$')) throw new Unfollowed(at, shown, 'files are not looked at');
  const value = expand(left, scope, at);
  if (operator === undefined) return value !== '' && value !== '0';
  if (operator === '=' || operator === '==') return value === expand(right, scope, at);
  if (operator === '!=') return value !== expand(right, scope, at);
  const regexp = /^(!?)~(\*?)$/.exec(operator);
  if (regexp === null) throw new Unfollowed(at, shown, 'the condition is not followed');
  return matches(right, regexp[2] === '*' ? 'i' : '', value, scope, at) !== (regexp[1] === '!');
}

/** A refusal of the access phase. A preflight carries no credentials; other requests are taken to have theirs. */
function accessOf(
  chain: Chain,
  method: string,
): { readonly status: number; readonly at: Position } | undefined {
  const limit = chain.at(-1)?.byName.get('limit_except')?.[0];
  const listed = limit?.args.map(({ text }) => text.toUpperCase()) ?? [];
  const granted = listed.includes(method) || (method === 'HEAD' && listed.includes('GET'));
  const inside = limit === undefined || granted ? chain : [...chain, levelOf('limit_except', limit)];
  const rules = ['deny', 'allow'].flatMap((name) => inForce(inside, name).map((rule) => ({ name, rule })));
  const denied = rules.every(({ name }) => name === 'deny')
    ? rules.find(({ rule }) => rule.args[0]?.text === 'all')
    : undefined;
  if (denied !== undefined) return { status: 403, at: denied.rule.at };
  if (method !== 'OPTIONS') return undefined;
  for (const name of ['auth_basic', 'auth_request', 'auth_jwt']) {
    const found = setting(inside, name);
    if (found !== undefined && found.text !== 'off') return { status: 401, at: found.at };
  }
  return undefined;
}

/** The lines of a response with what `more_set_headers` and `add_header` make of them. */
function withHeaders(
  scope: Scope,
  chain: Chain,
  status: number,
  lines: readonly HeaderLine[],
): readonly HeaderLine[] {
  let result = [...lines];
  for (const level of chain) {
    if (!level.byName.has('more_set_headers') && !level.byName.has('more_clear_headers')) continue;
    for (const directive of level.directives) {
      spend(scope.globals, result.length + 1, directive.at);
      if (directive.name === 'more_set_headers') result = setMore(scope, directive, status, result);
      else if (directive.name === 'more_clear_headers') result = clearMore(directive, result);
    }
  }
  for (const { args, at } of inForce(chain, 'add_header')) {
    spend(scope.globals, 1, at);
    const [name, value, always] = args.map(({ text }) => text);
    if (name === undefined || (always !== 'always' && !PLAIN_STATUSES.has(status))) continue;
    scope.sent = result;
    const told = LOOKED_AT.test(name) ? headerValue(value ?? '', scope, at) : THERE;
    if (told.value !== '') result.push({ name, ...told, at });
  }
  return result;
}

function setMore(scope: Scope, { args, at }: Directive, status: number, lines: HeaderLine[]): HeaderLine[] {
  let result = lines;
  let statuses: readonly string[] = [];
  for (let i = 0; i < args.length; i++) {
    const text = args[i]?.text ?? '';
    if (text === '-s') statuses = (args[++i]?.text ?? '').split(/\s+/);
    else if (text === '-t')
      throw new Unfollowed(at, 'more_set_headers -t', 'it depends on the type of the response');
    else if (text.includes(':') && (statuses.length === 0 || statuses.includes(String(status)))) {
      const name = text.slice(0, text.indexOf(':')).trim();
      const value = text.slice(text.indexOf(':') + 1).trim();
      result = result.filter((line) => line.name.toLowerCase() !== name.toLowerCase());
      const told = LOOKED_AT.test(name) ? headerValue(value, scope, at) : THERE;
      if (told.value !== '') result.push({ name, ...told, at });
    }
  }
  return result;
}

function clearMore({ args }: Directive, lines: HeaderLine[]): HeaderLine[] {
  const names = args.flatMap(({ text }) => text.split(/\s+/)).map((name) => name.toLowerCase());
  return lines.filter(({ name }) => {
    const lower = name.toLowerCase();
    return !names.some((one) => one === lower || (one.endsWith('*') && lower.startsWith(one.slice(0, -1))));
  });
}

/** The value of a header; what follows from something that is not followed is there, and not known. */
function headerValue(text: string, scope: Scope, at: Position): Pick<HeaderLine, 'value' | 'unfollowed'> {
  try {
    return { value: expand(text, scope, at) };
  } catch (thrown) {
    if (!(thrown instanceof Unfollowed)) throw thrown;
    return { value: undefined, unfollowed: thrown };
  }
}

/** What is told of a header whose value does not matter. */
const THERE = { value: 'x' } as const;

import type { Enforced, EnforcedOrigin, EnforcedPart } from './enforced.js';
import { type FormatHole, MAX_PLACES, type Reader, type Reading, type Unread } from './reader.js';
import { isSign, tokensOf } from './source/tokens.js';
import {
  type Argument,
  createSource,
  parseArguments,
  type Source,
  textsOf,
  type Value,
} from './source/values.js';

/** What CORSMiddleware does unless it is told otherwise (Starlette, middleware). */
const DEFAULT_METHODS = ['GET'];
const DEFAULT_MAX_AGE_SECONDS = 600;
/** Allowed whatever `allow_headers` says, of those that pages have to name. */
const ALWAYS_ALLOWED_HEADERS = ['Accept', 'Content-Type'];

/** Reads `CORSMiddleware` of Starlette and FastAPI in Python source. */
export const FASTAPI_READER: Reader = Object.freeze({
  name: 'fastapi',
  title: "CORSMiddleware of FastAPI and Starlette, in an application's Python source",
  claim: (file, text) => (text.includes('CORSMiddleware') ? 4 : 0) + (/\.pyw?$/.test(file) ? 2 : 0),
  read,
} satisfies Reader);

function read(text: string): Reading {
  const source = createSource(text, 'python', tokensOf(text, 'python'));
  const unread: Unread[] = [];
  const hosts = findCalls(source, 'TrustedHostMiddleware')[0];
  const gzip = findCalls(source, 'GZipMiddleware')[0];
  const places = findCalls(source, 'CORSMiddleware').map((call) => ({
    enforced: enforcedOf(call, hosts, gzip, unread),
    holes: [oldVary(call.line), ...(call.around ? [] : [unhandledErrors(call.line)])],
  }));
  return { places, unread };
}

/** What newer releases do otherwise, of which the source says nothing. */
function oldVary(line: number): FormatHole {
  return {
    id: 'vary-in-old-releases',
    line,
    severity: 'warning',
    title: 'Vary: Origin may be missing',
    why: 'Releases of Starlette before September 2026 send it to allowed origins alone: a cache then keeps the answer without headers that another request got.',
    remedy: 'Use a current release of Starlette, or the middleware that mcp-cors render fastapi writes.',
  };
}

function unhandledErrors(line: number): FormatHole {
  return {
    id: 'unhandled-errors-uncovered',
    line,
    severity: 'warning',
    title: 'The 500 of an unhandled error leaves without the headers',
    why: "The application's own handler of unhandled errors stands outside of its middleware, so that a page sees a failed fetch.",
    remedy: 'Put the middleware around the application: app = CORSMiddleware(app, ...).',
  };
}

/** A use of a middleware. */
interface Call {
  readonly line: number;
  readonly args: readonly Argument[];
  /** Whether it is called around the application, and so outside of everything, or handed over to be put in. */
  readonly around: boolean;
}

/** `X(app, …)`, `add_middleware(X, …)` and `Middleware(X, …)`, under the name that it is imported by. */
function findCalls(source: Source, name: string): readonly Call[] {
  const { tokens } = source;
  const alias = tokens.findIndex(({ text }, i) => text === name && tokens[i + 1]?.text === 'as');
  const names = new Set([name, ...(alias === -1 ? [] : [tokens[alias + 2]?.text ?? name])]);
  const calls: Call[] = [];
  for (const [i, { type, text, line }] of tokens.entries()) {
    if (type !== 'name' || !names.has(text) || calls.length >= MAX_PLACES) continue;
    let qualified = i;
    while (isSign(tokens[qualified - 1], '.')) qualified -= 2;
    if (isSign(tokens[i + 1], '(')) {
      calls.push({ line, args: parseArguments(source, i + 1), around: true });
    } else if (isSign(tokens[i + 1], ',', ')') && isSign(tokens[qualified - 1], '(')) {
      calls.push({ line, args: parseArguments(source, qualified - 1), around: false });
    } else if (isSign(tokens[qualified - 1], '=') && tokens[qualified - 2]?.text === 'middleware_class') {
      calls.push({ line, args: parseArguments(source, qualified - 3), around: false });
    }
  }
  return calls;
}

function enforcedOf(call: Call, hosts: Call | undefined, gzip: Call | undefined, unread: Unread[]): Enforced {
  const lines: Partial<Record<EnforcedPart, number>> = {};
  for (const { key, value } of call.args) {
    if (key === undefined && value.type === 'unknown' && value.text.startsWith('*'))
      unread.push({ line: value.line, text: value.text, why: 'the options are not written here' });
  }
  /** An option that is there and spelled out; noted where it is there and is not. */
  const option = <T>(
    key: string,
    part: EnforcedPart,
    of: (value: Value) => T | undefined,
  ): T | 'unknown' | undefined => {
    const value = call.args.find((argument) => argument.key === key)?.value;
    if (value === undefined) return undefined;
    lines[part] = value.line;
    const found = of(value);
    if (found !== undefined) return found;
    const text = value.type === 'unknown' ? value.text : key;
    unread.push({ line: value.line, text: `${key}=${text}`, why: 'the value is not written in this file' });
    return 'unknown';
  };
  const texts = (value: Value) => (value.type === 'none' ? [] : textsOf(value));
  const origins = option('allow_origins', 'origins', texts);
  const regexp = option('allow_origin_regex', 'origins', textOf);
  const credentials = option('allow_credentials', 'credentials', truthOf);
  const methods = option('allow_methods', 'methods', texts);
  const headers = option('allow_headers', 'allowedHeaders', texts);
  const exposed = option('expose_headers', 'exposedHeaders', texts);
  const maxAge = option('max_age', 'maxAgeSeconds', (value) =>
    value.type === 'number' ? value.number : undefined,
  );
  const any = origins !== 'unknown' && (origins?.some(({ text }) => text === '*') ?? false);
  const allowedHosts = hosts?.args.find(({ key }) => key === 'allowed_hosts')?.value;
  const namedHosts = allowedHosts === undefined ? undefined : texts(allowedHosts)?.map(({ text }) => text);
  if (gzip !== undefined) lines.flushesStreams = gzip.line;

  return {
    name: 'CORSMiddleware',
    line: call.line,
    lines,
    origins: originsOf(origins, regexp),
    // With credentials the origin of a request that has cookies, and of every preflight, is sent back.
    anyOrigin: !any ? 'no' : credentials === true ? 'reflected' : 'star',
    credentials: credentials === 'unknown' ? undefined : (credentials ?? false),
    methods: listOf(methods, DEFAULT_METHODS, []),
    allowedHeaders: listOf(headers, [], ALWAYS_ALLOWED_HEADERS),
    exposedHeaders: exposed === 'unknown' ? undefined : (exposed ?? []).map(({ text }) => text),
    maxAgeSeconds: maxAge === 'unknown' ? undefined : (maxAge ?? DEFAULT_MAX_AGE_SECONDS),
    hosts: hosts === undefined || namedHosts?.includes('*') ? 'unchecked' : namedHosts,
    conduct: {
      refusesForeignOrigins: false,
      checksContentType: false,
      answersPreflights: true,
      passesOtherOptions: true,
      ...(gzip === undefined ? {} : { flushesStreams: false }),
    },
  };
}

type Texts = readonly { readonly text: string; readonly line: number }[];

function originsOf(
  origins: Texts | 'unknown' | undefined,
  regexp: { readonly text: string; readonly line: number } | 'unknown' | undefined,
): readonly EnforcedOrigin[] | undefined {
  if (origins === 'unknown' || regexp === 'unknown') return undefined;
  return [
    ...(origins ?? [])
      .filter(({ text }) => text !== '*')
      .map((origin) => ({ type: 'exact' as const, ...origin })),
    ...(regexp === undefined
      ? []
      : [{ type: 'regexp' as const, source: wholeMatch(regexp.text), flags: '', line: regexp.line }]),
  ];
}

/** `re.fullmatch` as an expression that searches: with anchors, whether or not it has its own. */
function wholeMatch(source: string): string {
  if (/^\^/.test(source) && /(?:^|[^\\])(?:\\\\)*\$$/.test(source)) return source;
  const bare = source.replace(/^\^/, '').replace(/((?:^|[^\\])(?:\\\\)*)\$$/, '$1');
  return /[|]/.test(bare) ? `^(?:${bare})$` : `^${bare}$`;
}

function listOf(
  given: Texts | 'unknown' | undefined,
  otherwise: readonly string[],
  always: readonly string[],
): readonly string[] | 'any' | undefined {
  if (given === 'unknown') return undefined;
  const names = given === undefined ? otherwise : given.map(({ text }) => text);
  if (names.includes('*')) return 'any';
  const lower = names.map((name) => name.toLowerCase());
  return [...names, ...always.filter((name) => !lower.includes(name.toLowerCase()))];
}

function textOf(value: Value): { readonly text: string; readonly line: number } | undefined {
  return value.type === 'string' ? { text: value.text, line: value.line } : undefined;
}

function truthOf(value: Value): boolean | undefined {
  return value.type === 'boolean' ? value.truth : undefined;
}

import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { type Decision, type HeaderField, isCorsResponseHeader, mergeVary } from '../policy/index.js';
import { sealResponse } from './sealing.js';

/** Where a response keeps the decision that was applied last: of several policies, the innermost has the last word. */
const LAST_DECISION = Symbol('decision');

type Held = ServerResponse & { [LAST_DECISION]?: Decision };

/** Whether any response has met more than one policy: until then, none has to be asked. */
let severalPolicies = false;

/** Makes a decision the one whose headers the response is to carry, also through what was held before. */
export function noteDecision(decision: Decision, response: ServerResponse): void {
  // Whoever holds headers has put a writeHead of his own there.
  if (!Object.hasOwn(response, 'writeHead')) return;
  (response as Held)[LAST_DECISION] = decision;
  severalPolicies = true;
}

function lastDecision(response: ServerResponse): Decision | undefined {
  return severalPolicies && Object.hasOwn(response, LAST_DECISION)
    ? (response as Held)[LAST_DECISION]
    : undefined;
}

/** Sets the headers of a decision in place of all CORS headers that stand there, and adds its names to Vary. */
export function replaceHeaders({ headers, vary }: Decision, response: ServerResponse): void {
  let varies = false;
  const names = response.getHeaderNames();
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    const first = name.charCodeAt(0); // tells nearly all names from those that matter
    if (first === LETTER_V && name === 'vary') varies = true;
    else if (first === LETTER_A && isCorsResponseHeader(name) && !isAmong(headers, name))
      response.removeHeader(name);
  }
  // Looked up once: V8 cannot remember where properties of Express's responses are, each has a shape of its own.
  const { setHeader } = response;
  for (let i = 0; i < headers.length; i++) {
    const field = headers[i] as HeaderField;
    setHeader.call(response, field[0], field[1]);
  }
  if (vary === '') return;
  if (varies) addToVary(vary, response);
  else setHeader.call(response, 'vary', vary);
}

const LETTER_A = 0x61;
const LETTER_V = 0x76;

function isAmong(headers: readonly HeaderField[], name: string): boolean {
  return headers.some((field) => field[0] === name);
}

/**
 * Makes the headers of a decision to pass part of the head whenever that is written, and with `sealId` seals session ids on
 * their way. `nodes`: the response's writeHead, where that is known to be Node's own.
 */
export function holdDecision(
  decision: Decision,
  response: ServerResponse,
  sealId?: (id: string) => string,
  nodes?: ServerResponse['writeHead'],
): void {
  if (nodes === undefined) noteDecision(decision, response);
  const onHead = sealId && sealResponse(sealId, decision.kind, response);
  response.writeHead = holdHeaders(decision, nodes ?? response.writeHead, onHead);
}

/**
 * Makes a `writeHead` by which the policy's headers are the last word when the head is written, however the application says
 * its own: with `setHeader`, with `writeHead`, or not at all. `onHead` is called when the head is complete.
 */
function holdHeaders(
  decision: Decision,
  given: ServerResponse['writeHead'],
  onHead: (() => void) | undefined,
): ServerResponse['writeHead'] {
  const writeHead = given as AnyWriteHead;
  let written = false;
  // Parameters by name: an array of the rest would be made for every response.
  return function holdingWriteHead(this: ServerResponse, status: number, first?: unknown, second?: unknown) {
    // What is said twice, Node refuses.
    if (written) return writeHead.call(this, status, first, second);
    const reason = typeof first === 'string' ? first : undefined;
    const headers = reason === undefined ? (first ?? second) : second;
    // What Node would refuse, Node shall refuse; what it lets pass must not pass by the policy.
    const understood = isHeaderList(headers);
    const last = lastDecision(this) ?? decision;
    // Most applications of node:http say all in writeHead, and Node is fastest when nothing was set before.
    if (
      headers !== undefined &&
      understood &&
      onHead === undefined &&
      last === decision &&
      this.getHeaderNames().length === 0 &&
      hasOnlyCors(decision.headers)
    ) {
      const joined = joinHeaders(decision, headers);
      const result =
        reason === undefined
          ? writeHead.call(this, status, joined)
          : writeHead.call(this, status, reason, joined);
      written = true;
      return result;
    }
    if (understood) setGivenHeaders(this, headers);
    replaceHeaders(decision, this);
    if (last !== decision) replaceHeaders(last, this);
    onHead?.();
    const result = understood
      ? writeHead.call(this, status, reason)
      : writeHead.call(this, status, first, second);
    written = true;
    return result;
  } as ServerResponse['writeHead'];
}

/** The headers that were looked at last and found to be CORS headers alone: decisions share theirs. */
let onlyCors: readonly HeaderField[] | undefined;

/** Whether headers are none that an application could have set as well, but for CORS headers. */
function hasOnlyCors(headers: readonly HeaderField[]): boolean {
  if (headers === onlyCors) return true;
  if (!headers.every(([name]) => isCorsResponseHeader(name))) return false;
  onlyCors = headers;
  return true;
}

type AnyWriteHead = (this: ServerResponse, status: number, ...rest: unknown[]) => ServerResponse;

function addToVary(vary: string, response: ServerResponse): void {
  const present = response.getHeader('vary');
  if (present === vary) return;
  const before = Array.isArray(present) ? present.join(', ') : String(present);
  const merged = mergeVary(before, vary);
  if (merged !== present) response.setHeader('vary', merged);
}

/** Headers as `writeHead` takes them: an object, pairs, or a flat list of names and values. */
type GivenHeaders = OutgoingHttpHeaders | readonly (readonly [string, string])[] | readonly string[] | null;

function isHeaderList(headers: unknown): headers is GivenHeaders | undefined {
  if (!Array.isArray(headers)) return typeof headers === 'object' || headers === undefined;
  return Array.isArray(headers[0]) || headers.length % 2 === 0;
}

/** Sets headers as `writeHead` would: a list replaces what stands there, and may repeat a name. */
function setGivenHeaders(response: ServerResponse, headers: GivenHeaders | undefined): void {
  if (headers === undefined || headers === null) return;
  if (!Array.isArray(headers)) {
    const given = headers as OutgoingHttpHeaders;
    for (const name in given) response.setHeader(name, given[name] as string);
    return;
  }
  const pairs = pairsOf(headers);
  for (const [name] of pairs) response.removeHeader(name);
  for (const [name, value] of pairs) response.appendHeader(name, value);
}

/** The headers of an application and of a decision, as a flat list. */
function joinHeaders({ headers, vary }: Decision, given: GivenHeaders): unknown[] {
  const joined: unknown[] = [];
  let varies = vary;
  if (Array.isArray(given)) {
    for (const [name, value] of pairsOf(given)) varies = joinHeader(joined, varies, name, value);
  } else {
    const named = given as OutgoingHttpHeaders;
    for (const name in named) varies = joinHeader(joined, varies, name, named[name]);
  }
  for (let i = 0; i < headers.length; i++) {
    const field = headers[i] as HeaderField;
    joined.push(field[0], field[1]);
  }
  if (varies !== '') joined.push('vary', varies);
  return joined;
}

/** Adds a header of the application's to a flat list, unless it is the policy's to say. Gives what Vary is to be. */
function joinHeader(joined: unknown[], varies: string, name: string, value: unknown): string {
  const first = name.charCodeAt(0) | 0x20; // in lower case
  if (first === LETTER_A && isCorsResponseHeader(name.toLowerCase())) return varies;
  if (first === LETTER_V && name.toLowerCase() === 'vary') return mergeVary(String(value), varies);
  joined.push(name, value);
  return varies;
}

function pairsOf(headers: readonly unknown[]): readonly (readonly [string, string])[] {
  if (Array.isArray(headers[0])) return headers as readonly (readonly [string, string])[];
  return Array.from(
    { length: headers.length / 2 },
    (_, i) => [headers[2 * i], headers[2 * i + 1]] as [string, string],
  );
}

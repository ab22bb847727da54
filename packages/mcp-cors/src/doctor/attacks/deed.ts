import type { HeaderField } from '../../policy/index.js';
import { MODERN_VERSION, modernMessage } from '../journeys/official2Auto.js';
import { CLIENT_INFO, LEGACY_VERSION } from '../journeys/streamable.js';
import { fieldOf } from '../page.js';
import type { AttackContext } from './context.js';
import { type Answer, RPC_ID, type Trial } from './prober.js';

/** The mildest request that shows whether a server acts: nothing else than these is ever sent. */
export type Deed = 'initialize' | 'tools/list' | 'open the stream';

/** What came of a deed. */
export interface Outcome {
  readonly answer: Answer;
  /** Whether the server did what it was asked to. */
  readonly acted: boolean;
}

const JSON_TYPE: HeaderField = ['content-type', 'application/json'];
/** What every client of the protocol accepts. */
export const ACCEPT: HeaderField = ['accept', 'application/json, text/event-stream'];

/** The deed that a server of this kind can be asked for. */
export function deedOf({ target }: Pick<AttackContext, 'target'>): Deed {
  if (!target.streamable && target.sse) return 'open the stream';
  // A server of 2026-07-28 alone has no initialize.
  return target.modern && !target.opensSessions && target.status >= 400 ? 'tools/list' : 'initialize';
}

/** A JSON-RPC message with the id that answers are recognised by. */
export function message(method: string, params?: object): string {
  return JSON.stringify({ jsonrpc: '2.0', id: RPC_ID, method, ...(params && { params }) });
}

/** `initialize` as every client sends it. */
export const INITIALIZE = message('initialize', {
  protocolVersion: LEGACY_VERSION,
  capabilities: {},
  clientInfo: CLIENT_INFO,
});

/** A request that has no effect on any server, with a session or without. */
export const PING = message('ping');

/**
 * Asks for the deed with the headers given, and ends the session that this opened.
 * @param headers Host, Origin and the like. A Content-Type among them takes the place of JSON's.
 */
export async function act(
  context: AttackContext,
  headers: readonly HeaderField[],
  how: Pick<Trial, 'rawTarget'> & { readonly types?: readonly string[] } = {},
): Promise<Outcome | undefined> {
  const { prober, target } = context;
  const { types, ...rest } = how;
  const deed = deedOf(context);
  if (deed === 'open the stream') {
    if (target.headless) return undefined;
    const answer = await prober.try({
      method: 'GET',
      url: target.url,
      headers: [...headers, ['accept', 'text/event-stream']],
      awaitEvent: true,
      ...rest,
    });
    if (answer === undefined) return undefined;
    // In a stream that was read byte by byte the event is in the text.
    return {
      answer,
      acted: answer.firstEvent?.event === 'endpoint' || /^event: ?endpoint/m.test(answer.text),
    };
  }
  const typeLines: readonly HeaderField[] =
    types === undefined ? [JSON_TYPE] : types.map((type) => ['content-type', type] as const);
  const modern: readonly HeaderField[] =
    deed === 'tools/list'
      ? [
          ['mcp-protocol-version', MODERN_VERSION],
          ['mcp-method', 'tools/list'],
        ]
      : [];
  const body =
    deed === 'tools/list'
      ? JSON.stringify({ jsonrpc: '2.0', id: RPC_ID, ...modernMessage({ method: 'tools/list' }) })
      : INITIALIZE;
  const answer = await prober.try({
    method: 'POST',
    url: target.url,
    headers: [...headers, ...modern, ...typeLines, ACCEPT],
    body,
    ...rest,
  });
  if (answer === undefined) return undefined;
  const sessionId = fieldOf(answer, 'mcp-session-id');
  if (sessionId !== undefined) await endSession(context, sessionId, headers);
  return { answer, acted: answer.status < 300 && answer.reply?.result !== undefined };
}

/** Ends a session that an attack opened, with the headers that it was opened with. */
export async function endSession(
  { prober, target }: AttackContext,
  sessionId: string,
  headers: readonly HeaderField[],
): Promise<Answer | undefined> {
  return prober.try({
    method: 'DELETE',
    url: target.url,
    headers: [...headers, ['mcp-session-id', sessionId], ['mcp-protocol-version', LEGACY_VERSION]],
  });
}

/** Sends a ping as a page or a program would, in a session or without. */
export function ping(
  { prober, target }: AttackContext,
  headers: readonly HeaderField[],
  sessionId?: string,
): Promise<Answer | undefined> {
  const session: readonly HeaderField[] =
    sessionId === undefined
      ? []
      : [
          ['mcp-session-id', sessionId],
          ['mcp-protocol-version', LEGACY_VERSION],
        ];
  return prober.try({
    method: 'POST',
    url: target.url,
    headers: [...headers, ...session, JSON_TYPE, ACCEPT],
    body: PING,
  });
}

/** What a browser asks before a page of an origin sends JSON. */
export function askFirst(
  { prober, target }: AttackContext,
  headers: readonly HeaderField[],
  { method = 'POST', names = 'content-type' }: { readonly method?: string; readonly names?: string } = {},
): Promise<Answer | undefined> {
  return prober.try({
    method: 'OPTIONS',
    url: target.url,
    headers: [
      ['accept', '*/*'],
      ['access-control-request-method', method],
      ['access-control-request-headers', names],
      ...headers,
    ],
  });
}

/** How an answer lets a page of an origin read it. */
export interface Admission {
  /** The origin itself, `*`, or neither. */
  readonly by: 'name' | 'star' | undefined;
  readonly credentials: boolean;
}

/** What an answer's CORS headers say to a page of an origin (Fetch standard, CORS check). */
export function admissionOf(answer: Answer | undefined, origin: string): Admission {
  const allowed = answer === undefined ? undefined : fieldOf(answer, 'access-control-allow-origin');
  const by = allowed === origin ? 'name' : allowed === '*' ? 'star' : undefined;
  const credentials = by !== undefined && fieldOf(answer, 'access-control-allow-credentials') === 'true';
  return { by, credentials };
}

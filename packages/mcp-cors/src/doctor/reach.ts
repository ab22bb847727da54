import type { HeaderField } from '../policy/index.js';
import { MODERN_VERSION, modernMessage } from './journeys/official2Auto.js';
import { METHOD_NOT_FOUND } from './journeys/reactions.js';
import { CLIENT_INFO, LEGACY_VERSION } from './journeys/streamable.js';
import { isEventStream, isRecord, parseMessage, type RpcMessage, readReply } from './messages.js';
import { fieldOf } from './page.js';
import type { Trace } from './stacks.js';
import type { Transport, WireRequest, WireResponse } from './transport.js';
import { TransportError } from './transportError.js';

/** What a client that is no page finds at a URL. */
export interface Target {
  readonly url: string;
  /** Whether it answers as a Streamable HTTP endpoint, and as the stream of HTTP+SSE. */
  readonly streamable: boolean;
  readonly sse: boolean;
  /** Whether the stream of HTTP+SSE does not even begin: its head is held back as well. */
  readonly headless: boolean;
  /** Milliseconds after which an answer that need not come is not waited for: many times what initialize took. */
  readonly patienceMs: number;
  /** Whether the revision 2026-07-28 is spoken. */
  readonly modern: boolean;
  readonly tokenAsked: boolean;
  /** Whether initialize opens a session. */
  readonly opensSessions: boolean;
  /** The answer to initialize. */
  readonly status: number;
  readonly exchange: { readonly request: WireRequest; readonly response: WireResponse };
  readonly traces: readonly Trace[];
}

/** Least patience with what need not be answered, and how many times longer than initialize it may take. */
const LEAST_PATIENCE_MS = 3_000;
const SLOWER = 10;

/** Something answers, and it is no MCP server. */
export class NotAnMcpServerError extends Error {
  override readonly name = 'NotAnMcpServerError';
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

/** Paths at which MCP servers usually are. */
const USUAL_PATHS = ['/mcp', '/sse'];

/** Headers and body of `initialize` as a native client sends it. */
export function initializeRequest(url: string, own: readonly HeaderField[]): WireRequest {
  return {
    method: 'POST',
    url,
    headers: [
      ...own,
      ['content-type', 'application/json'],
      ['accept', 'application/json, text/event-stream'],
    ],
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 0,
      method: 'initialize',
      params: { protocolVersion: LEGACY_VERSION, capabilities: {}, clientInfo: CLIENT_INFO },
    }),
  };
}

/**
 * Asks what is at a URL, as a client that is no page.
 * @throws TransportError when nothing answers, NotAnMcpServerError when what answers does not speak MCP.
 */
export async function reach(url: string, transport: Transport, own: readonly HeaderField[]): Promise<Target> {
  const request = initializeRequest(url, own);
  const response = await transport.send(request);
  const { status, headers, headMs } = response;
  const patienceMs = Math.min(transport.timeoutMs, Math.max(LEAST_PATIENCE_MS, headMs * SLOWER));
  const contentType = fieldOf(response, 'content-type');
  const streamed = isEventStream(contentType);
  const reply = streamed ? await readReply(response.body, contentType, 0, transport.timeoutMs) : undefined;
  const text = await response.body.text(streamed ? 0 : transport.timeoutMs);
  response.body.close();
  const sessionId = fieldOf(response, 'mcp-session-id');
  if (sessionId !== undefined) await endNativeSession(url, sessionId, transport, own);

  const message = reply ?? parseMessage(text);
  const answers = message === undefined ? speaksBetweenTheLines(status) : isAnswer(message, status);
  const stream = message?.result === undefined ? await findStream(url, transport, own, patienceMs) : 'none';
  // An HTTP+SSE server answers a POST to its stream with an error, which may be one of JSON-RPC. Where a POST tells
  // nothing, a stream that stays silent is one whose first event is held back on its way.
  const streamable = answers && stream !== 'speaks';
  const sse = stream === 'speaks' || (!answers && isHeldBack(stream, status));
  const traces: Trace[] = [{ headers, body: text }];
  if (!streamable && !sse) throw await notAnMcpServer(url, response, text, transport, own);
  const modern = streamable && status !== 401 && (await speaksModern(url, transport, own));
  return {
    url,
    streamable,
    sse,
    headless: sse && stream === 'headless',
    patienceMs,
    modern,
    tokenAsked: status === 401,
    opensSessions: sessionId !== undefined,
    status,
    exchange: { request, response },
    traces,
  };
}

/** Whether a message answers initialize, if only by saying that the method is unknown, as 2026-07-28 alone does with 404. */
function isAnswer({ error }: RpcMessage, status: number): boolean {
  return error?.code === METHOD_NOT_FOUND || (status !== 404 && status !== 405);
}

/** Answers that something in front of an MCP server gives as well: a demand for a token, a refusal, a redirect, a failure. */
function speaksBetweenTheLines(status: number): boolean {
  return (
    [401, 403, 421, 429].includes(status) ||
    (status >= 300 && status < 400) ||
    (status >= 500 && status !== 501)
  );
}

/** Ends a session that a client without a page had opened. */
export async function endNativeSession(
  url: string,
  id: string,
  transport: Transport,
  own: readonly HeaderField[],
): Promise<void> {
  const headers: HeaderField[] = [...own, ['mcp-session-id', id], ['mcp-protocol-version', LEGACY_VERSION]];
  try {
    const { body } = await transport.send({ method: 'DELETE', url, headers });
    await body.text(transport.timeoutMs);
  } catch {
    // The server went away, and the session with it.
  }
}

/** What a GET comes to: a stream that begins as HTTP+SSE must, one that says nothing, one without even a head, or none. */
type FoundStream = 'speaks' | 'silent' | 'headless' | 'none';

/** Longest wait for a stream's first event, which servers of HTTP+SSE send with the head. */
const FIRST_EVENT_MS = 1500;

async function findStream(
  url: string,
  transport: Transport,
  own: readonly HeaderField[],
  patienceMs: number,
): Promise<FoundStream> {
  try {
    const headers: HeaderField[] = [...own, ['accept', 'text/event-stream']];
    const response = await transport.send({ method: 'GET', url, headers }, patienceMs);
    const stream = response.status === 200 && isEventStream(fieldOf(response, 'content-type'));
    const event = stream
      ? await response.body.nextEvent(Math.min(FIRST_EVENT_MS, transport.timeoutMs))
      : undefined;
    const silent = stream && event === undefined && !response.body.ended;
    response.body.close();
    if (event?.event === 'endpoint') return 'speaks';
    return silent ? 'silent' : 'none';
  } catch (error) {
    return error instanceof TransportError && error.fault === 'time-out' ? 'headless' : 'none';
  }
}

/** Whether what a GET came to is a stream that something holds back. Without a head, the POST has to tell that the path is known. */
function isHeldBack(stream: FoundStream, status: number): boolean {
  return stream === 'silent' || (stream === 'headless' && [400, 404, 405, 406, 415].includes(status));
}

async function speaksModern(
  url: string,
  transport: Transport,
  own: readonly HeaderField[],
): Promise<boolean> {
  try {
    const response = await transport.send({
      method: 'POST',
      url,
      headers: [
        ...own,
        ['mcp-protocol-version', MODERN_VERSION],
        ['mcp-method', 'server/discover'],
        ['content-type', 'application/json'],
        ['accept', 'application/json, text/event-stream'],
      ],
      body: JSON.stringify({ jsonrpc: '2.0', id: 0, ...modernMessage({ method: 'server/discover' }) }),
    });
    const reply = await readReply(response.body, fieldOf(response, 'content-type'), 0, transport.timeoutMs);
    response.body.close();
    const versions = isRecord(reply?.result) ? reply.result.supportedVersions : undefined;
    return Array.isArray(versions) && versions.includes(MODERN_VERSION);
  } catch {
    return false;
  }
}

async function notAnMcpServer(
  url: string,
  response: WireResponse,
  text: string,
  transport: Transport,
  own: readonly HeaderField[],
): Promise<NotAnMcpServerError> {
  const { pathname, origin, protocol } = new URL(url);
  const what = `${response.status}${fieldOf(response, 'content-type') === undefined ? '' : ` (${fieldOf(response, 'content-type')})`}`;
  if (
    protocol === 'http:' &&
    /plain HTTP request was sent to HTTPS|HTTP request to an HTTPS server/i.test(text)
  ) {
    return new NotAnMcpServerError(`${origin} expects https`, `Try ${url.replace(/^http:/, 'https:')}.`);
  }
  const message = `${url} does not speak MCP: it answered initialize with ${what}, and GET opens no stream`;
  for (const path of USUAL_PATHS.filter((usual) => usual !== pathname)) {
    if (await speaksMcp(`${origin}${path}`, transport, own)) {
      return new NotAnMcpServerError(message, `There is an MCP server at ${origin}${path}.`);
    }
  }
  return new NotAnMcpServerError(
    message,
    'Name the URL of the endpoint itself, usually one that ends in /mcp or /sse.',
  );
}

async function speaksMcp(url: string, transport: Transport, own: readonly HeaderField[]): Promise<boolean> {
  try {
    const response = await transport.send(initializeRequest(url, own));
    const reply = await readReply(response.body, fieldOf(response, 'content-type'), 0, transport.timeoutMs);
    response.body.close();
    const sessionId = fieldOf(response, 'mcp-session-id');
    if (sessionId !== undefined) await endNativeSession(url, sessionId, transport, own);
    return (
      reply?.result !== undefined || (await findStream(url, transport, own, LEAST_PATIENCE_MS)) === 'speaks'
    );
  } catch {
    return false;
  }
}

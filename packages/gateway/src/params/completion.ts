import type { IncomingMessage } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import type { Decision, Reason, Revision } from 'mcp-cors';
import type { Connection } from '../connections.js';
import type { OnHeldAnswer } from '../upstreamAnswer.js';
import { type AnswerReader, createAnswerReader } from './answerReader.js';
import { askerKey, canSpeakFor, listHeaders } from './asker.js';
import { readListCursor, readToolCall, type ToolCall } from './call.js';
import { paramHeaders } from './encoding.js';
import { createInquiries, type InquiryCounts } from './inquiries.js';
import { createToolMemory } from './memory.js';
import { type AnswerObserver, createWordSearch } from './observation.js';
import { MAX_PAGE_BYTES } from './toolList.js';
import { type DeclaredTools, readToolPage } from './toolPage.js';

/** A request that is about to be sent on. */
export interface Outgoing {
  readonly request: IncomingMessage;
  /** The client's address. */
  readonly address: string | undefined;
  /** Where the route leads. */
  readonly upstream: string;
  /** The request target at the upstream. */
  readonly path: string;
  /** Names and values, one after the other. */
  readonly headers: readonly string[];
  /** Whole, or undefined when it is too large to be held. */
  readonly body: Buffer | undefined;
  readonly connect: () => Connection;
}

/** How a request is sent: with which headers added, who looks at its answer, and who may keep that from the client. */
export interface Sending {
  /** Names and values, one after the other. */
  readonly added?: readonly string[];
  readonly observer?: AnswerObserver;
  readonly onHeld?: OnHeldAnswer;
}

/** How often what happened. */
export interface CompletionCounts extends InquiryCounts {
  /** Calls that were sent with headers added. */
  readonly completed: number;
}

/**
 * Adds to tool calls of web pages the `Mcp-Param-*` headers that the official client leaves out in browsers, as it adds
 * them elsewhere; what it would not add is not added here.
 * @see https://modelcontextprotocol.io/specification/2026-07-28/basic/transports
 */
export interface ParamCompletion {
  /** Sends a request that {@link isCompletable} said yes to: at once, or when its tool's schema is known. */
  pass(outgoing: Outgoing, send: (sending: Sending) => void): void;
  counts(): CompletionCounts;
}

/** The revision that has these headers. */
const REVISION = '2026-07-28' satisfies Revision;

/** Reasons by which a page was let in. */
const PAGE_REASONS: ReadonlySet<Reason> = new Set<Reason>(['origin-allowed', 'same-origin']);

/** A server's word for a header that does not say what the body says; it is told with status 400. */
const HEADER_MISMATCH = '-32020';

/** What a server's word for changed tools ends in. */
const LIST_CHANGED = 'list_changed';

/** Whether a request is one to complete, or to learn from. For other revisions, one header is looked at. */
export function isCompletable(request: IncomingMessage, { reason, wouldDeny }: Decision): boolean {
  const { headers, method } = request;
  if (headers['mcp-protocol-version'] !== REVISION) return false;
  if (method !== 'POST' || headers.origin === undefined) return false;
  if (!PAGE_REASONS.has(reason) || wouldDeny !== undefined) return false;
  const mcpMethod = headers['mcp-method'];
  if (mcpMethod === 'tools/call') return !hasParamHeader(request);
  return mcpMethod === 'tools/list' || mcpMethod === 'subscriptions/listen';
}

function hasParamHeader({ headers }: IncomingMessage): boolean {
  for (const name in headers) if (name.startsWith('mcp-param-')) return true;
  return false;
}

/** Makes a completion that knows nothing yet. */
export function createParamCompletion(): ParamCompletion {
  const memory = createToolMemory();
  const inquiries = createInquiries(memory);
  let completed = 0;
  /** Grows with each list that is forgotten, so that nothing older is learnt afterwards. */
  let changes = 0;

  function forget(key: string): void {
    changes++;
    memory.forget(key);
    inquiries.drop(key);
  }

  /** Learns from a page of a list. */
  function listObserver(key: string, cursor: string | null): AnswerObserver {
    const before = changes;
    let reader: AnswerReader | undefined;
    return {
      head(status, headers) {
        if (status !== 200) return;
        reader = createAnswerReader(headers, MAX_PAGE_BYTES, (message) => {
          const page = readToolPage(message);
          if (page !== undefined && before === changes) memory.learnPage(key, page, cursor);
        });
      },
      part: (chunk) => void reader?.take(chunk),
      end: () => reader?.end(),
    };
  }

  /** Forgets a list when its server says that it has changed; needlessly for other lists, which costs a request. */
  function changeObserver(key: string): AnswerObserver {
    return { head() {}, part: createWordSearch(LIST_CHANGED, () => forget(key)), end() {} };
  }

  function passCall(key: string, outgoing: Outgoing, send: (sending: Sending) => void): void {
    const { headers, body } = outgoing;

    const headersFor = (call: ToolCall, asked: DeclaredTools | undefined): readonly string[] =>
      paramHeaders(memory.find(key, call.tool) ?? asked?.get(call.tool) ?? [], call.args);

    const ask = ({ meta }: ToolCall): Promise<DeclaredTools | undefined> | undefined =>
      canSpeakFor(headers)
        ? inquiries.ask(key, {
            ...outgoing,
            headers: listHeaders(headers),
            meta,
          })
        : undefined;

    /** As the official client does: the list is asked for anew, and the call sent once more if that makes a difference. */
    const retry =
      (added: readonly string[]): OnHeldAnswer =>
      (status, answer, give) => {
        if (status !== 400 || !answer.includes(HEADER_MISMATCH)) return false;
        forget(key);
        const call = readToolCall(body);
        const list = call && ask(call);
        if (list === undefined) return false;
        list.then((asked) => {
          const others = headersFor(call as ToolCall, asked);
          if (isDeepStrictEqual(others, added)) give();
          else sendWith({ added: others });
        });
        return true;
      };

    const sendWith = (sending: Sending): void => {
      if (sending.added?.length) completed++;
      send(sending);
    };
    const sendFirst = (added: readonly string[]): void => sendWith({ added, onHeld: retry(added) });

    const call = memory.isPlain(key) ? undefined : readToolCall(body);
    if (call === undefined) {
      sendFirst([]);
      return;
    }
    const list = memory.find(key, call.tool) === undefined ? ask(call) : undefined;
    if (list === undefined) sendFirst(headersFor(call, undefined));
    else list.then((asked) => sendFirst(headersFor(call, asked)));
  }

  return {
    pass(outgoing, send) {
      const { request, upstream, path, headers, body } = outgoing;
      const key = askerKey({ upstream, path, origin: request.headers.origin, headers });
      const method = request.headers['mcp-method'];
      if (method === 'tools/call') {
        passCall(key, outgoing, send);
        return;
      }
      const cursor = method === 'tools/list' ? readListCursor(body) : undefined;
      send({ observer: cursor === undefined ? changeObserver(key) : listObserver(key, cursor) });
    },
    counts: () => ({ ...inquiries.counts(), completed }),
  };
}

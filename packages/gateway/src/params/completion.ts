import type { IncomingMessage } from 'node:http';
import type { Decision, Reason, Revision } from 'mcp-cors';
import type { Dispatcher } from 'undici';
import type { Connection } from '../connections.js';
import { type AnswerReader, createAnswerReader } from './answerReader.js';
import { askerKey, canSpeakFor, listHeaders } from './asker.js';
import { readListCursor, readToolCall } from './call.js';
import { paramHeaders } from './encoding.js';
import { createInquiries, type InquiryCounts } from './inquiries.js';
import { createToolMemory } from './memory.js';
import { type AnswerObserver, createWordSearch, observed } from './observation.js';
import { MAX_PAGE_BYTES } from './toolList.js';
import { type DeclaredTools, readToolPage } from './toolPage.js';

/** A request that is about to be sent on. */
export interface Outgoing {
  readonly request: IncomingMessage;
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

/** Sends a request with headers added, and has its answer observed. */
export type Send = (
  added: readonly string[],
  observe: (handler: Dispatcher.DispatchHandler) => Dispatcher.DispatchHandler,
) => void;

/** How often what happened. */
export interface CompletionCounts extends InquiryCounts {
  /** Calls that headers were added to. */
  readonly completed: number;
}

/**
 * Adds to tool calls of web pages the `Mcp-Param-*` headers that the official client leaves out in browsers, as it adds
 * them elsewhere; what it would not add is not added here.
 * @see https://modelcontextprotocol.io/specification/2026-07-28/basic/transports
 */
export interface ParamCompletion {
  /** Sends a request that {@link isCompletable} said yes to: at once, or when its tool's schema is known. */
  pass(outgoing: Outgoing, send: Send): void;
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

  /** Forgets a list at a word: sometimes needlessly, which costs a request, and never too late. */
  function wordObserver(key: string, word: string, status: number): AnswerObserver {
    let search: ((chunk: Buffer) => void) | undefined;
    return {
      head(answered) {
        if (answered === status) search = createWordSearch(word, () => forget(key));
      },
      part: (chunk) => search?.(chunk),
      end() {},
    };
  }

  function passCall(key: string, outgoing: Outgoing, send: Send): void {
    const { request, headers, body } = outgoing;
    const call = memory.isPlain(key) ? undefined : readToolCall(body);

    const complete = (asked?: DeclaredTools): void => {
      const declarations = call && (memory.find(key, call.tool) ?? asked?.get(call.tool));
      const added = declarations === undefined ? [] : paramHeaders(declarations, call?.args);
      if (added.length > 0) completed++;
      send(added, (handler) => observed(handler, wordObserver(key, HEADER_MISMATCH, 400)));
    };

    const list =
      call !== undefined && memory.find(key, call.tool) === undefined && canSpeakFor(headers)
        ? inquiries.ask(key, {
            ...outgoing,
            headers: listHeaders(headers),
            meta: call.meta,
            address: request.socket.remoteAddress,
          })
        : undefined;
    if (list === undefined) complete();
    else list.then(complete);
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
      const observer =
        cursor === undefined ? wordObserver(key, LIST_CHANGED, 200) : listObserver(key, cursor);
      send([], (handler) => observed(handler, observer));
    },
    counts: () => ({ ...inquiries.counts(), completed }),
  };
}

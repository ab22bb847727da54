import { setTimeout as wait } from 'node:timers/promises';
import type { HeaderField } from '../../policy/index.js';
import type { Witness } from '../evidence.js';
import { isEventStream, parseMessage, type RpcMessage, readReply } from '../messages.js';
import { fieldOf } from '../page.js';
import type { WireRequest, WireResponse } from '../transport.js';
import { exchangeRaw, type RawRequest, type RawResponse } from './rawExchange.js';

/** Sends one request and resolves with the head of its response, within a time: `send` of a transport. */
export type Send = (request: WireRequest, withinMs?: number) => Promise<WireResponse>;

/** Sends bytes that HTTP clients refuse to; undefined when nothing that looks like HTTP came back within the time. */
export type SendRaw = (request: RawRequest, withinMs: number) => Promise<RawResponse | undefined>;

/** What came back, read as far as an attack looks. */
export interface Answer {
  readonly status: number;
  readonly headers: readonly HeaderField[];
  readonly text: string;
  /** The JSON-RPC response to the request that was sent, out of JSON or a stream. */
  readonly reply: RpcMessage | undefined;
  /** The first event of a stream, where it was waited for. */
  readonly firstEvent: { readonly event: string; readonly data: string } | undefined;
  readonly headMs: number;
  readonly witness: Witness;
  /** Leaves a stream that was kept open. */
  close(): void;
}

/** A request to try. */
export interface Trial {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly HeaderField[];
  readonly body?: string | undefined;
  /** In place of the URL's path: sent in bytes of our own. */
  readonly rawTarget?: string;
  /** Whether the first event of a stream that this opens is waited for. */
  readonly awaitEvent?: boolean;
  /** Whether such a stream stays open. */
  readonly keepOpen?: boolean;
}

export interface Prober {
  /** Sends a request; undefined when there was no answer, when the bound is reached, or when all was called off. */
  try(trial: Trial): Promise<Answer | undefined>;
  /** How many requests were sent. */
  readonly requests: number;
  /** Why no more requests are sent; undefined while they are. */
  readonly stopped: 'bound' | 'time' | 'aborted' | 'limited' | undefined;
}

export interface ProberOptions {
  readonly send: Send;
  readonly sendRaw?: SendRaw | undefined;
  readonly maxRequests: number;
  /** Milliseconds for one request. */
  readonly requestMs: number;
  /** Milliseconds for all of them. */
  readonly totalMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: { readonly sent: number; readonly of: number }) => void) | undefined;
}

/** Answers 429 in a row after which the server is left alone. */
const LIMITED_AFTER = 3;

/** The id of every JSON-RPC request that an attack sends. */
export const RPC_ID = 'mcp-cors-check';

/** What Node's client refuses to write (RFC 9110 section 5.5). */
const UNWRITABLE = /[^\t\x20-\x7e\x80-\xff]/;

/** Counts, bounds and times requests, and reads their answers. */
export function createProber(options: ProberOptions): Prober {
  const { send, sendRaw = exchangeRaw, maxRequests, requestMs, totalMs, signal, onProgress } = options;
  const until = performance.now() + totalMs;
  let requests = 0;
  let limited = 0;
  let stopped: Prober['stopped'];

  function stop(): boolean {
    if (stopped !== undefined) return true;
    if (signal?.aborted) stopped = 'aborted';
    else if (requests >= maxRequests) stopped = 'bound';
    else if (performance.now() > until) stopped = 'time';
    else if (limited >= LIMITED_AFTER) stopped = 'limited';
    return stopped !== undefined;
  }

  async function overHttp(trial: Trial, request: WireRequest): Promise<Answer | undefined> {
    const sending = send(request, requestMs);
    const timeout = new AbortController();
    const response = await Promise.race([
      sending,
      wait(requestMs, undefined, { signal: timeout.signal }).catch(() => undefined),
    ]);
    timeout.abort();
    if (response === undefined) {
      // Whatever still comes is not wanted.
      sending.then(({ body }) => body.close()).catch(() => {});
      return undefined;
    }
    const { status, headers, body, headMs } = response;
    const type = fieldOf(response, 'content-type');
    const stream = isEventStream(type);
    const firstEvent = stream && trial.awaitEvent ? await body.nextEvent(requestMs) : undefined;
    const reply = trial.method === 'POST' ? await readReply(body, type, RPC_ID, requestMs) : undefined;
    const text = stream ? body.soFar : await body.text(requestMs);
    if (!trial.keepOpen && (stream || !body.ended)) body.close();
    const witness = { request, response: { status, headers } };
    return { status, headers, text, reply, firstEvent, headMs, witness, close: () => body.close() };
  }

  async function overSocket(trial: Trial, request: WireRequest): Promise<Answer | undefined> {
    const { url, method, body } = request;
    const hasHost = request.headers.some(([name]) => name.toLowerCase() === 'host');
    const headers: HeaderField[] = [
      ...(hasHost ? [] : [['Host', new URL(url).host] as const]),
      ...request.headers,
    ];
    const began = performance.now();
    const raw = await sendRaw(
      { url, method, headers, body, ...(trial.rawTarget !== undefined && { target: trial.rawTarget }) },
      requestMs,
    );
    if (raw === undefined) return undefined;
    const json = /\{.*\}/s.exec(raw.body)?.[0];
    return {
      status: raw.status,
      headers: raw.headers,
      text: raw.body,
      reply: json === undefined ? undefined : parseMessage(json),
      firstEvent: undefined,
      headMs: performance.now() - began,
      witness: { request, response: { status: raw.status, headers: raw.headers } },
      close: () => {},
    };
  }

  return {
    get requests() {
      return requests;
    },
    get stopped() {
      return stopped;
    },
    async try(trial) {
      // A session that an attack opened is ended whatever the bounds say.
      if (stop() && trial.method !== 'DELETE') return undefined;
      requests += 1;
      onProgress?.({ sent: requests, of: maxRequests });
      const { method, url, headers, body } = trial;
      const request: WireRequest = { method, url, headers, body };
      const raw =
        trial.rawTarget !== undefined ||
        headers.some(([, value]) => UNWRITABLE.test(value)) ||
        !/^[A-Za-z]+$/.test(method);
      const answer = await (raw ? overSocket(trial, request) : overHttp(trial, request)).catch(
        () => undefined,
      );
      limited = answer?.status === 429 ? limited + 1 : 0;
      return answer;
    },
  };
}

import type { StreamEvent } from './eventStream.js';
import type { WireBody } from './wireBody.js';

/** A JSON-RPC message, as far as the doctor looks. */
export interface RpcMessage {
  readonly id?: string | number | null;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code?: number; readonly message?: string; readonly data?: unknown };
}

/** Reads a JSON-RPC message; undefined when a text is none. */
export function parseMessage(text: string): RpcMessage | undefined {
  const value = parseRecord(text);
  const isMessage =
    value !== undefined && ('jsonrpc' in value || isRecord(value.error) || isRecord(value.result));
  return isMessage ? (value as RpcMessage) : undefined;
}

/** Reads a JSON object; undefined when a text is none. */
export function parseRecord(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The response to a request out of a body, be it JSON or a stream of events; undefined when none comes within a time. */
export async function readReply(
  body: WireBody,
  contentType: string | undefined,
  id: string | number,
  withinMs: number,
): Promise<RpcMessage | undefined> {
  if (!isEventStream(contentType)) return parseMessage(await body.text(withinMs));
  const reply = await awaitReply(body, id, withinMs);
  body.close();
  return reply;
}

/** The response to a request out of a stream that stays open. */
export async function awaitReply(
  body: WireBody,
  id: string | number,
  withinMs: number,
): Promise<RpcMessage | undefined> {
  const until = Date.now() + withinMs;
  for (;;) {
    const event: StreamEvent | undefined = await body.nextEvent(until - Date.now());
    if (event === undefined) return undefined;
    const message = event.event === 'message' ? parseMessage(event.data) : undefined;
    if (message?.id === id) return message;
  }
}

export function isEventStream(contentType: string | undefined): boolean {
  return (
    contentType !== undefined && contentType.split(';', 1)[0]?.trim().toLowerCase() === 'text/event-stream'
  );
}

import { isObject, parseJson, writeJson } from './json.js';

/** What a request to call a tool says. */
export interface ToolCall {
  readonly tool: string;
  readonly args: unknown;
  /** What every request of the client's has in its `_meta`, as JSON: revision, name, capabilities. */
  readonly meta: string;
}

const META_KEYS = ['protocolVersion', 'clientInfo', 'clientCapabilities'].map(
  (key) => `io.modelcontextprotocol/${key}`,
);

/** Reads the body of a tool call; undefined when it is none, or could not be held. */
export function readToolCall(body: Buffer | undefined): ToolCall | undefined {
  const message = body === undefined ? undefined : parseJson(body);
  if (!isObject(message) || message.method !== 'tools/call' || !isObject(message.params)) return undefined;
  const { name, arguments: args, _meta } = message.params;
  if (typeof name !== 'string') return undefined;
  const given = isObject(_meta) ? _meta : {};
  const meta = writeJson(
    Object.fromEntries(META_KEYS.filter((key) => key in given).map((key) => [key, given[key]])),
  );
  return meta === undefined ? undefined : { tool: name, args, meta };
}

/** Which page of a list a request asks for: the cursor, or null for the first; undefined when it asks for none. */
export function readListCursor(body: Buffer | undefined): string | null | undefined {
  const message = body === undefined ? undefined : parseJson(body);
  if (!isObject(message) || message.method !== 'tools/list') return undefined;
  const cursor = isObject(message.params) ? message.params.cursor : undefined;
  if (cursor === undefined) return null;
  return typeof cursor === 'string' ? cursor : undefined;
}

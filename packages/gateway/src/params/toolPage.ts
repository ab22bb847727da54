import { type Declaration, readDeclarations } from './declarations.js';
import { isObject } from './json.js';

/** Declarations by the name of their tool; tools without any are left out. */
export type DeclaredTools = ReadonlyMap<string, readonly Declaration[]>;

/** What a page of a tool list says. */
export interface ToolPage {
  readonly tools: DeclaredTools;
  /** What the next page is asked for with; undefined on the last. */
  readonly nextCursor: string | undefined;
}

/** Reads a JSON-RPC message as the answer to `tools/list`; undefined when it is none. */
export function readToolPage(message: unknown): ToolPage | undefined {
  if (!isObject(message) || !isObject(message.result)) return undefined;
  const { tools: listed, nextCursor } = message.result;
  if (!Array.isArray(listed)) return undefined;
  const tools = new Map<string, readonly Declaration[]>();
  for (const tool of listed) {
    if (!isObject(tool) || typeof tool.name !== 'string') continue;
    const declarations = readDeclarations(tool.inputSchema);
    if (declarations === undefined) continue; // clients must leave such a tool out
    if (declarations.length > 0) tools.set(tool.name, declarations);
    else tools.delete(tool.name); // of two tools with one name, the last counts
  }
  return { tools, nextCursor: typeof nextCursor === 'string' ? nextCursor : undefined };
}

import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import type { Connection } from '../connections.js';
import { type AnswerReader, createAnswerReader } from './answerReader.js';
import type { Declaration } from './declarations.js';
import { type DeclaredTools, readToolPage, type ToolPage } from './toolPage.js';

/** How a list of tools is asked for. */
export interface ListRequest {
  /** The request target at the upstream. */
  readonly path: string;
  readonly headers: readonly string[];
  /** `_meta` of the parameters, as JSON: revision, name and capabilities of the client. */
  readonly meta: string;
  readonly connect: () => Connection;
  /** Whether another page may be asked for. */
  readonly mayAsk: () => boolean;
}

/** Bound on the bytes of an answer with a page of tools. */
export const MAX_PAGE_BYTES = 1_048_576;

/** Bounds on one list: pages (the official client's own), and the time in which all of them must come. */
const MAX_PAGES = 64;
const LIST_TIMEOUT_MS = 5_000;

/** Asks an upstream for its whole list of tools; undefined when it does not give one within the bounds. */
export async function askForTools(request: ListRequest): Promise<DeclaredTools | undefined> {
  const deadline = performance.now() + LIST_TIMEOUT_MS;
  const tools = new Map<string, readonly Declaration[]>();
  let cursor: string | undefined;
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const leftMs = deadline - performance.now();
    if (leftMs <= 0 || !request.mayAsk()) return undefined;
    const page = await askForPage(request, cursor, leftMs);
    if (page === undefined) return undefined;
    for (const [name, declarations] of page.tools) tools.set(name, declarations);
    if (page.nextCursor === undefined || page.nextCursor === cursor) return tools;
    cursor = page.nextCursor;
  }
  return undefined;
}

/** Asks for one page; never rejects. */
function askForPage(
  { path, headers, meta, connect }: ListRequest,
  cursor: string | undefined,
  timeoutMs: number,
): Promise<ToolPage | undefined> {
  return new Promise((resolve) => {
    const connection = connect();
    let controller: Dispatcher.DispatchController | undefined;
    let reader: AnswerReader | undefined;
    let over = false;
    const timer = setTimeout(() => give(undefined, false), timeoutMs);

    function give(page: ToolPage | undefined, whole: boolean): void {
      resolve(page);
      if (over) return;
      over = true;
      clearTimeout(timer);
      if (whole) {
        connection.release();
        return;
      }
      controller?.abort(new Error('nobody waits for the answer'));
      connection.destroy();
    }

    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(started) {
        controller = started;
      },
      onResponseStart(_, status, responseHeaders: IncomingHttpHeaders) {
        if (over || status < 200) return; // an interim response; the final one follows
        if (status === 200) reader = createAnswerReader(responseHeaders, MAX_PAGE_BYTES, take);
        if (reader === undefined) give(undefined, false);
      },
      onResponseData(_, chunk: Buffer) {
        if (!over && reader?.take(chunk) === false) give(undefined, false);
      },
      onResponseEnd() {
        if (!over) reader?.end();
        give(undefined, true);
      },
      onResponseError: () => give(undefined, false),
    };

    /** A stream may go on after its answer; nobody waits for its end then. */
    function take(message: unknown): void {
      const page = readToolPage(message);
      if (page !== undefined) resolve(page);
    }

    const page = cursor === undefined ? '' : `"cursor":${JSON.stringify(cursor)},`;
    const body = `{"jsonrpc":"2.0","id":"mcp-cors-tools","method":"tools/list","params":{${page}"_meta":${meta}}}`;
    connection.dispatch({ path, method: 'POST', headers: [...headers], body }, handler);
  });
}

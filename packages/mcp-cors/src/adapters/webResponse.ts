import { CORS_RESPONSE_HEADERS, type Decision, mergeVary } from '../policy/index.js';
import { createEndpointEventRewriter, isEventStream } from '../session/index.js';

/** The answer of a decision that the application is not asked about; undefined when it is. */
export function answerOf({ status, body }: Decision): Response | undefined {
  if (status === undefined) return undefined;
  return new Response(status === 204 ? null : body, { status });
}

/** JSON-RPC code of an error inside the server. @see https://www.jsonrpc.org/specification#error_object */
const INTERNAL_ERROR = JSON.stringify({ jsonrpc: '2.0', error: { code: -32603, message: 'Internal error' } });

/** What a page is told when the application fails: that, and nothing about it. */
export function internalError(): Response {
  return new Response(INTERNAL_ERROR, { status: 500, headers: { 'content-type': 'application/json' } });
}

/** What a handler gives, with the headers of a decision and no other CORS headers, and with session ids sealed. */
export type ApplyToResponse = (
  decision: Decision,
  response: Response,
  sealId?: ((id: string) => string) | undefined,
) => Response;

/** Makes the part that puts decisions on responses. */
export function createApply(): ApplyToResponse {
  // An application may give one response without a body again and again, to pages of different origins.
  const changed = new WeakSet<Response>();

  return (decision, given, sealId) => {
    if (decision.wouldDeny !== undefined) return given; // report-only: it stays the application's own
    // A network error (https://fetch.spec.whatwg.org/#concept-network-error) has nothing that could be sent.
    const response = given.status === 0 ? internalError() : given;
    const sealed = sealId === undefined ? undefined : sealEndpointEvent(sealId, decision, response);
    if (sealed !== undefined) {
      setHeaders(decision, sealed.headers, sealId);
      return sealed;
    }
    if (!changed.has(response) && canSetHeaders(decision, response.headers, sealId)) {
      changed.add(response);
      return response;
    }
    if (isUpgrade(response)) return response;
    const copy = new Response(response.body, response);
    setHeaders(decision, copy.headers, sealId);
    return copy;
  };
}

/** Whether headers could be set; those of responses that came over the network, and of some others, are immutable. */
function canSetHeaders(...given: Parameters<typeof setHeaders>): boolean {
  try {
    setHeaders(...given);
    return true;
  } catch {
    return false;
  }
}

function setHeaders(
  { headers, vary }: Decision,
  target: Headers,
  sealId: ((id: string) => string) | undefined,
): void {
  // Deleting comes first, for it throws where nothing may be changed, also when there is nothing to delete.
  for (const name of CORS_RESPONSE_HEADERS) target.delete(name);
  for (const [name, value] of headers) target.set(name, value);
  if (vary !== '') target.set('vary', mergeVary(target.get('vary') ?? undefined, vary));
  if (sealId === undefined) return;
  const id = target.get('mcp-session-id');
  if (id !== null) target.set('mcp-session-id', sealId(id));
}

/** A response that takes a connection over: only the object itself will do, with as many headers as it takes. */
function isUpgrade(response: Response): boolean {
  const { webSocket } = response as { readonly webSocket?: unknown };
  return response.status === 101 || (webSocket !== undefined && webSocket !== null);
}

/** The response with the session id in its `endpoint` event sealed; undefined when it is no event stream. */
function sealEndpointEvent(
  sealId: (id: string) => string,
  { kind }: Decision,
  response: Response,
): Response | undefined {
  if (kind !== 'sse' && kind !== 'mcp') return undefined;
  if (!isEventStream(response.headers.get('content-type'))) return undefined;
  if (response.body === null) return undefined;
  const rewriter = createEndpointEventRewriter(sealId);
  const stream = response.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => enqueue(rewriter.push(chunk), controller),
      flush: (controller) => enqueue(rewriter.flush(), controller),
    }),
  );
  const sealed = new Response(stream, response);
  sealed.headers.delete('content-length'); // a sealed id is longer
  return sealed;
}

function enqueue(bytes: Uint8Array, controller: TransformStreamDefaultController<Uint8Array>): void {
  if (bytes.length > 0) controller.enqueue(bytes);
}

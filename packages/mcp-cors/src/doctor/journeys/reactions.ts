import { isEventStream, isRecord, type RpcMessage, readReply } from '../messages.js';
import { bodyOf, fieldOf, type Visit } from '../page.js';
import { type Reaction, type Seen, sessionIdOf } from '../walk.js';

/** What is common to all answers: a blocked request, a redirect, a demand for a token. Undefined: the client reads on. */
export function reactToFailure(seen: Seen): Reaction | undefined {
  const { blocked, failure, response, memory } = seen;
  if (failure !== undefined) return { ok: false, stop: true, outcome: 'blocked', note: failure.message };
  if (blocked !== undefined) return { ok: false, stop: true, outcome: 'blocked' };
  if (response?.type === 'opaqueredirect') {
    return {
      ok: false,
      stop: true,
      outcome: 'blocked',
      note: `redirected${locationOf(seen)}: the client follows no redirect that the browser hides from it`,
    };
  }
  if (response?.status === 401) {
    memory.tokenWanted = true;
    return {
      ok: true,
      note: response.headers.has('www-authenticate')
        ? 'the server asks for a token; what follows is checked by preflight alone'
        : 'the server asks for a token and the page cannot read for whose; what follows is checked by preflight alone',
    };
  }
  return undefined;
}

function locationOf({ answer }: Visit): string {
  const location = fieldOf(answer, 'location');
  return location === undefined ? '' : ` to ${location.split('?', 1)[0]}`;
}

/** Reads the response to a JSON-RPC request, or says why there is none. */
export async function readResult(seen: Seen): Promise<RpcMessage | Reaction> {
  const { response, id, timeoutMs } = seen;
  const body = bodyOf(response);
  const contentType = response?.headers.get('content-type');
  if (response === undefined || body === undefined) return refusal('the answer has no body');
  if (!response.ok) {
    const text = await body.text(timeoutMs);
    return refusal(`the server answered ${response.status}${reasonIn(text)}`, response.status);
  }
  const message = await readReply(body, contentType, id, timeoutMs);
  if (message?.result !== undefined) return message;
  if (message?.error !== undefined) {
    return {
      ...refusal(`the server answered with error ${message.error.code}${reasonIn(JSON.stringify(message))}`),
      unknownMethod: message.error.code === METHOD_NOT_FOUND,
    };
  }
  return refusal(
    isEventStream(contentType)
      ? 'the stream ended, or stayed silent, without the answer'
      : `the answer is no JSON-RPC message (${contentType ?? 'no Content-Type'})`,
  );
}

/** @see https://www.jsonrpc.org/specification#error_object */
export const METHOD_NOT_FOUND = -32601;

export const NO_TOOLS = 'the server offers no tools';

/** Whether a step's result is a refusal. */
export function isRefusal(result: RpcMessage | Reaction): result is Reaction {
  return 'ok' in result;
}

function refusal(note: string, status?: number): Reaction {
  const elsewhere = status === 404 || status === 405;
  return { ok: false, stop: true, outcome: elsewhere ? 'not-offered' : 'blocked', note };
}

/** The message of a JSON-RPC error, in brackets. */
export function reasonIn(text: string): string {
  try {
    const body: unknown = JSON.parse(text);
    const message = isRecord(body) && isRecord(body.error) ? body.error.message : undefined;
    return typeof message === 'string' ? `: ${message.slice(0, 120)}` : '';
  } catch {
    return '';
  }
}

/** initialize: learns the revision and the session id, where the page can read it. */
export async function initialized(seen: Seen): Promise<Reaction> {
  const { memory, response } = seen;
  const failure = reactToFailure(seen);
  const realId = sessionIdOf(seen);
  if (realId !== undefined) memory.unreadableSessionId = realId;
  if (failure !== undefined) return failure;
  const result = await readResult(seen);
  if (isRefusal(result)) return result;
  const version = result.result?.protocolVersion;
  if (typeof version === 'string') memory.protocolVersion = version;
  const sessionId = response?.headers.get('mcp-session-id');
  if (sessionId !== undefined) {
    memory.sessionId = sessionId;
    return { ok: true };
  }
  if (realId === undefined) return { ok: true, note: 'the server keeps no session' };
  return {
    ok: true,
    outcome: 'loses-session',
    note: 'the page cannot read the session id, so the client goes on without one',
  };
}

/** A notification: taken with 202, after which the stream is opened. */
export async function accepted(seen: Seen): Promise<Reaction> {
  const failure = reactToFailure(seen);
  if (failure !== undefined) return failure;
  const { memory, response, timeoutMs } = seen;
  memory.accepted = response?.status === 202;
  if (response?.ok) {
    bodyOf(response)?.close();
    return { ok: true };
  }
  return lost(seen, (await bodyOf(response)?.text(timeoutMs)) ?? '');
}

/** What a client without its session id is told, in the words of its own step. */
function lost({ memory, response }: Seen, text: string): Reaction {
  const wantsSession = memory.unreadableSessionId !== undefined && memory.sessionId === undefined;
  return {
    ok: false,
    stop: true,
    outcome: wantsSession ? 'loses-session' : 'blocked',
    note: `the server answered ${response?.status}${reasonIn(text)}`,
  };
}

/** The GET stream: a client goes on without it. */
export function streamOpened(seen: Seen): Reaction {
  const { blocked, failure, response, memory } = seen;
  if (failure !== undefined) return { ok: true, note: `${failure.message}; the client goes on without it` };
  if (blocked !== undefined) {
    return { ok: false, note: 'the client goes on without messages from the server' };
  }
  const body = bodyOf(response);
  if (response?.ok && isEventStream(response.headers.get('content-type')) && body !== undefined) {
    memory.stream = body;
    return { ok: true };
  }
  body?.close();
  if (response?.type === 'opaqueredirect') {
    return { ok: false, note: `redirected${locationOf(seen)}, which the client does not follow` };
  }
  if (response?.status === 405) return { ok: true, note: 'the server offers no stream, which is fine' };
  return { ok: true, note: `the server answered ${response?.status}; the client goes on without a stream` };
}

/** tools/list: learns what can be called. */
export async function toolsListed(seen: Seen): Promise<Reaction> {
  const failure = reactToFailure(seen);
  if (failure !== undefined) return failure;
  const result = await readResult(seen);
  if (isRefusal(result)) {
    const { memory } = seen;
    // A server without tools does not know the method, and clients live with that.
    if (result.unknownMethod) return { ok: true, note: NO_TOOLS };
    const wantsSession = memory.unreadableSessionId !== undefined && memory.sessionId === undefined;
    return wantsSession ? { ...result, outcome: 'loses-session' } : result;
  }
  const tools = Array.isArray(result.result?.tools) ? result.result.tools : [];
  seen.memory.tools = tools;
  const first: unknown = tools[0];
  const name = isRecord(first) ? first.name : undefined;
  if (typeof name === 'string') seen.memory.toolName = name;
  return { ok: true, note: `${tools.length} ${tools.length === 1 ? 'tool' : 'tools'}` };
}

/** DELETE: 405 means that sessions end by themselves. */
export function sessionEnded(seen: Seen): Reaction {
  const { blocked, failure, response, memory } = seen;
  if (blocked !== undefined || failure !== undefined) {
    return { ok: false, note: 'the session stays open on the server' };
  }
  bodyOf(response)?.close();
  if (response?.ok || response?.status === 405) {
    delete memory.sessionId;
    delete memory.unreadableSessionId;
    return response.ok ? { ok: true } : { ok: true, note: 'the server lets sessions end by themselves' };
  }
  if (response?.type === 'opaqueredirect') return { ok: false, note: `redirected${locationOf(seen)}` };
  return { ok: false, note: `the server answered ${response?.status}` };
}

/** A step of which the preflight alone is sent reacts to no answer. */
export function notSent(): Reaction {
  return { ok: true };
}

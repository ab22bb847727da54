import { awaitReply, isEventStream, isRecord } from '../messages.js';
import { bodyOf } from '../page.js';
import type { HeaderTemplate, JourneyPlan, Reaction, Seen, StepPlan } from '../walk.js';
import { METHOD_NOT_FOUND, NO_TOOLS, notSent, reactToFailure, reasonIn } from './reactions.js';
import { CLIENT_INFO, callOf, LEGACY_VERSION } from './streamable.js';

const HEADERS: readonly HeaderTemplate[] = [
  ['mcp-protocol-version', '{protocolVersion}'],
  ['content-type', 'application/json'],
];

/** Longest wait for the first event: servers of this transport send it with the head. */
const ENDPOINT_WITHIN_MS = 1500;

async function endpointReceived(seen: Seen): Promise<Reaction> {
  const { blocked, failure, answer, response, memory, timeoutMs } = seen;
  const sent = bodyOf(answer);
  const offered = answer?.status === 200 && isEventStream(contentTypeOf(seen));
  const event = offered ? await sent?.nextEvent(Math.min(timeoutMs, ENDPOINT_WITHIN_MS)) : undefined;
  if (event?.event !== 'endpoint') {
    sent?.close();
    if (failure !== undefined) return { ok: false, stop: true, outcome: 'blocked', note: failure.message };
    if (memory.sseOffered && blocked === undefined) {
      return { ok: false, stop: true, outcome: 'blocked', note: 'the endpoint event does not come' };
    }
    if (memory.sseOffered) return { ok: false, stop: true, outcome: 'blocked' };
    const preflightBlocked = blocked !== undefined && answer === undefined;
    const note = preflightBlocked
      ? 'the preflight was refused'
      : `the server answered ${answer?.status ?? 'nothing'} and no endpoint event: it does not offer HTTP+SSE at this URL`;
    return { ok: false, stop: true, outcome: 'not-offered', note };
  }
  const endpoint = URL.canParse(event.data, memory.target) ? new URL(event.data, memory.target) : undefined;
  if (endpoint !== undefined) memory.endpoint = endpoint.href;
  if (blocked !== undefined || response === undefined) {
    sent?.close();
    return { ok: false, stop: true, outcome: 'blocked' };
  }
  if (sent !== undefined) memory.stream = sent;
  const own = new URL(memory.target).origin;
  if (endpoint?.origin === own) return { ok: true };
  return {
    ok: false,
    stop: true,
    outcome: 'blocked',
    note: `Endpoint origin does not match connection origin: ${endpoint?.origin ?? 'no URL'}`,
  };
}

function contentTypeOf({ answer }: Seen): string | undefined {
  return answer?.headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1];
}

/** A message that was posted; its answer comes over the stream. */
async function posted(seen: Seen): Promise<Reaction> {
  const failure = reactToFailure(seen);
  if (failure !== undefined) return failure;
  const { response, memory, plan, id, timeoutMs } = seen;
  const body = bodyOf(response);
  if (!response?.ok) {
    const text = (await body?.text(timeoutMs)) ?? '';
    return {
      ok: false,
      stop: true,
      outcome: 'blocked',
      note: `the server answered ${response?.status}${reasonIn(text)}`,
    };
  }
  body?.close();
  if (plan.name.startsWith('notifications/')) return { ok: true };
  const reply = memory.stream && (await awaitReply(memory.stream, id, timeoutMs));
  if (plan.name === 'tools/list' && reply?.error?.code === METHOD_NOT_FOUND) {
    return { ok: true, note: NO_TOOLS };
  }
  if (reply?.result === undefined) {
    return { ok: false, stop: true, outcome: 'blocked', note: 'no answer came over the stream' };
  }
  const { protocolVersion, tools } = reply.result;
  if (typeof protocolVersion === 'string') memory.protocolVersion = protocolVersion;
  if (!Array.isArray(tools)) return { ok: true };
  const first: unknown = tools[0];
  if (isRecord(first) && typeof first.name === 'string') memory.toolName = first.name;
  memory.tools = tools;
  return { ok: true, note: `${tools.length} ${tools.length === 1 ? 'tool' : 'tools'}` };
}

function post(name: string, message: () => object): StepPlan {
  return { name, method: 'POST', url: '{endpoint}', headers: HEADERS, body: message, react: posted };
}

/** Clients on HTTP+SSE, the transport of 2024-11-05: a stream down, POSTs up. */
export const HTTP_SSE: JourneyPlan = {
  client: 'http-sse',
  about: 'the official clients on HTTP+SSE',
  steps: [
    {
      name: 'open the stream',
      method: 'GET',
      headers: [['accept', 'text/event-stream']],
      react: endpointReceived,
    },
    post('initialize', () => ({
      method: 'initialize',
      params: { protocolVersion: LEGACY_VERSION, capabilities: {}, clientInfo: CLIENT_INFO },
    })),
    post('notifications/initialized', () => ({ method: 'notifications/initialized' })),
    post('tools/list', () => ({ method: 'tools/list' })),
    {
      name: 'tools/call',
      method: 'POST',
      url: '{endpoint}',
      headers: HEADERS,
      body: callOf,
      effect: true,
      react: notSent,
    },
  ],
};

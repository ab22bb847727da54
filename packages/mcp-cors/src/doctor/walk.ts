import type { FetchInit } from '../browser/index.js';
import { redactSentence, redactUrl } from './evidence.js';
import { fieldOf, type Page, type Visit } from './page.js';
import type { ClientId, Journey, JourneyOutcome, Step } from './report.js';
import type { Transport } from './transport.js';
import type { WireBody } from './wireBody.js';

/** What a client has learnt on its way, and what a step's headers and URL may name in braces. */
export interface Memory {
  readonly target: string;
  sessionId?: string;
  protocolVersion?: string;
  toolName?: string;
  /** Where an HTTP+SSE client posts. */
  endpoint?: string;
  /** Tools as the server lists them. */
  tools?: readonly unknown[];
  /** Whether a client that is no page is asked for a token; undefined when nobody has asked. */
  tokenAsked?: boolean;
  /** Whether the server offers HTTP+SSE, as far as a client that is no page can tell. */
  sseOffered?: boolean;
  /** The server has answered 401: what follows is not sent, for want of a token. */
  tokenWanted?: boolean;
  /** The stream that is open. */
  stream?: WireBody;
  /** Whether the notification was taken with 202, after which clients open their stream. */
  accepted?: boolean;
  /** The session's real id where the page cannot read it: for the doctor, which ends every session that it opened. */
  unreadableSessionId?: string;
}

/** A header as a client sends it: `{name}` stands for what was learnt, and without that the header is not sent. */
export type HeaderTemplate = readonly [name: string, value: string];

/** A request of a client, as data. */
export interface StepPlan {
  readonly name: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** The target by default. `{name}` stands for what was learnt. */
  readonly url?: string;
  readonly headers: readonly HeaderTemplate[];
  readonly body?: string | ((memory: Memory) => object);
  /** Official clients follow no redirect that a browser hides; `manual` by default. */
  readonly redirect?: 'manual' | 'follow';
  /** The request has an effect: its preflight is sent alone. */
  readonly effect?: boolean;
  /** Whether the client comes to send it; always by default. */
  readonly when?: (memory: Memory) => boolean;
  /** What the client makes of the answer. */
  readonly react: (seen: Seen) => Reaction | Promise<Reaction>;
}

/** What a client sees of a step. */
export interface Seen extends Visit {
  readonly memory: Memory;
  readonly plan: StepPlan;
  readonly timeoutMs: number;
  /** The request's id, in a step that sends a JSON-RPC request. */
  readonly id: string | number;
}

/** How a client goes on. */
export interface Reaction {
  readonly ok: boolean;
  readonly note?: string;
  readonly stop?: boolean;
  /** What the journey comes to, unless something graver follows. */
  readonly outcome?: JourneyOutcome;
  /** The server answered, and does not know the method. */
  readonly unknownMethod?: boolean;
  /** Other steps in place of the ones that were to come. */
  readonly instead?: readonly StepPlan[];
}

/** A client's journey, as data. */
export interface JourneyPlan {
  readonly client: ClientId;
  readonly about: string;
  readonly steps: readonly StepPlan[];
  /** Steps that may take the place of the ones that follow, and when: for a list of what is sent. */
  readonly alternatives?: readonly { readonly when: string; readonly steps: readonly StepPlan[] }[];
  /** Whether it goes without the page's own headers (`--header`). */
  readonly anonymous?: boolean;
  /** Headers that the client adds when the page has headers of its own. */
  readonly adds?: (own: readonly (readonly [string, string])[]) => readonly (readonly [string, string])[];
}

/** A step with what was sent and received. */
export interface WalkedStep {
  readonly step: Step;
  readonly plan: StepPlan;
  readonly visit: Visit;
  /** What was fetched; undefined when the preflight was sent alone. */
  readonly sent: { readonly url: string; readonly init: FetchInit } | undefined;
}

export interface Walked {
  readonly journey: Journey;
  readonly steps: readonly WalkedStep[];
  readonly memory: Memory;
}

/** Stands for a token in requests of which the preflight alone is sent: it asks for the header's name, and carries no value. */
const NO_TOKEN = 'Bearer none';

/** The gravest outcome wins. */
const GRAVITY: readonly JourneyOutcome[] = [
  'reachable',
  'fallback',
  'not-offered',
  'loses-session',
  'blocked',
];

/** Walks a journey from connect to the end of its session, which is ended even where the client could not. */
export async function walk(
  plan: JourneyPlan,
  page: Page,
  transport: Transport,
  target: string,
  ownHeaders: readonly (readonly [string, string])[] = [],
  known: Pick<Memory, 'tokenAsked' | 'sseOffered'> = {},
): Promise<Walked> {
  const memory: Memory = { target, ...known };
  const own = plan.anonymous ? [] : [...ownHeaders, ...(plan.adds?.(ownHeaders) ?? [])];
  const walked: WalkedStep[] = [];
  const began = performance.now();
  let outcome: JourneyOutcome = 'reachable';
  let steps = [...plan.steps];
  let id = 0;
  for (let next = steps.shift(); next !== undefined; next = steps.shift()) {
    if (next.when !== undefined && !next.when(memory)) continue;
    const { visit, reaction, sent } = await take(next, memory, page, transport, own, id++);
    walked.push({ plan: next, visit, sent, step: toStep(next, memory, visit, reaction, began) });
    if (reaction.outcome !== undefined) outcome = graver(outcome, reaction.outcome);
    if (reaction.stop) break;
    if (reaction.instead !== undefined) steps = [...reaction.instead];
  }
  memory.stream?.close();
  await endSession(memory, page.origin, transport, ownHeaders);
  const passes = walked.every(({ step }) => step.ok);
  if (!passes && (outcome === 'reachable' || outcome === 'fallback')) outcome = 'blocked';
  return {
    memory,
    steps: walked,
    journey: {
      client: plan.client,
      origin: page.origin,
      ok: passes && outcome !== 'loses-session',
      outcome,
      revision: memory.protocolVersion ?? null,
      steps: walked.map(({ step }) => step),
    },
  };
}

function graver(a: JourneyOutcome, b: JourneyOutcome): JourneyOutcome {
  return GRAVITY.indexOf(a) > GRAVITY.indexOf(b) ? a : b;
}

async function take(
  plan: StepPlan,
  memory: Memory,
  page: Page,
  transport: Transport,
  own: readonly (readonly [string, string])[],
  id: number,
): Promise<{ visit: Visit; reaction: Reaction; sent: WalkedStep['sent'] }> {
  const url = urlOf(plan, memory);
  const headers = new Map<string, string>(own.map(([name, value]) => [name.toLowerCase(), value]));
  if (memory.tokenWanted && !headers.has('authorization')) headers.set('authorization', NO_TOKEN);
  for (const [name, template] of plan.headers) {
    const value = fill(template, memory);
    if (value !== undefined) headers.set(name, value);
  }
  const body = typeof plan.body === 'function' ? jsonRpc(plan.body(memory), id) : plan.body;
  const init = {
    method: plan.method,
    headers: [...headers],
    redirect: plan.redirect ?? ('manual' as const),
    ...(body !== undefined && { body }),
  };
  if (plan.effect || memory.tokenWanted) {
    const visit = await page.preflight(url, init);
    return { visit, reaction: reactToPreflight(visit, memory), sent: undefined };
  }
  const visit = await page.fetch(url, init);
  const reaction = await plan.react({ ...visit, memory, plan, timeoutMs: transport.timeoutMs, id });
  return { visit, reaction, sent: { url, init } };
}

function reactToPreflight({ blocked, exchanges }: Visit, memory: Memory): Reaction {
  if (blocked !== undefined) return { ok: false, note: 'only the preflight was sent' };
  const why = memory.tokenWanted ? 'for want of a token' : 'since it has an effect';
  const [preflight] = exchanges;
  const what =
    preflight === undefined
      ? 'no preflight is needed, and the request was not sent'
      : preflight.fromCache
        ? 'an earlier preflight allows it; the request was not sent'
        : 'only the preflight was sent';
  return { ok: true, note: `${what}, ${why}` };
}

/** A JSON-RPC request gets the step's number as its id, unless it brings one; a notification has none. */
function jsonRpc(message: object, id: number): string {
  const isNotification = 'method' in message && String(message.method).startsWith('notifications/');
  return JSON.stringify({ jsonrpc: '2.0', ...(isNotification ? {} : { id }), ...message });
}

function urlOf(plan: StepPlan, memory: Memory): string {
  return fill(plan.url ?? '{target}', memory) ?? memory.target;
}

function fill(template: string, memory: Memory): string | undefined {
  let known = true;
  const text = template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = memory[name as keyof Memory];
    if (typeof value !== 'string') known = false;
    return String(value);
  });
  return known ? text : undefined;
}

function toStep(plan: StepPlan, memory: Memory, visit: Visit, reaction: Reaction, began: number): Step {
  const preflight = visit.exchanges.find(
    ({ request, fromCache }) => request.kind === 'preflight' || fromCache,
  );
  return {
    name: plan.name,
    method: plan.method,
    url: redactUrl(urlOf(plan, memory)),
    preflight:
      preflight === undefined
        ? null
        : { status: preflight.response?.status ?? null, fromCache: preflight.fromCache },
    status: visit.answer?.status ?? null,
    ok: reaction.ok,
    corsError: visit.blocked?.error ?? null,
    failedParameter: visit.blocked?.parameter || null,
    console: visit.blocked === undefined ? null : redactSentence(visit.blocked.message),
    note: noteOf(reaction, visit),
    startMs: Math.max(0, Math.round(visit.startedAt - began)),
    durationMs: Math.round(visit.endedAt - visit.startedAt),
  };
}

/** What is said of a step; a server's own words may be among it. */
function noteOf({ note }: Reaction, { failure }: Visit): string | null {
  const text = note ?? failure?.message;
  return text === undefined ? null : redactSentence(text);
}

/** Ends the session that the client left behind: what the doctor opens, it closes. */
async function endSession(
  memory: Memory,
  origin: string,
  transport: Transport,
  own: readonly (readonly [string, string])[],
): Promise<void> {
  const id = memory.sessionId ?? memory.unreadableSessionId;
  if (id === undefined) return;
  const version = memory.protocolVersion;
  const headers = [
    ...own,
    ['origin', origin] as const,
    ['mcp-session-id', id] as const,
    ...(version === undefined ? [] : [['mcp-protocol-version', version] as const]),
  ];
  try {
    const { body } = await transport.send({ method: 'DELETE', url: memory.target, headers });
    await body.text(transport.timeoutMs);
  } catch {
    // The server went away, and the session with it.
  }
}

/** The session id of an answer, whether or not the page can read it. */
export function sessionIdOf(visit: Visit): string | undefined {
  return fieldOf(visit.answer, 'mcp-session-id');
}

import type { ProfileName } from '../browser/index.js';
import type { HeaderField } from '../policy/index.js';
import { LEGACY_VERSION } from './journeys/streamable.js';
import { fieldOf, openPage, type Visit } from './page.js';
import { initializeRequest, type Target } from './reach.js';
import type { Transport, WireRequest, WireResponse } from './transport.js';

/** A request that was sent as a page's would be once its preflight had passed. */
export interface Probe {
  readonly name: string;
  readonly request: WireRequest;
  readonly response: WireResponse;
}

/** What journeys that end at their first fault do not come to. */
export interface Survey {
  /** The answer to what clients begin with, whatever the preflight says: initialize, or the stream of HTTP+SSE. */
  readonly first: Probe | undefined;
  /** The preflight of a POST with every header that a client may send. */
  readonly everyHeader: Visit | undefined;
  /** The preflight of a DELETE. */
  readonly ending: Visit | undefined;
  /** A request in a session that the server has never had. */
  readonly lostSession: Probe | undefined;
  /** Requests that are answered with errors. */
  readonly errors: readonly Probe[];
}

/** A session id in the form of most servers', that none has issued. */
export const UNKNOWN_SESSION_ID = '00000000-0000-4000-8000-000000000000';

/** Request headers beside the page's own that clients of any revision send on a POST. */
const EVERY_HEADER: readonly HeaderField[] = [
  ['accept', 'application/json, text/event-stream'],
  ['authorization', 'Bearer none'],
  ['content-type', 'application/json'],
  ['last-event-id', '0'],
  ['mcp-method', 'tools/call'],
  ['mcp-name', 'a-tool'],
  ['mcp-protocol-version', LEGACY_VERSION],
  ['mcp-session-id', UNKNOWN_SESSION_ID],
];

const JSON_POST: readonly HeaderField[] = [
  ['content-type', 'application/json'],
  ['accept', 'application/json, text/event-stream'],
];

/** Request headers beside the page's own that clients of HTTP+SSE send with a message. */
const EVERY_SSE_HEADER: readonly HeaderField[] = [
  ['authorization', 'Bearer none'],
  ['content-type', 'application/json'],
  ['mcp-protocol-version', LEGACY_VERSION],
];

const NO_JSON = 'a body that is no JSON';
const UNKNOWN_SESSION = 'a request in an unknown session';

/** Longest wait for the first event of HTTP+SSE, which names where messages go. */
const ENDPOINT_WITHIN_MS = 1500;

/** Asks an endpoint for a page of an origin what its journeys may not have come to. Nothing that is sent has an effect. */
export function survey(
  target: Target,
  origin: string,
  transport: Transport,
  own: readonly HeaderField[],
  profile?: ProfileName,
): Promise<Survey> {
  const asked: Asked = { target, origin, transport, own, profile };
  return target.streamable ? surveyStreamable(asked) : surveySse(asked);
}

interface Asked {
  readonly target: Target;
  readonly origin: string;
  readonly transport: Transport;
  readonly own: readonly HeaderField[];
  readonly profile: ProfileName | undefined;
}

async function surveyStreamable(asked: Asked): Promise<Survey> {
  const { target, origin, transport, own, profile } = asked;
  const { url, opensSessions, patienceMs } = target;
  const as = (headers: readonly HeaderField[]): HeaderField[] => [...own, ...headers, ['origin', origin]];
  const probe = prober(transport, patienceMs);
  const everyHeader = await askForAll(asked, url, EVERY_HEADER);
  const ending = await openPage(origin, transport, profile).preflight(url, {
    method: 'DELETE',
    headers: own,
  });

  const base = initializeRequest(url, own);
  const first = await probe('initialize', { ...base, headers: [...base.headers, ['origin', origin]] });
  const opened = fieldOf(first?.response, 'mcp-session-id');
  if (opened !== undefined) {
    await probe('end the session', {
      method: 'DELETE',
      url,
      headers: as([
        ['mcp-session-id', opened],
        ['mcp-protocol-version', LEGACY_VERSION],
      ]),
    });
  }
  const lostSession = opensSessions
    ? await probe(UNKNOWN_SESSION, {
        method: 'POST',
        url,
        headers: as([
          ...JSON_POST,
          ['mcp-session-id', UNKNOWN_SESSION_ID],
          ['mcp-protocol-version', LEGACY_VERSION],
        ]),
        body: TOOLS_LIST,
      })
    : undefined;
  const errors = await answered([
    probe(NO_JSON, { method: 'POST', url, headers: as(JSON_POST), body: '{' }),
    probe('a GET that accepts no stream', {
      method: 'GET',
      url,
      headers: as([['accept', 'application/json']]),
    }),
  ]);
  return { first, everyHeader, ending, lostSession, errors };
}

/** The same of a server that offers HTTP+SSE alone: its stream, and the URL that this names for messages. */
async function surveySse(asked: Asked): Promise<Survey> {
  const { target, origin, transport, own } = asked;
  const { url, patienceMs } = target;
  const as = (headers: readonly HeaderField[]): HeaderField[] => [...own, ...headers, ['origin', origin]];
  const probe = prober(transport, patienceMs);
  const request: WireRequest = { method: 'GET', url, headers: as([['accept', 'text/event-stream']]) };
  // What never came to anybody is not waited for once more.
  const response = target.headless
    ? undefined
    : await transport.send(request, patienceMs).catch(() => undefined);
  const first = response && { name: 'open the stream', request, response };
  const event = await response?.body.nextEvent(Math.min(ENDPOINT_WITHIN_MS, transport.timeoutMs));
  const endpoint = event?.event === 'endpoint' ? ownUrl(event.data, url) : undefined;
  const posts = endpoint === undefined ? [] : refusedPosts(endpoint);
  const everyHeader = endpoint === undefined ? undefined : await askForAll(asked, endpoint, EVERY_SSE_HEADER);
  // Clients that know both transports try the newer one first, and have to be able to read the refusal.
  const errors = await answered([
    probe('a POST to the stream', initializeRequest(url, as([]))),
    ...posts.map(({ name, to, body }) =>
      probe(name, { method: 'POST', url: to, headers: as(JSON_POST), body }),
    ),
  ]);
  response?.body.close();
  return { first, everyHeader, ending: undefined, lostSession: undefined, errors };
}

/** Those of several probes, which wait for each other no longer than for the slowest, that were answered. */
async function answered(probes: readonly Promise<Probe | undefined>[]): Promise<readonly Probe[]> {
  return (await Promise.all(probes)).filter((one) => one !== undefined);
}

const TOOLS_LIST = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });

/** The preflight of a POST with every header that clients of a transport send. */
function askForAll(
  { origin, transport, own, profile }: Asked,
  url: string,
  every: readonly HeaderField[],
): Promise<Visit> {
  const named = new Set(own.map(([name]) => name.toLowerCase()));
  return openPage(origin, transport, profile).preflight(url, {
    method: 'POST',
    headers: [...own, ...every.filter(([name]) => !named.has(name))],
    body: '{}',
  });
}

/** Sends requests that some servers leave without an answer, which is no fault that a page would notice. */
function prober(
  transport: Transport,
  patienceMs: number,
): (name: string, request: WireRequest) => Promise<Probe | undefined> {
  return async (name, request) => {
    try {
      const response = await transport.send(request, patienceMs);
      // A stream that stays open has nothing more to tell here.
      if (!/event-stream/i.test(fieldOf(response, 'content-type') ?? '')) {
        await response.body.text(patienceMs);
      }
      response.body.close();
      return { name, request, response };
    } catch {
      return undefined;
    }
  };
}

/** A URL that an endpoint event names, where it is at the stream's own origin: clients post nowhere else. */
function ownUrl(named: string, stream: string): string | undefined {
  if (!URL.canParse(named, stream)) return undefined;
  const url = new URL(named, stream);
  return url.origin === new URL(stream).origin ? url.href : undefined;
}

/** Messages that a server of HTTP+SSE refuses: what is no JSON, and what is for a session that was never opened. */
function refusedPosts(
  endpoint: string,
): readonly { readonly name: string; readonly to: string; readonly body: string }[] {
  const noJson = { name: NO_JSON, to: endpoint, body: '{' };
  const url = new URL(endpoint);
  const session = [...url.searchParams.keys()].find((name) => /session/i.test(name));
  if (session === undefined) return [noJson];
  url.searchParams.set(session, UNKNOWN_SESSION_ID);
  return [noJson, { name: UNKNOWN_SESSION, to: url.href, body: TOOLS_LIST }];
}

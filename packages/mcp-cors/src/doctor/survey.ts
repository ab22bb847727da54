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
  /** The answer to initialize, whatever the preflight says. */
  readonly initialize: Probe | undefined;
  /** The preflight of a POST with every header that a client may send. */
  readonly everyHeader: Visit | undefined;
  /** The preflight of a DELETE. */
  readonly ending: Visit | undefined;
  /** A request in a session that the server has never had. */
  readonly lostSession: Probe | undefined;
  /** Requests that are answered with errors. */
  readonly errors: readonly Probe[];
}

export const EMPTY_SURVEY: Survey = {
  initialize: undefined,
  everyHeader: undefined,
  ending: undefined,
  lostSession: undefined,
  errors: [],
};

/** What a survey sends, in words; see {@link survey} and `reach`, which ask first without an origin. */
export const SURVEY_REQUESTS: readonly {
  readonly name: string;
  readonly method: string;
  readonly sent: string;
}[] = [
  { name: 'initialize and server/discover, without an origin', method: 'POST', sent: 'whole, once' },
  { name: 'a POST with every header of every revision', method: 'POST', sent: 'its preflight alone' },
  { name: 'the end of a session', method: 'DELETE', sent: 'its preflight alone' },
  { name: 'initialize', method: 'POST', sent: 'whole' },
  { name: 'a request in an unknown session', method: 'POST', sent: 'whole' },
  { name: 'a body that is no JSON', method: 'POST', sent: 'whole' },
  { name: 'a GET that accepts no stream', method: 'GET', sent: 'whole' },
  { name: 'initialize under a foreign host', method: 'POST', sent: 'whole, once, to private addresses' },
  { name: 'initialize from a foreign origin', method: 'POST', sent: 'whole, once, to private addresses' },
];

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

/** Asks an endpoint for a page of an origin what its journeys may not have come to. Nothing that is sent has an effect. */
export async function survey(
  { url, opensSessions }: Target,
  origin: string,
  transport: Transport,
  own: readonly HeaderField[],
): Promise<Survey> {
  const page = openPage(origin, transport);
  const as = (headers: readonly HeaderField[]): HeaderField[] => [...own, ...headers, ['origin', origin]];
  const probe = async (name: string, request: WireRequest): Promise<Probe | undefined> => {
    try {
      const response = await transport.send(request);
      // A stream that stays open has nothing more to tell here.
      if (!/event-stream/i.test(fieldOf(response, 'content-type') ?? '')) {
        await response.body.text(transport.timeoutMs);
      }
      response.body.close();
      return { name, request, response };
    } catch {
      return undefined;
    }
  };
  const named = new Set(own.map(([name]) => name.toLowerCase()));

  const everyHeader = await page.preflight(url, {
    method: 'POST',
    headers: [...own, ...EVERY_HEADER.filter(([name]) => !named.has(name))],
    body: '{}',
  });
  const ending = await openPage(origin, transport).preflight(url, { method: 'DELETE', headers: own });

  const base = initializeRequest(url, own);
  const initialize = await probe('initialize', { ...base, headers: [...base.headers, ['origin', origin]] });
  const opened = fieldOf(initialize?.response, 'mcp-session-id');
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
  const toolsList = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
  const lostSession = opensSessions
    ? await probe('a request in an unknown session', {
        method: 'POST',
        url,
        headers: as([
          ...JSON_POST,
          ['mcp-session-id', UNKNOWN_SESSION_ID],
          ['mcp-protocol-version', LEGACY_VERSION],
        ]),
        body: toolsList,
      })
    : undefined;
  const errors = [
    await probe('a body that is no JSON', { method: 'POST', url, headers: as(JSON_POST), body: '{' }),
    await probe('a GET that accepts no stream', {
      method: 'GET',
      url,
      headers: as([['accept', 'application/json']]),
    }),
  ].filter((one) => one !== undefined);
  return { initialize, everyHeader, ending, lostSession, errors };
}

import type { HeaderField } from '../policy/index.js';
import type { SendRaw } from './attacks/prober.js';
import { readEvents } from './eventStream.js';
import { MODERN_VERSION } from './journeys/official2Auto.js';
import { LEGACY_VERSION } from './journeys/streamable.js';
import { parseRecord } from './messages.js';
import type { Transport, WireExchange, WireRequest, WireResponse } from './transport.js';
import { TransportError } from './transportError.js';
import type { WireBody } from './wireBody.js';

/** A server that is not there: what it would answer decides what the doctor would send. */
export interface ImaginaryServer {
  /** The condition under which a real one is like it, as a clause. */
  readonly when: string;
  readonly speaks: 'sessions' | '2026-07-28' | 'http-sse';
  /** Pages that it lets in and lets read: those that are named, all, or none, so that it says nothing of CORS. */
  readonly admits: 'named' | 'all' | 'none';
  readonly asksForToken?: boolean;
  /** Whether it takes any Content-Type for JSON. */
  readonly takesAnyType?: boolean;
}

/** Servers that between them lead the doctor to everything that it sends; the first is the most usual one that is sound. */
export const IMAGINARY_SERVERS: readonly ImaginaryServer[] = [
  { when: '', speaks: 'sessions', admits: 'named' },
  { when: `if it speaks ${MODERN_VERSION}`, speaks: '2026-07-28', admits: 'named' },
  { when: 'if it offers HTTP+SSE', speaks: 'http-sse', admits: 'named' },
  { when: 'if it asks for a token', speaks: 'sessions', admits: 'named', asksForToken: true },
  { when: 'if it lets any page in', speaks: 'sessions', admits: 'all', takesAnyType: true },
  { when: 'if it says nothing of CORS', speaks: 'sessions', admits: 'none' },
];

/** A request that an imaginary server got. */
export interface ImaginedRequest {
  readonly request: WireRequest;
  /** In place of the URL's path. */
  readonly rawTarget?: string | undefined;
}

/** A transport to a server that is not there. Nothing is sent. */
export function imagine(
  server: ImaginaryServer,
  target: string,
  origins: readonly string[],
  onRequest: (imagined: ImaginedRequest) => void,
): { readonly transport: Transport; readonly sendRaw: SendRaw } {
  const exchanges: WireExchange[] = [];
  const answer = (request: WireRequest): WireResponse => respond(server, target, origins, request);
  return {
    transport: {
      exchanges,
      timeoutMs: 10_000,
      protocolOf: async () => undefined,
      close() {},
      async send(request) {
        onRequest({ request });
        if (new URL(request.url).origin !== new URL(target).origin) {
          throw new TransportError('host-unknown', 'no other server is imagined');
        }
        const response = answer(request);
        exchanges.push({ request, response });
        return response;
      },
    },
    async sendRaw({ url, method, headers, body, target: rawTarget }) {
      const request: WireRequest = { url, method, headers, body };
      onRequest({ request, rawTarget });
      const { status, headers: lines, body: text } = answer(request);
      return { status, headers: lines, body: text.soFar };
    },
  };
}

const SESSION_ID = '{sessionId}';
const ENDPOINT = '/messages?sessionId=…';
const TOOL = { name: '{toolName}', inputSchema: { type: 'object' } };

function respond(
  server: ImaginaryServer,
  target: string,
  origins: readonly string[],
  request: WireRequest,
): WireResponse {
  const { origin: own, host } = new URL(target);
  const { method, url, headers } = request;
  const field = (name: string): string | undefined =>
    headers.find(([line]) => line.toLowerCase() === name)?.[1];
  const origin = field('origin');
  const named = origin === undefined || origin === own || origins.includes(origin);
  const cors = corsOf(server, named, origin, field);
  const foreign = !named || (field('host') ?? host) !== host;
  if (foreign && server.admits !== 'all') return reply(403, cors);
  if (method === 'OPTIONS') return reply(server.admits === 'none' ? 405 : 204, cors);
  const path = new URL(url).pathname;
  if (path.startsWith('/.well-known/')) return reply(200, cors, metadataOf(own, path));
  if (server.asksForToken && field('authorization') === undefined) {
    return reply(401, [...cors, ['www-authenticate', 'Bearer']]);
  }
  return server.speaks === 'http-sse'
    ? respondOverSse(request, path === new URL(target).pathname, cors)
    : respondInOne(server, request, cors, field);
}

/** Allows what is asked for and nothing more, and has it asked for each time: no server is asked oftener. */
function corsOf(
  { admits }: ImaginaryServer,
  named: boolean,
  origin: string | undefined,
  field: (name: string) => string | undefined,
): readonly HeaderField[] {
  if (origin === undefined || admits === 'none' || (admits === 'named' && !named)) return [];
  return [
    ['access-control-allow-origin', origin],
    ['access-control-allow-methods', field('access-control-request-method') ?? ''],
    ['access-control-allow-headers', field('access-control-request-headers') ?? ''],
    ['access-control-max-age', '0'],
    ['access-control-expose-headers', 'mcp-session-id, www-authenticate'],
    ['vary', 'Origin'],
  ];
}

/** The resource's metadata on the way to the authorization server's. */
function metadataOf(own: string, path: string): object {
  if (path.includes('protected-resource')) return { authorization_servers: [own] };
  return { registration_endpoint: `${own}/register`, token_endpoint: `${own}/token` };
}

function respondInOne(
  { speaks, takesAnyType }: ImaginaryServer,
  { method, body = '' }: WireRequest,
  cors: readonly HeaderField[],
  field: (name: string) => string | undefined,
): WireResponse {
  const sessions = speaks === 'sessions';
  const session = field('mcp-session-id');
  if (sessions && session !== undefined && session !== SESSION_ID) return reply(404, cors);
  if (method === 'DELETE') return reply(sessions ? 204 : 405, cors);
  if (method === 'GET') {
    return sessions && session !== undefined ? streamOf('', cors) : reply(405, cors);
  }
  const json = /^application\/json(?:;|$)/.test(field('content-type') ?? '');
  if (method !== 'POST' || !(json || takesAnyType)) return reply(method === 'POST' ? 415 : 405, cors);
  const message = parseRecord(body);
  if (message === undefined) return reply(400, cors);
  if (message.id === undefined) return reply(202, cors);
  const result = resultOf(String(message.method), speaks);
  if (result === undefined) {
    return reply(404, cors, { jsonrpc: '2.0', id: message.id, error: { code: -32601, message: 'unknown' } });
  }
  const opens: readonly HeaderField[] =
    message.method === 'initialize' ? [['mcp-session-id', SESSION_ID]] : [];
  return reply(200, [...cors, ...opens], { jsonrpc: '2.0', id: message.id, result });
}

/** HTTP+SSE; that answers come over the stream is not imagined. */
function respondOverSse(
  { method, body = '' }: WireRequest,
  isStream: boolean,
  cors: readonly HeaderField[],
): WireResponse {
  if (isStream) {
    if (method !== 'GET') return reply(405, cors);
    const results = Array.from({ length: 8 }, (_, id) => ({
      jsonrpc: '2.0',
      id,
      result: { protocolVersion: LEGACY_VERSION, tools: [TOOL] },
    }));
    const events = results.map((message) => `data: ${JSON.stringify(message)}\n\n`);
    return streamOf(`event: endpoint\ndata: ${ENDPOINT}\n\n${events.join('')}`, cors);
  }
  return reply(method !== 'POST' ? 405 : parseRecord(body) === undefined ? 400 : 202, cors);
}

function resultOf(method: string, speaks: ImaginaryServer['speaks']): object | undefined {
  if (speaks === '2026-07-28') {
    if (method === 'server/discover') return { supportedVersions: [MODERN_VERSION] };
    return method === 'tools/list' ? { tools: [TOOL] } : undefined;
  }
  if (method === 'server/discover') return undefined;
  if (method === 'initialize') return { protocolVersion: LEGACY_VERSION, capabilities: {} };
  return { tools: [TOOL] };
}

function reply(status: number, headers: readonly HeaderField[], json?: object): WireResponse {
  const text = json === undefined ? '' : JSON.stringify(json);
  const type: readonly HeaderField[] = json === undefined ? [] : [['content-type', 'application/json']];
  return { status, headers: [...headers, ...type], headMs: 0, body: bodyOf(text) };
}

function streamOf(text: string, headers: readonly HeaderField[]): WireResponse {
  const type: HeaderField = ['content-type', 'text/event-stream'];
  return { status: 200, headers: [...headers, type], headMs: 0, body: bodyOf(text) };
}

function bodyOf(text: string): WireBody {
  const waiting = [...readEvents(text).events];
  return {
    soFar: text,
    ended: true,
    complete: true,
    text: async () => text,
    nextEvent: async () => waiting.shift(),
    close() {},
  };
}

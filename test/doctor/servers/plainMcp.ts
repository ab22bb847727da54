import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

/** How a server made by hand checks what it is sent: right, unless told otherwise. */
export interface PlainChecks {
  /** Whether a Host is the server's own. */
  readonly isHost?: (host: string | undefined, request: IncomingMessage) => boolean;
  /** Whether a page of an origin is let in. Requests without Origin always are. */
  readonly isOrigin?: (origin: string, request: IncomingMessage) => boolean;
  /** Whether a foreign origin is answered 403. */
  readonly refuses?: boolean;
  /** Whether a body of this type is read. */
  readonly isJson?: (type: string | undefined) => boolean;
  /** Whether sessions are kept; without them every request stands alone. */
  readonly keepsSessions?: boolean;
  readonly newId?: () => string;
  /** Whether a session is there, and may be used from an origin. */
  readonly isSession?: (
    sessions: ReadonlyMap<string, string | undefined>,
    id: string,
    origin: string | undefined,
  ) => boolean;
  /** Whether DELETE ends a session. */
  readonly forgets?: boolean;
  readonly varies?: boolean;
  /** Whether a token is asked for. */
  readonly token?: string;
  /** Looks at the names that a preflight asks for. */
  readonly readNames?: (names: string) => void;
}

const CORS_NAMES =
  'Content-Type, Accept, Authorization, Mcp-Session-Id, MCP-Protocol-Version, Last-Event-ID, Mcp-Method, Mcp-Name';

/**
 * A small MCP server with sessions of revision 2025-11-25, written without any SDK, so that each of its checks can be left
 * out or done wrong.
 */
export function createPlainMcp(
  allowed: string,
  own: () => string,
  checks: PlainChecks = {},
): RequestListener {
  const {
    isHost = (host) => host === new URL(own()).host,
    isOrigin = (origin) => origin === allowed,
    refuses = true,
    isJson = (type) => /^application\/json(?:;|$)/.test(type ?? ''),
    keepsSessions = true,
    newId = randomUUID,
    isSession = (known, id, origin) => known.has(id) && known.get(id) === origin,
    forgets = true,
    varies = true,
    token,
    readNames = () => {},
  } = checks;
  const sessions = new Map<string, string | undefined>();

  return (request, response) => {
    const { headers, method } = request;
    const { origin } = headers;
    if (varies) response.setHeader('Vary', 'Origin');
    if (!isHost(headers.host, request)) return end(response, 421);
    if (origin !== undefined) {
      if (isOrigin(origin, request)) {
        response.setHeader('Access-Control-Allow-Origin', origin);
        response.setHeader('Access-Control-Expose-Headers', 'Mcp-Session-Id, WWW-Authenticate');
      } else if (refuses) return end(response, 403);
    }
    if (method === 'OPTIONS') {
      readNames(headers['access-control-request-headers'] ?? '');
      response.setHeader('Access-Control-Allow-Methods', 'GET, POST, DELETE');
      response.setHeader('Access-Control-Allow-Headers', CORS_NAMES);
      return end(response, 204);
    }
    if (token !== undefined && headers.authorization !== `Bearer ${token}`) {
      response.setHeader('WWW-Authenticate', 'Bearer');
      return end(response, 401);
    }
    const id = headers['mcp-session-id'];
    const session = typeof id === 'string' ? id : undefined;
    if (session !== undefined && !isSession(sessions, session, origin)) return end(response, 404);
    if (method === 'DELETE' && session !== undefined) {
      if (forgets) sessions.delete(session);
      return end(response, 204);
    }
    if (method !== 'POST') return end(response, 405);
    if (!isJson(headers['content-type'])) return end(response, 415);
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    request.on('end', () => {
      const message = parse(text);
      if (message === undefined) return end(response, 400);
      if (message.method === 'initialize' && keepsSessions) {
        const opened = newId();
        sessions.set(opened, origin);
        response.setHeader('Mcp-Session-Id', opened);
      } else if (keepsSessions && session === undefined) return end(response, 400);
      if (message.id === undefined) return end(response, 202);
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify({ jsonrpc: '2.0', id: message.id, result: resultOf(message.method) }));
    });
  };
}

function end(response: ServerResponse, status: number): void {
  response.writeHead(status).end();
}

function parse(text: string): { readonly id?: unknown; readonly method?: string } | undefined {
  try {
    return JSON.parse(text) as { readonly id?: unknown; readonly method?: string };
  } catch {
    return undefined;
  }
}

function resultOf(method: string | undefined): object {
  if (method === 'initialize') {
    return {
      protocolVersion: '2025-11-25',
      capabilities: { tools: {} },
      serverInfo: { name: 'plain', version: '1.0.0' },
    };
  }
  return method === 'tools/list' ? { tools: [] } : {};
}

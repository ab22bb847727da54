import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Decision } from 'mcp-cors';
import { changeSessionParameter } from 'mcp-cors/carrier';
import { rewriteRequest, sealResponse } from 'mcp-cors/node';
import type { Replica } from './config/routes.js';

/** What stands between the mark of an upstream and the id that it gave a session. */
const BEHIND_MARK = '~';
const MARKED = new RegExp(`^([A-Za-z0-9_-]{2})${BEHIND_MARK}(.*)$`, 's');

/** Where a request of a session belongs: an upstream, one that is not there any more, or anywhere without a session. */
export type SessionPlace = Replica | 'gone' | undefined;

/**
 * Finds the upstream that opened the session of a request, and gives the request the id by which that one knows it. An id
 * without a mark is from a time when the first upstream was the only one.
 */
export function openSession(request: IncomingMessage, replicas: readonly Replica[]): SessionPlace {
  let place: SessionPlace;
  const open = (id: string): string => {
    const [, mark, inner] = MARKED.exec(id) ?? [];
    const found = mark === undefined ? replicas[0] : replicas.find((replica) => replica.mark === mark);
    place = found === undefined || (place !== undefined && place !== found) ? 'gone' : found;
    return inner ?? id;
  };
  const given = request.headers['mcp-session-id'];
  const sessionId = given === undefined ? undefined : open([given].flat().join(', '));
  const target = request.url ?? '/';
  const opened = changeSessionParameter(target, open);
  rewriteRequest(request, {
    sessionId: sessionId === given ? undefined : sessionId,
    target: opened === target ? undefined : opened,
    requestId: undefined,
  });
  return place;
}

/** Puts the mark of the upstream that answers into the session ids of a response. */
export function markSessions(
  response: ServerResponse,
  kind: Decision['kind'],
  answering: () => Replica,
): void {
  const takeHead = sealResponse((id) => `${answering().mark}${BEHIND_MARK}${id}`, kind, response);
  const { writeHead } = response;
  response.writeHead = function markingWriteHead(
    this: ServerResponse,
    status: number,
    headers?: Record<string, string | string[]>,
  ) {
    for (const name in headers) this.setHeader(name, headers[name] as string);
    takeHead();
    return writeHead.call(this, status);
  } as typeof writeHead;
}

/** Whether the requests of a route's kind of endpoint belong to sessions. */
export function hasSessions(kind: Decision['kind']): boolean {
  return kind === 'mcp' || kind === 'sse' || kind === 'messages';
}

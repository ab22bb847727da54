import { createHmac } from 'node:crypto';
import { changeSessionParameter } from 'mcp-cors/carrier';
import type { Account } from '../observation.js';

/** What a client wrote is cut to this many characters. */
export const MAX_TEXT_LENGTH = 256;

/** One line of an audit. Keys without a value are left out. */
export type AuditLine = Readonly<Record<string, string | number | boolean | undefined>>;

/** Turns a session id into what stands for it. */
export type Pseudonym = (id: string) => string;

/** The first 16 digits of an HMAC: lines of a session can be found, and the session cannot be used. */
export function createPseudonym(hashKey: string): Pseudonym {
  return (id) => createHmac('sha256', hashKey).update(`audit\0${id}`).digest('hex').slice(0, 16);
}

/** What an audit says of a request: no credentials, no bodies, no query. */
export function auditLine(account: Account, pseudonym: Pseudonym): AuditLine {
  const { event, answer } = account;
  const sessionId = event.head.sessionId ?? sessionInQuery(account.target);
  return {
    requestId: event.requestId,
    traceId: traceIdOf(account.traceparent),
    outcome: event.outcome,
    reason: event.reason,
    wouldDeny: event.wouldDeny,
    rule: event.rule,
    subject: cut(event.subject),
    origin: cut(withoutUser(event.origin)),
    host: cut(withoutUser(event.host)),
    method: cut(event.method),
    path: cut(plainPath(event.path)),
    route: account.route,
    address: event.address,
    session: sessionId === undefined ? undefined : pseudonym(sessionId),
    status: account.status === 0 ? undefined : account.status,
    answer,
    aborted: account.aborted ? true : undefined,
    stream: account.stream ? true : undefined,
    durationMs: Math.round(account.durationMs * 1_000) / 1_000,
    limiterError: cut(event.limiterError?.message),
  };
}

/** A path without what could hold a secret behind it, however that is written: query, fragment, path parameters. */
function plainPath(path: string): string {
  const end = path.search(/[?#;]|%(?:3f|23|3b)/i);
  return withoutUser(end === -1 ? path : path.slice(0, end)) as string;
}

/** A URL or authority without its user and password. */
function withoutUser(text: string | undefined): string | undefined {
  if (text === undefined || !text.includes('@')) return text;
  return text.replace(/(^|\/\/)[^/]*@/, '$1');
}

/** The session in the query of a message of the HTTP+SSE transport. */
function sessionInQuery(target: string): string | undefined {
  if (!target.includes('?')) return undefined;
  let found: string | undefined;
  changeSessionParameter(target, (id) => {
    found = id;
    return id;
  });
  return found;
}

/** The trace that a request belongs to. @see https://www.w3.org/TR/trace-context/#traceparent-header */
function traceIdOf(traceparent: string | undefined): string | undefined {
  const id = traceparent === undefined ? undefined : TRACEPARENT.exec(traceparent)?.[1];
  return id === NO_TRACE ? undefined : id;
}

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-|$)/;
const NO_TRACE = '0'.repeat(32);

function cut(text: string | undefined): string | undefined {
  return text !== undefined && text.length > MAX_TEXT_LENGTH ? text.slice(0, MAX_TEXT_LENGTH) : text;
}

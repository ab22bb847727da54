import type { EnforcedPart } from '../enforced.js';
import type { FormatHole, Unread } from '../reader.js';
import { SURVEY_HOLES, type SurveyHoleId } from './holes.js';
import {
  type HeaderLine,
  type Model,
  type ModelReply,
  type ModelRequest,
  type ServerReply,
  Unfollowed,
} from './model.js';
import type { Position } from './position.js';

/** Pages that nobody names. */
export const EVIL = 'https://evil.example';
export const OTHER_EVIL = 'http://attacker.test:8080';
export const EVIL_HOST = 'evil.example';
export const OK: ServerReply = { status: 200, headers: [] };
const JSON_BODY = { 'content-type': 'application/json' };
const ALLOW_ORIGIN = 'access-control-allow-origin';

/** Asks a model, and keeps what comes out of it. Where it cannot be told, an answer is undefined, and that is noted. */
export interface Asking {
  readonly holes: FormatHole[];
  readonly unread: Unread[];
  readonly lines: Partial<Record<EnforcedPart, number>>;
  readonly columns: Partial<Record<EnforcedPart, number>>;
  readonly note: (unfollowed: Unfollowed) => void;
  /** Says where a part is written; the first time counts. */
  readonly place: (part: EnforcedPart, at: Position | undefined) => void;
  readonly add: (id: SurveyHoleId, at: Position, subject?: string) => void;
  readonly ask: (
    method: string,
    headers: Readonly<Record<string, string>>,
    reply?: ServerReply,
  ) => ModelReply | undefined;
  readonly post: (origin: string | undefined, reply?: ServerReply, host?: string) => ModelReply | undefined;
  readonly preflight: (origin: string, headers: string, method?: string) => ModelReply | undefined;
  /** The lines of a header; undefined where one of them cannot be told. */
  readonly linesOf: (reply: ModelReply | undefined, name: string) => readonly HeaderLine[] | undefined;
  /** The names that a header lists. */
  readonly namesOf: (reply: ModelReply | undefined, name: string) => readonly string[] | undefined;
  readonly allowed: (reply: ModelReply | undefined) => readonly string[] | undefined;
  /** Whether a page of an origin may read an answer. */
  readonly admitted: (reply: ModelReply | undefined, origin: string) => boolean | undefined;
  /** Whether it may read the answer to a POST, or to a GET. */
  readonly admits: (origin: string) => boolean | undefined;
  /** Asks under another Host from now on. */
  readonly useHost: (host: string) => void;
}

export function createAsking(model: Model): Asking {
  const holes: FormatHole[] = [...model.holes];
  const unread: Unread[] = [];
  const lines: Asking['lines'] = {};
  const columns: Asking['columns'] = {};
  const noted = new Set<string>();
  let usualHost = model.host;

  const note: Asking['note'] = ({ at, text, message }) => {
    const key = `${at.line}:${at.column}:${message}`;
    if (!noted.has(key) && noted.size < 50) unread.push({ ...at, text: text.slice(0, 80), why: message });
    noted.add(key);
  };
  const ask: Asking['ask'] = (method, headers, reply = OK) => {
    const request: ModelRequest = { method, path: model.path, headers: { host: usualHost, ...headers } };
    try {
      return model.answer(request, reply);
    } catch (thrown) {
      if (!(thrown instanceof Unfollowed)) throw thrown;
      note(thrown);
      return undefined;
    }
  };
  const linesOf: Asking['linesOf'] = (reply, name) => {
    const found = reply?.lines.filter((line) => line.name.toLowerCase() === name);
    for (const { unfollowed } of found ?? []) if (unfollowed !== undefined) note(unfollowed);
    return found?.some(({ value }) => value === undefined) ? undefined : found;
  };
  const allowed: Asking['allowed'] = (reply) =>
    linesOf(reply, ALLOW_ORIGIN)?.map(({ value }) => value as string);
  const admitted: Asking['admitted'] = (reply, origin) =>
    allowed(reply)?.some((value) => value === origin || value === '*');
  const post: Asking['post'] = (origin, reply, host) =>
    ask(
      'POST',
      { ...JSON_BODY, ...(origin === undefined ? {} : { origin }), ...(host === undefined ? {} : { host }) },
      reply,
    );

  return {
    holes,
    unread,
    lines,
    columns,
    note,
    place: (part, at) => {
      if (at === undefined || lines[part] !== undefined) return;
      lines[part] = at.line;
      columns[part] = at.column;
    },
    add: (id, at, subject) => {
      if (holes.some((hole) => hole.id === id && hole.line === at.line && hole.subject === subject)) return;
      holes.push({ id, ...at, ...SURVEY_HOLES[id], subject });
    },
    ask,
    post,
    preflight: (origin, headers, method = 'POST') =>
      ask('OPTIONS', {
        origin,
        'access-control-request-method': method,
        'access-control-request-headers': headers,
      }),
    linesOf,
    namesOf: (reply, name) =>
      linesOf(reply, name)
        ?.flatMap(({ value }) => (value as string).split(',').map((one) => one.trim()))
        .filter((one) => one !== ''),
    allowed,
    admitted,
    admits: (origin) => {
      const [posted, got] = [admitted(post(origin), origin), admitted(ask('GET', { origin }), origin)];
      return posted === true || got === true ? true : posted === undefined ? undefined : got;
    },
    useHost: (host) => {
      usualHost = host;
    },
  };
}

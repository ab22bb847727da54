import type { HeaderField } from '../../policy/index.js';
import { shorten } from '../evidence.js';
import { fieldOf } from '../page.js';
import type { Severity } from '../report.js';
import type { AttackContext } from './context.js';
import { deedOf, endSession, INITIALIZE, ping } from './deed.js';
import { ATTACKER } from './origins.js';
import type { Answer } from './prober.js';

/** A session id of the usual form that nobody has issued. */
const NEVER_ISSUED = '3f0c9b52-6f3a-4d0e-9c55-0d1a7f0e6b11';

/** Fewest characters of an id that can hold 64 random bits in any usual alphabet. */
const MIN_ID_LENGTH = 11;

/** Whether ids can be found by trying: short, or counted. @param ids Of sessions opened one after the other. */
export function isGuessable(ids: readonly string[]): boolean {
  if (ids.some((id) => id.length < MIN_ID_LENGTH)) return true;
  const counters = ids.map((id) => /^(\D*)(\d{1,15})(\D*)$/.exec(id));
  const frames = new Set(counters.map((parts) => parts && `${parts[1]} ${parts[3]}`));
  // The same text around a number, which grows: counted, or made from a clock.
  if (frames.size === 1 && !frames.has(null)) {
    const numbers = counters.map((parts) => Number(parts?.[2]));
    return numbers.every((number, i) => i === 0 || Math.abs(number - (numbers[i - 1] ?? 0)) < 100_000);
  }
  const [first = '', second] = ids;
  if (second === undefined) return false;
  let common = 0;
  while (common < first.length && first[common] === second[common]) common++;
  return Math.max(first.length, second.length) - common < 8;
}

/** An id that differs from an issued one in its last character. */
export function altered(id: string): string {
  const last = id.at(-1);
  // Not the last but one: in base64 the last character may carry bits that are thrown away.
  const middle = Math.floor(id.length / 2);
  return last === undefined
    ? NEVER_ISSUED
    : `${id.slice(0, middle)}${id[middle] === 'a' ? 'b' : 'a'}${id.slice(middle + 1)}`;
}

/**
 * Uses a session of the allowed page as others, under ids that were guessed, and after its end.
 * @param open Whether the server acts without a token.
 */
export async function attackSessions(context: AttackContext, open: boolean): Promise<void> {
  if (deedOf(context) !== 'initialize' || !context.target.opensSessions) return;
  const { origin, own } = context;
  const page: readonly HeaderField[] = [['origin', origin], ...own];
  const id = await begin(context, page);
  if (id === undefined) return;
  const another = await begin(context, page);
  if (another !== undefined) {
    await endSession(context, another, page);
    if (isGuessable([id, another])) {
      const lengths = [id, another].map(({ length }) => length).join(' and ');
      context.report({
        id: 'session-id-guessable',
        tried: 'two sessions, one after the other',
        witness: `The ids have ${lengths} characters: ${shown(id)} and ${shown(another)}.`,
      });
    }
  }
  if (works(await ping(context, page, id))) {
    await cross(context, id, open);
    await guess(context, page, id);
  }
  const ended = await endSession(context, id, page);
  // Where no id is looked at, the end of a session means nothing either.
  if (ended !== undefined && ended.status < 300 && !context.has('session-id-not-checked')) {
    const after = await ping(context, page, id);
    if (after !== undefined && works(after)) {
      context.report({
        id: 'session-outlives-delete',
        tried: 'a ping in a session after its DELETE',
        witness: after.witness,
      });
    }
  }
}

async function begin(
  { prober, target }: AttackContext,
  headers: readonly HeaderField[],
): Promise<string | undefined> {
  const answer = await prober.try({
    method: 'POST',
    url: target.url,
    headers: [
      ...headers,
      ['content-type', 'application/json'],
      ['accept', 'application/json, text/event-stream'],
    ],
    body: INITIALIZE,
  });
  return answer === undefined ? undefined : fieldOf(answer, 'mcp-session-id');
}

/** Whether a ping was taken for one in a session that is open: a result, or an error of the protocol itself. */
function works(answer: Answer | undefined): answer is Answer {
  return answer !== undefined && answer.status < 300 && answer.reply !== undefined;
}

/** The session in the hands of others: a page that is not allowed, another that is, and a program. */
async function cross(context: AttackContext, id: string, open: boolean): Promise<void> {
  const { origins, own, prober, target } = context;
  const foreign = `https://${ATTACKER}`;
  const from = (origin: string | undefined): readonly HeaderField[] =>
    origin === undefined ? own : [['origin', origin], ...own];
  const hostile = await ping(context, from(foreign), id);
  const stream = await prober.try({
    method: 'GET',
    url: target.url,
    headers: [...from(foreign), ['mcp-session-id', id], ['accept', 'text/event-stream']],
  });
  const opened = stream?.status === 200 && /event-stream/i.test(fieldOf(stream, 'content-type') ?? '');
  const entered = works(hostile) ? hostile : opened ? stream : undefined;
  if (entered !== undefined) {
    context.report({
      id: 'session-not-bound',
      severity: boundSeverity('foreign', open),
      detail: 'a page that is not allowed',
      tried: `the session of ${context.origin}, ${works(hostile) ? 'a ping' : 'a stream'} from ${foreign}`,
      witness: entered.witness,
    });
    return;
  }
  for (const other of [...origins.slice(1, 2), undefined]) {
    const answer = await ping(context, from(other), id);
    if (!works(answer)) continue;
    context.report({
      id: 'session-not-bound',
      severity: boundSeverity('trusted', open),
      detail: other === undefined ? 'a program without Origin' : 'another allowed page',
      tried: `the session of ${context.origin}, a ping ${other === undefined ? 'without Origin' : `from ${other}`}`,
      witness: answer.witness,
    });
    return;
  }
}

/**
 * How grave it is that a session is not bound. Whoever uses it has to learn its id first, and where a token is asked for,
 * the token as well.
 */
export function boundSeverity(by: 'foreign' | 'trusted', open: boolean): Severity {
  return by === 'foreign' && open ? 'warning' : 'info';
}

async function guess(context: AttackContext, page: readonly HeaderField[], id: string): Promise<void> {
  for (const [guessed, what] of [
    [NEVER_ISSUED, 'an id that nobody issued'],
    [altered(id), 'an issued id with one character changed'],
  ] as const) {
    const answer = await ping(context, page, guessed);
    if (!works(answer)) continue;
    context.report({ id: 'session-id-not-checked', tried: `a ping under ${what}`, witness: answer.witness });
    return;
  }
}

/** An id that is secret is shown by its beginning; one that can be guessed is no secret. */
function shown(id: string): string {
  return id.length <= 12 && /^\d+$/.test(id) ? id : shorten(id);
}

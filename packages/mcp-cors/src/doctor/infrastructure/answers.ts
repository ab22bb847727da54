import type { HeaderField } from '../../policy/index.js';
import type { AttackContext } from '../attacks/context.js';
import { ACCEPT, admissionOf, askFirst, PING } from '../attacks/deed.js';
import type { Answer } from '../attacks/prober.js';
import { fieldOf } from '../page.js';

/** A request that a server has to refuse, and that has no effect where it does not. */
interface Refusal {
  readonly name: string;
  readonly method: string;
  readonly headers: readonly HeaderField[];
  readonly body?: string;
}

/** Requests that provoke 405, 406, 415 and 400. A lost session and a body that is no JSON are asked for elsewhere. */
const REFUSALS: readonly Refusal[] = [
  {
    name: 'a method that no revision has',
    method: 'PATCH',
    headers: [['content-type', 'application/json']],
    body: PING,
  },
  {
    name: 'a POST that accepts neither JSON nor a stream',
    method: 'POST',
    headers: [
      ['content-type', 'application/json'],
      ['accept', 'text/html'],
    ],
    body: PING,
  },
  {
    name: 'a POST that is XML',
    method: 'POST',
    headers: [['content-type', 'application/xml'], ACCEPT],
    body: '<ping/>',
  },
];

/** What several answers, each to another kind of request, have in common or lack. */
export interface Answers {
  readonly preflight: Answer | undefined;
  /** Answers to requests that were refused, with what was asked. */
  readonly refused: readonly (readonly [name: string, answer: Answer])[];
  /** An answer to a request that is right, from the page. */
  readonly right: Answer | undefined;
}

/** Asks a server for each kind of answer on behalf of a page. Nothing that is sent has an effect. */
export async function gatherAnswers(context: AttackContext, origin: string): Promise<Answers> {
  const { prober, target, own } = context;
  const page: readonly HeaderField[] = [['origin', origin], ...own];
  const [preflight, right, ...refusals] = await Promise.all([
    askFirst(context, [['origin', origin]]),
    prober.try({
      method: 'POST',
      url: target.url,
      headers: [...page, ['content-type', 'application/json'], ACCEPT],
      body: PING,
    }),
    ...REFUSALS.map(({ method, headers, body }) =>
      prober.try({ method, url: target.url, headers: [...page, ...headers], body }),
    ),
  ]);
  const refused = REFUSALS.flatMap(({ name }, i) => {
    const answer = refusals[i];
    return answer !== undefined && answer.status >= 400 ? [[name, answer] as const] : [];
  });
  return { preflight, refused, right };
}

/** Whether an answer carries Access-Control-Allow-Origin more than once. */
export function isDoubled({ headers }: Pick<Answer, 'headers'>): boolean {
  return headers.filter(([name]) => name.toLowerCase() === 'access-control-allow-origin').length > 1;
}

/** Refusals that a page cannot read, where it can read what is right. A refusal of the page itself is none of them. */
export function unreadable({ refused, right }: Answers, origin: string): Answers['refused'] {
  if (admissionOf(right, origin).by === undefined) return [];
  return refused.filter(
    ([, answer]) => fieldOf(answer, 'access-control-allow-origin') === undefined && answer.status !== 403,
  );
}

/** Whether a preflight was answered with a document for people. */
export function isForPeople(preflight: Answer): boolean {
  const html = /^text\/html\b/i.test(fieldOf(preflight, 'content-type') ?? '');
  return html && /<(?:!doctype|html|form|title)\b/i.test(preflight.text) && preflight.status < 500;
}

/** Seconds for which idle connections are kept, as the server says; undefined when it does not. */
export function keepAliveSeconds({ headers }: Pick<Answer, 'headers'>): number | undefined {
  const seconds = /\btimeout=(\d{1,6})\b/.exec(fieldOf({ headers }, 'keep-alive') ?? '')?.[1];
  return seconds === undefined ? undefined : Number(seconds);
}

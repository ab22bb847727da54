import type { HeaderField } from '../../policy/index.js';
import type { Severity } from '../report.js';
import type { AttackContext } from './context.js';
import { ACCEPT, act, admissionOf, deedOf, message, PING } from './deed.js';
import { ATTACKER } from './origins.js';
import type { Answer } from './prober.js';

/** A POST that a page may send without a preflight, by its Content-Type lines. */
export interface WriteProbe {
  readonly name: string;
  readonly types: readonly string[];
  readonly id: 'simple-post-accepted' | 'content-type-substring' | 'content-type-ambiguous';
}

const simple = (name: string, ...types: readonly string[]): WriteProbe => ({
  id: 'simple-post-accepted',
  name,
  types,
});

/** @see https://fetch.spec.whatwg.org/#cors-safelisted-request-header */
export const WRITE_PROBES: readonly WriteProbe[] = Object.freeze([
  simple('JSON as text/plain', 'text/plain'),
  simple('JSON as text/plain;charset=UTF-8', 'text/plain;charset=UTF-8'),
  simple('JSON as application/x-www-form-urlencoded', 'application/x-www-form-urlencoded'),
  simple('JSON as multipart/form-data', 'multipart/form-data; boundary=mcp-cors'),
  // A Blob without a type: fetch sends no Content-Type at all.
  simple('JSON without Content-Type'),
  {
    id: 'content-type-substring',
    name: 'JSON as text/plain with a parameter that mentions application/json',
    types: ['text/plain; a=application/json'],
  },
  {
    id: 'content-type-substring',
    name: 'JSON as text/plain with application/json after it',
    types: ['text/plain;application/json'],
  },
  {
    id: 'content-type-ambiguous',
    name: 'JSON with two Content-Type lines, text/plain and application/json',
    types: ['text/plain', 'application/json'],
  },
  { id: 'content-type-ambiguous', name: 'JSON with an empty Content-Type', types: [''] },
] satisfies readonly WriteProbe[]);

/**
 * Tries POSTs that browsers send without asking. They count when the server acted: a page cannot read the answer, and need
 * not. A token never goes with them, since no page can add one without a preflight.
 */
export async function attackWrites(context: AttackContext, open: boolean): Promise<void> {
  // Revision 2026-07-28 demands headers that need a preflight.
  if (!open || deedOf(context) === 'tools/list') return;
  const writer = deedOf(context) === 'initialize' ? createWriter(context) : await createStreamWriter(context);
  if (writer === undefined) return;
  const foreign =
    (await firstAccepted(writer, `https://${ATTACKER}`, WRITE_PROBES)) ??
    (await firstAccepted(writer, 'null', WRITE_PROBES.slice(0, 1)));
  if (foreign !== undefined) {
    const { probe, answer, from, names } = foreign;
    const reaches = await writer.reaches(probe, from);
    context.report({
      id: probe.id,
      severity: writeSeverity(probe, reaches, context),
      detail: reaches ? undefined : 'it opens sessions, and reaches no tool',
      tried: `from a page at ${from}: ${names.join('; ')}`,
      witness: answer.witness,
    });
  } else {
    const own = await firstAccepted(writer, context.origin, WRITE_PROBES.slice(0, 1));
    if (own !== undefined) {
      const { names, answer } = own;
      context.report({
        id: 'content-type-not-checked',
        tried: `from the allowed page: ${names.join('; ')}`,
        witness: answer.witness,
      });
    }
  }
  writer.close();
}

/** How grave a write is that no preflight guards. @param reaches Whether a tool could be called in the same way. */
export function writeSeverity(
  { id }: Pick<WriteProbe, 'id'>,
  reaches: boolean,
  { isPrivate, ambient }: Pick<AttackContext, 'isPrivate' | 'ambient'>,
): Severity {
  // No browser sends two lines, nor an empty one without a preflight.
  if (id === 'content-type-ambiguous') return 'info';
  // Without a private network or cookies in between, the page's author could send the same.
  return reaches && (isPrivate || ambient.length > 0) ? 'error' : 'warning';
}

interface Accepted {
  readonly probe: WriteProbe;
  readonly answer: Answer;
  readonly from: string;
  /** Every probe of the same kind that was accepted. */
  readonly names: readonly string[];
}

async function firstAccepted(
  { send }: Writer,
  from: string,
  probes: readonly WriteProbe[],
): Promise<Accepted | undefined> {
  let first: Omit<Accepted, 'names'> | undefined;
  const names: string[] = [];
  for (const probe of probes) {
    // What is accepted as plain text needs no parameter to be.
    if (first !== undefined && probe.id !== first.probe.id) continue;
    const answer = await send(probe, from);
    if (answer === undefined) continue;
    first ??= { probe, answer, from };
    names.push(probe.name);
  }
  return first && { ...first, names };
}

interface Writer {
  /** Sends a write, and gives its answer when the server acted on it. */
  send(probe: WriteProbe, origin: string): Promise<Answer | undefined>;
  /** Whether what a page can send so gets as far as the tools. */
  reaches(probe: WriteProbe, origin: string): Promise<boolean>;
  close(): void;
}

function createWriter(context: AttackContext): Writer {
  const { prober, target, ambient } = context;
  return {
    async send({ types }, from) {
      const outcome = await act(context, [['origin', from], ...ambient], { types });
      return outcome?.acted ? outcome.answer : undefined;
    },
    async reaches({ types }, from) {
      // Where every call needs Mcp-Session-Id, it needs a preflight as well.
      const answer = await prober.try({
        method: 'POST',
        url: target.url,
        headers: [
          ['origin', from],
          ...ambient,
          ...types.map((type) => ['content-type', type] as const),
          ACCEPT,
        ],
        body: message('tools/list'),
      });
      return answer?.reply?.result !== undefined;
    },
    close() {},
  };
}

/** HTTP+SSE: messages go to the URL in the first event of a stream, which stays open meanwhile. */
async function createStreamWriter({
  prober,
  target,
  ambient,
  own,
  origin,
}: AttackContext): Promise<Writer | undefined> {
  const stream = await prober.try({
    method: 'GET',
    url: target.url,
    headers: [['origin', origin], ...own, ['accept', 'text/event-stream']],
    awaitEvent: true,
    keepOpen: true,
  });
  const endpoint = stream?.firstEvent?.event === 'endpoint' ? stream.firstEvent.data : undefined;
  const url =
    endpoint !== undefined && URL.canParse(endpoint, target.url) ? new URL(endpoint, target.url) : undefined;
  if (url === undefined || url.origin !== new URL(target.url).origin) {
    stream?.close();
    return undefined;
  }
  return {
    async send({ types }, from) {
      const lines: readonly HeaderField[] = types.map((type) => ['content-type', type]);
      const answer = await prober.try({
        method: 'POST',
        url: url.href,
        headers: [['origin', from], ...ambient, ...lines],
        body: PING,
      });
      return answer !== undefined && answer.status < 300 ? answer : undefined;
    },
    // Every call needs the URL of a session, which a page can read in a stream that it is allowed to read, and nowhere else.
    async reaches(_, from) {
      const answer = await prober.try({
        method: 'GET',
        url: target.url,
        headers: [['origin', from], ...ambient, ['accept', 'text/event-stream']],
        awaitEvent: true,
      });
      return answer?.firstEvent?.event === 'endpoint' && admissionOf(answer, from).by !== undefined;
    },
    close: () => stream?.close(),
  };
}

import type { HeaderField } from '../../policy/index.js';
import type { AttackContext } from '../attacks/context.js';
import { deedOf, ping } from '../attacks/deed.js';
import { ATTACKER } from '../attacks/origins.js';
import type { Answer } from '../attacks/prober.js';
import { fieldOf } from '../page.js';
import type { Severity } from '../report.js';

/** Statuses that a cache may keep without being told to. @see https://httpwg.org/specs/rfc9110.html#rfc.section.15.1 */
const CACHEABLE = new Set([200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501]);

/** Whether a cache may keep an answer and give it to others without asking again (RFC 9111 section 3). */
export function isStorable(method: string, { status, headers }: Pick<Answer, 'status' | 'headers'>): boolean {
  const control = fieldOf({ headers }, 'cache-control')?.toLowerCase() ?? '';
  if (/\bno-(?:store|cache)\b/.test(control)) return false;
  const explicit =
    /\b(?:s-maxage|max-age)=(?!0\b)/.test(control) || fieldOf({ headers }, 'expires') !== undefined;
  // A POST is kept only with explicit freshness and a Content-Location, and hardly ever then (RFC 9110 section 9.3.3).
  if (method !== 'GET') return explicit && fieldOf({ headers }, 'content-location') !== undefined;
  const stream = /event-stream/i.test(fieldOf({ headers }, 'content-type') ?? '');
  return explicit || (!stream && CACHEABLE.has(status));
}

/** Whether `Vary` keeps answers for different origins apart. */
export function variesByOrigin({ headers }: Pick<Answer, 'headers'>): boolean {
  const names = (fieldOf({ headers }, 'vary') ?? '').split(',').map((name) => name.trim().toLowerCase());
  return names.includes('origin') || names.includes('*');
}

/** Whether an answer came out of a cache, as far as headers tell. */
export function isFromCache({ headers }: Pick<Answer, 'headers'>): boolean {
  const hit = ['x-cache', 'x-cache-status', 'cf-cache-status', 'x-proxy-cache', 'cache-status'].some((name) =>
    /\bhit\b/i.test(fieldOf({ headers }, name) ?? ''),
  );
  return hit || fieldOf({ headers }, 'age') !== undefined;
}

/** Asks the same as one page, as another and as none, and compares what a cache would have to keep apart. */
export async function compareForCaches(context: AttackContext): Promise<void> {
  const { origin, own, ambient, prober, target } = context;
  const foreign = `https://${ATTACKER}`;
  const get = (url: string, headers: readonly HeaderField[]): Promise<Answer | undefined> =>
    prober.try({ method: 'GET', url, headers: [...headers, ['accept', 'text/event-stream']] });
  const metadata = new URL('/.well-known/oauth-protected-resource', target.url).href;
  const asked: readonly (readonly [
    string,
    string,
    (headers: readonly HeaderField[]) => Promise<Answer | undefined>,
  ])[] = [
    ...(target.headless
      ? []
      : [['GET', 'the endpoint', (headers: readonly HeaderField[]) => get(target.url, headers)] as const]),
    ['GET', 'the metadata', (headers) => get(metadata, headers)],
    ...(deedOf(context) === 'initialize'
      ? [['POST', 'a message', (headers: readonly HeaderField[]) => ping(context, headers)] as const]
      : []),
  ];
  for (const [method, what, ask] of asked) {
    const allowed = await ask([['origin', origin], ...own]);
    // After the first, which a cache may have kept for them.
    const others = await Promise.all([ask([['origin', foreign], ...ambient]), ask(ambient)]);
    compare(context, { method, what, allowed, others, foreign });
  }
}

interface Compared {
  readonly method: string;
  readonly what: string;
  readonly allowed: Answer | undefined;
  /** For the foreign page, and without Origin. */
  readonly others: readonly (Answer | undefined)[];
  readonly foreign: string;
}

function compare(context: AttackContext, { method, what, allowed, others, foreign }: Compared): void {
  if (allowed === undefined) return;
  const allowOrigin = ({ headers }: Answer): string | undefined =>
    fieldOf({ headers }, 'access-control-allow-origin');
  const forAllowed = allowOrigin(allowed);
  const answers = [allowed, ...others.filter((answer) => answer !== undefined)];
  const [forForeign] = others;
  if (
    forForeign !== undefined &&
    forAllowed === context.origin &&
    allowOrigin(forForeign) === forAllowed &&
    isFromCache(forForeign)
  ) {
    context.report({
      id: 'cached-across-origins',
      tried: `${method} of ${what} from ${context.origin}, then from ${foreign}`,
      witness: forForeign.witness,
    });
    return;
  }
  const depends = answers.some((answer) => allowOrigin(answer) !== forAllowed);
  const bare = answers.find((answer) => !variesByOrigin(answer));
  if (!depends || bare === undefined) return;
  const severity: Severity = answers.some((answer) => !variesByOrigin(answer) && isStorable(method, answer))
    ? 'warning'
    : 'info';
  context.report({
    id: 'vary-missing',
    severity,
    detail: severity === 'info' ? 'on answers that caches do not keep' : undefined,
    tried: `${method} of ${what} from ${context.origin}, from ${foreign} and without Origin: Access-Control-Allow-Origin differs`,
    witness: bare.witness,
  });
}

import { parseOrigin } from '../../policy/origin.js';
import type { EnforcedOrigin } from '../enforced.js';
import { type Asking, EVIL, OTHER_EVIL } from './asking.js';
import type { Candidate } from './candidates.js';
import { lookAlikesOf } from './lookAlikes.js';
import { type Model, Unfollowed } from './model.js';

/** Which pages get in. */
export interface Admission {
  readonly anyOrigin: 'no' | 'star' | 'reflected';
  /** undefined where it cannot be told. */
  readonly origins: readonly EnforcedOrigin[] | undefined;
  /** A page that gets in, or one that nobody names. */
  readonly page: string;
}

/** Most expressions besides one that its samples are held against. */
const MOST_OTHERS = 20;

/** Tries foreign pages, everything that the file mentions, and its look-alikes. */
export function askForPages(model: Model, asking: Asking, candidates: readonly Candidate[]): Admission {
  const { admits, allowed, linesOf, post, add, note } = asking;
  const evil = admits(EVIL);
  const foreign = allowed(post(EVIL)) ?? [];
  if (evil === true && admits(OTHER_EVIL) === true) {
    const anyOrigin = foreign.includes(EVIL) ? 'reflected' : 'star';
    return { anyOrigin, origins: [], page: EVIL };
  }
  const origins: EnforcedOrigin[] = [];
  let page: string | undefined;
  for (const candidate of candidates) {
    const samples = telling(candidate, candidates);
    const origin = samples.find((sample) => admits(sample) === true);
    if (origin === undefined) {
      const value = samples[0] === undefined ? undefined : allowed(post(samples[0]))?.find(isUnusable);
      if (value !== undefined) add('allow-origin-unusable', candidate.at, value);
      if (samples.length === 0)
        note(new Unfollowed(candidate.at, candidate.text, 'no origin was found to try it with'));
      continue;
    }
    page ??= origin;
    origins.push(...candidate.origins);
    const alike = candidate.loose ? lookAlikesOf(origin).find((other) => admits(other) === true) : undefined;
    if (alike !== undefined) add('look-alike-admitted', candidate.at, alike);
  }
  const others = [...(evil === true ? [EVIL] : []), ...(admits('null') === true ? ['null'] : [])];
  for (const origin of others) {
    if (origins.some((one) => one.type !== 'regexp' && one.text === origin)) continue;
    origins.push({
      type: 'exact',
      text: origin,
      ...linesOf(post(origin), 'access-control-allow-origin')?.[0]?.at,
    });
  }
  if (origins.length === 0) {
    for (const at of model.mixed)
      note(new Unfollowed(at, 'Origin', 'origins are compared together with something else'));
  }
  const unknown = evil === undefined || (origins.length === 0 && model.mixed.length > 0);
  return {
    anyOrigin: 'no',
    origins: unknown && origins.length === 0 ? undefined : origins,
    page: page ?? EVIL,
  };
}

/** Samples that no other entry matches: what another admits too says nothing about this one. */
function telling(candidate: Candidate, all: readonly Candidate[]): readonly string[] {
  const others = all.filter((one) => one !== candidate && one.loose).slice(0, MOST_OTHERS);
  const alone = candidate.samples.filter((sample) => !others.some((one) => one.matches(sample)));
  return alone.length > 0 ? alone : candidate.samples;
}

/** Whether a value of Access-Control-Allow-Origin matches no page, whatever its origin. */
export function isUnusable(value: string): boolean {
  const known = ['*', 'null', ''].includes(value);
  return !known && parseOrigin(value.replace(/\/$/, '')) === undefined;
}

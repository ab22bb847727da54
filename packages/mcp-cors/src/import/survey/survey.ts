import type { Enforced } from '../enforced.js';
import type { FormatHole, Unread } from '../reader.js';
import { askForPages, isUnusable } from './admission.js';
import { type Asking, createAsking, EVIL, EVIL_HOST } from './asking.js';
import { type Candidate, candidatesOf, type HostCandidate, hostCandidatesOf } from './candidates.js';
import { askForConduct } from './conduct.js';
import { askForGrants } from './grants.js';
import type { Model } from './model.js';

/** What came out of asking. */
export interface Survey {
  readonly enforced: Enforced;
  readonly holes: readonly FormatHole[];
  readonly unread: readonly Unread[];
}

/** Asks a configuration what a browser, a foreign page and a look-alike would ask, and says what it enforces. */
export function survey(model: Model): Survey {
  const asking = createAsking(model);
  const { post, linesOf, allowed, admitted, place, add } = asking;
  const candidates = candidatesOf(model.origins, asking.note);
  const hosts = hostCandidatesOf(model.hosts, model.hostNames);
  asking.useHost(reachableHost(model, asking, candidates, hosts));

  const admission = askForPages(model, asking, candidates);
  const { page } = admission;
  const answer = post(page);
  const lines = linesOf(answer, 'access-control-allow-origin') ?? [];
  place('anyOrigin', lines[0]?.at);
  const unusable = allowed(post(EVIL))?.find(isUnusable);
  if (unusable !== undefined) add('allow-origin-unusable', lines[0]?.at ?? model.at, unusable);
  if (lines.length > 1) add('headers-twice', lines[1]?.at ?? model.at);

  const grants = askForGrants(asking, page, answer, model.words);
  const conduct = askForConduct(asking, admission, grants);
  const pages = admitted(answer, page) === true ? [undefined, page] : [undefined];
  const absent = post(undefined);
  const denies = absent !== undefined && !absent.forwarded && page !== EVIL;
  return {
    enforced: {
      name: model.name,
      ...model.at,
      lines: asking.lines,
      columns: asking.columns,
      anyOrigin: admission.anyOrigin,
      origins: admission.origins,
      ...grants,
      hosts: hostsOf(asking, hosts, pages),
      ...(denies ? { missingOrigin: 'deny' as const } : {}),
      conduct,
    },
    holes: asking.holes,
    unread: asking.unread,
  };
}

/** Most origins with which a Host is tried. */
const MOST_ORIGINS = 20;

/** A name under which requests go on: that of the file, or one that it compares with. */
function reachableHost(
  model: Model,
  { post }: Asking,
  candidates: readonly Candidate[],
  hosts: readonly HostCandidate[],
): string {
  const origins = candidates.flatMap(({ samples }) => samples.slice(0, 1)).slice(0, MOST_ORIGINS);
  const goesOn = (host: string): boolean =>
    [undefined, ...origins].some((origin) => post(origin, undefined, host)?.forwarded);
  return [model.host, ...hosts.map(({ sample }) => sample)].find(goesOn) ?? model.host;
}

/** The names under which a page, or a client without one, gets through. */
function hostsOf(
  { post, place }: Asking,
  hosts: readonly HostCandidate[],
  pages: readonly (string | undefined)[],
): Enforced['hosts'] {
  const goesOn = (host: string): boolean => pages.some((page) => post(page, undefined, host)?.forwarded);
  const rebound = post(undefined, undefined, EVIL_HOST);
  place('hosts', rebound?.at);
  if (goesOn(EVIL_HOST)) return 'unchecked';
  const taken = hosts.filter(({ sample }) => goesOn(sample)).map(({ host }) => host);
  return rebound === undefined || taken.length === 0 ? undefined : taken;
}

import type { CredentialsMode } from './corsCheck.js';
import type { BrowserProfile } from './profile.js';

/** For whom a preflight's answer is kept. @see https://fetch.spec.whatwg.org/#concept-cache */
export interface CacheKey {
  /** The network partition: in browsers, the site of the top-level document. */
  readonly partition: string;
  /** The request's origin, serialised. */
  readonly origin: string;
  /** With its fragment where the browser keeps it so. */
  readonly url: string;
}

/** What a preflight allowed. Header names are in lower case; `*` stands for itself. */
export interface Allowance {
  readonly credentials: boolean;
  readonly methods: ReadonlySet<string>;
  readonly headers: ReadonlySet<string>;
}

/** What a request needs to be allowed. */
export interface Need {
  readonly credentials: CredentialsMode;
  /** A method that is not safelisted. */
  readonly method: string | undefined;
  /** In lower case. */
  readonly headers: readonly string[];
}

/** What is kept of preflights, shared by the pages of a browser. */
export interface PreflightCache {
  /** Whether a request may go without a preflight. In Chromium a look-up that finds too little forgets the entry. */
  covers(key: CacheKey, need: Need, nowMs: number, profile: BrowserProfile): boolean;
  store(key: CacheKey, allowance: Allowance, untilMs: number, profile: BrowserProfile): void;
  clear(key: CacheKey): void;
}

type Kind = 'method' | 'header';

/** Until when, in milliseconds, each method and header may be used. @see https://fetch.spec.whatwg.org/#cache-entry */
type Entries = Map<string, number>;

/** An answer that lists nothing still covers a request that needs nothing by name. No header has this name. */
const NOTHING = '';

/** Creates a cache that no browser uses yet. */
export function createPreflightCache(): PreflightCache {
  const places = new Map<string, Entries>();
  const placeOf = ({ partition, origin, url }: CacheKey): string => JSON.stringify([partition, origin, url]);

  return {
    covers(key, need, nowMs, profile) {
      const place = placeOf(key);
      const entries = places.get(place);
      if (entries === undefined) return false;
      const covered = isCovered(entries, need, nowMs);
      if (!covered && !profile.preflightsAddUp) places.delete(place);
      return covered;
    },
    store(key, { credentials, methods, headers }, untilMs, profile) {
      if (key.url.length >= profile.preflightUrlLimit) return;
      const place = placeOf(key);
      const kept = profile.preflightsAddUp ? places.get(place) : undefined;
      const entries = kept ?? new Map<string, number>();
      const add = (kind: Kind, name: string): void => {
        entries.set(nameOf(credentials, kind, name), untilMs);
      };
      for (const name of methods) add('method', name);
      for (const name of headers) add('header', name);
      add('header', NOTHING);
      places.set(place, entries);
    },
    clear(key) {
      places.delete(placeOf(key));
    },
  };
}

function nameOf(credentials: boolean, kind: Kind, name: string): string {
  return `${credentials} ${kind} ${name}`;
}

function isCovered(entries: ReadonlyMap<string, number>, need: Need, nowMs: number): boolean {
  const withCredentials = need.credentials === 'include';
  const has = (credentials: boolean, kind: Kind, name: string): boolean =>
    (entries.get(nameOf(credentials, kind, name)) ?? nowMs) > nowMs;
  // An entry with credentials serves every request, one without them those that send none.
  const isNamed = (kind: Kind, name: string): boolean =>
    has(true, kind, name) || (!withCredentials && has(false, kind, name));
  const isAny = (kind: Kind): boolean => !withCredentials && has(false, kind, '*');
  if (need.method === undefined && need.headers.length === 0) return isNamed('header', NOTHING);
  return (
    (need.method === undefined || isNamed('method', need.method) || isAny('method')) &&
    need.headers.every((name) => isNamed('header', name) || (name !== 'authorization' && isAny('header')))
  );
}

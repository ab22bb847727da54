/** What a scripted server answers with. Values may hold the placeholders of {@link fill}. */
export interface Answer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** What is answered at one path: the nth answer to the nth request, the last one to all that follow. */
export interface Hop {
  readonly preflights: readonly Answer[];
  readonly actuals: readonly Answer[];
}

/** A fetch as a page calls it; plain data, so that it can be handed to a page and printed. */
export interface Call {
  readonly url: string;
  /** Milliseconds that the page lets pass before. */
  readonly waitMs?: number;
  readonly init: {
    readonly method?: string;
    readonly headers?: readonly (readonly [name: string, value: string])[];
    readonly credentials?: 'omit' | 'same-origin' | 'include';
    readonly mode?: 'cors' | 'no-cors' | 'same-origin';
    readonly redirect?: 'follow' | 'error' | 'manual';
    readonly body?: string;
  };
}

/**
 * The document that fetches: one with an origin, a sandboxed one whose origin is opaque, or one that counts as loaded
 * from a public address, whose user has granted or denied it Local Network Access.
 */
export const PAGE_KINDS = ['page', 'opaque', 'public-granted', 'public-denied'] as const;
export type PageKind = (typeof PAGE_KINDS)[number];

/** Fetches that a page makes one after the other, and the server that it makes them to. */
export interface Case {
  readonly id: number;
  readonly page: PageKind;
  readonly calls: readonly Call[];
  readonly hops: readonly Hop[];
}

/** The origins that a case is played on: the page's own, and three servers. */
export interface Origins {
  readonly page: string;
  readonly a: string;
  readonly b: string;
  readonly c: string;
}

/**
 * Puts the origins of a run in place of `{page}`, `{a}`, `{b}`, `{c}`, the same with a user name and a password in
 * place of `{a@}`, and the page's serialised origin in place of `{origin}`.
 */
export function fill(text: string, origins: Origins, page: Case['page']): string {
  return text
    .replaceAll('{origin}', page === 'opaque' ? 'null' : origins.page)
    .replaceAll(/\{(page|a|b|c)(@?)\}/g, (_, name: keyof Origins, user: string) =>
      user === '' ? origins[name] : origins[name].replace('://', '://u:p@'),
    );
}

/** The path of a hop of a case. */
export function hopPath(id: number, hop: number): string {
  return `/case/${id}/${hop}`;
}

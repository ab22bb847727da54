import type { Enforced } from './enforced.js';

/** Something in a file that decides about CORS and that the reader cannot follow. */
export interface Unread {
  readonly line: number;
  /** From 1, where the reader tells it. */
  readonly column?: number | undefined;
  /** What stands there, shortened. */
  readonly text: string;
  /** Why it cannot be followed. */
  readonly why: string;
}

/** A hole that only the reader of one format can see; see `holes.ts` for those that follow from what is enforced. */
export interface FormatHole {
  readonly id: string;
  readonly line: number;
  /** From 1, where the reader tells it. */
  readonly column?: number | undefined;
  readonly severity: 'error' | 'warning';
  readonly title: string;
  /** What exactly is meant, where that is more than the place. */
  readonly subject?: string | undefined;
  readonly why: string;
  readonly remedy: string;
}

/** What a reader makes of a file. */
export interface Reading {
  /** Each place that answers for CORS, in the order of the file; with the holes of its format alone. */
  readonly places: readonly { readonly enforced: Enforced; readonly holes: readonly FormatHole[] }[];
  readonly unread: readonly Unread[];
}

/**
 * Reads one format. Never throws, whatever the text; takes time in proportion to it. Nothing in the file is run or
 * followed: neither code, nor variables of the environment, nor other files.
 */
export interface Reader {
  /** As it is given on the command line: `nginx`, `caddy`, `fastapi`, `express`. */
  readonly name: string;
  /** What it reads, for people. */
  readonly title: string;
  /** How likely a file is of this format, by its name and text: 0 for not at all, more for more signs. */
  readonly claim: (file: string, text: string) => number;
  /** Why a text that looks like this format is not read at all. */
  readonly refuse?: (text: string) => { readonly message: string; readonly remedy: string } | undefined;
  readonly read: (text: string) => Reading;
}

/** Longest file that is read, in characters. */
export const MAX_FILE_LENGTH = 4_000_000;
/** Most places of one file that are looked at: more are no configuration, but an attempt to keep the reader busy. */
export const MAX_PLACES = 100;

import type { Limit } from './limits.js';

/** The server's own pages, where nothing compares two headers of a request. */
export const OWN_PAGES: Limit = Object.freeze({
  id: 'own-pages',
  weakens: false,
  concerns: ({ hosts, origins }) => hosts !== undefined && !origins.any,
  what: "The server's own pages are admitted only when they are listed.",
  why: 'No matcher compares Origin with Host.',
  instead: "List the server's own origin.",
} satisfies Limit);

/** Origin, where the response is made from the request as the server gets it. */
export const ORIGIN_FORWARDED: Limit = Object.freeze({
  id: 'origin-forwarded',
  weakens: false,
  concerns: () => true,
  what: 'The server gets Origin, and may refuse by itself what is allowed here.',
  why: 'The target looks at Origin again when the response comes.',
  instead: 'Allow the same origins in the server.',
} satisfies Limit);

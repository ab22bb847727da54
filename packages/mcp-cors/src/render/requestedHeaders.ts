import {
  type AllowedHeaders,
  FORBIDDEN_REQUEST_HEADER_PREFIXES,
  FORBIDDEN_REQUEST_HEADERS,
  MAX_EMPTY_ELEMENTS,
  MAX_HEADER_NAME_LENGTH,
  MAX_REQUESTED_HEADERS,
} from '../policy/headers.js';
import { literal, oneOf } from './regexps.js';

/** What a requested list of headers is, when a rule matches it. */
export type ListVerdict = 'allowed' | 'request-headers-malformed' | 'request-header-not-allowed';

/** A rule about the value of Access-Control-Request-Headers, in lower case or any other. */
export interface ListRule {
  /** Anchored at the start; at the end where it says so. Meant to ignore case. */
  readonly regexp: string;
  readonly verdict: ListVerdict;
  readonly why: string;
}

const TOKEN = "[!#$%&'*+.^_`|~0-9a-z-]";
const NO_TOKEN = "[^,!#$%&'*+.^_`|~0-9a-z \\t-]";
const OWS = '[ \\t]';

/**
 * What a preflight may ask for, as an ordered list: the first rule that matches the value tells; where none does, a
 * name is not allowed. An absent or empty list is allowed. The same bounds hold as in `findRefusedHeader`, but for the
 * length of the whole, which proxies bound themselves.
 */
export function listRules({ names, prefixes, any }: AllowedHeaders): readonly ListRule[] {
  const prefixed = (rest: (prefix: string) => string): string[] =>
    prefixes.map((prefix) => `${literal(prefix)}${rest(prefix)}`);
  const listed = [...names].map(literal);
  const name = any
    ? `${TOKEN}{1,${MAX_HEADER_NAME_LENGTH}}`
    : oneOf([...listed, ...prefixed((prefix) => `${TOKEN}{1,${MAX_HEADER_NAME_LENGTH - prefix.length}}`)]);
  // Within a count there is no other: engines limit the product of nested ones.
  const counted = any ? `${TOKEN}+` : oneOf([...listed, ...prefixed(() => `${TOKEN}+`)]);
  const named = `${OWS}*${counted}${OWS}*,`;
  return [
    ...(any ? [FORBIDDEN_NAME] : []),
    {
      regexp: `^${elements(name)}(?:[^,]*${NO_TOKEN}|${OWS}*${TOKEN}+${OWS}+${TOKEN}|${TOO_MUCH_SPACE})`,
      verdict: 'request-headers-malformed',
      why: 'a name that is no name, or more white space than an intermediary adds',
    },
    {
      regexp: `^(?:[ \\t,]*${counted}${OWS}*(?:,|$)){${MAX_REQUESTED_HEADERS + 1}}`,
      verdict: 'request-headers-malformed',
      why: `more than ${MAX_REQUESTED_HEADERS} names`,
    },
    {
      regexp: `^(?:(?:${named})*${OWS}*,){${MAX_EMPTY_ELEMENTS}}(?:${named})*${OWS}*(?:,|$)`,
      verdict: 'request-headers-malformed',
      why: `more than ${MAX_EMPTY_ELEMENTS} empty elements`,
    },
    {
      regexp: `^${elements(name)}${OWS}*(?:${name}${OWS}*)?$`,
      verdict: 'allowed',
      why: 'allowed names, and empty elements',
    },
  ];
}

/** Any number of elements with their commas, each a name or empty. */
function elements(name: string): string {
  return `(?:${OWS}*(?:${name}${OWS}*)?,)*`;
}

const TOO_MUCH_SPACE = [
  `${OWS}{3}`,
  `${OWS}{2}${TOKEN}+${OWS}`,
  `${OWS}${TOKEN}+${OWS}{2}`,
  `${TOKEN}+${OWS}{3}`,
].join('|');

/** A name with as much white space around it as an intermediary adds. */
function spaced(name: string): string {
  return `(?:${name}${OWS}{0,2}|${OWS}${name}${OWS}?|${OWS}{2}${name})`;
}

/** Where any name is allowed, those that no page can set are not; it comes first, and so minds white space itself. */
const FORBIDDEN_NAME: ListRule = {
  regexp: `^(?:(?:${spaced(`${TOKEN}+`)}|${OWS}{0,2}),)*${spaced(
    oneOf([
      ...[...FORBIDDEN_REQUEST_HEADERS].map(literal),
      ...FORBIDDEN_REQUEST_HEADER_PREFIXES.map((prefix) => `${literal(prefix)}${TOKEN}*`),
    ]),
  )}(?:,|$)`,
  verdict: 'request-header-not-allowed',
  why: 'names that no page can set',
};

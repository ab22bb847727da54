import { REVISION_NEEDS, REVISIONS, SAFELISTED_METHODS } from '../../policy/index.js';
import type { Enforced, EnforcedPart } from '../enforced.js';
import type { Asking } from './asking.js';
import type { ModelReply } from './model.js';

/** A header and a method that no revision has, and an end for prefixes. */
const UNLISTED = 'x-probe-unlisted';
const UNLISTED_METHOD = 'XPROBE';
/** Methods that are asked for one by one. */
const METHODS = ['GET', 'DELETE', 'PUT', 'PATCH'];
const NEEDS = REVISIONS.map((revision) => REVISION_NEEDS[revision]);

/** What a page may do. */
export type Grants = Pick<
  Enforced,
  'credentials' | 'methods' | 'allowedHeaders' | 'exposedHeaders' | 'maxAgeSeconds'
>;

/** Asks for what each revision needs, for what the file names, and for what nobody does. */
export function askForGrants(
  asking: Asking,
  page: string,
  answer: ModelReply | undefined,
  words: readonly string[],
): Grants {
  const { linesOf, namesOf, preflight, place } = asking;
  const asked = preflight(page, 'content-type');
  const placeOf = (part: EnforcedPart, reply: ModelReply | undefined, header: string): void => {
    place(part, linesOf(reply, header)?.[0]?.at);
    place(part, reply?.at);
  };
  placeOf('methods', asked, 'access-control-allow-methods');
  placeOf('allowedHeaders', asked, 'access-control-allow-headers');
  placeOf('maxAgeSeconds', asked, 'access-control-max-age');
  place('credentials', linesOf(answer, 'access-control-allow-credentials')?.[0]?.at);
  place('exposedHeaders', linesOf(answer, 'access-control-expose-headers')?.[0]?.at);
  place('exposedHeaders', linesOf(answer, 'access-control-allow-origin')?.[0]?.at);
  const credentials = linesOf(answer, 'access-control-allow-credentials')?.some(
    ({ value }) => value === 'true',
  );
  const age = linesOf(asked, 'access-control-max-age')?.[0]?.value ?? '';

  /** Whether a preflight passes, and lists a name. */
  const lists = (reply: ModelReply | undefined, header: string, name: string): boolean =>
    reply !== undefined &&
    isPassing(reply) &&
    (namesOf(reply, header)?.some((one) => one.toLowerCase() === name.toLowerCase()) ?? false);

  const methodsOf = (): Grants['methods'] => {
    const listed = namesOf(asked, 'access-control-allow-methods');
    if (listed === undefined) return undefined;
    const grants = (method: string): boolean =>
      lists(preflight(page, 'content-type', method), 'access-control-allow-methods', method);
    if (grants(UNLISTED_METHOD) || (listed.includes('*') && credentials !== true)) return 'any';
    // The safelisted ones are sent whatever the list says (Fetch standard, CORS-preflight fetch).
    return [...new Set([...listed, ...METHODS.filter(grants), ...SAFELISTED_METHODS])];
  };
  const headersOf = (): Grants['allowedHeaders'] => {
    const listed = namesOf(asked, 'access-control-allow-headers');
    const unlisted = namesOf(preflight(page, UNLISTED), 'access-control-allow-headers');
    if (listed === undefined || unlisted === undefined) return undefined;
    if (unlisted.includes(UNLISTED)) return 'any';
    // The same, whatever is asked for.
    if (unlisted.join() === listed.join()) return listed;
    const grants = (name: string): boolean =>
      lists(preflight(page, name.toLowerCase()), 'access-control-allow-headers', name);
    const wanted = new Map<string, string>();
    for (const name of [...NEEDS.flatMap(({ requestHeaders }) => requestHeaders), ...words]) {
      if (!wanted.has(name.toLowerCase())) wanted.set(name.toLowerCase(), name);
    }
    const prefixes = new Set(NEEDS.flatMap(({ requestHeaderPrefixes }) => requestHeaderPrefixes));
    return [
      ...[...wanted.values()].filter(grants),
      ...[...prefixes].filter((prefix) => grants(`${prefix}${UNLISTED}`)).map((prefix) => `${prefix}*`),
    ];
  };
  return {
    credentials,
    methods: methodsOf(),
    allowedHeaders: headersOf(),
    exposedHeaders: namesOf(answer, 'access-control-expose-headers'),
    maxAgeSeconds: /^\d{1,15}$/.test(age) ? Number(age) : undefined,
  };
}

/** Whether a preflight may have this status. */
export function isPassing({ status }: ModelReply): boolean {
  return status >= 200 && status < 300;
}

import {
  createPolicy,
  POLICY_ISSUES,
  PolicyConfigError,
  REVISION_NEEDS,
  REVISIONS,
  type Revision,
  type RevisionNeeds,
} from '../policy/index.js';
import type { Conduct, Enforced, EnforcedPart } from './enforced.js';
import { draftOf } from './policyOf.js';
import type { FormatHole } from './reader.js';

/** What is wrong with a configuration: how bad, where, what follows, and what to do. */
export interface Hole extends FormatHole {
  /** What exactly is meant: a pattern, or the names that are missing. */
  readonly subject: string | undefined;
}

type HoleText = Pick<FormatHole, 'severity' | 'title' | 'why' | 'remedy'>;

const error = (title: string, why: string, remedy: string): HoleText => ({
  severity: 'error',
  title,
  why,
  remedy,
});
const warning = (title: string, why: string, remedy: string): HoleText => ({
  severity: 'warning',
  title,
  why,
  remedy,
});

/** Holes that follow from what is enforced. Ids are stable; those of origins are the issue codes of a policy. */
export const HOLES = {
  'origins-reflected': error(
    'Every origin is admitted: the one of the request is sent back unchecked',
    'Any page that a user visits reads the answers, and with credentials acts as that user.',
    'Name the origins that may connect.',
  ),
  'origins-unlisted': warning(
    'The origins are not in this file',
    'Which pages get in cannot be told from it.',
    'Check the value that runs: mcp-cors check URL --origin https://evil.example',
  ),
  'foreign-origins-pass': error(
    'Requests of foreign pages reach the server',
    'Leaving the headers out keeps the answer from the page, after the server has acted on the request. MCP asks for 403.',
    'Refuse a present Origin that is not listed with 403.',
  ),
  'hosts-unchecked': error(
    'Any Host is taken',
    'A page can point a name of its own at this server (DNS rebinding), and is then of the same origin.',
    'Take only the names under which the server is reached, and refuse others.',
  ),
  'content-type-unchecked': warning(
    'A POST that is not JSON reaches the server',
    'Pages send text/plain without a preflight, and servers that look at the body alone run it.',
    'Refuse a POST to the MCP endpoint with 415 unless it is application/json.',
  ),
  'preflights-unanswered': error(
    'Preflights are left to the server',
    'A preflight carries no token, so authentication refuses it, and the browser then sends nothing.',
    'Answer OPTIONS with Origin and Access-Control-Request-Method with 204 and the headers, before anything else.',
  ),
  'options-swallowed': warning(
    'Every OPTIONS is answered, preflight or not',
    'The application never sees its own OPTIONS requests.',
    'Answer only OPTIONS that have Origin and Access-Control-Request-Method.',
  ),
  'errors-uncovered': error(
    'Error responses leave without the headers',
    'A page cannot read a 401, a 404 or a 502 without them: it sees a failed fetch, never signs in and never starts a new session.',
    'Put the headers on every response, errors of the proxy or the framework included.',
  ),
  'vary-missing': error(
    'Vary: Origin is missing',
    'A cache keeps the answer for one page and gives it to another, which cannot read it.',
    'Send Vary: Origin on every response, also without Origin and when it was refused.',
  ),
  'headers-doubled': warning(
    "The server's own CORS headers stay",
    'Two Access-Control-Allow-Origin lines match no origin, and what the server allows by itself gets past this configuration.',
    'Take every Access-Control-* header of the server away before adding your own.',
  ),
  'streams-held': error(
    'Event streams are buffered, compressed or cut',
    'Events arrive late or all at once, and a quiet stream ends.',
    'Turn buffering and compression off for streams, and raise the read timeout.',
  ),
  'methods-missing': error(
    'Methods are missing that pages need',
    'The browser refuses the request after its preflight: a session is never ended, a stream never opened.',
    'Allow GET, POST and DELETE.',
  ),
  'request-headers-missing': error(
    'Request headers are missing that pages must send',
    'The browser refuses the request after its preflight, often the second one, when initialize has already passed.',
    'Allow the names of every revision that the server speaks.',
  ),
  'header-prefixes-missing': warning(
    'Request headers are not allowed whose names tools make up',
    'Tools whose schema has x-mcp-header want headers that no fixed list can name (MCP 2026-07-28).',
    'Allow any header that begins with Mcp-Param-, or put the gateway in front, which completes them.',
  ),
  'exposed-headers-missing': error(
    'Response headers are missing that pages must read',
    'A page that cannot read Mcp-Session-Id gets 400 from its second request on; without WWW-Authenticate it never signs in.',
    'Expose the names of every revision that the server speaks, on every response and not on preflights alone.',
  ),
  'max-age-missing': warning(
    'Preflights are kept for five seconds only',
    'Without Access-Control-Max-Age a browser asks again before almost every call.',
    'Send Access-Control-Max-Age: 7200.',
  ),
} as const satisfies Record<string, HoleText>;

export type HoleId = keyof typeof HOLES;

/** Which part of the conduct, where it is wanting, makes which hole. */
const CONDUCT_HOLES: Readonly<Record<keyof Conduct, HoleId>> = {
  refusesForeignOrigins: 'foreign-origins-pass',
  checksContentType: 'content-type-unchecked',
  answersPreflights: 'preflights-unanswered',
  passesOtherOptions: 'options-swallowed',
  coversErrors: 'errors-uncovered',
  varies: 'vary-missing',
  replacesApplicationHeaders: 'headers-doubled',
  flushesStreams: 'streams-held',
};

/** Every hole of what is enforced, for servers that speak some revisions; errors first, each by its line. */
export function findHoles(enforced: Enforced, revisions: readonly Revision[] = REVISIONS): readonly Hole[] {
  const hole = (id: HoleId, part: EnforcedPart, subject?: string): Hole => ({
    id,
    ...placeOf(enforced, part),
    ...HOLES[id],
    subject,
  });
  const { methods, allowedHeaders, exposedHeaders, conduct } = enforced;
  const holes: Hole[] = [...issuesOf(enforced)];
  if (enforced.anyOrigin === 'reflected') holes.push(hole('origins-reflected', 'anyOrigin'));
  if (enforced.anyOrigin === 'no' && enforced.origins === undefined)
    holes.push(hole('origins-unlisted', 'origins'));
  if (enforced.hosts === 'unchecked') holes.push(hole('hosts-unchecked', 'hosts'));
  for (const [part, id] of Object.entries(CONDUCT_HOLES) as [keyof Conduct, HoleId][]) {
    // Under `*` nobody is foreign, and the answer is the same for all.
    const idle = enforced.anyOrigin === 'star' && (part === 'refusesForeignOrigins' || part === 'varies');
    if (conduct[part] === false && !idle) holes.push(hole(id, part));
  }
  if (methods !== undefined && methods !== 'any') {
    const missing = missingNames(
      revisions,
      ({ methods: needed }) => needed,
      (name) => methods.includes(name),
    );
    if (missing !== undefined) holes.push(hole('methods-missing', 'methods', missing));
  }
  if (allowedHeaders !== undefined && allowedHeaders !== 'any') {
    // `*` is a name like any other to a request with credentials, and never stands for Authorization (Fetch standard,
    // CORS-preflight fetch).
    const most = allowedHeaders.includes('*') && enforced.credentials !== true;
    const named = nameIn(allowedHeaders);
    const allows = (name: string): boolean => named(name) || (most && name.toLowerCase() !== 'authorization');
    const missing = missingNames(revisions, ({ requestHeaders }) => requestHeaders, allows);
    if (missing !== undefined) holes.push(hole('request-headers-missing', 'allowedHeaders', missing));
    const prefixes = missingNames(
      revisions,
      ({ requestHeaderPrefixes }) => requestHeaderPrefixes.map((prefix) => `${prefix}*`),
      allows,
    );
    if (prefixes !== undefined) holes.push(hole('header-prefixes-missing', 'allowedHeaders', prefixes));
  }
  if (exposedHeaders !== undefined) {
    // `*` is a name like any other to a request with credentials (Fetch standard, CORS-exposed header-name list).
    const all = exposedHeaders.includes('*') && enforced.credentials !== true;
    const exposes = nameIn(exposedHeaders);
    const missing = missingNames(
      revisions,
      ({ responseHeaders }) => responseHeaders,
      (name) => all || exposes(name),
    );
    if (missing !== undefined) holes.push(hole('exposed-headers-missing', 'exposedHeaders', missing));
  }
  if (methods !== undefined && enforced.maxAgeSeconds === undefined) {
    holes.push(hole('max-age-missing', 'maxAgeSeconds'));
  }
  return sortHoles(holes);
}

/** Where a part is written, or the whole. */
function placeOf(
  { line, lines, column, columns }: Enforced,
  part: EnforcedPart,
): { readonly line: number; readonly column?: number } {
  const [at, across] = lines?.[part] === undefined ? [line, column] : [lines[part], columns?.[part]];
  return across === undefined ? { line: at } : { line: at, column: across };
}

/** Errors first, each by its line. */
export function sortHoles(holes: readonly Hole[]): readonly Hole[] {
  const rank = ({ severity }: Hole): number => (severity === 'error' ? 0 : 1);
  return [...holes].sort((a, b) => rank(a) - rank(b) || a.line - b.line);
}

/** What `createPolicy` would refuse: the same code, words and remedy. */
function issuesOf(enforced: Enforced): readonly Hole[] {
  const { config, originPlaces } = draftOf(enforced);
  if (config.origins.length === 0) return [];
  try {
    createPolicy(config);
    return [];
  } catch (thrown) {
    if (!(thrown instanceof PolicyConfigError)) throw thrown;
    return thrown.issues.map(({ code, path, value, remedy }): Hole => {
      const index = Number(/^origins\[(\d+)\]$/.exec(path)?.[1] ?? Number.NaN);
      const part = path.split(/[.[]/, 1)[0] as EnforcedPart;
      const origin = originPlaces[index];
      return {
        id: code,
        ...(origin ?? placeOf(enforced, part)),
        severity: 'error',
        title: POLICY_ISSUES[code].message,
        why: 'Pages that were not meant get in, or pages that were meant do not: a policy of mcp-cors refuses it.',
        remedy,
        subject: typeof value === 'string' ? value : undefined,
      };
    });
  }
}

/** Names without case; one in the list that ends in `*` stands for all that begin so. */
function nameIn(list: readonly string[]): (name: string) => boolean {
  const lower = list.map((name) => name.toLowerCase());
  const prefixes = lower
    .filter((name) => name.length > 1 && name.endsWith('*'))
    .map((name) => name.slice(0, -1));
  return (name) =>
    lower.includes(name.toLowerCase()) || prefixes.some((prefix) => name.toLowerCase().startsWith(prefix));
}

/** The names that are missing, each with the revisions that need it; undefined when none is. */
function missingNames(
  revisions: readonly Revision[],
  of: (needs: RevisionNeeds) => readonly string[],
  has: (name: string) => boolean,
): string | undefined {
  const neededBy = new Map<string, Revision[]>();
  for (const revision of revisions) {
    for (const name of of(REVISION_NEEDS[revision])) {
      if (!has(name)) neededBy.set(name, [...(neededBy.get(name) ?? []), revision]);
    }
  }
  if (neededBy.size === 0) return undefined;
  return [...neededBy].map(([name, by]) => `${name}${spanOf(by, revisions)}`).join(', ');
}

/** The revisions that need a name, where not all do: a span where they follow each other. */
function spanOf(some: readonly Revision[], all: readonly Revision[]): string {
  if (some.length === all.length) return '';
  const [first] = some;
  const last = some.at(-1);
  const span = all.slice(all.indexOf(first as Revision), all.indexOf(last as Revision) + 1);
  if (some.length === 1 || span.length > some.length) return ` (${some.join(', ')})`;
  return last === all.at(-1) ? ` (from ${first})` : ` (${first} to ${last})`;
}

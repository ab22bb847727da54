import { DENIAL_BODIES, REASONS, type Reason } from '../../policy/decision.js';
import { METADATA_ENDINGS, METADATA_NAMES } from '../../policy/endpoints.js';
import {
  FORBIDDEN_REQUEST_HEADER_PREFIXES,
  FORBIDDEN_REQUEST_HEADERS,
  MAX_CONTENT_TYPE_LENGTH,
  MAX_EMPTY_ELEMENTS,
  MAX_HEADER_NAME_LENGTH,
  MAX_LIST_LENGTH,
  MAX_OWS_PER_ELEMENT,
  MAX_REQUESTED_HEADERS,
} from '../../policy/headers.js';
import { oneLine } from '../comment.js';
import { ALWAYS_SENT_METHODS, type KindPlan, type Plan } from '../plan.js';
import { LETTER_LIKE } from './letterLike.js';
import { lines, set, slice, string } from './literals.js';

/** The policy as Go literals: all that differs between one output and another. As gofmt has it. */
export function policyData({ routes: [{ policy }] }: Plan): string {
  const { origins, hosts, settings } = policy;
  const below = Object.entries(settings.endpoints)
    .filter(([path]) => path.endsWith('/*'))
    .map(([path, kind]) => [path.slice(0, -1), kind] as const)
    .sort(([a], [b]) => b.length - a.length);
  return `// ---- The policy ----

// Origins of pages that may connect, as browsers send them.
var origins = ${lines('setOf(', origins.exact.map(string), ')')}

// Wildcards. Go matches in time that grows with the text alone, whatever the expression.
var originPatterns = ${lines('[]*regexp.Regexp{', origins.patterns.map(rule), '}')}

// Regular expressions of the policy.
var originExpressions = ${lines('[]*regexp.Regexp{', origins.expressions.map(rule), '}')}

// What matches one of them must be an origin besides.
var wellFormedOrigin = ${compiled(origins.wellFormed)}
var originTooLong = ${compiled(origins.tooLong)}

// Whether any page may connect, and whether pages without an origin of their own may.
const anyOrigin = ${origins.any}
const nullOrigin = ${origins.opaque}
const credentials = ${policy.credentials}

// Whether requests without Origin pass: native clients, and pages of the server itself.
const missingOrigin = ${policy.missingOrigin === 'allow'}

${
  hosts === undefined
    ? '// Any Host is taken: nothing stands against DNS rebinding.'
    : `// Hosts, against DNS rebinding: ${oneLine(hosts.texts.join(', '))}.`
}
const checkHosts = ${hosts !== undefined}

var hostNames = ${compiled(hosts?.regexp ?? '^$')}
var hostTooLong = ${compiled(hosts?.tooLong ?? '^$')}

// Whether the policy names no hosts: then connections to a loopback address take loopback names alone.
const hostsOnLoopbackOnly = ${hosts?.loopbackAlone ?? false}

// Kinds of endpoint, by path. What is not listed is "mcp", the strictest.
var paths = ${lines(
    '[]pathKind{',
    Object.entries(policy.paths.exact).map(([path, kind]) => `{${string(path)}, ${string(kind)}}`),
    '}',
  )}
var pathsBelow = ${lines(
    '[]pathKind{',
    below.map(([prefix, kind]) => `{${string(prefix)}, ${string(kind)}}`),
    '}',
  )}
var metadataNames = ${slice(METADATA_NAMES)}
var metadataEndings = ${slice(METADATA_ENDINGS)}

// Kinds that pages of other sites may not load as an image, a script or a frame.
var guardedKinds = ${set(policy.guardedKinds)}

// What pages may do at each kind.
var kinds = ${lines('map[string]*kind{', Object.values(policy.kinds).map(kindLiteral), '}')}

const maxAge = ${string(policy.maxAge)}
const varyOnPass = ${string(policy.varyOnPass)}
const varyOnDenial = ${string(policy.varyOnDenial)}
const varyOnPreflight = ${string(policy.varyOnPreflight)}

// Report only: what would be refused is logged, and passes with its response left alone.
const reportOnly = ${policy.reportOnly}

// Answer refused preflights with what is allowed, so that the browser's console names what is missing.
const debug = ${policy.debug}

// Whether session ids are sealed to the origin that opened the session.
const sealSessions = ${settings.sessions !== undefined && !policy.reportOnly}
`;
}

/** Lists and bounds that are the same for every policy. */
export function commonData({ corsResponseHeaders }: Pick<Plan, 'corsResponseHeaders'>): string {
  return `// ---- What every policy has in common ----

// Refusals: why, the status, and what the client is told in a JSON-RPC error without id.
var denials = ${lines('[]denial{', REFUSALS.map(denial), '}')}

// What an application says about CORS by itself is replaced by the policy's own.
var corsResponseHeaders = ${slice(corsResponseHeaders)}

// Request headers that no page can set (Fetch standard, forbidden request-header).
var forbiddenRequestHeaders = ${set([...FORBIDDEN_REQUEST_HEADERS])}
var forbiddenRequestPrefixes = ${slice(FORBIDDEN_REQUEST_HEADER_PREFIXES)}

// Methods that browsers send whatever a preflight lists (Fetch standard, CORS-safelisted method).
var safelistedMethods = ${set(ALWAYS_SENT_METHODS)}

// Bounds on what a preflight may ask for; browsers stay far below.
const maxListLength = ${MAX_LIST_LENGTH}
const maxNames = ${MAX_REQUESTED_HEADERS}
const maxNameLength = ${MAX_HEADER_NAME_LENGTH}
const maxSpacesPerName = ${MAX_OWS_PER_ELEMENT}
const maxEmptyElements = ${MAX_EMPTY_ELEMENTS}
const maxContentTypeLength = ${MAX_CONTENT_TYPE_LENGTH}

// Ranges in which Unicode has characters that count as letters in some spelling: full width, circled, mathematical.
var letterLike = ${lines(
    '[][2]rune{',
    LETTER_LIKE.map(([first, last]) => `{0x${first.toString(16)}, 0x${last.toString(16)}}`),
    '}',
  )}
`;
}

/** The refusals that the file makes. The server does not drop headers, so that no head is incomplete. */
const REFUSALS: readonly Reason[] = (Object.keys(DENIAL_BODIES) as Reason[]).filter(
  (reason) => REASONS[reason].check !== 'limit' && reason !== 'request-head-incomplete',
);

function denial(reason: Reason): string {
  return `{${string(reason)}, ${REASONS[reason].status}, ${string(DENIAL_BODIES[reason] as string)}}`;
}

function compiled(regexp: string): string {
  return `regexp.MustCompile(${string(regexp)})`;
}

function rule({ text, regexp }: { readonly text: string; readonly regexp: string }): string {
  return `// ${oneLine(text)}\n${compiled(regexp)}`;
}

/** The width of the longest name with its colon: gofmt puts the values under each other. */
const WIDTH = 'headerPrefixes:'.length + 1;

function kindLiteral(kind: KindPlan): string {
  const { names, prefixes, any } = kind.allowedHeaders;
  const fields: readonly (readonly [string, string])[] = [
    ['methods', set(kind.methods)],
    ['allowMethods', string(kind.allowMethods)],
    ['headerNames', set([...names])],
    ['headerPrefixes', slice(prefixes)],
    ['anyHeader', String(any)],
    ['allowHeaders', string(kind.allowHeaders)],
    ['exposeHeaders', string(kind.exposeHeaders ?? '')],
    ['jsonOnly', String(kind.jsonOnly)],
  ];
  return `${string(kind.kind)}: ${lines(
    '{',
    fields.map(([name, value]) => `${`${name}:`.padEnd(WIDTH)}${value}`),
    '}',
  )}`;
}

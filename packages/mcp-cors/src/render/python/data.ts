import { DENIAL_ERROR_CODE } from '../../policy/decision.js';
import { METADATA_ENDINGS, METADATA_NAMES } from '../../policy/endpoints.js';
import {
  CORS_RESPONSE_HEADERS,
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
import { ALWAYS_SENT_METHODS, type KindPlan, type PolicyPlan } from '../plan.js';
import type { StateTable } from '../stateTable.js';
import { policyTables } from '../tables.js';
import { bool, entry, lines, rawString, set, string, tuple } from './literals.js';

/** The policy as Python literals: all that differs between one output and another. */
export function policyData(policy: PolicyPlan): string {
  const { origins, hosts } = policy;
  const { below, expressions, denials, sealSessions } = policyTables(policy);
  return [
    '# ---- The policy -------------------------------------------------------------------------------------',
    '# Origins of pages that may connect, as browsers send them.',
    `ORIGINS: FrozenSet[str] = ${set(origins.exact)}`,
    '# Wildcards. Matched whole; no two parts of an expression can take the same text, so none tries twice.',
    `ORIGIN_PATTERNS: Tuple[str, ...] = ${lines(
      '(',
      origins.patterns.map(({ text, regexp }) => `# ${oneLine(text)}\n${rawString(regexp)}`),
      ')',
    )}`,
    '# Regular expressions as tables of states, read once from left to right: a hostile origin cannot keep them busy.',
    '# A state is (whether an origin may end here, the characters that lead on and to which state).',
    `ORIGIN_TABLES: Tuple[Tuple[State, ...], ...] = ${lines(
      '(',
      expressions.map(({ text, table }) => `# ${oneLine(text)}\n${tableLiteral(table)}`),
      ')',
    )}`,
    '# What is longer than any origin.',
    `ORIGIN_TOO_LONG = ${rawString(origins.tooLong)}`,
    '# Whether any page may connect, and whether pages without an origin of their own may.',
    `ANY_ORIGIN = ${bool(origins.any)}`,
    `NULL_ORIGIN = ${bool(origins.opaque)}`,
    `CREDENTIALS = ${bool(policy.credentials)}`,
    '# Whether requests without Origin pass: native clients, and pages of the server itself.',
    `MISSING_ORIGIN = ${bool(policy.missingOrigin === 'allow')}`,
    '',
    hosts === undefined
      ? '# Any Host is taken: nothing stands against DNS rebinding.'
      : `# Hosts, against DNS rebinding: ${oneLine(hosts.texts.join(', '))}.`,
    `HOSTS: Optional[str] = ${hosts === undefined ? 'None' : rawString(hosts.regexp)}`,
    `HOST_TOO_LONG = ${rawString(hosts?.tooLong ?? '')}`,
    '# Whether the policy names no hosts: then connections to a loopback address take loopback names alone.',
    `HOSTS_ON_LOOPBACK_ONLY = ${bool(hosts?.loopbackAlone ?? false)}`,
    '',
    '# Kinds of endpoint, by path. What is not listed is "mcp", the strictest.',
    `PATHS: Dict[str, str] = ${lines(
      '{',
      Object.entries(policy.paths.exact).map(([path, kind]) => entry(path, string(kind))),
      '}',
    )}`,
    `PATHS_BELOW: Tuple[Tuple[str, str], ...] = ${lines(
      '(',
      below.map(([prefix, kind]) => `(${string(prefix)}, ${string(kind)})`),
      ')',
    )}`,
    `METADATA_NAMES: Tuple[str, ...] = ${tuple(METADATA_NAMES)}`,
    `METADATA_ENDINGS: Tuple[str, ...] = ${tuple(METADATA_ENDINGS)}`,
    '# Kinds that pages of other sites may not load as an image, a script or a frame.',
    `GUARDED_KINDS: FrozenSet[str] = ${set(policy.guardedKinds)}`,
    '',
    '# What pages may do at each kind.',
    `KINDS: Dict[str, Kind] = ${lines(
      '{',
      Object.values(policy.kinds).map((kind) => entry(kind.kind, kindLiteral(kind))),
      '}',
    )}`,
    `MAX_AGE = ${string(policy.maxAge)}`,
    `VARY_ON_PASS = ${string(policy.varyOnPass)}`,
    `VARY_ON_DENIAL = ${string(policy.varyOnDenial)}`,
    `VARY_ON_PREFLIGHT = ${string(policy.varyOnPreflight)}`,
    '',
    '# Report only: what would be refused is logged, and passes with its response left alone.',
    `REPORT_ONLY = ${bool(policy.reportOnly)}`,
    "# Answer refused preflights with what is allowed, so that the browser's console names what is missing.",
    `DEBUG = ${bool(policy.debug)}`,
    '# Whether session ids are sealed to the origin that opened the session.',
    `SEAL_SESSIONS = ${bool(sealSessions)}`,
    '',
    '# Refusals: a status, and what the client is told in a JSON-RPC error without id.',
    `DENIALS: Dict[str, Tuple[int, str]] = ${lines(
      '{',
      denials.map(({ reason, status, message }) => entry(reason, `(${status}, ${string(message)})`)),
      '}',
    )}`,
    '',
  ].join('\n');
}

/** Lists and bounds that are the same for every policy. */
export function commonData(): string {
  return [
    '# ---- What every policy has in common ----------------------------------------------------------------',
    "# What an application says about CORS by itself is replaced by the policy's own.",
    `CORS_RESPONSE_HEADERS: FrozenSet[str] = ${set(CORS_RESPONSE_HEADERS)}`,
    '# Request headers that no page can set (Fetch standard, forbidden request-header).',
    `FORBIDDEN_REQUEST_HEADERS: FrozenSet[str] = ${set([...FORBIDDEN_REQUEST_HEADERS])}`,
    `FORBIDDEN_REQUEST_PREFIXES: Tuple[str, ...] = ${tuple(FORBIDDEN_REQUEST_HEADER_PREFIXES)}`,
    '# Methods that browsers send whatever a preflight lists (Fetch standard, CORS-safelisted method).',
    `SAFELISTED_METHODS: FrozenSet[str] = ${set(ALWAYS_SENT_METHODS)}`,
    `DENIAL_ERROR_CODE = ${DENIAL_ERROR_CODE}`,
    '# Bounds on what a preflight may ask for; browsers stay far below.',
    `MAX_LIST_LENGTH = ${MAX_LIST_LENGTH}`,
    `MAX_NAMES = ${MAX_REQUESTED_HEADERS}`,
    `MAX_NAME_LENGTH = ${MAX_HEADER_NAME_LENGTH}`,
    `MAX_SPACES_PER_NAME = ${MAX_OWS_PER_ELEMENT}`,
    `MAX_EMPTY_ELEMENTS = ${MAX_EMPTY_ELEMENTS}`,
    `MAX_CONTENT_TYPE_LENGTH = ${MAX_CONTENT_TYPE_LENGTH}`,
    '',
  ].join('\n');
}

function kindLiteral(kind: KindPlan): string {
  const { names, prefixes, any } = kind.allowedHeaders;
  return lines(
    'Kind(',
    [
      `methods=${set(kind.methods)}`,
      `allow_methods=${string(kind.allowMethods)}`,
      `header_names=${set([...names])}`,
      `header_prefixes=${tuple(prefixes)}`,
      `any_header=${bool(any)}`,
      `allow_headers=${string(kind.allowHeaders)}`,
      `expose_headers=${string(kind.exposeHeaders ?? '')}`,
      `json_only=${bool(kind.jsonOnly)}`,
    ],
    ')',
  );
}

function tableLiteral({ states }: StateTable): string {
  return lines(
    '(',
    states.map(({ accepting, moves }) => {
      const pairs = moves.map(([characters, state]) => `(${string(characters)}, ${state}),`);
      return `(${bool(accepting)}, (${pairs.join(' ')}))`;
    }),
    ')',
  );
}

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
import { ALWAYS_SENT_METHODS, type KindPlan, type PolicyPlan } from '../plan.js';
import { tableRows } from '../stateTable.js';
import { policyTables } from '../tables.js';
import { type Arrays, comment, createArrays, string } from './literals.js';

/** The policy as Java constants: all that differs between one output and another. */
export function policyData(policy: PolicyPlan): string {
  const { origins, hosts, paths } = policy;
  const { below, expressions, denials, sealSessions } = policyTables(policy);
  const arrays = createArrays();
  const constant = (type: string, name: string, value: string): string =>
    `    private static final ${type} ${name} = ${value};`;
  const set = (name: string, className: string, texts: readonly string[]): string =>
    constant('Set<String>', name, `setOf(${arrays.parts(className, texts)})`);
  const tables = expressions.map(({ text, table }, i) => {
    const array = arrays.apart(`Expression${i + 1}`, tableRows(table));
    return `\n        ${comment(text)}\n        new Table(${array})`;
  });
  const fields = [
    '    // ---- The policy -----------------------------------------------------------------------------------',
    '',
    '    // Origins of pages that may connect, as browsers send them.',
    set('ORIGINS', 'Origins', origins.exact),
    '    // Wildcards. Matched whole; no two parts of an expression can take the same text, so that none is tried twice.',
    ...origins.patterns.slice(0, MAX_COMMENTED).map(({ text }) => `    ${comment(text)}`),
    constant(
      'List<Pattern>',
      'ORIGIN_PATTERNS',
      `patterns(${arrays.parts(
        'Patterns',
        origins.patterns.map(({ regexp }) => regexp),
      )})`,
    ),
    '    // Regular expressions as tables of states, read once from left to right: a hostile origin cannot keep them busy.',
    constant('List<Table>', 'ORIGIN_TABLES', `List.of(${tables.join(',')})`),
    '    // What is longer than any origin.',
    constant('Pattern', 'ORIGIN_TOO_LONG', `Pattern.compile(${string(origins.tooLong)})`),
    '    // Whether any page may connect, and whether pages without an origin of their own may.',
    constant('boolean', 'ANY_ORIGIN', String(origins.any)),
    constant('boolean', 'NULL_ORIGIN', String(origins.opaque)),
    constant('boolean', 'CREDENTIALS', String(policy.credentials)),
    '    // Whether requests without Origin pass: native clients, and pages of the server itself.',
    constant('boolean', 'MISSING_ORIGIN', String(policy.missingOrigin === 'allow')),
    '',
    hosts === undefined
      ? '    // Any Host is taken: nothing stands against DNS rebinding.'
      : `    ${comment(`Hosts, against DNS rebinding: ${hosts.texts.slice(0, MAX_COMMENTED).join(', ')}`)}`,
    constant('boolean', 'CHECK_HOSTS', String(hosts !== undefined)),
    constant('Pattern', 'HOST_NAMES', `Pattern.compile(${string(hosts?.regexp ?? '^$')})`),
    constant('Pattern', 'HOST_TOO_LONG', `Pattern.compile(${string(hosts?.tooLong ?? '^$')})`),
    '    // Whether the policy names no hosts: then connections to a loopback address take loopback names alone.',
    constant('boolean', 'HOSTS_ON_LOOPBACK_ONLY', String(hosts?.loopbackAlone ?? false)),
    '',
    '    // Kinds of endpoint, by path. What is not listed is "mcp", the strictest.',
    constant(
      'Map<String, String>',
      'PATHS',
      `mapOf(${arrays.parts('Paths', Object.entries(paths.exact).flat(), { perLine: 2 })})`,
    ),
    '    // Prefixes of paths, the longest first.',
    constant(
      'Map<String, String>',
      'PATHS_BELOW',
      `mapOf(${arrays.parts('PathsBelow', below.flat(), { perLine: 2 })})`,
    ),
    constant('List<String>', 'METADATA_NAMES', `listOf(${arrays.parts('MetadataNames', METADATA_NAMES)})`),
    constant(
      'List<String>',
      'METADATA_ENDINGS',
      `listOf(${arrays.parts('MetadataEndings', METADATA_ENDINGS)})`,
    ),
    '    // Kinds that pages of other sites may not load as an image, a script or a frame.',
    set('GUARDED_KINDS', 'GuardedKinds', policy.guardedKinds),
    '',
    '    // What pages may do at each kind.',
    constant(
      'Map<String, Kind>',
      'KINDS',
      `Map.of(\n${Object.values(policy.kinds)
        .map((kind) => `        ${string(kind.kind)}, ${kindOf(kind, arrays)}`)
        .join(',\n')})`,
    ),
    constant('String', 'MAX_AGE', string(policy.maxAge)),
    constant('String', 'VARY_ON_PASS', string(policy.varyOnPass)),
    constant('String', 'VARY_ON_DENIAL', string(policy.varyOnDenial)),
    constant('String', 'VARY_ON_PREFLIGHT', string(policy.varyOnPreflight)),
    '',
    '    // Report only: what would be refused is logged, and passes with its response left alone.',
    constant('boolean', 'REPORT_ONLY', String(policy.reportOnly)),
    "    // Answer refused preflights with what is allowed, so that the browser's console names what is missing.",
    constant('boolean', 'DEBUG', String(policy.debug)),
    '    // Whether session ids are sealed to the origin that opened the session.',
    constant('boolean', 'SEAL_SESSIONS', String(sealSessions)),
    '',
    '    // Refusals: a status, and what the client is told in a JSON-RPC error without id.',
    constant(
      'Map<String, Denial>',
      'DENIALS',
      `Map.ofEntries(\n${denials
        .map(
          ({ reason, status, body }) =>
            `        Map.entry(${string(reason)}, new Denial(${status}, ${string(body)}))`,
        )
        .join(',\n')})`,
    ),
    '',
    '    // ---- What every policy has in common --------------------------------------------------------------',
    '',
    "    // What an application says about CORS by itself is replaced by the policy's own.",
    set('CORS_RESPONSE_HEADERS', 'CorsResponseHeaders', CORS_RESPONSE_HEADERS),
    '    // Request headers that no page can set (Fetch standard, forbidden request-header).',
    set('FORBIDDEN_REQUEST_HEADERS', 'ForbiddenRequestHeaders', [...FORBIDDEN_REQUEST_HEADERS]),
    constant(
      'List<String>',
      'FORBIDDEN_REQUEST_PREFIXES',
      `listOf(${arrays.parts('ForbiddenRequestPrefixes', FORBIDDEN_REQUEST_HEADER_PREFIXES)})`,
    ),
    '    // Methods that browsers send whatever a preflight lists (Fetch standard, CORS-safelisted method).',
    set('SAFELISTED_METHODS', 'SafelistedMethods', ALWAYS_SENT_METHODS),
    '    // Bounds on what a preflight may ask for; browsers stay far below.',
    constant('int', 'MAX_LIST_LENGTH', String(MAX_LIST_LENGTH)),
    constant('int', 'MAX_NAMES', String(MAX_REQUESTED_HEADERS)),
    constant('int', 'MAX_NAME_LENGTH', String(MAX_HEADER_NAME_LENGTH)),
    constant('int', 'MAX_SPACES_PER_NAME', String(MAX_OWS_PER_ELEMENT)),
    constant('int', 'MAX_EMPTY_ELEMENTS', String(MAX_EMPTY_ELEMENTS)),
    constant('int', 'MAX_CONTENT_TYPE_LENGTH', String(MAX_CONTENT_TYPE_LENGTH)),
    '',
  ].join('\n');
  const classes = arrays.classes();
  return classes === '' ? fields : `${fields}\n${classes}`;
}

/** More patterns and hosts than these are not repeated in comments. */
const MAX_COMMENTED = 50;

function kindOf(kind: KindPlan, arrays: Arrays): string {
  const { names, prefixes, any } = kind.allowedHeaders;
  const name = `${kind.kind[0]?.toUpperCase()}${kind.kind.slice(1)}`;
  return `new Kind(
            setOf(${arrays.parts(`${name}Methods`, kind.methods, { column: 12 })}),
            ${string(kind.allowMethods)},
            setOf(${arrays.parts(`${name}Headers`, [...names], { column: 12 })}),
            listOf(${arrays.parts(`${name}Prefixes`, prefixes, { column: 12 })}),
            ${any}, // any header
            ${string(kind.allowHeaders)},
            ${string(kind.exposeHeaders ?? '')},
            ${kind.jsonOnly})`;
}

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
import { whole } from '../kindGroups.js';
import { ALWAYS_SENT_METHODS, type KindPlan, type PolicyPlan } from '../plan.js';
import { tableRows } from '../stateTable.js';
import { policyTables } from '../tables.js';
import { items, string } from './literals.js';

/** The policy as C# fields: all that differs between one output and another. */
export function policyData(policy: PolicyPlan): string {
  const { origins, hosts, paths } = policy;
  const { below, expressions, denials, sealSessions } = policyTables(policy);
  const field = (type: string, name: string, value: string): string =>
    `        private static readonly ${type} ${name} = ${value};`;
  const constant = (type: string, name: string, value: string): string =>
    `        private const ${type} ${name} = ${value};`;
  const comment = (text: string): string => `        // ${oneLine(text)}`;
  const set = (name: string, texts: readonly string[]): string =>
    field('HashSet<string>', name, `SetOf(new string[] ${items(texts, 8)})`);
  const list = (name: string, texts: readonly string[], perLine?: number): string =>
    field('string[]', name, `new string[] ${items(texts, 8, perLine)}`);
  // "$" would take a line end behind the text.
  const pattern = (regexp: string): string => `\\A${whole(regexp)}\\z`;
  const tables = expressions.map(
    ({ text, table }) =>
      `            // ${oneLine(text)}\n            new Table(new string[] ${items(tableRows(table), 12)}),\n`,
  );
  return [
    '        // ---- The policy -------------------------------------------------------------------------------',
    '',
    comment('Origins of pages that may connect, as browsers send them.'),
    set('Origins', origins.exact),
    comment(
      'Wildcards. No two parts of an expression can take the same text, so that none is tried twice. They are:',
    ),
    ...origins.patterns.slice(0, MAX_COMMENTED).map(({ text }) => comment(text)),
    field(
      'Regex[]',
      'OriginPatterns',
      `PatternsOf(new string[] ${items(
        origins.patterns.map(({ regexp }) => pattern(regexp)),
        8,
      )})`,
    ),
    comment(
      'Regular expressions as tables of states, read once from left to right: no hostile origin keeps them busy.',
    ),
    field(
      'Table[]',
      'OriginTables',
      tables.length === 0 ? 'new Table[] { }' : `new Table[] {\n${tables.join('')}        }`,
    ),
    comment('What is longer than any origin.'),
    field('Regex', 'OriginTooLong', `new Regex(${string(origins.tooLong)}, RegexOptions.CultureInvariant)`),
    comment('Whether any page may connect, and whether pages without an origin of their own may.'),
    field('bool', 'AnyOrigin', String(origins.any)),
    field('bool', 'NullOrigin', String(origins.opaque)),
    field('bool', 'Credentials', String(policy.credentials)),
    comment('Whether requests without Origin pass: native clients, and pages of the server itself.'),
    field('bool', 'MissingOrigin', String(policy.missingOrigin === 'allow')),
    '',
    comment(
      hosts === undefined
        ? 'Any Host is taken: nothing stands against DNS rebinding.'
        : `Hosts, against DNS rebinding: ${hosts.texts.slice(0, MAX_COMMENTED).join(', ')}`,
    ),
    field('bool', 'CheckHosts', String(hosts !== undefined)),
    field(
      'Regex',
      'HostNames',
      `new Regex(${string(pattern(hosts?.regexp ?? '^$'))}, RegexOptions.CultureInvariant)`,
    ),
    field(
      'Regex',
      'HostTooLong',
      `new Regex(${string(hosts?.tooLong ?? '^$')}, RegexOptions.CultureInvariant)`,
    ),
    comment(
      'Whether the policy names no hosts: then connections to a loopback address take loopback names alone.',
    ),
    field('bool', 'HostsOnLoopbackOnly', String(hosts?.loopbackAlone ?? false)),
    '',
    comment('Kinds of endpoint, by path. What is not listed is "mcp", the strictest.'),
    list('Paths', Object.entries(paths.exact).flat(), 2),
    comment('Prefixes of paths, the longest first.'),
    list('PathsBelow', below.flat(), 2),
    list('MetadataNames', METADATA_NAMES),
    list('MetadataEndings', METADATA_ENDINGS),
    comment('Kinds that pages of other sites may not load as an image, a script or a frame.'),
    set('GuardedKinds', policy.guardedKinds),
    '',
    comment('What pages may do at each kind.'),
    field(
      'Dictionary<string, Kind>',
      'Kinds',
      `new Dictionary<string, Kind>(StringComparer.Ordinal) {\n${Object.values(policy.kinds)
        .map((kind) => `            { ${string(kind.kind)}, ${kindOf(kind)} },\n`)
        .join('')}        }`,
    ),
    constant('string', 'MaxAge', string(policy.maxAge)),
    constant('string', 'VaryOnPass', string(policy.varyOnPass)),
    constant('string', 'VaryOnDenial', string(policy.varyOnDenial)),
    constant('string', 'VaryOnPreflight', string(policy.varyOnPreflight)),
    '',
    comment('Report only: what would be refused is logged, and passes with its response left alone.'),
    field('bool', 'ReportOnly', String(policy.reportOnly)),
    comment(
      "Answer refused preflights with what is allowed, so that the browser's console names what is missing.",
    ),
    field('bool', 'Debug', String(policy.debug)),
    comment('Whether session ids are sealed to the origin that opened the session.'),
    field('bool', 'SealSessions', String(sealSessions)),
    '',
    comment('Refusals: a status, and what the client is told in a JSON-RPC error without id.'),
    field(
      'Dictionary<string, Denial>',
      'Denials',
      `new Dictionary<string, Denial>(StringComparer.Ordinal) {\n${denials
        .map(
          ({ reason, status, body }) =>
            `            { ${string(reason)}, new Denial(${status}, ${string(body)}) },\n`,
        )
        .join('')}        }`,
    ),
    '',
    '        // ---- What every policy has in common ----------------------------------------------------------',
    '',
    comment("What an application says about CORS by itself is replaced by the policy's own."),
    list('CorsResponseHeaders', CORS_RESPONSE_HEADERS),
    comment('Request headers that no page can set (Fetch standard, forbidden request-header).'),
    set('ForbiddenRequestHeaders', [...FORBIDDEN_REQUEST_HEADERS]),
    list('ForbiddenRequestPrefixes', FORBIDDEN_REQUEST_HEADER_PREFIXES),
    comment(
      'Methods that browsers send whatever a preflight lists (Fetch standard, CORS-safelisted method).',
    ),
    set('SafelistedMethods', ALWAYS_SENT_METHODS),
    comment('Bounds on what a preflight may ask for; browsers stay far below.'),
    constant('int', 'MaxListLength', String(MAX_LIST_LENGTH)),
    constant('int', 'MaxNames', String(MAX_REQUESTED_HEADERS)),
    constant('int', 'MaxNameLength', String(MAX_HEADER_NAME_LENGTH)),
    constant('int', 'MaxSpacesPerName', String(MAX_OWS_PER_ELEMENT)),
    constant('int', 'MaxEmptyElements', String(MAX_EMPTY_ELEMENTS)),
    constant('int', 'MaxContentTypeLength', String(MAX_CONTENT_TYPE_LENGTH)),
    '',
  ].join('\n');
}

/** More patterns and hosts than these are not repeated in comments. */
const MAX_COMMENTED = 50;

function kindOf(kind: KindPlan): string {
  const { names, prefixes, any } = kind.allowedHeaders;
  return `new Kind {
                Methods = SetOf(new string[] ${items(kind.methods, 16)}),
                AllowMethods = ${string(kind.allowMethods)},
                HeaderNames = SetOf(new string[] ${items([...names], 16)}),
                HeaderPrefixes = new string[] ${items(prefixes, 16)},
                AnyHeader = ${any},
                AllowHeaders = ${string(kind.allowHeaders)},
                ExposeHeaders = ${string(kind.exposeHeaders ?? '')},
                JsonOnly = ${kind.jsonOnly},
            }`;
}

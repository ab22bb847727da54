import {
  FORBIDDEN_REQUEST_HEADER_PREFIXES,
  FORBIDDEN_REQUEST_HEADERS,
  MAX_EMPTY_ELEMENTS,
  MAX_HEADER_NAME_LENGTH,
  MAX_OWS_PER_ELEMENT,
  MAX_REQUESTED_HEADERS,
} from '../../policy/headers.js';
import { oneLine } from '../comment.js';
import { ALWAYS_SENT_METHODS, type KindPlan, type Plan } from '../plan.js';
import { lines, set, slice, string } from './literals.js';

/** The policy as Go literals: all that differs between one output and another. */
export function policyData({ routes: [{ policy }], corsResponseHeaders }: Plan): string {
  const { origins, hosts, paths } = policy;
  const compiled = (regexp: string): string => `regexp.MustCompile(${string(regexp)})`;
  const rules = ({ text, regexp }: { readonly text: string; readonly regexp: string }): string =>
    `// ${oneLine(text)}\n\t${compiled(regexp)}`;
  return `// Origins of pages that may connect, as browsers send them.
var origins = map[string]bool${lines(origins.exact.map((origin) => `${string(origin)}: true`))}

// Wildcards, complete by themselves.
var originPatterns = []*regexp.Regexp${lines(origins.patterns.map(rules))}

// Regular expressions of the policy: what matches one must be an origin besides.
var originExpressions = []*regexp.Regexp${lines(origins.expressions.map(rules))}

var (
\twellFormedOrigin = ${compiled(origins.wellFormed)}
\toriginTooLong = ${compiled(origins.tooLong)}
\tjsonContentType = ${compiled(policy.jsonContentType)}
\thostNames = ${compiled(hosts?.regexp ?? '^$')}
\thostTooLong = ${compiled(hosts?.tooLong ?? '^$')}
)

const (
\tanyOrigin = ${origins.any}
\tnullOrigin = ${origins.opaque}
\tcredentials = ${policy.credentials}
\t// Whether requests without Origin pass: native clients, and pages of the server itself.
\tmissingOrigin = ${policy.missingOrigin === 'allow'}
\t// Whether Host is checked, against DNS rebinding, and whether on connections to a loopback address alone.
\tcheckHosts = ${hosts !== undefined}
\thostsOnLoopbackOnly = ${hosts?.loopbackAlone ?? false}
\t// Report only: what would be refused is logged, and passes with its response left alone.
\treportOnly = ${policy.reportOnly}
\t// Answer refused preflights with what is allowed, so that the browser's console names what is missing.
\tdebug = ${policy.debug}
\tmaxAge = ${string(policy.maxAge)}
\tvaryOnPass = ${string(policy.varyOnPass)}
\tvaryOnDenial = ${string(policy.varyOnDenial)}
\tvaryOnPreflight = ${string(policy.varyOnPreflight)}
\t// Bounds on what a preflight may ask for; browsers stay far below.
\tmaxListLength = ${policy.maxListLength}
\tmaxNames = ${MAX_REQUESTED_HEADERS}
\tmaxNameLength = ${MAX_HEADER_NAME_LENGTH}
\tmaxSpacesPerName = ${MAX_OWS_PER_ELEMENT}
\tmaxEmptyElements = ${MAX_EMPTY_ELEMENTS}
)

// Kinds of endpoint, by path; then the first expression that matches. What is not listed is "mcp", the strictest.
var paths = map[string]string${lines(Object.entries(paths.exact).map(([path, kind]) => `${string(path)}: ${string(kind)}`))}

var pathRules = []pathRule${lines(
    paths.rules.map(
      ({ regexp, kind, why }) => `// ${oneLine(why)}\n\t{${compiled(regexp)}, ${string(kind)}}`,
    ),
  )}

// Kinds that pages of other sites may not load as an image, a script or a frame.
var guardedKinds = ${set(policy.guardedKinds)}

// What pages may do at each kind.
var kinds = map[string]*kind${lines(Object.values(policy.kinds).map(kindLiteral))}

// Refusals: a status, and what the client is told in a JSON-RPC error without id.
var denials = map[string]denial${lines(
    policy.denials.map(({ reason, status, body }) => `${string(reason)}: {${status}, ${string(body)}}`),
  )}

// What an application says about CORS by itself is replaced by the policy's own.
var corsResponseHeaders = ${slice(corsResponseHeaders)}

// Request headers that no page can set (Fetch standard, forbidden request-header).
var forbiddenRequestHeaders = ${set([...FORBIDDEN_REQUEST_HEADERS])}
var forbiddenRequestPrefixes = ${slice(FORBIDDEN_REQUEST_HEADER_PREFIXES)}

// Methods that browsers send whatever a preflight lists (Fetch standard, CORS-safelisted method).
var safelistedMethods = ${set(ALWAYS_SENT_METHODS)}
`;
}

function kindLiteral(kind: KindPlan): string {
  const { names, prefixes, any } = kind.allowedHeaders;
  return `${string(kind.kind)}: {
\t\tmethods: ${set(kind.methods)},
\t\tallowMethods: ${string(kind.allowMethods)},
\t\theaderNames: ${set([...names])},
\t\theaderPrefixes: ${slice(prefixes)},
\t\tanyHeader: ${any},
\t\tallowHeaders: ${string(kind.allowHeaders)},
\t\texposeHeaders: ${string(kind.exposeHeaders ?? '')},
\t\tjsonOnly: ${kind.jsonOnly},
\t}`;
}

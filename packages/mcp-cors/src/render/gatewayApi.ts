import { METADATA_NAMES } from '../policy/endpoints.js';
import { LOOPBACK_HOST_PATTERNS } from '../policy/host.js';
import { alike } from './alike.js';
import { RenderError } from './errors.js';
import { always, DIRECTORIES, type Limit, REPORT_ONLY, SEALED_SESSIONS } from './limits.js';
import type { KindPlan, Plan, PolicyPlan, RoutePlan } from './plan.js';
import type { Target } from './target.js';
import { type YamlValue, yaml } from './yaml.js';

/** What the definition of HTTPRoute says of a CORS filter (gateway.networking.k8s.io/v1 of Gateway API 1.5). */
export const GATEWAY_API_SCHEMA = Object.freeze({
  origin: /(^\*$)|(^(http(s)?):\/\/(((\*\.)?([a-zA-Z0-9-]+\.)*[a-zA-Z0-9-]+|\*)(:([0-9]{1,5}))?)$)/,
  methods: Object.freeze(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH']),
  hostname: /^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  maxItems: 64,
  maxHostnames: 16,
  maxRules: 16,
});

const GATEWAY = 'Put the gateway behind it (mcp-cors gateway), which enforces the policy whole.';

const LIMITS: readonly Limit[] = [
  {
    id: 'denied-origins',
    weakens: true,
    concerns: ({ origins }) => !origins.any,
    what: 'Requests of origins that are not allowed reach the server; their pages cannot read the response.',
    why: 'The CORS filter adds headers and refuses nothing.',
    instead: GATEWAY,
  },
  {
    id: 'content-types',
    weakens: true,
    concerns: always,
    what: 'A POST that is not JSON reaches the server.',
    why: 'No filter looks at Content-Type.',
    instead: `Have the server refuse it. ${GATEWAY}`,
  },
  {
    id: 'missing-origin',
    weakens: true,
    concerns: ({ missingOrigin, origins }) => missingOrigin === 'deny' || !origins.any,
    what: 'Requests without Origin reach the server, images and frames of other sites included.',
    why: 'Filters refuse nothing.',
    instead: GATEWAY,
  },
  {
    id: 'hosts',
    weakens: true,
    concerns: (policy) => hostnamesOf(policy) === undefined && policy.hosts !== undefined,
    what: 'Any Host is taken that the Gateway listens to.',
    why: 'Hostnames of a route are up to 16 names, without ports, addresses and localhost alone.',
    instead: 'Name up to 16 hosts without ports in the policy, or a hostname in the listener.',
  },
  {
    id: 'server-headers',
    weakens: true,
    concerns: always,
    what: 'CORS headers of the server itself may reach a page that is not allowed.',
    why: 'The order of filters is not defined, so that none can take them off safely.',
    instead: 'Have the server send none.',
  },
  {
    id: 'other-origins',
    weakens: false,
    concerns: (policy) => originsOf(policy).omitted,
    what: 'Pages of regular expressions, of any port, of null, of other schemes, and of more than 64 origins are kept out.',
    why: 'A CORS filter lists up to 64 http and https origins, with * as the first label alone.',
    instead: 'List the origins, or put the gateway in front (mcp-cors gateway).',
  },
  {
    id: 'other-names',
    weakens: false,
    concerns: always,
    what: 'Requested headers by prefix (Mcp-Param-*), methods beyond those of HTTP, and more than 64 names are left out.',
    why: 'A CORS filter lists up to 64 names and nine methods.',
    instead: 'Name the parameters in allowedHeaders.',
  },
  {
    id: 'route-spellings',
    weakens: true,
    concerns: always,
    what: 'A path that the server reads otherwise than the Gateway (/%69nner, /x/..%2finner) can reach what another route or policy is for.',
    why: 'Paths are matched exactly or by prefix, in a spelling that each implementation chooses.',
    instead: 'Use one policy for all that a server serves, or put the gateway behind it (mcp-cors gateway).',
  },
  {
    id: 'spellings',
    weakens: false,
    concerns: always,
    what: 'Endpoints are told by their paths alone, and metadata behind a path counts as mcp.',
    why: 'Paths are matched exactly or by prefix.',
    instead: 'Nothing: mcp is the strictest kind.',
  },
  SEALED_SESSIONS,
  DIRECTORIES,
  REPORT_ONLY,
  {
    id: 'debug',
    weakens: false,
    concerns: ({ debug }) => debug,
    what: 'Debug mode is off.',
    why: 'Preflights are answered by the Gateway in its own way.',
    instead: 'Ask mcp-cors explain what is missing.',
  },
];

/** HTTPRoutes of the Kubernetes Gateway API. */
export const GATEWAY_API: Target = Object.freeze({
  name: 'gateway-api',
  title: 'Kubernetes Gateway API 1.5 or later',
  file: 'mcp-cors.yaml',
  type: 'proxy',
  comment: '#',
  limits: LIMITS,
  use: ({ name }) => [
    'Try it with: kubectl apply --dry-run=server -f mcp-cors.yaml',
    `Name your Gateway in place of ${name}-gateway in parentRefs, and your Service in backendRefs.`,
  ],
  render: (plan) => plan.routes.map((route, i) => yaml(routeOf(plan, route, i))).join('---\n'),
} satisfies Target);

function routeOf(plan: Plan, route: RoutePlan, i: number): YamlValue {
  const { policy, upstream, path } = route;
  if (path !== upstream.path) {
    throw new RenderError(
      'upstream-invalid',
      `HTTPRoutes of this target leave paths as they are, and ${path || '/'} is not ${upstream.path || '/'}`,
      'Serve the route under its own path.',
    );
  }
  const [service = '', namespace] = upstream.host.split('.');
  const isService = /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(service) && service !== 'localhost';
  const backend = {
    name: isService ? service : `${plan.name}-server`,
    namespace: isService ? namespace : undefined,
    port: upstream.port,
  };
  const rules = alike(policy, ({ methods, allowHeaders, exposeHeaders }) => ({
    methods,
    allowHeaders,
    exposeHeaders,
  }))
    .map(([kinds]) => ({
      matches: kinds.flatMap((kind) => matchesOf(route, kind)),
      // An empty list could be taken for any origin.
      filters:
        originsOf(policy).listed.length === 0
          ? undefined
          : [{ type: 'CORS', cors: filterOf(policy, policy.kinds[kinds[0] as KindPlan['kind']]) }],
      backendRefs: [backend],
    }))
    .filter(({ matches }) => matches.length > 0);
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: `${plan.name}-cors-${i + 1}` },
    spec: {
      parentRefs: [{ name: `${plan.name}-gateway` }],
      hostnames: hostnamesOf(policy),
      rules,
    },
  };
}

function filterOf(policy: PolicyPlan, kind: KindPlan): YamlValue {
  const list = (text: string | undefined): readonly string[] => {
    const names = text === undefined || text === '' ? [] : text.split(', ');
    return names.includes('*') ? ['*'] : names.slice(0, GATEWAY_API_SCHEMA.maxItems);
  };
  return {
    allowOrigins: originsOf(policy).listed,
    allowCredentials: policy.credentials ? true : undefined,
    allowMethods: GATEWAY_API_SCHEMA.methods.filter((method) => kind.methods.includes(method)),
    allowHeaders: list(kind.allowHeaders),
    exposeHeaders: list(kind.exposeHeaders),
    maxAge: Math.max(1, Number(policy.maxAge)),
  };
}

/** The paths of a kind that are within a route. Exact paths come before prefixes, and long prefixes before short ones. */
function matchesOf({ path, exact, policy }: RoutePlan, kind: KindPlan['kind']): readonly YamlValue[] {
  const inside = (one: string): boolean =>
    exact ? one === path : one === path || one.startsWith(`${path}/`);
  const { paths, settings } = policy;
  const match = (type: string, value: string): YamlValue => ({ path: { type, value } });
  const readable = (one: string): boolean =>
    /^[-A-Za-z0-9/._~!$&'()*+,;=:@]+$/.test(one) && !/\/\/|\/\.{1,2}(?:\/|$)/.test(one);
  const below = Object.entries(settings.endpoints).filter(([one]) => one.endsWith('/*'));
  return [
    ...Object.entries(paths.exact)
      .filter(([one, found]) => found === kind && inside(one) && readable(one))
      .map(([one]) => match('Exact', one)),
    ...below
      .filter(([one, found]) => found === kind && !exact && inside(one) && readable(one))
      .map(([one]) => match('PathPrefix', one.slice(0, -2) || '/')),
    // The prefix by itself is not below itself.
    ...below
      .map(([one]) => one.slice(0, -2))
      .filter(
        (one) =>
          kind === paths.otherwise && one !== '' && inside(one) && readable(one) && !(one in paths.exact),
      )
      .map((one) => match('Exact', one)),
    ...(kind === 'metadata' && !exact
      ? METADATA_NAMES.filter(inside).map((one) => match('PathPrefix', one))
      : []),
    ...(kind === paths.otherwise && !(exact && path in paths.exact)
      ? [match(exact ? 'Exact' : 'PathPrefix', path || '/')]
      : []),
  ];
}

function originsOf({ origins }: PolicyPlan): {
  readonly listed: readonly string[];
  readonly omitted: boolean;
} {
  if (origins.any) return { listed: ['*'], omitted: false };
  // https://*.example.com means the same here: one or more labels.
  const wildcards = origins.patterns.filter(({ text }) => !text.endsWith(':*')).map(({ text }) => text);
  const fitting = [...origins.exact, ...wildcards].filter(
    (origin) => origin.length <= 253 && GATEWAY_API_SCHEMA.origin.test(origin),
  );
  const listed = fitting.slice(0, GATEWAY_API_SCHEMA.maxItems);
  const all = origins.exact.length + origins.patterns.length + origins.expressions.length;
  return { listed, omitted: origins.opaque || listed.length < all };
}

/** Hostnames for the route; undefined where they cannot say what the policy says. */
function hostnamesOf({ hosts, settings }: PolicyPlan): readonly string[] | undefined {
  if (hosts === undefined) return undefined;
  const patterns = settings.hosts ?? LOOPBACK_HOST_PATTERNS;
  const names = patterns.map(({ host, subdomains }) => (subdomains ? `*.${host}` : host));
  const fitting = patterns.every(({ port }) => port === undefined) && settings.aliases.length === 0;
  const good = names.every((name) => GATEWAY_API_SCHEMA.hostname.test(name) && !/^[0-9.]+$/.test(name));
  return fitting && good && names.length <= GATEWAY_API_SCHEMA.maxHostnames ? names : undefined;
}

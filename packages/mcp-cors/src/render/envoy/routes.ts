import { placeRules } from '../confinement.js';
import { type KindGroup, kindGroups, whole } from '../kindGroups.js';
import type { KindPlan, Plan, PolicyPlan, RoutePlan } from '../plan.js';
import { literal, oneOf } from '../regexps.js';
import type { YamlValue } from '../yaml.js';

/** What a request must be besides its path; all of it. */
type Conditions = readonly YamlValue[];
/** What is done with it. */
type Action = { readonly [name: string]: YamlValue | undefined };

/**
 * The routes in their order; the first that matches answers. Every one of them asks for what a request is, never for what
 * it is not: what passes stands before what is refused, and the last ones refuse everything.
 */
export function routesOf(plan: Plan): readonly YamlValue[] {
  return [
    ...strayPaths(plan),
    ...plan.routes.flatMap((route, i) =>
      kindGroups(route.policy.paths).flatMap((group) => groupRoutes(plan, route, i, group)),
    ),
    { match: { prefix: '' }, direct_response: { status: 404 } },
  ];
}

/** Paths that lead nowhere, since the server could read them as those of another route. */
function strayPaths({ routes }: Plan): readonly YamlValue[] {
  const named = routes.filter(({ path }) => path !== '');
  const inside: YamlValue[] = [];
  return placeRules(routes).flatMap((rule) => {
    if (rule.inside) {
      // The first rule that matches tells: what is inside here is not asked further.
      const route = named[inside.length] as RoutePlan;
      inside.push({ ...header(':path', placeOf(route)), invert_match: true });
      return [];
    }
    const match = { safe_regex: { regex: whole(rule.regexp) }, headers: [...inside] };
    return [{ match, direct_response: { status: 404 } }];
  });
}

function groupRoutes(plan: Plan, route: RoutePlan, i: number, group: KindGroup): readonly YamlValue[] {
  const { policy } = route;
  const kind = policy.kinds[group.kind];
  const place = header(':path', placeOf(route));
  const host = policy.hosts === undefined ? [] : [header(':authority', `(?i)${policy.hosts.regexp}`)];
  const at = (conditions: Conditions, action: Action): YamlValue => ({
    match: { safe_regex: { regex: group.regexp }, headers: [place, ...conditions] },
    ...action,
  });
  const refuse = (reason: string, vary = policy.varyOnDenial, headers: readonly YamlValue[] = []): Action =>
    refusal(policy, reason, vary, headers);
  const readable = readableHeaders(policy, kind);
  const pass = (headers: readonly YamlValue[]): Action => forward(plan, route, i, headers);
  /** What is left when the origin is admitted, or there is none. */
  const passes = (conditions: Conditions, headers: readonly YamlValue[]): readonly YamlValue[] => {
    const post = header(':method', '^POST$');
    return [
      ...(kind.jsonOnly
        ? [
            at([...conditions, post, header('content-type', policy.jsonContentType)], pass(headers)),
            at([...conditions, post], refuse('content-type-not-allowed', policy.varyOnPass, headers)),
          ]
        : []),
      at(conditions, pass(headers)),
    ];
  };
  const page = [...host, ...admittedOrigin(policy)];
  const site = header('sec-fetch-site', '^(?:cross-site|same-site)$');
  const guarded = policy.guardedKinds.includes(kind.kind);
  const plain = policy.origins.any ? readable : [];
  return [
    at([...host, header('origin', policy.origins.tooLong)], refuse('origin-not-allowed')),
    ...(hasOrigins(policy)
      ? [
          ...preflights(policy, kind).map(([conditions, action]) => at([...page, ...conditions], action)),
          ...passes(page, readable),
        ]
      : []),
    ...(policy.origins.opaque ? [] : [at([...host, header('origin', '^null$')], refuse('origin-null'))]),
    at([...host, present('origin')], refuse('origin-not-allowed')),
    ...(policy.missingOrigin === 'deny'
      ? [at(host, refuse('origin-missing'))]
      : [
          ...(guarded
            ? [
                ...passes([...host, site, header('sec-fetch-dest', '^document$')], plain),
                at([...host, site], refuse('cross-site-request')),
              ]
            : []),
          ...passes(host, plain),
        ]),
    ...(policy.hosts === undefined ? [] : [at([], refuse('host-not-allowed'))]),
  ];
}

/** Preflights of an admitted page, in the order of the checks. */
function preflights(policy: PolicyPlan, kind: KindPlan): readonly (readonly [Conditions, Action])[] {
  const asked = [header(':method', '^OPTIONS$'), present('access-control-request-method')];
  const good = [
    header(':method', '^OPTIONS$'),
    header('access-control-request-method', `^${oneOf(kind.methods.map(literal))}$`),
  ];
  const list = 'access-control-request-headers';
  const answer = (headers: readonly YamlValue[]): Action => ({
    direct_response: { status: 204 },
    response_headers_to_add: [
      ...originHeaders(policy),
      set('access-control-allow-methods', kind.allowMethods),
      ...headers,
      set('access-control-max-age', policy.maxAge),
      set('vary', policy.varyOnPreflight),
    ],
  });
  const echoed = set('access-control-allow-headers', '%REQ(access-control-request-headers)%', true);
  const refuse = (reason: string): Action => refusal(policy, reason, policy.varyOnPreflight, []);
  return [
    [[...good, { ...present(list), invert_match: true }], answer([])],
    [[...good, header(list, '^$')], answer([])],
    ...kind.listRules.map(({ regexp, verdict }): readonly [Conditions, Action] => [
      [...good, header(list, `(?i)${regexp}`)],
      verdict === 'allowed' ? answer([echoed]) : refuse(verdict),
    ]),
    [good, refuse('request-header-not-allowed')],
    [asked, refuse('method-not-allowed')],
  ];
}

function refusal(
  { denials }: PolicyPlan,
  reason: string,
  vary: string,
  headers: readonly YamlValue[],
): Action {
  const { status, body } = denials.find((denial) => denial.reason === reason) ?? { status: 403, body: '' };
  return {
    direct_response: { status, body: { inline_string: body } },
    response_headers_to_add: [
      set('content-type', 'application/json'),
      ...headers,
      ...(vary === '' ? [] : [set('vary', vary)]),
    ],
  };
}

function forward(plan: Plan, route: RoutePlan, i: number, headers: readonly YamlValue[]): Action {
  const { path, exact, upstream, policy } = route;
  const prefix = `^${literal(path)}${exact ? '$' : upstream.path === '' ? '/?' : ''}`;
  return {
    route: {
      cluster: `${plan.name}_server_${i + 1}`,
      // Streams may last.
      timeout: '0s',
      idle_timeout: '86400s',
      auto_host_rewrite: true,
      regex_rewrite:
        path === upstream.path
          ? undefined
          : { pattern: { regex: prefix }, substitution: (upstream.path || '/').replaceAll('\\', '\\\\') },
    },
    // Origin stays: the response headers are made from the request as the server gets it.
    request_headers_to_remove: plan.droppedRequestHeaders
      .map((name) => name.toLowerCase())
      .filter((name) => name !== 'origin'),
    response_headers_to_remove: plan.corsResponseHeaders.map((name) => name.toLowerCase()),
    response_headers_to_add: [
      ...headers,
      ...(policy.varyOnPass === ''
        ? []
        : [
            {
              header: { key: 'vary', value: policy.varyOnPass },
              append_action: 'APPEND_IF_EXISTS_OR_ADD',
            },
          ]),
    ],
  };
}

function hasOrigins({ origins }: PolicyPlan): boolean {
  return origins.any || origins.opaque || admitted(origins).length > 0;
}

function admitted({ exact, patterns, expressions }: PolicyPlan['origins']): readonly string[] {
  return [...exact.map(literal), ...[...patterns, ...expressions].map(({ regexp }) => whole(regexp))];
}

/** Null by itself, what is listed, and for regular expressions that it is an origin at all. */
function admittedOrigin({ origins }: PolicyPlan): Conditions {
  const opaque = origins.opaque ? ['null'] : [];
  if (origins.any) return [header('origin', `^${oneOf([...opaque, whole(origins.wellFormed)])}$`)];
  return [
    header('origin', `^${oneOf([...opaque, ...admitted(origins)])}$`),
    ...(origins.expressions.length === 0
      ? []
      : [header('origin', `^${oneOf([...opaque, whole(origins.wellFormed)])}$`)]),
  ];
}

function originHeaders({ origins, credentials }: PolicyPlan): readonly YamlValue[] {
  return [
    set('access-control-allow-origin', origins.any ? '*' : '%REQ(origin)%', !origins.any),
    ...(credentials ? [set('access-control-allow-credentials', 'true')] : []),
  ];
}

function readableHeaders(policy: PolicyPlan, { exposeHeaders }: KindPlan): readonly YamlValue[] {
  return [
    ...originHeaders(policy),
    ...(exposeHeaders === undefined ? [] : [set('access-control-expose-headers', exposeHeaders)]),
  ];
}

/** Sets a header; a percent sign begins a value of the request, unless it is doubled. */
function set(key: string, value: string, isFormat = false): YamlValue {
  return {
    header: { key, value: isFormat ? value : value.replaceAll('%', '%%') },
    append_action: 'OVERWRITE_IF_EXISTS_OR_ADD',
  };
}

/** A header whose value, lines joined by commas, is matched as a whole. */
function header(name: string, regexp: string): { readonly [name: string]: YamlValue } {
  const inAnyCase = regexp.startsWith('(?i)');
  const regex = `${inAnyCase ? '(?i)' : ''}${whole(inAnyCase ? regexp.slice(4) : regexp)}`;
  return { name, string_match: { safe_regex: { regex } } };
}

function present(name: string): { readonly name: string; readonly present_match: true } {
  return { name, present_match: true };
}

function placeOf({ path, exact }: RoutePlan): string {
  return `^${literal(path)}${exact ? '' : path === '' ? '/[^?]*' : '(?:/[^?]*)?'}(?:\\?.*)?$`;
}

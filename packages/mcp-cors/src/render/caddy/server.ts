import { alike } from '../alike.js';
import { placeRules } from '../confinement.js';
import type { DenialPlan, Plan, PolicyPlan, RoutePlan } from '../plan.js';
import { literal, oneOf } from '../regexps.js';
import { checkMatchers, factMaps, placeholder } from './decision.js';
import { block, expression, map, matcher, matching, quoted } from './syntax.js';

/** A route with the word that begins the names of its policy's placeholders and matchers. */
export interface NamedRoute extends RoutePlan {
  readonly name: string;
}

/** The site block: what is known of a request, then the routes with the checks of their policies. */
export function siteBlock(plan: Plan, routes: readonly NamedRoute[]): string {
  const policies = new Map(routes.map(({ name, policy }) => [name, policy]));
  const lines = [
    `bind ${plan.listen.host.replace(/^\[(.*)\]$/, '$1')}`,
    ...reportLog(plan, routes),
    ...[...policies].flatMap(([name, policy]) => [
      ...factMaps(name, policy),
      ...answerMaps(name, policy),
      ...checkMatchers(name, policy),
    ]),
    '',
    ...confinement(plan, routes),
    '# HTTP/2 that a client talks with the server past this proxy (h2c) would go unchecked; WebSockets may.',
    ...matcher(otherUpgrade(plan), 'not header_regexp Upgrade (?i)^websocket$'),
    ...routes.flatMap((route, i) => placeMatcher(plan, route, i)),
    '',
    ...block('route', [
      ...(placeRules(routes).length === 0
        ? []
        : [...block(`handle @${plan.name}_astray`, ['respond 404']), '']),
      ...routes.flatMap((route, i) => [
        ...block(`handle @${plan.name}_route${i + 1}`, checked(plan, route)),
        '',
      ]),
      ...block('handle', ['respond 404']),
    ]),
    '',
    '# A server that is down: what the page may read was set above and stays.',
    ...block('handle_errors', ['header Vary Origin', 'respond {http.error.status_code}']),
  ];
  return [...block(`http://:${plan.listen.port}`, lines), ''].join('\n');
}

/** What keeps a path to its route. */
function confinement(plan: Plan, routes: readonly NamedRoute[]): readonly string[] {
  const rules = placeRules(routes);
  if (rules.length === 0) return [];
  const place = `{${plan.name}_place}`;
  return [
    ...map(
      'A path that the server behind could read as one of another route leads nowhere.',
      placeholder(plan.name, 'path'),
      place,
      [
        ...rules.map(({ regexp, inside }) => [matching(regexp), inside ? 'inside' : 'astray'] as const),
        ['default', 'inside'],
      ],
    ),
    ...matcher(`@${plan.name}_astray`, `vars ${place} astray`),
  ];
}

/** A route is told by the path as it came: Caddy's own path matcher compares without case, and decoded. */
function placeMatcher(plan: Plan, { name, path, exact }: NamedRoute, i: number): readonly string[] {
  const end = exact ? '$' : path === '' ? '' : '(?:/|$)';
  const word = `${plan.name}_in${i + 1}`;
  return [
    ...map('', placeholder(name, 'path'), `{${word}}`, [
      [matching(`^${literal(path)}${end}`), 'inside'],
      // What is no path at all is refused by the checks of the last route.
      ...(path === '' && !exact ? [] : [['default', 'outside'] as const]),
      ...(path === '' && !exact ? [['default', 'inside'] as const] : []),
    ]),
    ...matcher(`@${plan.name}_route${i + 1}`, `vars {${word}} inside`),
  ];
}

/** The checks of a policy in its order: each either answers, or leads to the next. */
function checked(plan: Plan, route: NamedRoute): readonly string[] {
  const { name, policy } = route;
  const refuse = (check: string, reason: string, vary: string): readonly string[] =>
    block(`handle @${name}_${check}`, [
      ...(policy.reportOnly ? reported(plan, route, reason) : refusal(denialOf(policy, reason), vary)),
    ]);
  const early = (check: string, reason: string): readonly string[] =>
    refuse(check, reason, policy.varyOnDenial);
  return [
    ...early('target', 'request-target-not-allowed'),
    ...(policy.hosts === undefined
      ? []
      : [...early('host_missing', 'host-missing'), ...early('host', 'host-not-allowed')]),
    ...(policy.missingOrigin === 'deny'
      ? early('origin_missing', 'origin-missing')
      : policy.origins.any
        ? []
        : early('cross_site', 'cross-site-request')),
    ...(policy.origins.opaque ? [] : early('null', 'origin-null')),
    ...early('foreign', 'origin-not-allowed'),
    ...block(`handle @${name}_preflight`, preflight(plan, route)),
    ...(policy.reportOnly ? refuse('type', 'content-type-not-allowed', '') : []),
    ...block('handle', [
      ...(policy.reportOnly ? unreported() : []),
      ...readable(name, policy),
      ...(policy.reportOnly ? [] : refuse('type', 'content-type-not-allowed', policy.varyOnPass)),
      ...block('handle', [
        ...(policy.varyOnPass === '' ? [] : block('header', [`Vary ${placeholder(name, 'vary')}`, 'defer'])),
        '# Once more when the response is written: what a 103 of the server says is taken away with all of its name.',
        ...block(`header${policy.origins.any ? '' : ` @${name}_page`}`, [
          ...pageHeaders(name, policy),
          'defer',
        ]),
        ...proxy(plan, route, true),
      ]),
    ]),
  ];
}

function denialOf({ denials }: PolicyPlan, reason: string): DenialPlan {
  return denials.find((denial) => denial.reason === reason) as DenialPlan;
}

function refusal({ status, body }: DenialPlan, vary: string): readonly string[] {
  return [
    'header Content-Type application/json',
    ...(vary === '' ? [] : [`header Vary ${quoted(vary)}`]),
    `respond ${quoted(body)} ${status}`,
  ];
}

function preflight(plan: Plan, route: NamedRoute): readonly string[] {
  const { name, policy } = route;
  const refuse = (check: string, reason: string): readonly string[] =>
    block(
      check,
      policy.reportOnly
        ? reported(plan, route, reason)
        : refusal(denialOf(policy, reason), policy.varyOnPreflight),
    );
  const answered = (allowHeaders: readonly string[]): readonly string[] => [
    ...(policy.reportOnly ? unreported() : []),
    ...allowOrigin(policy).map((header) => toPage(name, policy, header)),
    `header Access-Control-Allow-Methods ${placeholder(name, 'allow_methods')}`,
    ...allowHeaders,
    `header Vary ${quoted(policy.varyOnPreflight)}`,
  ];
  const explained = policy.debug
    ? [
        ...answered([
          `header Access-Control-Allow-Headers "${placeholder(name, 'allow_headers')}${placeholder(name, 'asked')}"`,
        ]),
        'respond 204',
      ]
    : undefined;
  return [
    ...refuse(`handle @${name}_method`, 'method-not-allowed'),
    ...(explained !== undefined
      ? block(`handle @${name}_list_long`, explained)
      : [
          ...refuse(`handle @${name}_list_long`, 'request-headers-malformed'),
          ...refuse(`handle @${name}_list_malformed`, 'request-headers-malformed'),
        ]),
    ...block(`handle @${name}_preflight_allowed`, [
      ...answered([
        '# The requested list comes back as it was asked for: every name in it was checked.',
        `header @${name}_asked Access-Control-Allow-Headers {http.request.header.Access-Control-Request-Headers}`,
      ]),
      `header Access-Control-Max-Age ${policy.maxAge}`,
      'respond 204',
    ]),
    ...(explained !== undefined
      ? block('handle', explained)
      : refuse('handle', 'request-header-not-allowed')),
  ];
}

/** What lets the page read a response, errors included. */
function readable(name: string, policy: PolicyPlan): readonly string[] {
  return [
    '# On every response, errors and streams included.',
    ...pageHeaders(name, policy).map((header) => toPage(name, policy, header)),
  ];
}

/** Under `*` for everybody, or else for pages alone. */
function toPage(name: string, { origins }: PolicyPlan, header: string): string {
  return `header ${origins.any ? '' : `@${name}_page `}${header}`;
}

function pageHeaders(name: string, policy: PolicyPlan): readonly string[] {
  const exposed = alike(policy, ({ exposeHeaders }) => exposeHeaders).some(
    ([, value]) => value !== undefined,
  );
  return [
    ...allowOrigin(policy),
    ...(exposed ? [`Access-Control-Expose-Headers ${placeholder(name, 'expose_headers')}`] : []),
  ];
}

function allowOrigin({ origins, credentials }: PolicyPlan): readonly string[] {
  return [
    `Access-Control-Allow-Origin ${origins.any ? '"*"' : '{http.request.header.Origin}'}`,
    ...(credentials ? ['Access-Control-Allow-Credentials true'] : []),
  ];
}

function answerMaps(name: string, policy: PolicyPlan): readonly string[] {
  const byKind = (suffix: string, comment: string, of: 'exposeHeaders' | 'allowMethods' | 'allowHeaders') =>
    map(
      comment,
      placeholder(name, 'kind'),
      placeholder(name, suffix),
      Object.values(policy.kinds).map((kind) => [kind.kind, quoted(kind[of] ?? '')] as const),
    );
  const prefixes = Object.values(policy.kinds).flatMap(({ allowedHeaders }) => allowedHeaders.prefixes);
  return [
    ...byKind('expose_headers', 'What pages may read.', 'exposeHeaders'),
    ...byKind('allow_methods', '', 'allowMethods'),
    ...(policy.debug
      ? [
          ...byKind('allow_headers', 'What debug mode tells of.', 'allowHeaders'),
          ...map('', '{http.request.header.Access-Control-Request-Headers}', placeholder(name, 'asked'), [
            ...(prefixes.length === 0
              ? []
              : [
                  [
                    matching(
                      `(?i)(?:^|,)[ \\t]{0,2}(${oneOf([...new Set(prefixes)].map(literal))}[!#$%&'*+.^_\`|~0-9a-z-]{1,118})[ \\t]{0,2}(?:,|$)`,
                    ),
                    `", \${1}"`,
                  ] as const,
                ]),
            ['default', '``'],
          ]),
        ]
      : []),
  ];
}

/** Report-only mode: what would be refused goes on with its response left alone, and is logged with the reason. */
function reported(plan: Plan, route: NamedRoute, reason: string): readonly string[] {
  return [
    `map {http.request.method} {http.auth.user.id} {`,
    `\tdefault ${reason}`,
    '}',
    ...proxy(plan, route, false),
  ];
}

/** Keeps what passes out of the report; Caddy 2.8 has renamed the variable. */
function unreported(): readonly string[] {
  return ['vars skip_log true', 'vars log_skip true'];
}

function reportLog(plan: Plan, routes: readonly NamedRoute[]): readonly string[] {
  if (!routes.some(({ policy }) => policy.reportOnly)) return [];
  return [
    '# Report-only: what would be refused is written here, its reason as user_id.',
    ...block('log', [`output file ${plan.log ?? `/var/log/caddy/${plan.name}-report.log`}`, 'format json']),
  ];
}

/** The matcher of requests that ask for any protocol but WebSockets, or for none. */
function otherUpgrade({ name }: Plan): string {
  return `@${name}_other_upgrade`;
}

function proxy(plan: Plan, route: NamedRoute, cors: boolean): readonly string[] {
  const { scheme, host, port } = route.upstream;
  return [
    ...rewrite(route),
    `request_header ${otherUpgrade(plan)} -Upgrade`,
    ...block(`reverse_proxy ${scheme}://${host}:${port}`, [
      'header_up Host {http.reverse_proxy.upstream.hostport}',
      '# The policy has answered for these; a server that checks them itself would refuse what is allowed here.',
      ...plan.droppedRequestHeaders.map((header) => `header_up -${header}`),
      ...(cors
        ? ['# What the server says about CORS is replaced, never doubled.', 'header_down -Access-Control-*']
        : []),
      '# Streams are passed on event by event as they are. With flush_interval -1 they would go on at the server',
      '# when the page has gone.',
      '# A connection that the server is about to close is never used again.',
      ...block('transport http', ['compression off', 'keepalive off']),
    ]),
  ];
}

/** Puts the upstream's path in place of the route's. */
function rewrite({ path, exact, upstream }: RoutePlan): readonly string[] {
  if (path === upstream.path || (exact && path === '/' && upstream.path === '')) return [];
  const whole = `^${literal(path)}${exact ? '$' : upstream.path === '' ? '/?' : ''}`;
  return [`uri path_regexp ${expression(whole)} ${quoted(upstream.path || '/')}`];
}

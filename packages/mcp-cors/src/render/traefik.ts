import { LOOPBACK_HOST_PATTERNS } from '../policy/host.js';
import { placeRules } from './confinement.js';
import { hostRules } from './hostRules.js';
import { kindGroups } from './kindGroups.js';
import {
  ADDRESS_SPELLINGS,
  always,
  DEBUG,
  DIRECTORIES,
  type Limit,
  REPORT_ONLY,
  SEALED_SESSIONS,
} from './limits.js';
import type { KindPlan, Plan, PolicyPlan, RoutePlan } from './plan.js';
import { anyCase, literal, oneOf } from './regexps.js';
import { ORIGIN_FORWARDED, OWN_PAGES } from './routedLimits.js';
import type { Target } from './target.js';
import { type YamlValue, yaml } from './yaml.js';

const LIMITS: readonly Limit[] = [
  {
    id: 'repeated-lines',
    weakens: true,
    concerns: ({ origins }) => !origins.any,
    what: 'Of several Origin or Content-Type lines one that is allowed is enough. No browser repeats a line.',
    why: 'A matcher of headers asks for any line that matches.',
    instead: 'Put the gateway behind it where other proxies in front may repeat lines.',
  },
  {
    id: 'host-ports',
    weakens: true,
    concerns: ({ hosts, settings }) =>
      hosts !== undefined && (settings.hosts ?? []).some(({ port }) => port !== undefined),
    what: 'A Host is admitted under any port.',
    why: 'Traefik matches names without their ports.',
    instead: 'Bind the entry point to the port, or leave ports out of hosts.',
  },
  {
    id: 'encoded-paths',
    weakens: true,
    concerns: always,
    what: 'An endpoint in an encoded spelling of its path is of the kind of the path itself, not of the strictest.',
    why: 'Paths are matched decoded.',
    instead: 'Forbid encoded characters in the entry point (encodedCharacters), which current versions can.',
  },
  {
    id: 'bare-refusals',
    weakens: false,
    concerns: always,
    what: 'What is refused gets 404 without a reason and without CORS headers.',
    why: 'No router takes it; Traefik answers that in one way.',
    instead: 'Ask mcp-cors explain for the reason.',
  },
  {
    id: 'preflight-answers',
    weakens: false,
    concerns: always,
    what: 'Preflights are answered with 200 and with all that is allowed; the browser refuses what is not listed.',
    why: 'The headers middleware compares neither the requested method nor the requested headers.',
    instead: 'Nothing: browsers hold to the list.',
  },
  {
    id: 'header-prefixes',
    weakens: false,
    concerns: ({ kinds }) =>
      Object.values(kinds).some(({ allowedHeaders }) => allowedHeaders.prefixes.length > 0),
    what: 'Requested headers by prefix (Mcp-Param-*) are left out.',
    why: 'A list of names has no prefixes.',
    instead: 'Name the parameters in allowedHeaders.',
  },
  OWN_PAGES,
  ORIGIN_FORWARDED,
  SEALED_SESSIONS,
  DIRECTORIES,
  ADDRESS_SPELLINGS,
  REPORT_ONLY,
  DEBUG,
];

/** Traefik, by its file provider. */
export const TRAEFIK: Target = Object.freeze({
  name: 'traefik',
  title: 'Traefik 3',
  file: 'mcp-cors.yaml',
  type: 'proxy',
  comment: '#',
  limits: LIMITS,
  use: () => [
    'Put it into the folder of the file provider: providers.file.directory. The routers listen on every entry point;',
    'name entryPoints and tls in them as elsewhere. Requests that no router takes get 404.',
  ],
  render: (plan) => yaml(documentOf(plan)),
} satisfies Target);

function documentOf(plan: Plan): YamlValue {
  const policies = [...new Set(plan.routes.map(({ policy }) => policy))];
  const middleware = (policy: PolicyPlan, kind: KindPlan): string =>
    `${plan.name}-cors-${policies.indexOf(policy) + 1}-${kind.kind}`;
  const [notPlain] = placeRules(plan.routes);
  const routers = plan.routes.flatMap((route, i) => {
    const groups = kindGroups(route.policy.paths);
    return groups.map(({ kind, regexp }, j): readonly [string, YamlValue] => {
      const before = groups.slice(0, j).map((group) => `(?:${group.regexp})`);
      const rule = [
        matchesPath(placeOf(route)),
        // What an earlier router refuses must not come to a looser one, and no other case of its path either.
        ...(i === 0
          ? []
          : [`!${matchesPath(oneOf(plan.routes.slice(0, i).map((one) => placeOf(one, anyCase))))}`]),
        ...(before.length === 0 ? [] : [`!${matchesPath(oneOf(before))}`]),
        // The server could read such a path as that of another route.
        ...(notPlain === undefined ? [] : [`!${matchesPath(notPlain.regexp)}`]),
        matchesPath(regexp),
        ...admission(route.policy, route.policy.kinds[kind]),
      ].join(' && ');
      const rewritten = route.path !== route.upstream.path;
      return [
        `${plan.name}-route-${i + 1}-${j + 1}`,
        {
          rule,
          middlewares: [
            middleware(route.policy, route.policy.kinds[kind]),
            ...(rewritten ? [`${plan.name}-path-${i + 1}`] : []),
          ],
          service: `${plan.name}-server-${i + 1}`,
        },
      ];
    });
  });
  const cors = policies.flatMap((policy) =>
    Object.values(policy.kinds).map((kind): readonly [string, YamlValue] => [
      middleware(policy, kind),
      { headers: headersOf(plan, policy, kind) },
    ]),
  );
  const rewrites = plan.routes.flatMap((route, i): (readonly [string, YamlValue])[] =>
    route.path === route.upstream.path ? [] : [[`${plan.name}-path-${i + 1}`, rewriteOf(route)]],
  );
  return {
    http: {
      routers: Object.fromEntries(routers),
      middlewares: Object.fromEntries([...cors, ...rewrites]),
      services: Object.fromEntries(
        plan.routes.map(({ upstream }, i) => [
          `${plan.name}-server-${i + 1}`,
          {
            loadBalancer: {
              passHostHeader: false,
              servers: [{ url: `${upstream.scheme}://${upstream.host}:${upstream.port}` }],
            },
          },
        ]),
      ),
    },
  };
}

function placeOf({ path, exact }: RoutePlan, read = literal): string {
  return `^${read(path)}${exact ? '$' : path === '' ? '' : '(?:/|$)'}`;
}

function rewriteOf({ path, exact, upstream }: RoutePlan): YamlValue {
  const regex = `^${literal(path)}${exact ? '$' : upstream.path === '' ? '/?' : ''}`;
  return { replacePathRegex: { regex, replacement: upstream.path || '/' } };
}

/** What a request must be for its router to take it, besides its path. */
function admission(policy: PolicyPlan, kind: KindPlan): readonly string[] {
  const { origins, missingOrigin, settings } = policy;
  const withoutPorts = (settings.hosts ?? LOOPBACK_HOST_PATTERNS).map((host) => ({
    ...host,
    port: undefined,
  }));
  const hosts = policy.hosts === undefined ? undefined : hostRules({ ...settings, hosts: withoutPorts });
  const listed = [
    ...(origins.opaque ? [headerMatches('Origin', '^null$')] : []),
    ...(origins.exact.length === 0
      ? []
      : [headerMatches('Origin', `^${oneOf(origins.exact.map(literal))}$`)]),
    ...origins.patterns.map(({ regexp }) => headerMatches('Origin', regexp)),
    ...origins.expressions.map(
      ({ regexp }) =>
        `(${headerMatches('Origin', regexp)} && ${headerMatches('Origin', origins.wellFormed)})`,
    ),
    ...(origins.any ? [headerMatches('Origin', origins.wellFormed)] : []),
  ];
  const absent = `!${headerMatches('Origin', '^')}`;
  const guarded = policy.guardedKinds.includes(kind.kind);
  const crossSite = `${headerMatches('Sec-Fetch-Site', '^(?:cross-site|same-site)$')} && !${headerMatches('Sec-Fetch-Dest', '^document$')}`;
  const without = missingOrigin === 'deny' ? [] : [guarded ? `(${absent} && !(${crossSite}))` : absent];
  const page = `(!${headerMatches('Origin', origins.tooLong)} && (${listed.join(' || ')}))`;
  const admitted = [...without, ...(listed.length === 0 ? [] : [page])];
  return [
    ...(hosts === undefined ? [] : [`HostRegexp(${word(`(?i)${hosts.regexp}`)})`]),
    // Nobody is admitted where nothing is listed.
    `(${admitted.length === 0 ? `${absent} && !${absent}` : admitted.join(' || ')})`,
    ...(kind.jsonOnly
      ? [`(!Method(${word('POST')}) || ${headerMatches('Content-Type', policy.jsonContentType)})`]
      : []),
  ];
}

function headersOf(plan: Plan, policy: PolicyPlan, kind: KindPlan): YamlValue {
  const { origins } = policy;
  const list = (text: string | undefined): readonly string[] | undefined =>
    text === undefined || text === '' ? undefined : text.split(', ');
  const regexps = [...origins.patterns, ...origins.expressions].map(({ regexp }) => regexp);
  return {
    accessControlAllowOriginList: origins.any
      ? ['*']
      : [...(origins.opaque ? ['null'] : []), ...origins.exact],
    accessControlAllowOriginListRegex: origins.any || regexps.length === 0 ? undefined : regexps,
    accessControlAllowMethods: list(kind.allowMethods),
    accessControlAllowHeaders: list(kind.allowHeaders),
    accessControlExposeHeaders: list(kind.exposeHeaders),
    accessControlAllowCredentials: policy.credentials ? true : undefined,
    accessControlMaxAge: Number(policy.maxAge),
    addVaryHeader: origins.any ? undefined : true,
    // What the server says about CORS is replaced, never doubled.
    customResponseHeaders: Object.fromEntries(plan.corsResponseHeaders.map((name) => [name, ''])),
    customRequestHeaders: Object.fromEntries(
      plan.droppedRequestHeaders.filter((name) => name.startsWith('Sec-Fetch-')).map((name) => [name, '']),
    ),
  };
}

function matchesPath(regexp: string): string {
  return `PathRegexp(${word(regexp)})`;
}

function headerMatches(name: string, regexp: string): string {
  return `HeaderRegexp(${word(name)}, ${word(regexp)})`;
}

/** A word of a rule: Go's literals, raw where they can be. */
function word(text: string): string {
  return text.includes('`') ? JSON.stringify(text) : `\`${text}\``;
}

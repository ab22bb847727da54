import { placeRules } from '../confinement.js';
import type { Plan, PolicyPlan, RoutePlan, Upstream } from '../plan.js';
import { literal } from '../regexps.js';
import { answerRules, responseRules } from './answer.js';
import { decisionRules } from './decision.js';
import { namesWith } from './names.js';
import { acl, block, format, quoted } from './syntax.js';

/** A section of the configuration. */
function section(head: string, lines: readonly string[]): string {
  return `${[head, ...lines.map((line) => (line === '' ? '' : `    ${line}`))].join('\n')}\n`;
}

/** Everything that HAProxy needs: what holds for all, the rules of each policy, the door, and a way to each server. */
export function sections(plan: Plan): readonly string[] {
  const policies = [...new Set(plan.routes.map(({ policy }) => policy))];
  const rulesOf = (policy: PolicyPlan): string => `${plan.name}_policy_${policies.indexOf(policy) + 1}`;
  return [
    section('global', [
      '# Long heads are to be refused by the policy, with a reason, and tokens can be long.',
      'tune.bufsize 65536',
    ]),
    section(`defaults ${plan.name}`, [
      'mode http',
      'log global',
      'timeout connect 5s',
      'timeout http-request 30s',
      'timeout http-keep-alive 60s',
      '# For what a client sends, and for one that does not read; one that waits may wait.',
      'timeout client 60s',
      '# Streams: a quiet one may stay open for a day.',
      'timeout server 1d',
      'timeout tunnel 1d',
      '# Events go out at once, and end at the server when the page goes.',
      'option http-no-delay',
      'option abortonclose',
      '# A connection that the server is about to close is never used again.',
      'option http-server-close',
      'retries 1',
    ]),
    ...policies.map((policy) => {
      const names = namesWith(plan.name);
      return section(`defaults ${rulesOf(policy)} from ${plan.name}`, [
        '# The checks and answers of a policy; every way to a server that it guards takes them over.',
        ...decisionRules(names, policy),
        ...answerRules(names, plan, policy),
        ...responseRules(names, plan, policy),
      ]);
    }),
    frontend(plan),
    ...plan.routes.map((route, i) =>
      section(`backend ${plan.name}_${i + 1} from ${rulesOf(route.policy)}`, backend(route)),
    ),
    section('defaults', ['# What stands behind this, in another file, takes over nothing of it.']),
  ];
}

function frontend(plan: Plan): string {
  const { name, listen, routes } = plan;
  const path = (i: number): string => `${name}_route_${i + 1}`;
  const whole = routes.findIndex((route) => route.path === '' && !route.exact);
  const others = routes.map((route, i) => ({ ...route, i })).filter(({ i }) => i !== whole);
  return section(`frontend ${name} from ${name}`, [
    `bind ${listen.host}:${listen.port}`,
    '# What is refused, or would be in report-only mode, is told at the end of its line.',
    `log-format ${quoted(`${HTTP_LOG} %[var(txn.${name}_refused)]`)}`,
    ...block('The longest path comes first.', [
      ...confinement(name, routes),
      ...others.flatMap((route) => acl(path(route.i), 'path', ...placeOf(route))),
      ...(whole === -1
        ? [`http-request return status 404 if ${others.map(({ i }) => `!${path(i)}`).join(' ')}`]
        : []),
      ...others.map(({ i }) => `use_backend ${name}_${i + 1} if ${path(i)}`),
      ...(whole === -1 ? [] : [`default_backend ${name}_${whole + 1}`]),
    ]),
  ]);
}

/** What keeps a path to its route. */
function confinement(name: string, routes: Plan['routes']): readonly string[] {
  const rules = placeRules(routes);
  if (rules.length === 0) return [];
  const [known, astray, place] = [`${name}_place_known`, `${name}_astray`, `txn.${name}_place`];
  return [
    '# A path that the server behind could read as one of another route leads nowhere.',
    `acl ${known} var(${place}) -m found`,
    ...rules.flatMap(({ regexp, inside }, i) => [
      ...acl(`${name}_place_${i + 1}`, 'path', 'reg', [regexp]),
      `http-request set-var(${place}) str(${inside ? 'inside' : 'astray'}) if !${known} ${name}_place_${i + 1}`,
    ]),
    `acl ${astray} var(${place}) -m str astray`,
    `http-request return status 404 if ${astray}`,
  ];
}

/** As `option httplog` writes it. */
const HTTP_LOG =
  '%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r';

/** What a path of a route matches. */
function placeOf({ path, exact }: RoutePlan): readonly [method: string, patterns: readonly string[]] {
  return exact ? ['str', [path]] : ['reg', [`^${literal(path)}(?:/|$)`]];
}

function backend(route: RoutePlan): readonly string[] {
  const { scheme, host, port } = route.upstream;
  const authority = `${host}${port === (scheme === 'http' ? 80 : 443) ? '' : `:${port}`}`;
  return [
    ...rewrite(route),
    `http-request set-header Host ${format(authority)}`,
    `server ${SERVER} ${host}:${port}${scheme === 'http' ? '' : tls(route.upstream)}`,
  ];
}

const SERVER = 'server';

function tls({ host }: Upstream): string {
  const name = /^\[|^[0-9.]+$/.test(host) ? '' : ` sni str(${host}) verifyhost ${host}`;
  return ` ssl verify required ca-file /etc/ssl/certs/ca-certificates.crt${name}`;
}

/** Puts the upstream's path in place of the route's. */
function rewrite({ path, exact, upstream }: RoutePlan): readonly string[] {
  if (path === upstream.path || (exact && path === '/' && upstream.path === '')) return [];
  if (exact) return [`http-request set-path ${format(upstream.path || '/')}`];
  const [from, to] =
    upstream.path === '' ? [`^${literal(path)}/?`, '/'] : [`^${literal(path)}`, upstream.path];
  return [
    `http-request replace-path ${quoted(`${from}(.*)$`)} ${format(`${to.replaceAll('\\', '\\\\')}\\1`)}`,
  ];
}

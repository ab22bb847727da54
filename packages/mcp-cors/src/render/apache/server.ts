import { placeRules } from '../confinement.js';
import type { Plan, PolicyPlan, RoutePlan, Upstream } from '../plan.js';
import { literal } from '../regexps.js';
import { answerRules, BODY, headerLines } from './answer.js';
import { decisionRules } from './decision.js';
import { block, DOLLAR, quoted, rule } from './syntax.js';

/** The whole configuration: a virtual host of its own. */
export function virtualHost(plan: Plan): string {
  const { host, port } = plan.listen;
  const policies = [...new Set(plan.routes.map(({ policy }) => policy))];
  const nameOf = (policy: PolicyPlan): string => {
    const i = policies.indexOf(policy);
    return i === 0 ? plan.name : `${plan.name}${i + 1}`;
  };
  const lines = [
    'RewriteEngine On',
    'RewriteOptions AllowAnyURI',
    'TraceEnable Off',
    '# Paths reach the server as they came; the policy minds encoded slashes.',
    'AllowEncodedSlashes NoDecode',
    '# Long lists of requested headers are to be refused by the policy, with a reason, and tokens can be long.',
    'LimitRequestFieldSize 32768',
    'LimitRequestLine 32768',
    ...block('A header that is empty is no missing one.', [
      ...['Origin', 'Access-Control-Request-Method'].map(
        (header) => `RequestHeader edit ${header} "^$" "no value" early`,
      ),
    ]),
    ...routeRules(plan, nameOf),
    ...policies.flatMap((policy) => [
      ...skippable(plan.name, nameOf(policy), policies.length, [
        ...decisionRules(nameOf(policy), policy),
        ...answerRules(nameOf(policy), policy),
      ]),
      ...headerLines(nameOf(policy), plan, policy),
      ...(policy.reportOnly ? report(nameOf(policy), plan) : []),
    ]),
    ...block("Refusals are this host's own: what the server answers is never replaced.", [
      'ProxyErrorOverride Off',
      `Header always set Content-Type application/json env=${BODY}`,
      ...[...new Set(policies.flatMap(({ denials }) => denials.map(({ status }) => status)))].map(
        (status) => `ErrorDocument ${status} "%{reqenv:${BODY}}"`,
      ),
    ]),
    ...block(
      'The policy has answered for these; a server that checks them itself would refuse what is allowed here.',
      plan.droppedRequestHeaders.map((header) => `RequestHeader unset ${header}`),
    ),
    ...proxyLines(plan),
  ];
  const text = [
    `Listen ${host}:${port}`,
    `<VirtualHost ${host}:${port}>`,
    ...lines.map((line) => (line === '' ? '' : `    ${line}`)),
    '</VirtualHost>',
    '',
  ].join('\n');
  return text.includes(DOLLAR) ? `# ${'$'} before { has no escape.\nDefine ${DOLLAR} $\n\n${text}` : text;
}

/** Rules that are left out where another policy guards the path. */
function skippable(
  plan: string,
  name: string,
  policies: number,
  lines: readonly string[],
): readonly string[] {
  if (policies === 1) return lines;
  const count = lines.filter((line) => line.startsWith('RewriteRule ')).length;
  const elsewhere = { test: `%{ENV:${plan}_policy}`, matches: `^${name}$`, not: true };
  return [...block(`The policy ${name}.`, rule(`S=${count}`, [elsewhere])), ...lines];
}

/** Which policy guards a path, and that there is nothing besides the routes. */
function routeRules(plan: Plan, nameOf: (policy: PolicyPlan) => string): readonly string[] {
  const { name, routes } = plan;
  if (placeRules(routes).length === 0) return [];
  const unknown = { test: `%{ENV:${name}_policy}`, matches: '^$' };
  const placed = { test: `%{ENV:${name}_place}`, matches: '^$' };
  const came = { test: `%{ENV:${name}_came}` };
  return block('The longest path comes first. What is on no path is not here.', [
    '# A path that the server behind could read as one of another route leads nowhere.',
    ...rule(`E=${name}_came:%1`, [{ test: '%{THE_REQUEST}', matches: '^[^ ]+ ([^? ]*)' }]),
    ...placeRules(routes).flatMap(({ regexp, inside }) =>
      rule(`E=${name}_place:${inside ? 'inside' : 'astray'}`, [placed, { ...came, matches: regexp }]),
    ),
    ...rule('R=404', [{ ...placed, matches: '^astray$' }]),
    ...routes.flatMap((route) => rule(`E=${name}_policy:${nameOf(route.policy)}`, [unknown], placeOf(route))),
    ...rule('R=404', [unknown]),
  ]);
}

/** What a route matches, as ProxyPass does. */
function placeOf({ path, exact }: RoutePlan): string {
  return exact ? `^${literal(path)}$` : `^${literal(path)}(?:/|$)`;
}

function report(name: string, { log }: Plan): readonly string[] {
  const members = [
    ['time', '%{%Y-%m-%dT%H:%M:%S%z}t'],
    ['reason', `%{${name}_verdict}e`],
    ['method', '%m'],
    ['path', `%{${name}_path}e`],
    ['host', '%{Host}i'],
    ['origin', `%{${name}_origin}e`],
  ];
  const line = `{${members.map(([member, value]) => `"${member}":"${value}"`).join(',')}}`;
  const file = log === undefined ? `"\${APACHE_LOG_DIR}/${name}-report.log"` : quoted(log);
  return [`CustomLog ${file} ${quoted(line)} env=${name}_refused`];
}

function proxyLines({ routes }: Plan): readonly string[] {
  return [
    ...(routes.some(({ upstream }) => upstream.scheme === 'https')
      ? block('Servers over TLS.', [
          'SSLProxyEngine On',
          'SSLProxyVerify require',
          'SSLProxyVerifyDepth 4',
          'SSLProxyCACertificateFile /etc/ssl/certs/ca-certificates.crt',
        ])
      : []),
    ...block('Streams: nothing is held back or compressed, and a quiet one may stay open for a day.', [
      'SetEnv no-gzip 1',
      'SetEnv no-brotli 1',
      ...routes.map(pass),
    ]),
  ];
}

/** A server that is down is tried again at once, and no connection is used that it may just be closing. */
const OPTIONS = 'nocanon flushpackets=on timeout=86400 connectiontimeout=5 retry=0 disablereuse=On';

function pass({ path, exact, upstream }: RoutePlan): string {
  const url = urlOf(upstream);
  if (exact) {
    // Without a part of the match in it, the path would be put behind it.
    return `ProxyPassMatch ${quoted(`^${literal(path)}()$`)} ${quoted(`${url}${upstream.path || '/'}$1`)} ${OPTIONS}`;
  }
  return path === ''
    ? `ProxyPass / ${quoted(`${url}${upstream.path}/`)} ${OPTIONS}`
    : `ProxyPass ${quoted(path)} ${quoted(`${url}${upstream.path}`)} ${OPTIONS}`;
}

function urlOf({ scheme, host, port }: Upstream): string {
  return `${scheme}://${host}${port === (scheme === 'http' ? 80 : 443) ? '' : `:${port}`}`;
}

import { placeRules } from '../confinement.js';
import type { Plan, RoutePlan, Upstream } from '../plan.js';
import { literal } from '../regexps.js';
import { answerHeaders } from './answer.js';
import { quoted } from './syntax.js';

/** A route with the word that begins the names of its policy's variables. */
export interface NamedRoute extends RoutePlan {
  readonly name: string;
}

/** The server block. */
export function serverBlock(plan: Plan, routes: readonly [NamedRoute, ...NamedRoute[]]): string {
  const { host, port } = plan.listen;
  const last = routes.at(-1) as NamedRoute;
  return [
    'server {',
    `    listen ${host}:${port};`,
    '',
    '    # Long lists of requested headers and long Hosts are to be refused by the policy, with a reason.',
    '    large_client_header_buffers 4 32k;',
    '    # Bodies of tool calls; nginx alone would stop at 1m.',
    '    client_max_body_size 4m;',
    '',
    ...indented(confinement(plan.name, routes), 4),
    '    # What nginx refuses by itself (a head that it cannot read, two Host lines) is refused in JSON too.',
    `    error_page 400 494 = /.${plan.name}-unreadable;`,
    `    location = /.${plan.name}-unreadable {`,
    '        internal;',
    '        add_header Vary Origin always;',
    '        types { }',
    '        default_type application/json;',
    ...indented(
      ['request-target-not-allowed', 'host-not-allowed'].map((reason) => refusal(last, reason)),
      8,
    ),
    `        return 431 ${quoted(bodyOf(last, 'request-head-incomplete'))};`,
    '    }',
    ...routes.flatMap((route) => ['', ...indented(locationBlock(plan, route), 4)]),
    ...(last.path === '' && !last.exact ? [] : ['', '    location / {', '        return 404;', '    }']),
    '}',
    '',
  ].join('\n');
}

/** What keeps a path to its route; nginx itself looks at paths decoded and without dot segments. */
function confinement(name: string, routes: readonly NamedRoute[]): readonly string[] {
  if (placeRules(routes).length === 0) return [];
  return [
    '# A path that the server behind could read as one of another route leads nowhere.',
    `if ($${name}_astray) { return 404; }`,
    '',
  ];
}

/** A refusal by its reason. */
function refusal({ name, policy }: NamedRoute, reason: string): string {
  const status = policy.denials.find((denial) => denial.reason === reason)?.status;
  return `if ($${name}_verdict = ${reason}) { return ${status} $${name}_body; }`;
}

function bodyOf({ policy }: NamedRoute, reason: string): string {
  return policy.denials.find((denial) => denial.reason === reason)?.body ?? '';
}

function indented(lines: readonly string[], by: number): readonly string[] {
  return lines.map((line) => (line === '' ? '' : ' '.repeat(by) + line));
}

/** Answers of our own. `return` is what may stand in `if`; headers may not, since they would replace those outside. */
function refusals({ name, policy }: NamedRoute): readonly string[] {
  const statuses = [...new Set(policy.denials.map(({ status }) => status))].sort();
  return [
    'types { }',
    'default_type application/json;',
    ...statuses.map((status) => `if ($${name}_status = ${status}) { return ${status} $${name}_body; }`),
  ];
}

function headers({ name, policy }: NamedRoute): readonly string[] {
  return [
    '# On every response, errors and streams included.',
    ...answerHeaders(policy).map(([header, suffix]) => `add_header ${header} $${name}_${suffix} always;`),
  ];
}

function locationBlock(plan: Plan, route: NamedRoute): readonly string[] {
  const { name, policy } = route;
  const lines = [
    ...headers(route),
    ...(policy.reportOnly ? reportOnly(route) : refusals(route)),
    `if ($${name}_verdict = preflight-allowed) { return 204; }`,
    ...(policy.debug ? [`if ($${name}_verdict = explained) { return 204; }`] : []),
    ...rewrite(route),
    '',
    '# What the server says about CORS is replaced, never doubled.',
    ...plan.corsResponseHeaders.map((header) => `proxy_hide_header ${header};`),
    '',
    ...proxy(plan, route.upstream),
  ];
  const blocks = [[`location ${placeOf(route)} {`, ...indented(lines, 4), '}']];
  if (policy.reportOnly) {
    blocks.push([
      `location @${name}_reported {`,
      `    access_log ${plan.log ?? `/var/log/nginx/${plan.name}-report.log`} ${name}_report;`,
      ...indented([...rewrite(route), ...proxy(plan, route.upstream)], 4),
      '}',
    ]);
  }
  return blocks.flat();
}

/** Report-only mode: what would be refused goes on, and the response is left alone. */
function reportOnly({ name }: NamedRoute): readonly string[] {
  return [
    '# Report-only: what would be refused is logged, and goes on with its response left alone.',
    `error_page 418 = @${name}_reported;`,
    `if ($${name}_status) { return 418; }`,
  ];
}

/** What a location matches. */
function placeOf({ path, exact }: RoutePlan): string {
  if (exact) return `~ ${quoted(`^${literal(path)}$`)}`;
  return path === '' ? '/' : `~ ${quoted(`^${literal(path)}(?:/|$)`)}`;
}

/** Puts the upstream's path in place of the route's. */
function rewrite({ path, exact, upstream }: RoutePlan): readonly string[] {
  if (path === upstream.path || (exact && path === '/' && upstream.path === '')) return [];
  if (exact) return [`rewrite ^ "${upstream.path || '/'}" break;`];
  return upstream.path === ''
    ? [`rewrite ${quoted(`^${literal(path)}/?(.*)$`)} "/$1" break;`]
    : [`rewrite ${quoted(`^${literal(path)}(.*)$`)} "${upstream.path}$1" break;`];
}

function proxy(plan: Plan, { scheme, host, port }: Upstream): readonly string[] {
  return [
    '# Streams: nothing is held back, and a quiet one may stay open for a day.',
    'proxy_buffering off;',
    'proxy_cache off;',
    'gzip off;',
    'proxy_read_timeout 1d;',
    'proxy_http_version 1.1;',
    'proxy_set_header Connection "";',
    '# A server behind says what clients get, and does not steer nginx; what proxies further out should know goes on.',
    'proxy_ignore_headers X-Accel-Redirect X-Accel-Buffering X-Accel-Limit-Rate X-Accel-Charset X-Accel-Expires;',
    'proxy_pass_header X-Accel-Buffering;',
    '# The checked type and no other: a second line would reach the server unchecked.',
    'proxy_set_header Content-Type $http_content_type;',
    '# The policy has answered for these; a server that checks them itself would refuse what is allowed here.',
    ...plan.droppedRequestHeaders.map((header) => `proxy_set_header ${header} "";`),
    ...(scheme === 'http'
      ? []
      : [
          'proxy_ssl_server_name on;',
          'proxy_ssl_verify on;',
          'proxy_ssl_verify_depth 4;',
          'proxy_ssl_trusted_certificate /etc/ssl/certs/ca-certificates.crt;',
        ]),
    `proxy_pass ${scheme}://${host}${port === (scheme === 'http' ? 80 : 443) ? '' : `:${port}`};`,
  ];
}

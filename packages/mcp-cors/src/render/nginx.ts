import { type PlaceRule, placeRules } from './confinement.js';
import {
  ADDRESS_SPELLINGS,
  always,
  BACKTRACKING,
  DEBUG_NAMES,
  DIRECTORIES,
  type Limit,
  SEALED_SESSIONS,
} from './limits.js';
import { answerMaps } from './nginx/answer.js';
import { decisionMaps, hashSizes } from './nginx/decision.js';
import { type NamedRoute, serverBlock } from './nginx/server.js';
import { type Entry, map, matching } from './nginx/syntax.js';
import type { Plan, PolicyPlan } from './plan.js';
import type { Target } from './target.js';

/** What nginx cannot express. Only what no browser can bring about is let through, so that `weakens` stays false. */
const LIMITS: readonly Limit[] = [
  SEALED_SESSIONS,
  DIRECTORIES,
  BACKTRACKING,
  ADDRESS_SPELLINGS,
  {
    id: 'repeated-lines',
    weakens: false,
    concerns: always,
    what: 'Of a header that comes in several lines only the first counts.',
    why: 'nginx before 1.23 has no variable with all of them. No browser repeats a line.',
    instead: 'Use nginx 1.23 or later where other proxies in front may repeat lines.',
  },
  {
    id: 'empty-lines',
    weakens: false,
    concerns: always,
    what: 'A header that is empty counts as absent.',
    why: "nginx's variables do not tell one from the other. No browser sends an empty Origin.",
    instead: 'Nothing: who can send an empty Origin can also send none.',
  },
  DEBUG_NAMES,
  {
    id: 'asterisk-form',
    weakens: false,
    concerns: always,
    what: 'OPTIONS * is refused.',
    why: "nginx's parser takes no request target but a path or a URL.",
    instead: 'Nothing: no browser and no MCP client sends it.',
  },
  {
    id: 'interim-responses',
    weakens: false,
    concerns: always,
    what: 'Where the server sends a response such as 103 before its own, clients get the rest as the server wrote it.',
    why: 'nginx before 1.29 takes the first response for the whole one. Requests that are refused never come so far.',
    instead:
      'Let the server send none: no MCP server does so of its own accord, and nginx does not ask for any.',
  },
  {
    id: 'unreadable-requests',
    weakens: false,
    concerns: always,
    what: 'What nginx cannot parse is refused with 400 or 431, whatever else would be wrong with it.',
    why: 'Its parser comes before any configuration.',
    instead: 'Nothing: such a request reaches nobody.',
  },
];

/** nginx, as Debian builds it: no scripting, no modules besides. */
export const NGINX: Target = Object.freeze({
  name: 'nginx',
  title: 'nginx 1.18 or later',
  file: 'mcp-cors.conf',
  type: 'proxy',
  comment: '#',
  limits: LIMITS,
  use: ({ name }) => [
    'Put it into the http context: /etc/nginx/conf.d/mcp-cors.conf. Try it with: nginx -t',
    `Every variable begins with $${name}_. For HTTPS add listen 443 ssl, ssl_certificate and ssl_certificate_key to the server.`,
  ],
  render,
} satisfies Target);

function render(plan: Plan): string {
  const policies = [...new Set(plan.routes.map(({ policy }) => policy))];
  const nameOf = (policy: PolicyPlan): string => {
    const i = policies.indexOf(policy);
    return i === 0 ? plan.name : `${plan.name}${i + 1}`;
  };
  const [first, ...others] = plan.routes.map(
    (route): NamedRoute => ({ ...route, name: nameOf(route.policy) }),
  );
  const parts = policies.flatMap((policy) => {
    const name = nameOf(policy);
    const text = [
      ...decisionMaps(name, policy),
      ...answerMaps(name, policy),
      ...(policy.reportOnly ? [reportFormat(name)] : []),
    ];
    const dollar = text.some((part) => part.includes(`\${${name}_dollar}`));
    return dollar
      ? [`# nginx has no escape for a dollar sign.\ngeo $${name}_dollar {\n    default "$";\n}\n`, ...text]
      : text;
  });
  const rules = placeRules(plan.routes);
  return [
    ...hashSizes(policies),
    ...parts,
    ...(rules.length === 0 ? [] : [placeMap(plan.name, rules)]),
    serverBlock(plan, [first as NamedRoute, ...others]),
  ].join('\n');
}

function placeMap(name: string, rules: readonly PlaceRule[]): string {
  return map(
    'Paths that lead nowhere; of the rest each goes to its route.',
    `$${name}_path`,
    `$${name}_astray`,
    [['default', '""'], ...rules.map(({ regexp, inside }): Entry => [matching(regexp), inside ? '""' : '1'])],
  );
}

function reportFormat(name: string): string {
  return `log_format ${name}_report escape=json '{"time":"$time_iso8601","reason":"$${name}_verdict","method":"$request_method",'
    '"path":"$${name}_path","host":"$http_host","origin":"$http_origin"}';\n`;
}
